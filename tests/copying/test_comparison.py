"""What the comparison of disk and bucket counts, and when it calls the copy complete."""

from __future__ import annotations

import pytest

from wizard.copying.comparison import Comparison


def compared(*signs: str, harmless: int = 0) -> Comparison:
    result = Comparison()
    for number, sign in enumerate(signs):
        result.count(sign, b"%d.jpg" % number, 10, harmless=harmless)
    return result


@pytest.mark.parametrize(
    ("signs", "complete"),
    [("", True), ("===", True), ("=+=", True), ("=-", False), ("=*", False), ("=!", False)],
)
def test_complete_means_that_every_file_here_is_there(signs: str, complete: bool) -> None:
    assert compared(*signs).complete is complete


def test_what_could_not_be_read_and_nobody_could_ask_for_is_no_loss() -> None:
    assert compared("=", "!", harmless=1).complete


def test_each_kind_is_counted_and_named() -> None:
    result = compared("=", "=", "-", "*", "+", "+", "+", "!")
    assert (result.same, result.same_bytes) == (2, 20)
    assert (result.only_here, result.different, result.only_there) == (1, 1, 3)
    assert result.examples == {
        "-": ["2.jpg"],
        "*": ["3.jpg"],
        "+": ["4.jpg", "5.jpg", "6.jpg"],
        "!": ["7.jpg"],
    }


def test_millions_of_keys_leave_a_few_names() -> None:
    result = compared(*("=" * 5000), *("-" * 5000))
    assert len(result.samples) == 13, "the first, second, fourth, eighth …"
    assert len(result.examples["-"]) == 1000


def test_what_came_since_is_not_what_was_lost() -> None:
    """A busy instance uploads all the time; only what was verified can be lost."""
    result = Comparison()
    result.count("-", b"new.jpg", 10)
    result.count("*", b"written-again.jpg", 10)
    assert (result.lost, result.new) == (0, 2)
    result.count("-", b"deleted-in-the-bucket.jpg", 10, verified=True)
    assert (result.lost, result.new) == (1, 2)
