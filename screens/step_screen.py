"""The screen of a step: what it does, what was found, what will change, progress, proofs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from screens import words
from screens.frame import Frame, Key
from screens.standing import Stage, looking, standing, what_first
from screens.widgets.facts import Facts
from screens.widgets.lines import Line, Lines, marked
from screens.widgets.meter import Meter
from screens.widgets.output_log import LastLines
from screens.widgets.plan_view import PlanView
from screens.widgets.problem_box import ProblemBox
from screens.widgets.proofs import Proofs
from screens.widgets.steady import Steady
from wizard.problem import Action, Problem
from wizard.step import Step

if TYPE_CHECKING:
    from screens.work import Work
    from wizard.events import Check
    from wizard.migration import Status
    from wizard.plan import Plan
    from wizard.step import Finding


class StepScreen(Frame):
    """One step. Subclasses name it and add what only they have."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "stop", "Stop", id="step.stop", tooltip="Stop the step; it can go on later"),
        Binding("o", "output", "Output", id="step.output", tooltip="All that the commands wrote"),
        Binding("r", "again", "Again", id="step.again", tooltip="Look at the plan and do it again"),
        Binding("u", "take_back", "Undo", id="step.undo", tooltip="Take this step back"),
        Binding("w", "what_to_do", "What to do", id="step.problem", tooltip="The problem in full"),
    ]

    # The words on the obvious key, and what F1 says.
    begin_label: ClassVar[str] = "Do it"
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

    def show(self) -> None:
        """Bring all parts up to date, and look at the world if something changed since."""
        super().show()
        if not self.is_whole:
            return
        if self._looked_at != self.session.changes and self.session.running != self.here:
            self._looked_at = self.session.changes
            self.wizard.look_at(self)
        self.show_step()

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
        proofs = work.checks if work else remembered
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

    def _waiting_line(self, work: Work) -> Content:
        if work.waiting:
            text = f"{work.waiting.text} ({words.clock(work.waiting.seconds)})"
        else:
            text = f"{self.busy()} ({words.clock(work.seconds)})"
        return Content.assemble(("▶ ", "bold $text-primary"), text)

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
        return self._plan.safe if self._plan and self._wants_plan() else ""

    def keys(self) -> list[Key]:
        """The buttons that make sense now; the first is the obvious one."""
        match self.stage:
            case Stage.READY:
                return [Key(self.label(), "begin")]
            case Stage.RUNNING:
                return [Key("Stop", "stop")]
            case Stage.FAILED:
                return self._keys_after_failure()
            case Stage.DONE | Stage.NOT_NOW:
                onward = Key(self.session.next_label(self.here), "next")
                skipped = self.stage is Stage.NOT_NOW and self._skipped_by_hand
                return [onward, Key("Do it after all", "again")] if skipped else [onward]
            case Stage.BLOCKED:
                return [Key(self._way_to_first(), "next")]
            case _:
                return []

    def _way_to_first(self) -> str:
        """To what has to be done, or to end, before this step."""
        return f"Go to: {self.session.title(self.session.after(''))}"

    def _keys_after_failure(self) -> list[Key]:
        what_to_do = Key("What to do", "what_to_do")
        # A remedy may have opened a step before this one again.
        if self.session.before(self.step):
            return [Key(self._way_to_first(), "next"), what_to_do]
        retry = Key("Try again", "retry")
        if self._problem and self._problem.remedies[:1]:
            first = self._problem.remedies[0]
            if first.action is Action.EDIT_PROVIDER:
                # The same again would only be refused again.
                return [Key("Edit answers", "change_provider"), retry, what_to_do]
        # Trying again decides nothing.
        asked = self._problem is not None and self._problem.decision
        return [what_to_do, retry] if asked else [retry, what_to_do]

    def label(self) -> str:
        """What the obvious key says when the step can be done."""
        if self._finding and self._finding.done:
            return "Prove it"
        if self._status and self._status.state == "begun":
            return f"Go on: {self.begin_label}"
        return self.begin_label

    def news(self, work: Work) -> None:
        """Show what the running step said."""
        super().news(work)
        if work.step == self.here:
            self._show_evidence()
            if work is self.looking:
                self.query_one("#why", Static).update(self._why())

    async def look(self) -> None:
        """Ask the world how it is with this step, and what would change."""
        self._problem = self.work.problem if self.work else None
        self.looking = self.session.new_work(self.here)
        try:
            with self.session.heard_by(self.looking):
                await self._look()
        except Problem as problem:
            self._problem = problem
            self._status = self._status or self.session.migration.status(self.step)
        finally:
            self.looking.end()
        self.session.look_anew()  # there may be nothing to do here at all
        if self.is_whole:
            self.show_frame()
            self.show_step()

    async def _look(self) -> None:
        self._status, self._finding = await self.session.migration.look(self.step)
        if self._problem is None and self._failed_as_it_is(self._status):
            self._problem = self._status.result.problem if self._status.result else None
        if self._needs_plan():
            self._plan = await self.step.plan(self.session.context)

    def _failed_as_it_is(self, status: Status) -> bool:
        """Whether it failed the last time, and with the answers of now."""
        return status.state == "failed" and self.here not in self.session.outdated

    def _needs_plan(self) -> bool:
        state = self._status.state if self._status else ""
        return self._again or state not in ("done", "skipped", "later")

    def forget(self) -> None:
        """What was seen no longer holds."""
        self._status = self._finding = self._plan = self._problem = None
        self._again = False

    def failed_here(self, problem: Problem) -> None:
        """Show the problem in full."""
        self.wizard.show_problem(problem, self.step)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is possible now."""
        del parameters
        stage = self.stage
        match action:
            case "stop":
                return stage is Stage.RUNNING
            case "output":
                return bool(self.work and self.work.lines_seen)
            case "again":
                skipped = stage is Stage.NOT_NOW and self._skipped_by_hand
                return (stage is Stage.DONE or skipped) and not self.session.running
            case "take_back":
                can = type(self.step).undo is not Step.undo
                return can and stage is Stage.DONE and not self.session.running
            case "what_to_do":
                return stage is Stage.FAILED and self._problem is not None
            case _:
                return True

    @property
    def enter_rests(self) -> bool:
        """While the step works: Enter once too often must not stop what has just begun."""
        return self.stage is Stage.RUNNING

    def _focus_first(self) -> None:
        if self.enter_rests:
            if self._may_take_focus():
                self.set_focus(None)
        else:
            super()._focus_first()

    async def action_main(self) -> None:
        """The obvious thing; while the step works there is none."""
        if not self.enter_rests:
            await super().action_main()

    def action_begin(self) -> None:
        """Carry the step out."""
        if self.stage is Stage.READY:
            self._again = False
            self.wizard.begin(self.step)

    def action_retry(self) -> None:
        """Try again what failed: the looking, or the step."""
        if self.session.running or self.session.before(self.step):
            return
        if self._plan is None:
            self._problem = None
            self.wizard.look_at(self)
            self.show_step()
        else:
            self.wizard.begin(self.step)

    def action_again(self) -> None:
        """Show the plan of a done step, to do it again."""
        self._again = True
        self._plan = self._problem = None
        self.wizard.look_at(self)
        self.show_step()

    def action_next(self) -> None:
        """To what comes after this."""
        self.wizard.go_on(self.here)

    def action_stop(self) -> None:
        """Stop the running step."""
        self.wizard.stop()

    def action_output(self) -> None:
        """Show all the output."""
        self.wizard.show_output(self.here)

    def action_what_to_do(self) -> None:
        """The problem in full, with its remedies."""
        if self._problem:
            self.wizard.show_problem(self._problem, self.step)

    def action_change_provider(self) -> None:
        """To the form, where the keys are."""
        if self._problem:
            self.wizard.remedies.edit_provider(self._problem)

    def action_take_back(self) -> None:
        """Undo the step, after asking."""
        self.wizard.take_back(self.step)


def _note_line(text: str, *, warning: bool) -> Line:
    if warning:
        return marked("!", text, "bold $text-warning", "$text-warning")
    return marked("•", text)
