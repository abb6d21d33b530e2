"""What is known about one step while the wizard is open. No textual."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.state.phase import Phase
from wizard.core.problem import Problem
from wizard.core.states import RESTING, State

if TYPE_CHECKING:
    from screens.state.session import Session
    from screens.state.step_run import StepRun
    from wizard.core.events import Report
    from wizard.core.plan import Plan
    from wizard.migration import Status
    from wizard.step import Finding, Step


class StepState:
    """One step as its screen sees it: what was found, what would change, what went wrong.

    `repeating` is set while a step that is done, or was skipped, is about to be done again.
    `inspection` records what the step reports while it is inspected.
    """

    def __init__(self, session: Session, name: str) -> None:
        self.session = session
        self.name = name
        self.status: Status | None = None
        self.finding: Finding | None = None
        self.plan: Plan | None = None
        self.problem: Problem | None = None
        self.inspection: StepRun | None = None
        self.repeating = False
        self._inspected_at = -1

    @property
    def step(self) -> Step:
        """The step itself."""
        return self.session.migration.step_named(self.name)

    @property
    def run(self) -> StepRun | None:
        """This session's run of the step; None where there was none."""
        return self.session.runs.get(self.name)

    @property
    def phase(self) -> Phase:
        """What there is to do now."""
        if self.run and self.run.running:
            return Phase.RUNNING
        if self.status is None:
            return Phase.FAILED if self.problem else Phase.INSPECTING
        match self.status.state:
            case State.LATER:
                return Phase.NOT_NOW
            case State.SKIPPED if not (self.repeating and self.was_skipped_by_hand):
                return Phase.NOT_NOW
            case State.DONE if not self.repeating:
                return Phase.DONE
        return self._phase_of_open_step()

    def _phase_of_open_step(self) -> Phase:
        if self.problem:
            return Phase.FAILED
        if self.is_blocked:
            return Phase.BLOCKED
        return Phase.INSPECTING if self.plan is None else Phase.READY

    @property
    def is_blocked(self) -> bool:
        """Whether another step runs, or has to be done before this one."""
        return bool(self.session.running or self.session.first_open_before(self.step))

    @property
    def was_skipped_by_hand(self) -> bool:
        """Whether the admin skipped it, and may change their mind."""
        return self.session.migration.reason_to_skip(self.step) != ""

    @property
    def may_repeat(self) -> bool:
        """Whether the step can be done again from here."""
        skipped = self.phase is Phase.NOT_NOW and self.was_skipped_by_hand
        return (self.phase is Phase.DONE or skipped) and not self.session.running

    @property
    def shown_plan(self) -> Plan | None:
        """The plan, where it says something about what can be done now."""
        wanted = (Phase.READY, Phase.BLOCKED, Phase.RUNNING, Phase.FAILED)
        return self.plan if self.phase in wanted else None

    @property
    def runs_commands(self) -> bool:
        """Whether the plan has commands: then more is done than to verify what is in place."""
        from wizard.core.plan import Command

        return self.plan is not None and any(isinstance(i, Command) for i in self.plan.items)

    def take_inspection(self) -> bool:
        """Return whether something changed since the last call, so that an inspection is due.

        A plan from before is gone then: it may not be what would be done now.
        """
        if self._inspected_at == self.session.changes or self.session.running == self.name:
            return False
        self._inspected_at = self.session.changes
        # What failed stays as it was tried, so that trying again is possible at once.
        if self.problem is None and not (self.run and self.run.problem):
            self.plan = None
        return True

    async def inspect(self) -> None:
        """Ask the world how it is with this step, and what would change.

        A `Problem` on the way is kept in `problem`.
        """
        self.problem = self.run.problem if self.run else None
        self.inspection = self.session.new_run(self.name)
        try:
            await self._inspect(self.inspection.take)
        except Problem as problem:
            self.problem = problem
            self.status = self.status or self.session.migration.status(self.step)
        finally:
            self.inspection.end()
        self.session.invalidate()  # there may be nothing to do here at all

    async def _inspect(self, report: Report) -> None:
        migration = self.session.migration
        self.status, self.finding = await migration.look(self.step, report)
        if self.problem is None and self._failed_with_these_answers(self.status):
            self.problem = self.status.result.problem if self.status.result else None
        if self.repeating or self.status.state not in RESTING:
            self.plan = await migration.plan(self.step, report, finding=self.finding)

    def _failed_with_these_answers(self, status: Status) -> bool:
        return status.state is State.FAILED and self.name not in self.session.outdated

    def repeat(self) -> None:
        """Prepare to do the step again; an inspection makes a new plan."""
        self.repeating = True
        self.plan = self.problem = None

    def discard(self) -> None:
        """Forget what was seen; it no longer holds."""
        self.status = self.finding = self.plan = self.problem = None
        self.repeating = False
