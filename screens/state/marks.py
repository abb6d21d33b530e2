"""Figures, states and verdicts as people read them, the same on all screens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.migration import Status

_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB")


@dataclass(frozen=True, slots=True)
class Mark:
    """How a state is shown: a symbol and a word, and a colour that only repeats them.

    `style` is a Textual style such as "$text-success".
    """

    symbol: str
    word: str
    style: str


# By the values of `wizard.migration.State`, with "now" for the step at work ("paused" where it
# rests), and "asked" for one that did not fail, but waits for somebody to choose.
STATES: dict[str, Mark] = {
    "now": Mark("▶", "now", "bold $text-primary"),
    "paused": Mark("‖", "paused", "bold $text-primary"),
    "todo": Mark("·", "", ""),
    "begun": Mark("◐", "begun", "$text-warning"),
    "done": Mark("✓", "done", "$text-success"),
    "failed": Mark("✗", "failed", "bold $text-error"),
    "asked": Mark("?", "decide", "bold $text-warning"),
    "stale": Mark("↻", "redo", "$text-warning"),
    "skipped": Mark("–", "skip", "$faint"),
    "later": Mark("◷", "later", "$faint"),
}

# By the values of `wizard.core.events.Verdict`.
VERDICTS: dict[str, Mark] = {
    "pass": Mark("✓", "proven", "$text-success"),
    "fail": Mark("✗", "wrong", "bold $text-error"),
    "remark": Mark("i", "remark", "$text-primary"),
    "later": Mark("◷", "later", "$faint"),
}


def state_of(status: Status) -> str:
    """Return the state of a step as `STATES` knows it, but for "now"."""
    problem = status.result.problem if status.result else None
    asked = status.state == "failed" and problem is not None and problem.decision
    return "asked" if asked else str(status.state)


def size(number: float) -> str:
    """Format bytes in decimal units, as providers bill them: "3.2 GB"."""
    unit = 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number /= 1000
        unit += 1
    digits = 0 if unit == 0 or number >= 99.5 else 1
    return f"{number:.{digits}f} {_UNITS[unit]}"


def size_of(part: float, whole: float) -> str:
    """Format a part of a whole, with one unit where both have the same: "2.0 of 3.2 GB"."""
    first, second = size(part), size(whole)
    if first.split()[1] == second.split()[1]:
        first = first.split()[0]
    return f"{first} of {second}"


def rate(per_second: float) -> str:
    """Format bytes a second: "48.0 MB/s"."""
    return f"{size(per_second)}/s"


def clock(seconds: float) -> str:
    """Format a time left or gone as on a watch: "0:41", "1:02:03"."""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def took(seconds: float) -> str:
    """Format how long something took: "0.4 s", "41 s", "3 min 10 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes} min {second} s" if minutes else f"{second} s"
