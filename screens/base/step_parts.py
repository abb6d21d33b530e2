"""The parts of a step's screen: its purpose, what was found, what will change, progress, proofs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from screens.base.frame import Frame, Key
from screens.state import marks as words
from screens.state.session import ARMED
from screens.state.stage import Stage, looking, standing, what_first
from screens.widgets.facts import Facts
from screens.widgets.lines import Line, Lines, marked
from screens.widgets.meter import Meter
from screens.widgets.output_log import LastLines
from screens.widgets.plan_view import PlanView
from screens.widgets.problem_box import ProblemBox
from screens.widgets.proofs import Proofs
from screens.widgets.quiet import Steady

if TYPE_CHECKING:
    from screens.state.step_run import Work
    from wizard.core.events import Check
    from wizard.core.plan import Plan
    from wizard.core.problem import Problem
    from wizard.migration import Status
    from wizard.step import Finding, Step


class StepParts(Frame):
    """Shows how a step stands and what was seen of it; knows nothing of how that is found out."""

    busy_label: ClassVar[str] = "Working"
    plan_heading: ClassVar[str] = "What will change"

    def __init__(self) -> None:
        super().__init__(name=self.here)
        self._status: Status | None = None
        self._finding: Finding | None = None
        self._plan: Plan | None = None
        self._problem: Problem | None = None
        self._again = False
        self._looked_at = -1
        self._shown = Stage.LOOKING
        self.looking: Work | None = None

    @property
    def step(self) -> Step:
        """The step this screen shows."""
        return self.session.migration.step_named(self.here)

    @property
    def work(self) -> Work | None:
        """This session's run of the step, if there was one."""
        return self.session.works.get(self.here)

    def body(self) -> Iterable[Widget]:
        """The parts from top to bottom; those without content don't show."""
        yield Steady(id="purpose")
        yield Steady(id="why")
        yield ProblemBox(id="problem")
        yield from self.own_parts()
        yield Proofs(id="proofs")
        yield Facts(id="facts")
        yield Meter(id="meter")
        yield Steady(id="waiting")
        yield PlanView(id="plan")
        yield Proofs(id="checks")
        yield Lines(id="notes")
        yield LastLines(id="last-lines")
        yield PlanView(id="doing")

    def own_parts(self) -> Iterable[Widget]:
        """What only this step has."""
        return ()

    @property
    def stage(self) -> Stage:
        """What there is to do now."""
        if self.work and self.work.running:
            return Stage.RUNNING
        if self._status is None:
            return Stage.FAILED if self._problem else Stage.LOOKING
        resting = {"skipped": Stage.NOT_NOW, "later": Stage.NOT_NOW}
        if not self._again:
            resting["done"] = Stage.DONE
        elif self._skipped_by_hand:
            del resting["skipped"]
        return resting.get(self._status.state) or self._stage_of_open_step()

    @property
    def _skipped_by_hand(self) -> bool:
        """Whether the admin passed over it, and may change their mind."""
        return self.session.migration.reason_to_skip(self.step) != ""

    def _stage_of_open_step(self) -> Stage:
        if self._problem:
            return Stage.FAILED
        if self.session.running or self.session.before(self.step):
            return Stage.BLOCKED
        return Stage.LOOKING if self._plan is None else Stage.READY

    def show_step(self) -> None:
        """Everything but header and rail."""
        if self.stage is not self._shown:
            self._shown = self.stage
            self.show_top()
        self._show_words()
        self._show_evidence()
        self.show_safe(self._safe())
        self.show_keys(self.keys())

    def _show_words(self) -> None:
        number, total = self.session.position(self.here)
        self.show_title(self.step.title, f"step {number} of {total}")
        self.query_one("#purpose", Static).update(Content(self.step.purpose))
        why = self.query_one("#why", Static)
        text = self._why()
        why.update(text)
        why.display = bool(text.plain)
        facts = self._finding.facts if self._finding else ()
        self.query_one("#facts", Facts).show(facts)
        running = self.stage is Stage.RUNNING
        over = running or self.stage is Stage.NOT_NOW
        self.query_one("#problem", ProblemBox).show(None if over else self._problem)
        items = self._plan.items if self._plan and self._wants_plan() else ()
        self.query_one("#plan", PlanView).show(() if running else items, self.plan_heading)
        self.query_one("#doing", PlanView).show(items if running else (), "What is being done")

    def _wants_plan(self) -> bool:
        return self.stage in (Stage.READY, Stage.BLOCKED, Stage.RUNNING, Stage.FAILED)

    def _show_evidence(self) -> None:
        work = self.work
        self.show_progress(work)
        remembered = self._status.result.checks if self._status and self._status.result else ()
        # What is kept has each question once, as it was answered last.
        done = self.stage is Stage.DONE and remembered
        proofs = work.checks if work and not done else remembered
        checks: tuple[Check, ...] = ()
        heading = "Checks so far" if self.stage is Stage.RUNNING else "Checks"
        if self.stage in (Stage.READY, Stage.BLOCKED, Stage.LOOKING):
            proofs, checks = (), self.looking.checks if self.looking else ()
            heading = "Looked at"
        elif self.stage is not Stage.DONE:
            proofs, checks = (), proofs
        self.query_one("#proofs", Proofs).show(proofs, "Proofs")
        if self.query_one("#checks", Proofs).show(checks, heading) and self.stage is Stage.RUNNING:
            self.call_after_refresh(self._show_newest)
        path = self.session.record_path(self.here)
        self.query_one("#last-lines", LastLines).show(work, path)

    def _show_newest(self) -> None:
        """The check that was just made, unless somebody reads another."""
        checks = self.query("#checks Proof")
        if checks and not self.reading:
            checks.last().scroll_visible(animate=False)

    def show_progress(self, work: Work | None) -> None:
        """Progress, notes and what is waited for."""
        # Once all is proven, the proofs say more than the bar.
        progress = work.progress if work and self.stage is not Stage.DONE else None
        stale = self._status is not None and self._status.state == "stale"
        if self.stage is Stage.LOOKING or (stale and self.stage is not Stage.RUNNING):
            progress = None
        rates = work.rates if work and work.running else ()
        self.query_one("#meter", Meter).show(progress, rates, self.meter_word())
        notes = work.notes[-4:] if work else ()
        self.query_one("#notes", Lines).put(_note_line(n.text, warning=n.warning) for n in notes)
        waiting = self.query_one("#waiting", Static)
        waiting.display = bool(work and work.running)
        if work:
            waiting.update(self._waiting_line(work))

    def busy(self) -> str:
        """What the step does, while it works."""
        return self.busy_label

    def meter_word(self) -> str:
        """What stands in place of the time left."""
        work = self.work
        if work is None or work.running:
            return ""
        return "stopped" if work.problem else words.took(work.seconds)

    def sign_at_work(self) -> str:
        """What stands before it."""
        return words.STATES["now"].symbol

    def _waiting_line(self, work: Work) -> Content:
        if work.waiting:
            text = f"{work.waiting.text} ({words.clock(work.waiting.seconds)})"
        else:
            text = f"{self.busy()} ({words.clock(work.seconds)})"
        return Content.assemble((f"{self.sign_at_work()} ", "bold $text-primary"), text)

    def _why(self) -> Content:
        """One line on how it stands, where there is something to say."""
        text, style = "", ""
        if self.stage is Stage.LOOKING:
            text, style = looking(self.looking)
        elif self.stage is Stage.BLOCKED:
            text, style = what_first(self.session, self.step)
        elif self._status is not None and self.stage is not Stage.RUNNING:
            text, style = standing(self.stage, self._status, self._finding)
        return Content.styled(text, style)

    def _safe(self) -> str:
        if self.stage is Stage.DONE and self.session.overview.armed:
            return f"! {ARMED}"
        return self._plan.safe if self._plan and self._wants_plan() else ""

    def keys(self) -> list[Key]:
        """The buttons that make sense now; the first is the obvious one."""
        return []

    def news(self, work: Work) -> None:
        """Show what the running step said."""
        super().news(work)
        if work.step == self.here:
            self._show_evidence()
            if work is self.looking:
                self.query_one("#why", Static).update(self._why())


def _note_line(text: str, *, warning: bool) -> Line:
    if warning:
        return marked("!", text, "bold $text-warning", "$text-warning")
    return marked("•", text)
