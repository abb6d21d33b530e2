"""Where a step stands: what there is to do on its screen now, and in one line why."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import TYPE_CHECKING

from screens.state import marks as words
from wizard.core.quantities import count

if TYPE_CHECKING:
    from screens.state.session import Session
    from screens.state.step_run import Work
    from wizard.migration import Status
    from wizard.step import Finding, Step

# A line and the style it is shown in.
Said = tuple[str, str]
_NOTHING: Said = ("", "")
# What is still to be done although something of it was.
_OPEN: dict[str, Callable[[Status], str]] = {
    "stale": lambda status: f"↻ To be done again: {status.why}.",
    "begun": lambda status: "◐ Interrupted. It goes on from there.",
    "failed": lambda status: f"↻ With the old answers it failed: {status.why}",
}


class Stage(Enum):
    """What there is to do on a step's screen now."""

    LOOKING = auto()
    READY = auto()
    BLOCKED = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    NOT_NOW = auto()


def looking(work: Work | None) -> Said:
    """While the world is asked; `work` is what the looking said so far."""
    progress = work.progress if work else None
    more = f" {count(progress.files_total, 'file')} so far" if progress else ""
    return f"Looking…{more}", "$faint"


def what_first(session: Session, step: Step) -> Said:
    """What has to end, or to be done, before this step."""
    if running := session.running:
        return f"! “{session.title(running)}” is under way.", "$text-warning"
    first = session.before(step)
    return (f"! First: {first.title}.", "$text-warning") if first else _NOTHING


def standing(stage: Stage, status: Status, finding: Finding | None) -> Said:
    """How a step stands that neither runs nor waits for another; "" with nothing to say."""
    match stage:
        case Stage.DONE:
            return _done(status), "$text-success"
        case Stage.NOT_NOW:
            return f"{words.STATES[status.state].symbol} {status.why}", "$faint"
    said = _OPEN.get(status.state)
    if said and (status.state != "failed" or stage is Stage.READY):
        return said(status), "$text-warning"
    if finding and finding.done and stage is Stage.READY:
        return "✓ It is so already; what is left is to prove it.", "$text-success"
    return _NOTHING


def _done(status: Status) -> str:
    result = status.result
    if result is None:
        return ""
    return f"✓ Done, with {count(result.passed_checks, 'proof')}, in {words.took(result.seconds)}."
