"""The one line that says how a step stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from screens.state.marks import MARKS
from screens.state.phase import Phase
from screens.state.session import SWITCHING
from screens.state.wording import signed
from wizard.core.message import NOTHING, Message, msg, plural
from wizard.core.quantities import describe_duration
from wizard.core.states import State
from wizard.core.symbols import BEGUN, DONE, STALE, WARNING

if TYPE_CHECKING:
    from screens.state.step_run import StepRun
    from screens.state.step_state import StepState
    from wizard.migration import Status

# A line and the style it is shown in.
StyledLine = tuple[Message, str]
_EMPTY: StyledLine = (NOTHING, "")
# What is still to be done although something of it was.
_OPEN: dict[State, Callable[[Status], Message]] = {
    State.STALE: lambda status: signed(STALE, msg("Needs to be redone: {why}.", why=status.why)),
    State.BEGUN: lambda _: signed(BEGUN, msg("Interrupted. It resumes where it left off.")),
    State.FAILED: lambda status: signed(
        STALE, msg("It failed with the old answers: {why}", why=status.why)
    ),
}


def status_line(state: StepState) -> StyledLine:
    """Say how a step stands, and in which style; both are "" where there is nothing to say."""
    phase = state.phase
    if phase is Phase.INSPECTING:
        return _inspecting(state.inspection)
    if phase is Phase.BLOCKED:
        return _blocked(state)
    if state.status is None or phase is Phase.RUNNING:
        return _EMPTY
    return _at_rest(state, state.status)


def _inspecting(inspection: StepRun | None) -> StyledLine:
    progress = inspection.progress if inspection else None
    if progress is None:
        return msg("Inspecting…"), "$faint"
    files = progress.files_total
    return plural("Inspecting… {n} file so far", "Inspecting… {n} files so far", files), "$faint"


def _blocked(state: StepState) -> StyledLine:
    session = state.session
    if running := session.running:
        text = msg("“{step}” is in progress.", step=session.title(running))
        return signed(WARNING, text), "$text-warning"
    first = session.first_open_before(state.step)
    if first is None:
        return _EMPTY
    return signed(WARNING, msg("Do this step first: {step}.", step=first.title)), "$text-warning"


def _at_rest(state: StepState, status: Status) -> StyledLine:
    phase, finding = state.phase, state.finding
    match phase:
        case Phase.DONE:
            return _done(status), "$text-success"
        case Phase.NOT_NOW:
            return signed(MARKS[status.state].symbol, status.why), "$faint"
    if state.name in SWITCHING and (goes_on := state.session.switch_under_way()):
        return signed(BEGUN, goes_on), "$text-warning"
    to_text = _OPEN.get(status.state)
    if to_text and (status.state is not State.FAILED or phase is Phase.READY):
        return to_text(status), "$text-warning"
    if finding and finding.done and phase is Phase.READY and not state.runs_commands:
        text = msg("Already in place; it only needs to be verified.")
        return signed(DONE, text), "$text-success"
    return _EMPTY


def _done(status: Status) -> Message:
    result = status.result
    if result is None:
        return NOTHING
    duration = describe_duration(result.seconds)
    if not result.passed_checks:
        return signed(DONE, msg("Done in {duration}.", duration=duration))
    text = plural(
        "Done in {duration}; {n} check passed.",
        "Done in {duration}; {n} checks passed.",
        result.passed_checks,
        duration=duration,
    )
    return signed(DONE, text)
