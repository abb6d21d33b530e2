"""The screen of a step: inspects it, shows how it stands, and does what its keys say."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from screens.base.step_parts import Activity, StepParts
from screens.base.wizard_screen import ButtonSpec, WizardScreen
from screens.state.marks import MARKS, LiveState
from screens.state.phase import Phase
from screens.state.status_line import status_line
from screens.state.step_state import StepState
from screens.state.wording import signed, timed
from screens.widgets.check_list import CheckRow
from screens.widgets.spoken import text
from wizard.core.message import NOTHING, Message, msg, verbatim
from wizard.core.problem import Action, Problem
from wizard.core.quantities import describe_duration
from wizard.core.states import State
from wizard.core.symbols import WARNING
from wizard.step import Step

if TYPE_CHECKING:
    from screens.state.shell import Shell
    from screens.state.step_run import StepRun


class StepScreen(WizardScreen):
    """One step: a `StepState` shown in `StepParts`.

    A step's own screen names its `route` and labels, and overrides what it needs of the hooks:
    `own_parts`, `hidden_parts`, `buttons`, `status_text`, `safety_text`, `activity`,
    `progress_label`, `ignores_enter`. Each says what it does by default.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "s",
            "stop",
            msg("Stop"),
            id="step.stop",
            tooltip=msg("Stop the step; you can continue later"),
        ),
        Binding(
            "o",
            "output",
            msg("Output"),
            id="step.output",
            tooltip=msg("Show everything the commands wrote"),
        ),
        Binding(
            "r",
            "again",
            msg("Again"),
            id="step.again",
            tooltip=msg("Show the plan to run this step again"),
        ),
        Binding("u", "undo", msg("Undo"), id="step.undo", tooltip=msg("Undo this step")),
        Binding(
            "w",
            "what_to_do",
            msg("What to do"),
            id="step.problem",
            tooltip=msg("Show the whole problem"),
        ),
    ]

    # The label of the obvious button, what the step does while it works, what its plan is called.
    start_label: ClassVar[Message] = msg("Run it")
    running_label: ClassVar[Message] = msg("Working")
    plan_heading: ClassVar[Message] = msg("What will change")
    # Whether it may wait for what a person does elsewhere: then that stays in sight.
    waits_for_person: ClassVar[bool] = False

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self.state = StepState(shell.session, self.route)
        self.parts = StepParts()
        self._shown_phase = Phase.INSPECTING

    @property
    def phase(self) -> Phase:
        """What there is to do now."""
        return self.state.phase

    # Hooks -----------------------------------------------------------------------------------

    def own_parts(self) -> Iterable[Widget]:
        """Return the widgets that only this step has; none by default."""
        return ()

    def hidden_parts(self) -> Collection[Widget]:
        """Return the parts that are not to be seen now, whatever they hold; none by default."""
        return ()

    def buttons(self) -> list[ButtonSpec]:
        """Return the buttons that make sense now; the first is the obvious one."""
        match self.phase:
            case Phase.READY:
                return [ButtonSpec(self._start_label(), "begin")]
            case Phase.RUNNING:
                return [ButtonSpec(msg("Stop"), "stop")]
            case Phase.FAILED:
                return self._buttons_after_failure()
            case Phase.DONE | Phase.BLOCKED:
                return [self._next_button()]
            case Phase.NOT_NOW:
                skipped = self.state.was_skipped_by_hand
                again = [ButtonSpec(msg("Run it anyway"), "again")] if skipped else []
                return [self._next_button(), *again]
            case _:
                return []

    def status_text(self) -> Content:
        """Return one line on how the step stands; empty where there is nothing to say."""
        return text(*status_line(self.state))

    def safety_text(self) -> Message:
        """Return what is safe now: by default what the plan says of it, or a warning.

        Or what a person is waited for, and how long already.
        """
        run = self.state.run
        if self.waits_for_person and run and run.waiting:
            return timed(run.waiting.text, run.waiting.seconds)
        if self.phase is Phase.DONE and self.session.overview.armed:
            return signed(WARNING, self.session.armed_warning)
        plan = self.state.shown_plan
        return verbatim(plan.safe if plan else "")

    @property
    def only_verifies(self) -> bool:
        """Whether the step would only verify what is in place: its plan runs no command."""
        finding = self.state.finding
        return finding is not None and finding.done and not self.state.runs_commands

    def activity(self) -> Activity:
        """Return what the step does, while it works; what is in place is only verified."""
        label = msg("Verifying") if self.only_verifies else self.running_label
        return Activity(MARKS[LiveState.RUNNING].symbol, label)

    def progress_label(self) -> Message:
        """Return what is shown in place of the time left; "" while that is known."""
        run = self.state.run
        if run is None or run.running:
            return NOTHING
        return msg("stopped") if run.problem else describe_duration(run.seconds)

    @property
    def ignores_enter(self) -> bool:
        """Whether Enter does nothing: by default while the step works.

        Pressed once too often, it must not stop what has just begun.
        """
        return self.phase is Phase.RUNNING

    # The hooks of all screens ----------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """Return the parts of a step, with its own among them."""
        return self.parts.widgets(self.own_parts())

    def show(self) -> None:
        """Bring all parts up to date, and inspect the step if something changed since."""
        super().show()
        if not self.is_composed:
            return
        if self.state.take_inspection():
            self.start_inspection()
        self.show_step()

    def show_run(self, run: StepRun) -> None:
        """Show what the step reported."""
        super().show_run(run)
        if run.step == self.route:
            self._show_run()
            if run is self.inspection:
                self.parts.status.update(self.status_text())

    @property
    def inspection(self) -> StepRun | None:
        """What the last inspection of the step reported."""
        return self.state.inspection

    def focus_target(self) -> Widget | None:
        """Return nothing while Enter has to do nothing, else the first button."""
        return None if self.ignores_enter else super().focus_target()

    def problem_raised(self, problem: Problem) -> None:
        """Show the problem in full."""
        self.shell.problems.show(problem, self.state.step)

    def discard(self) -> None:
        """Forget what was seen; it no longer holds."""
        self.state.discard()

    def retry(self) -> None:
        """Try again what failed: the inspection, or the step."""
        if self.state.is_blocked:
            return
        if self.state.plan is None:
            self.state.problem = None
            self.start_inspection()
            self.show_step()
        else:
            self.shell.runner.start(self.state.step)

    # Showing ---------------------------------------------------------------------------------

    def show_step(self) -> None:
        """Show everything but header and rail."""
        if self.phase is not self._shown_phase:
            self._shown_phase = self.phase
            self.show_top()
        number, total = self.session.position(self.route)
        self.show_title(
            self.state.step.title, msg("step {number} of {total}", number=number, total=total)
        )
        status = self.status_text()
        self.parts.show_findings(self.state, status=status, plan_heading=self.plan_heading)
        self._show_run()
        self.show_safety(self.safety_text())
        self.show_buttons(self.buttons())

    def _show_run(self) -> None:
        run = self.state.run
        self.parts.show_progress(self.state, self.progress_label())
        self.parts.show_activity(run, self.activity())
        if self.waits_for_person:
            self.show_safety(self.safety_text())
        if self.parts.show_checks(self.state) and self.phase is Phase.RUNNING:
            self.call_after_refresh(self._scroll_to_newest_check)
        self.parts.last_lines.show(run, self.session.output_path(self.route))
        self.parts.hide(self.hidden_parts())

    def _scroll_to_newest_check(self) -> None:
        """Scroll to the check that was just made, unless somebody reads another."""
        checks = self.parts.checks.query(CheckRow)
        if checks and not self.scrolled_by_hand:
            checks.last().scroll_visible(animate=False)

    def _next_button(self) -> ButtonSpec:
        return ButtonSpec(self.session.next_label(self.route), "next")

    def _buttons_after_failure(self) -> list[ButtonSpec]:
        what_to_do = ButtonSpec(msg("What to do"), "what_to_do")
        problem = self.state.problem
        first = problem.remedies[0].action if problem and problem.remedies else None
        edit = [ButtonSpec(msg("Edit answers"), "change_provider")]
        # The same again would only be refused again.
        fix = edit if first is Action.EDIT_PROVIDER else []
        # A remedy may have opened a step before this one again.
        if self.session.first_open_before(self.state.step):
            return [*fix, self._next_button(), what_to_do]
        retry = ButtonSpec(msg("Try again"), "retry")
        if fix:
            return [*fix, retry, what_to_do]
        # Trying again decides nothing.
        asked = problem is not None and problem.decision
        return [what_to_do, retry] if asked else [retry, what_to_do]

    def _start_label(self) -> Message:
        status = self.state.status
        if self.only_verifies:
            return msg("Verify")
        if status and status.state is State.BEGUN:
            return msg("Continue: {what}", what=self.start_label)
        return self.start_label

    # Inspecting ------------------------------------------------------------------------------

    def start_inspection(self) -> None:
        """Inspect the step without holding anything up."""
        self.shell.runner.inspect(self.route, self.inspect)

    async def inspect(self) -> None:
        """Ask the world how it is with this step, and show it."""
        await self.state.inspect()
        if self.is_composed:
            self.show_header()
            self.show_step()

    # Keys ------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return what is possible now."""
        del parameters
        state = self.state
        match action:
            case "stop":
                return state.phase is Phase.RUNNING
            case "output":
                return bool(state.run and state.run.lines_seen)
            case "again":
                return state.may_repeat
            case "undo":
                can = type(state.step).undo is not Step.undo
                return can and state.phase is Phase.DONE and not self.session.running
            case "what_to_do":
                return state.phase is Phase.FAILED and state.problem is not None
            case _:
                return True

    async def action_main(self) -> None:
        """Do what the first button does; while the step works there is nothing."""
        if not self.ignores_enter:
            await super().action_main()

    def action_begin(self) -> None:
        """Carry the step out."""
        if self.phase is Phase.READY:
            self.state.repeating = False
            self.shell.runner.start(self.state.step)

    def action_retry(self) -> None:
        """Try again what failed."""
        self.retry()

    def action_again(self) -> None:
        """Show the plan of a done step, to do it again."""
        self.state.repeat()
        self.start_inspection()
        self.show_step()

    def action_back(self) -> None:
        """Go from the plan of doing it again back to the checks, else to the start."""
        repeating, self.state.repeating = self.state.repeating, False
        # The inspection may have shown that it has to be done again: there are no checks then.
        if repeating and self.phase in (Phase.DONE, Phase.NOT_NOW):
            self.state.problem = None
            self.show_step()
        else:
            super().action_back()

    def action_next(self) -> None:
        """Go to what comes after this step."""
        self.shell.navigation.go_to_next(self.route)

    def action_stop(self) -> None:
        """Stop the running step."""
        self.shell.runner.stop()

    def action_output(self) -> None:
        """Show all the output."""
        self.shell.navigation.show_output(self.route)

    def action_what_to_do(self) -> None:
        """Show the problem in full, with its remedies."""
        if self.state.problem:
            self.problem_raised(self.state.problem)

    def action_change_provider(self) -> None:
        """Go to the form, where the keys are."""
        if self.state.problem:
            self.shell.problems.edit_answers(self.state.problem)

    def action_undo(self) -> None:
        """Undo the step, after asking."""
        self.shell.runner.ask_to_undo(self.state.step)
