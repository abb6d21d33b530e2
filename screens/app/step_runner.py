"""Carrying steps out: they belong to the app, so that they continue whatever is on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.worker import Worker

from wizard.core.message import Message, msg, sentences
from wizard.core.problem import Problem

if TYPE_CHECKING:
    from screens.app.navigator import Navigator
    from screens.state.session import Session
    from screens.state.step_run import StepRun
    from wizard.core.events import Report
    from wizard.step import Question, Step

    # What is done with a step, as it is told where to report.
    _Run = Callable[[Report], Awaitable[object]]

_GROUP = "step"


_BACK_TO_OLD = msg(
    "The running services are switched back to the old storage in the same way as they were "
    "switched to the new one, and files uploaded to the new one in the meantime are copied there."
)


class StepRunner:
    """Runs one step at a time, and says how it ended where its screen is not shown."""

    def __init__(self, app: App[int], session: Session, navigator: Navigator) -> None:
        self._app, self._session, self._navigator = app, session, navigator
        self._worker: Worker[None] | None = None

    def start(self, step: Step) -> None:
        """Carry a step out."""
        carry_out = partial(self._session.migration.carry_out, step)
        self._start(step, carry_out, success=msg("Done and verified."))

    def undo(self, step: Step) -> None:
        """Undo a step."""
        self._start(step, partial(self._undo, step))

    def ask_to_undo(self, step: Step) -> None:
        """Undo a step, once the admin has confirmed it."""
        from screens.overlays.dialogs import ConfirmDialog

        text = msg(
            "What “{step}” changed is put back as it was. The step then needs to be redone, "
            "and perhaps the steps after it too. Objects in the bucket stay there.",
            step=step.title,
        )
        if step.switches_site or (step.name == "enable_s3" and self._session.is_done("restart")):
            back = msg(
                "The running services are switched back to this server's disk in the same way "
                "as they were switched to S3, and files uploaded to the bucket in the meantime "
                "are copied back."
            )
            if self._session.moves:
                back = _BACK_TO_OLD
            text = sentences(text, back)
        dialog = ConfirmDialog(
            msg("Undo “{step}”?", step=step.title),
            text,
            yes=msg("Undo it"),
            no=msg("Keep it"),
            focus_no=True,
        )
        self._app.push_screen(dialog, lambda yes: self.undo(step) if yes else None)

    async def ask(self, question: Question) -> bool:
        """Ask the admin, in the middle of a step; return whether the answer is yes."""
        from screens.overlays.dialogs import ConfirmDialog

        running = self._session.running
        heading = self._session.title(running) if running else msg("Question")
        dialog = ConfirmDialog(
            heading,
            question.text,
            yes=question.yes,
            no=question.no,
            deadline=question.deadline,
            focus_no=question.only_a_person,
        )
        try:
            return await self._app.push_screen_wait(dialog)
        except asyncio.CancelledError:
            # Nobody waits for the answer any more.
            if dialog.is_current:
                dialog.dismiss(False)
            raise

    def stop(self) -> None:
        """Stop the running step; what it has verified stays so."""
        if self._worker is not None and self._session.running:
            self._worker.cancel()

    def inspect(self, route: str, inspect: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Let the screen of a route inspect the world, without holding anything up."""
        group = f"look-{route}"
        self._app.run_worker(inspect(), group=group, exclusive=True, exit_on_error=False)

    def cancelled(self, worker: Worker[Any]) -> None:
        """Show a step as interrupted, where this worker carried one out."""
        if worker.group == _GROUP:
            self._show_end(worker.name)

    def _start(self, step: Step, run: _Run, success: Message | None = None) -> None:
        if self._session.running:
            return
        self._worker = self._app.run_worker(
            self._run(self._session.start_run(step), run, partial(self._ended, step, success)),
            name=step.name,
            group=_GROUP,
            exclusive=True,
            exit_on_error=False,
        )
        self._navigator.refresh()

    async def _run(
        self,
        step_run: StepRun,
        run: _Run,
        ended: Callable[[Problem | None], None],
    ) -> None:
        problem, interrupted = None, True
        try:
            await run(step_run.take)
            interrupted = False
        except Problem as stopped:
            problem, interrupted = stopped, False
        finally:
            self._session.end_run(step_run, problem, interrupted=interrupted)
        ended(problem)

    async def _undo(self, step: Step, report: Report) -> None:
        undone = await self._session.migration.undo(step, report)
        done = msg("Undone.")
        text = done if undone else msg("There is nothing to undo here.")
        self._app.notify(text, title=step.title)

    def _ended(self, step: Step, success: Message | None, problem: Problem | None) -> None:
        self._show_end(step.name)
        screen = self._navigator.current
        if screen is not None and screen.route == step.name:
            if problem:
                screen.problem_raised(problem)
        elif problem:
            self._app.notify(problem.what, title=step.title, severity="error")
        elif success:
            self._app.notify(success, title=step.title)

    def _show_end(self, name: str) -> None:
        self._navigator.discard(name)
        self._navigator.refresh()
