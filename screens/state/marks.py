"""How states and verdicts are shown, the same on all screens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from wizard.core.events import Verdict
from wizard.core.states import State
from wizard.core.symbols import AT_WORK, PAUSED, STATE_SYMBOLS, UNDECIDED, VERDICT_SYMBOLS

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


# The words and colours that go with the symbols of states and verdicts.
_STATES = {
    State.TODO: ("", ""),
    State.BEGUN: ("begun", "$text-warning"),
    State.DONE: ("done", "$text-success"),
    State.FAILED: ("failed", "bold $text-error"),
    State.STALE: ("redo", "$text-warning"),
    State.SKIPPED: ("skip", "$faint"),
    State.LATER: ("later", "$faint"),
}
_VERDICTS = {
    Verdict.PASS: ("proven", "$text-success"),
    Verdict.FAIL: ("wrong", "bold $text-error"),
    Verdict.REMARK: ("remark", "$text-primary"),
    Verdict.LATER: ("later", "$faint"),
}

MARKS: Mapping[ShownState, Mark] = {
    LiveState.RUNNING: Mark(AT_WORK, "now", "bold $text-primary"),
    LiveState.PAUSED: Mark(PAUSED, "paused", "bold $text-primary"),
    LiveState.UNDECIDED: Mark(UNDECIDED, "decide", "bold $text-warning"),
    **{state: Mark(STATE_SYMBOLS[state], *look) for state, look in _STATES.items()},
}

VERDICT_MARKS: Mapping[Verdict, Mark] = {
    verdict: Mark(VERDICT_SYMBOLS[verdict], *look) for verdict, look in _VERDICTS.items()
}


def shown_state(status: Status) -> ShownState:
    """Return the state of a step that is not at work, as it is shown."""
    problem = status.result.problem if status.result else None
    undecided = status.state is State.FAILED and problem is not None and problem.decision
    return LiveState.UNDECIDED if undecided else status.state
