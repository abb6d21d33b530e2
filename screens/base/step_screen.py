"""The screen of a step: asks the world how it is, and does what its keys say."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from screens.base.frame import Key
from screens.base.step_parts import StepParts
from screens.state.stage import Stage
from wizard.core.problem import Action, Problem
from wizard.step import Step

if TYPE_CHECKING:
    from wizard.core.events import Report
    from wizard.migration import Status


class StepScreen(StepParts):
    """One step. Subclasses name it and add what only they have."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "stop", "Stop", id="step.stop", tooltip="Stop the step; it can go on later"),
        Binding("o", "output", "Output", id="step.output", tooltip="All that the commands wrote"),
        Binding("r", "again", "Again", id="step.again", tooltip="Look at the plan and do it again"),
        Binding("u", "take_back", "Undo", id="step.undo", tooltip="Take this step back"),
        Binding("w", "what_to_do", "What to do", id="step.problem", tooltip="The problem in full"),
    ]

    # The words on the obvious key.
    begin_label: ClassVar[str] = "Do it"

    def show(self) -> None:
        """Bring all parts up to date, and look at the world if something changed since."""
        super().show()
        if not self.is_whole:
            return
        if self._looked_at != self.session.changes and self.session.running != self.here:
            self._looked_at = self.session.changes
            self.wizard.look_at(self)
        self.show_step()

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
                return [Key(self.session.next_label(self.here), "next")]
            case _:
                return []

    def _keys_after_failure(self) -> list[Key]:
        what_to_do = Key("What to do", "what_to_do")
        # A remedy may have opened a step before this one again.
        if self.session.before(self.step):
            return [Key(self.session.next_label(self.here), "next"), what_to_do]
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

    async def look(self) -> None:
        """Ask the world how it is with this step, and what would change."""
        self._problem = self.work.problem if self.work else None
        self.looking = self.session.new_work(self.here)
        try:
            await self._look(self.looking.take)
        except Problem as problem:
            self._problem = problem
            self._status = self._status or self.session.migration.status(self.step)
        finally:
            self.looking.end()
        self.session.look_anew()  # there may be nothing to do here at all
        if self.is_whole:
            self.show_frame()
            self.show_step()

    async def _look(self, report: Report) -> None:
        migration = self.session.migration
        self._status, self._finding = await migration.look(self.step, report)
        if self._problem is None and self._failed_as_it_is(self._status):
            self._problem = self._status.result.problem if self._status.result else None
        if self._needs_plan():
            self._plan = await migration.plan(self.step, report)

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

    def action_back(self) -> None:
        """From the plan to do it again back to the proofs; else to the start."""
        again, self._again = self._again, False
        # Looking may have shown meanwhile that it has to be done again: there are no proofs then.
        if again and self.stage in (Stage.DONE, Stage.NOT_NOW):
            self._problem = None
            self.show_step()
        else:
            super().action_back()

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
