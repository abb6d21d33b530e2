"""Showing problems, and carrying out the remedies that are chosen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.app import App

from screens.state.wording import signed
from wizard.core.message import Message, msg
from wizard.core.problem import Action, Problem
from wizard.core.symbols import WARNING

if TYPE_CHECKING:
    from screens.app.navigator import Navigator
    from screens.app.opener import Opener
    from screens.app.step_runner import StepRunner
    from screens.state.session import Session
    from wizard.step import Step

# Settings that no form asks for, but that the admin may have to give; with an example of each.
_ASKED_FOR = {
    "restart_command": (
        msg("Specify the restart command"),
        "systemctl restart bookwyrm bookwyrm-worker",
    ),
    "site_url": (msg("Specify the site's address"), "https://books.example.org"),
}
# The step that is undone.
_UNDONE = {Action.RESTORE_ENV: "restart", Action.DISARM: "enable_s3"}
_DEPLOYMENTS = [
    ("compose", msg("It runs with Docker")),
    ("dockerless", msg("It runs without Docker")),
]
# What the others don't build on: done by hand elsewhere, or not needed here.
_SKIPPABLE = ("set_cors", "verify_cors", "update_connector")
_SAFE = msg("Your instance keeps running as it is; what is verified stays verified.")
_UNOPENED = msg("Nothing was changed.")


class ProblemHandler:
    """Shows a problem on a screen of its own, and does what its buttons say."""

    def __init__(
        self,
        app: App[int],
        *,
        session: Session,
        navigator: Navigator,
        opener: Opener,
        runner: StepRunner,
    ) -> None:
        self._app, self._session = app, session
        self._navigator, self._opener, self._runner = navigator, opener, runner

    def show(self, problem: Problem, step: Step | None = None) -> None:
        """Show a problem in full, with what can be done about it from here."""
        from screens.overlays.problem import ProblemScreen

        self._session.last_problem = problem
        screen = ProblemScreen(
            problem,
            step_title=step.title if step else "",
            choices=self._choices(problem),
            may_skip=step is not None and step.name in _SKIPPABLE,
            safe=self._safety_text(),
        )
        self._app.push_screen(screen, partial(self._chosen, problem, step))

    def _safety_text(self) -> Message:
        if self._session.opened is None:
            return _UNOPENED
        armed = self._session.overview.armed
        return signed(WARNING, self._session.armed_warning) if armed else _SAFE

    def _choices(self, problem: Problem) -> list[tuple[str, Message]]:
        """Return the answers that only this problem asks for, before the usual remedies."""
        if self._session.opened is None:
            return _DEPLOYMENTS if problem.field == "deployment" else []
        if problem.field in _ASKED_FOR:
            return [("say", _ASKED_FOR[problem.field][0])]
        return []

    def _chosen(self, problem: Problem, step: Step | None, choice: str | None) -> None:
        app = self._app
        match choice:
            case "compose" | "dockerless":
                self._opener.open(deployment=choice)
            case "say":
                app.run_worker(
                    self._ask_for_setting(problem, step), group="say", exit_on_error=False
                )
            case Action.RETRY:
                self._retry()
            case Action.EDIT_PROVIDER:
                self.edit_answers(problem)
            case Action.RESTORE_ENV | Action.DISARM:
                self._runner.undo(self._session.migration.step_named(_UNDONE[Action(choice)]))
            case Action.CONVERT_ENV:
                app.run_worker(self._convert_env(), group="env", exit_on_error=False)
            case Action.SKIP if step is not None:
                app.run_worker(self._skip(step), group="skip", exit_on_error=False)

    def _retry(self) -> None:
        screen = self._navigator.current
        if screen is not None:
            screen.retry()

    def edit_answers(self, problem: Problem) -> None:
        """Show the form, with the problem beside its field where it has one."""
        from screens.configure_provider import ConfigureProviderScreen

        if self._session.leads_back:
            self._navigator.turn()
        self._navigator.go_to(ConfigureProviderScreen.route)
        screen = self._app.get_screen(ConfigureProviderScreen.route)
        if isinstance(screen, ConfigureProviderScreen):
            screen.edit_because_of(problem)

    async def _ask_for_setting(self, problem: Problem, step: Step | None) -> None:
        from screens.overlays.dialogs import TextDialog

        session, name = self._session, problem.field or ""
        heading, example = _ASKED_FOR[name]
        dialog = TextDialog(heading, problem.why, placeholder=example)
        value = await self._app.push_screen_wait(dialog)
        if not value:
            return
        context = session.context
        settings = replace(context.settings, **{name: value})  # type: ignore[arg-type]
        session.change_answers(settings, context.keys)
        if step is not None:
            self._navigator.discard(step.name)
        self._navigator.refresh()

    async def _convert_env(self) -> None:
        from screens.overlays.dialogs import ConfirmDialog
        from screens.widgets.plan_view import plan_lines
        from wizard.core.plan import Diff

        context = self._session.context
        now = context.instance.env_file()
        new = now.converted()
        diff = Diff(str(context.instance.env_path), now.diff(new, context.masker))
        dialog = ConfirmDialog(
            msg("Convert .env?"),
            plan_lines(diff),
            yes=msg("Convert it"),
            no=msg("Leave it as it is"),
        )
        if not await self._app.push_screen_wait(dialog):
            return
        backup = new.write(context.journal.folder)
        text = msg("The old file is kept in {path}", path=str(backup))
        self._app.notify(text, title=msg(".env converted"))
        self._session.changes += 1
        self._retry()

    async def _skip(self, step: Step) -> None:
        from screens.overlays.dialogs import TextDialog

        dialog = TextDialog(
            msg("Skip “{step}”: why?", step=step.title),
            msg("The reason is kept in the journal and shown in the summary."),
            placeholder=msg("reason"),
        )
        reason = await self._app.push_screen_wait(dialog)
        if reason:
            self._session.migration.skip(step, reason)
            self._session.changes += 1
            self._navigator.discard(step.name)
            self._navigator.refresh()
