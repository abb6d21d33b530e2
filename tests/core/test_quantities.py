"""Numbers, sizes and durations in people's words."""

from __future__ import annotations

import time

import pytest

from wizard.core.message import Message, msg, plural
from wizard.core.quantities import (
    count_failed,
    count_files,
    describe_clock,
    describe_duration,
    describe_moment,
    describe_part,
    describe_rate,
    describe_size,
    in_a_row,
    name_some,
)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999.6, "1.0 kB"),
        (28_000, "28.0 kB"),
        (99_400, "99.4 kB"),
        (812e6, "812 MB"),
        (999_499_000, "999 MB"),
        (999_500_000, "1.0 GB"),
        (3.2e9, "3.2 GB"),
        (2e18, "2,000 PB"),
    ],
)
def test_sizes(size: float, text: str) -> None:
    assert describe_size(size) == text


def test_a_part_names_the_unit_once() -> None:
    assert describe_part(2e9, 3.2e9) == "2.0 of 3.2 GB"
    assert describe_part(2e6, 3.2e9) == "2.0 MB of 3.2 GB"


def test_rates() -> None:
    assert describe_rate(48e6) == "48.0 MB/s"


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (41, "0:41"), (59.6, "1:00"), (3723, "1:02:03")]
)
def test_clocks(seconds: float | None, text: str) -> None:
    assert describe_clock(seconds) == text


def test_moments() -> None:
    at = time.mktime((2026, 11, 8, 9, 3, 5, 0, 0, -1))
    assert describe_moment(at) == "2026-11-08 09:03:05"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.42, "0.4 s"), (9.94, "9.9 s"), (41, "41 s"), (190, "3 min 10 s")]
)
def test_durations(seconds: float, text: str) -> None:
    assert describe_duration(seconds) == text


def test_one_thing_and_many() -> None:
    assert count_files(1) == "1 file"
    assert plural("{n} file is", "{n} files are", 20_431) == "20,431 files are"
    assert msg("{number}", number=1234) == "1,234"


@pytest.mark.parametrize(
    ("failed", "folders", "words"),
    [
        (1, 0, "1 file"),
        (1, 1, "1 folder"),
        (1_001, 1, "1,000 files and 1 folder"),
        (3, 2, "1 file and 2 folders"),
    ],
)
def test_folders_among_what_failed_are_called_folders(
    failed: int, folders: int, words: str
) -> None:
    assert count_failed(failed, folders) == words


def test_names_in_a_row_stay_messages() -> None:
    names = [msg("{path} (missing)", path="a.jpg"), msg("{path} (other bytes)", path="b.jpg")]
    assert in_a_row(["a", "b", "c"]) == "a, b, c"
    assert in_a_row([]) == ""
    row = in_a_row(names)
    assert row == "a.jpg (missing), b.jpg (other bytes)"
    before = row.values["before"]
    assert isinstance(before, Message)
    assert name_some(names, 1) == "a.jpg (missing) and 1 more"
    assert row.values["next"] is names[1]
