"""How states and verdicts are shown, the same on all screens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from wizard.core.events import Verdict
from wizard.core.message import NOTHING, Message, msg
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
    word: Message
    style: str


# The words and colours that go with the symbols of states and verdicts.
_STATES = {
    State.TODO: (NOTHING, ""),
    # Translators: how a step stands, beside its title: at most 8 letters, 6 are better.
    State.BEGUN: (msg("begun"), "$text-warning"),
    # Translators: how a step stands, beside its title: at most 8 letters, 6 are better.
    State.DONE: (msg("done"), "$text-success"),
    # Translators: how a step stands, beside its title: at most 8 letters, 6 are better.
    State.FAILED: (msg("failed"), "bold $text-error"),
    # Translators: a step that has to be done again: at most 8 letters, 6 are better.
    State.STALE: (msg("redo"), "$text-warning"),
    # Translators: a step that is passed over: at most 8 letters, 6 are better.
    State.SKIPPED: (msg("skip"), "$faint"),
    # Translators: a step, or a check, that can only be done later: at most 8 letters, 6 are better.
    State.LATER: (msg("later"), "$faint"),
}
_VERDICTS = {
    # Translators: what a check says: at most 7 letters.
    Verdict.PASS: (msg("passed"), "$text-success"),
    # Translators: what a check says: at most 7 letters.
    Verdict.FAIL: (msg("wrong"), "bold $text-error"),
    # Translators: what a check says: at most 7 letters.
    Verdict.REMARK: (msg("remark"), "$text-primary"),
    Verdict.LATER: (msg("later"), "$faint"),
}

MARKS: Mapping[ShownState, Mark] = {
    # Translators: a step that is at work: at most 8 letters, 6 are better.
    LiveState.RUNNING: Mark(AT_WORK, msg("now"), "bold $text-primary"),
    # Translators: a step that was told to pause: at most 8 letters, 6 are better.
    LiveState.PAUSED: Mark(PAUSED, msg("paused"), "bold $text-primary"),
    # Translators: a step that waits for a decision: at most 8 letters, 6 are better.
    LiveState.UNDECIDED: Mark(UNDECIDED, msg("decide"), "bold $text-warning"),
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
