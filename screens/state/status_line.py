"""The one line that says how a step stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from screens.state.marks import MARKS
from screens.state.phase import Phase
from wizard.core.quantities import count, describe_duration
from wizard.core.states import State

if TYPE_CHECKING:
    from screens.state.step_run import StepRun
    from screens.state.step_state import StepState
    from wizard.migration import Status

# A line and the style it is shown in.
StyledLine = tuple[str, str]
_EMPTY: StyledLine = ("", "")
# What is still to be done although something of it was.
_OPEN: dict[State, Callable[[Status], str]] = {
    State.STALE: lambda status: f"↻ To be done again: {status.why}.",
    State.BEGUN: lambda status: "◐ Interrupted. It goes on from there.",
    State.FAILED: lambda status: f"↻ With the old answers it failed: {status.why}",
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
    more = f" {count(progress.files_total, 'file')} so far" if progress else ""
    return f"Looking…{more}", "$faint"


def _blocked(state: StepState) -> StyledLine:
    session = state.session
    if running := session.running:
        return f"! “{session.title(running)}” is under way.", "$text-warning"
    first = session.first_open_before(state.step)
    return (f"! First: {first.title}.", "$text-warning") if first else _EMPTY


def _at_rest(state: StepState, status: Status) -> StyledLine:
    phase, finding = state.phase, state.finding
    match phase:
        case Phase.DONE:
            return _done(status), "$text-success"
        case Phase.NOT_NOW:
            return f"{MARKS[status.state].symbol} {status.why}", "$faint"
    to_text = _OPEN.get(status.state)
    if to_text and (status.state is not State.FAILED or phase is Phase.READY):
        return to_text(status), "$text-warning"
    if finding and finding.done and phase is Phase.READY:
        return "✓ It is so already; what is left is to prove it.", "$text-success"
    return _EMPTY


def _done(status: Status) -> str:
    result = status.result
    if result is None:
        return ""
    checks, seconds = count(result.passed_checks, "proof"), describe_duration(result.seconds)
    return f"✓ Done, with {checks}, in {seconds}."
