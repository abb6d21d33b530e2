"""What is kept of a switch, and how its downtime is counted."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from wizard.switch.state import Direction, Downtime, SwitchState


def looked(*looks: tuple[float, bool]) -> Downtime:
    """After these looks: how many seconds ago each was asked for, and whether it was good."""
    now, downtime = time.time(), Downtime()
    for ago, good in looks:
        downtime = downtime.after(now - ago, good=good)
    return downtime


def test_without_a_failure_it_says_how_closely_was_looked() -> None:
    downtime = looked((9, True), (8.5, True), (7.1, True), (6.6, True))
    assert (
        downtime.words
        == "No visitor saw an error (0 of 4 requests failed, 1.4 seconds apart at most)."
    )
    closely = looked((0.5, True), (0.29, True), (0.1, True))
    assert "0.3 seconds apart at most" in closely.words, "never rounded down: it was 0.21"


def test_downtime_is_counted_from_the_first_failure_and_its_most_from_the_last_good_look() -> None:
    downtime = looked((6, True), (4.6, False), (4, False), (0.1, True))
    assert (
        downtime.words
        == "The site was down for about 5 seconds, 6 at most (2 of 4 requests failed)."
    )
    assert downtime.down_since is None


def test_a_look_that_never_was_good_before() -> None:
    assert (
        looked((3, False), (0, True)).words
        == "The site was down for about 3 seconds (1 of 2 requests failed)."
    )


def test_a_site_that_only_was_slow_was_not_down() -> None:
    """On a busy server a page may take half a minute, and every visitor gets it."""
    now = time.time()
    slow = Downtime().after(now - 60, good=True)
    slow = slow.after(now - 50, good=False, late=True).after(now - 10, good=True)
    assert slow.words == (
        "The site was very slow for about 50 seconds, 60 at most (1 of 3 requests had no answer"
        " within 20 seconds)."
    )
    down = slow.after(now - 9, good=False).after(now - 8, good=True)
    assert down.words.startswith("The site was down for about")
    assert down.words.endswith("(2 of 5 requests failed).")


def test_what_an_earlier_version_kept_is_read() -> None:
    state = SwitchState(id="one", direction=Direction.BACK, way="up", patience=1)
    kept = state.to_dict()
    kept["downtime"] = {"looks": 3, "failures": 1, "seconds": 2.0, "down_since": None}
    read = SwitchState.from_dict(kept).downtime
    assert (read.seconds, read.most, read.gap) == (2.0, 0.0, 0.0)
    assert read.words == "The site was down for about 2 seconds (1 of 3 requests failed)."


def test_a_copy_of_the_folder_knows_that_the_switch_is_not_its_own(tmp_path: Path) -> None:
    instance, copy = tmp_path / "bookwyrm", tmp_path / "copy"
    instance.mkdir()
    copy.mkdir()
    state = SwitchState(
        id="one", direction=Direction.TO_S3, way="up", patience=1, instance=str(instance)
    )
    state = SwitchState.from_dict(state.to_dict())
    assert state.is_of_another(copy)
    assert not state.is_of_another(instance)
    # Moved, not copied.
    instance.rename(tmp_path / "moved")
    assert not state.is_of_another(tmp_path / "moved")
    assert not replace(state, instance="").is_of_another(copy), "an earlier version noted nothing"
