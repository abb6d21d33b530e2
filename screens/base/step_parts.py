"""The parts of a step's body: purpose, findings, what will change, progress, checks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from screens.state.phase import Phase
from screens.state.wording import timed
from screens.widgets.cached import CachedStatic
from screens.widgets.check_list import CheckList
from screens.widgets.facts import Facts
from screens.widgets.lines import Line, Lines, behind
from screens.widgets.meter import Meter
from screens.widgets.output_log import LastLines
from screens.widgets.plan_view import PlanView
from screens.widgets.problem_box import ProblemBox
from screens.widgets.spoken import assemble, text
from wizard.core.message import Message, msg
from wizard.core.states import State
from wizard.core.symbols import BULLET, WARNING

if TYPE_CHECKING:
    from screens.state.step_run import StepRun
    from screens.state.step_state import StepState
    from wizard.core.events import Check

_NOTES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Activity:
    """What a step is doing, in words: a symbol and a sentence."""

    symbol: str
    text: Message


class StepParts:
    """The widgets of a step's body, from top to bottom; those without content do not show.

    It shows a step's state and knows nothing of how that is found out.
    """

    def __init__(self) -> None:
        self.purpose = CachedStatic(id="purpose")
        self.status = CachedStatic(id="status")
        self.problem = ProblemBox(id="problem")
        self.final_checks = CheckList(id="final-checks")
        self.facts = Facts(id="facts")
        self.meter = Meter(id="meter")
        self.activity = CachedStatic(id="activity")
        self.plan = PlanView(id="plan")
        self.checks = CheckList(id="checks")
        self.notes = Lines(id="notes")
        self.last_lines = LastLines(id="last-lines")
        self.running_plan = PlanView(id="running-plan")

    def widgets(self, own: Iterable[Widget]) -> Iterable[Widget]:
        """Return all widgets in their order, with those that only one step has among them."""
        yield from (self.purpose, self.status, self.problem)
        yield from own
        yield from (self.final_checks, self.facts, self.meter, self.activity, self.plan)
        yield from (self.checks, self.notes, self.last_lines, self.running_plan)

    def hide(self, parts: Collection[Widget]) -> None:
        """Hide parts that have content, but are not to be seen now."""
        for part in parts:
            part.display = False

    def show_findings(self, state: StepState, *, status: Content, plan_heading: Message) -> None:
        """Show how the step stands, what was found, and what will change."""
        phase = state.phase
        self.purpose.update(text(state.step.purpose))
        self.status.update(status)
        self.status.display = bool(status.plain)
        self.facts.show(state.finding.facts if state.finding else ())
        without_problem = phase in (Phase.RUNNING, Phase.NOT_NOW)
        self.problem.show(None if without_problem else state.problem)
        items = state.shown_plan.items if state.shown_plan else ()
        running = phase is Phase.RUNNING
        self.plan.show(() if running else items, plan_heading)
        self.running_plan.show(items if running else (), msg("What is changing"))

    def show_checks(self, state: StepState) -> bool:
        """Show the checks; return whether any of those that are not final yet are new."""
        final, others, heading = _checks(state)
        self.final_checks.show(final, msg("Checks"))
        return self.checks.show(others, heading)

    def show_progress(self, state: StepState, label: Message) -> None:
        """Show progress and notes; `label` replaces the time left."""
        run = state.run
        # Once all is verified, the checks say more than the bar.
        progress = run.progress if run and state.phase is not Phase.DONE else None
        stale = state.status is not None and state.status.state is State.STALE
        if state.phase is Phase.INSPECTING or (stale and state.phase is not Phase.RUNNING):
            progress = None
        self.meter.show(progress, run.rates if run and run.running else (), label)
        notes = run.notes[-_NOTES_SHOWN:] if run else ()
        self.notes.put(_note_line(n.text, warning=n.warning) for n in notes)

    def show_activity(self, run: StepRun | None, activity: Activity) -> None:
        """Show what the step does, or what it waits for, and how long already."""
        self.activity.display = bool(run and run.running)
        if run is None:
            return
        doing = timed(activity.text, run.seconds)
        if run.waiting:
            doing = timed(run.waiting.text, run.waiting.seconds)
        self.activity.update(assemble((f"{activity.symbol} ", "bold $text-primary"), doing))


def _checks(state: StepState) -> tuple[tuple[Check, ...], tuple[Check, ...], Message]:
    """Return the final checks, the others, and the heading of the others."""
    run, phase = state.run, state.phase
    result = state.status.result if state.status else None
    remembered = result.checks if result else ()
    if phase in (Phase.READY, Phase.BLOCKED, Phase.INSPECTING):
        return (), state.inspection.checks if state.inspection else (), msg("Checks beforehand")
    if phase is Phase.DONE:
        # What is kept has each question once, as it was answered last.
        return remembered or (run.checks if run else ()), (), msg("Checks")
    heading = msg("Checks so far") if phase is Phase.RUNNING else msg("Checks")
    return (), run.checks if run else remembered, heading


def _note_line(said: str, *, warning: bool) -> Line:
    if warning:
        return behind(WARNING, said, "bold $text-warning", style="$text-warning")
    return behind(BULLET, said)
