"""How states and verdicts are shown, the same on all screens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from wizard.core.events import Verdict
from wizard.core.states import State

if TYPE_CHECKING:
    from wizard.migration import Status


class LiveState(Enum):
    """How a step can stand besides what is remembered of it."""

    RUNNING = auto()
    PAUSED = auto()
    # It did not fail, but waits for somebody to choose.
    UNDECIDED = auto()


ShownState = State | LiveState


@dataclass(frozen=True, slots=True)
class Mark:
    """How a state is shown: a symbol and a word, and a colour that only repeats them.

    `style` is a Textual style such as "$text-success".
    """

    symbol: str
    word: str
    style: str


MARKS: Mapping[ShownState, Mark] = {
    LiveState.RUNNING: Mark("▶", "now", "bold $text-primary"),
    LiveState.PAUSED: Mark("‖", "paused", "bold $text-primary"),
    LiveState.UNDECIDED: Mark("?", "decide", "bold $text-warning"),
    State.TODO: Mark("·", "", ""),
    State.BEGUN: Mark("◐", "begun", "$text-warning"),
    State.DONE: Mark("✓", "done", "$text-success"),
    State.FAILED: Mark("✗", "failed", "bold $text-error"),
    State.STALE: Mark("↻", "redo", "$text-warning"),
    State.SKIPPED: Mark("–", "skip", "$faint"),
    State.LATER: Mark("◷", "later", "$faint"),
}

VERDICT_MARKS: Mapping[Verdict, Mark] = {
    Verdict.PASS: Mark("✓", "proven", "$text-success"),
    Verdict.FAIL: Mark("✗", "wrong", "bold $text-error"),
    Verdict.REMARK: Mark("i", "remark", "$text-primary"),
    Verdict.LATER: Mark("◷", "later", "$faint"),
}


def shown_state(status: Status) -> ShownState:
    """Return the state of a step that is not at work, as it is shown."""
    problem = status.result.problem if status.result else None
    undecided = status.state is State.FAILED and problem is not None and problem.decision
    return LiveState.UNDECIDED if undecided else status.state
