"""Carrying out the remedies that a problem offers, and the file for a bug report."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from screens.state.exit_status import unexpected
from wizard.core.problem import Action, Problem

if TYPE_CHECKING:
    from screens.app.wizard_app import WizardApp
    from wizard.step import Step

# Settings that no form asks for, but that the admin may have to say; with an example of each.
_SAYABLE = {
    "restart_command": ("Say how it is restarted", "systemctl restart bookwyrm bookwyrm-worker"),
    "site_url": ("Say where the site answers", "https://books.example.org"),
}
# The step whose undoing is meant.
_UNDONE = {Action.RESTORE_ENV: "restart", Action.DISARM: "enable_s3"}
_DEPLOYMENTS = [("compose", "It runs under Docker"), ("dockerless", "It runs without Docker")]
# What the others don't build on: done by hand elsewhere, or not needed here.
_SKIPPABLE = ("set_cors", "verify_cors", "update_connector")
_SAFE = "Your instance keeps running as it is; what is proven stays proven."
_UNOPENED = "Nothing was changed."
_ARMED = "! .env says USE_S3=true: the next restart would switch the instance to S3."


class Remedies:
    """What the buttons of a problem's screen do."""

    def __init__(self, app: WizardApp) -> None:
        self._app = app

    def show(self, problem: Problem, step: Step | None) -> None:
        """Show a problem in full, with what can be done about it from here."""
        from screens.overlays.problem import ProblemScreen

        session = self._app.session
        opened = session.opened is not None
        screen = ProblemScreen(
            problem,
            step_title=step.title if step else "",
            choices=self._choices(problem),
            may_skip=step is not None and step.name in _SKIPPABLE,
            safe=(_ARMED if session.overview.armed else _SAFE) if opened else _UNOPENED,
        )
        self._app.push_screen(screen, partial(self._chosen, problem, step))

    def _choices(self, problem: Problem) -> list[tuple[str, str]]:
        """Answers that only this problem asks for, before the usual remedies."""
        if self._app.session.opened is None:
            return _DEPLOYMENTS if problem.field == "deployment" else []
        if problem.field in _SAYABLE:
            return [("say", _SAYABLE[problem.field][0])]
        return []

    def _chosen(self, problem: Problem, step: Step | None, choice: str | None) -> None:
        app = self._app
        match choice:
            case "compose" | "dockerless":
                app.begin_opening(deployment=choice)
            case "say":
                app.run_worker(self._say(problem, step), group="say", exit_on_error=False)
            case Action.RETRY:
                self._retry()
            case Action.EDIT_PROVIDER:
                self.edit_provider(problem)
            case Action.RESTORE_ENV | Action.DISARM:
                app.undo(app.session.migration.step_named(_UNDONE[Action(choice)]))
            case Action.CONVERT_ENV:
                app.run_worker(self._convert_env(), group="env", exit_on_error=False)
            case Action.SKIP if step is not None:
                app.run_worker(self._skip(step), group="skip", exit_on_error=False)

    def _retry(self) -> None:
        retry = getattr(self._app.screen, "action_retry", None)
        if retry is not None:
            retry()

    def edit_provider(self, problem: Problem) -> None:
        """To the form, with the problem beside its field where it has one."""
        from screens.configure_provider import ConfigureProviderScreen

        self._app.go_to("configure_provider")
        screen = self._app.get_screen("configure_provider")
        if isinstance(screen, ConfigureProviderScreen):
            screen.edit_because(problem)

    async def _say(self, problem: Problem, step: Step | None) -> None:
        from screens.overlays.dialogs import OneLine

        app, name = self._app, problem.field or ""
        heading, example = _SAYABLE[name]
        said = await app.push_screen_wait(OneLine(heading, problem.why, placeholder=example))
        if not said:
            return
        context = app.session.context
        settings = replace(context.settings, **{name: said})  # type: ignore[arg-type]
        app.session.change(settings, context.keys)
        if step is not None:
            app.forget(step.name)
        app.show_changes()

    async def _convert_env(self) -> None:
        from screens.overlays.dialogs import YesNo
        from screens.widgets.plan_view import plan_lines
        from wizard.core.plan import Diff

        app, context = self._app, self._app.session.context
        now = context.instance.env_file()
        new = now.converted()
        diff = Diff(str(context.instance.env_path), now.diff(new, context.masker))
        dialog = YesNo("Convert .env?", plan_lines(diff), yes="Convert it", no="Leave it")
        if not await app.push_screen_wait(dialog):
            return
        backup = new.write(context.journal.folder)
        app.notify(f"The old one is kept in {backup}", title=".env converted", markup=False)
        app.session.changes += 1
        self._retry()

    async def _skip(self, step: Step) -> None:
        from screens.overlays.dialogs import OneLine

        app = self._app
        text = "The reason is kept in the journal and shown in the summary."
        dialog = OneLine(f"Skip “{step.title}”: why?", text, placeholder="reason")
        reason = await app.push_screen_wait(dialog)
        if reason:
            app.session.migration.skip(step, reason)
            app.session.changes += 1
            app.forget(step.name)
            app.show_changes()

    def last_words(self, error: BaseException) -> str:
        """A mistake of bw-s3 itself as words for the shell, its traceback in a file."""
        from wizard.reporting.diagnosis import write_diagnosis

        session, problem = self._app.session, unexpected(error)
        said = f"{problem.what} {type(error).__name__} stopped it."
        if session.opened is None:
            return f"{said}\n{problem.raw}"
        try:
            path = write_diagnosis(session.migration, problem)
        except OSError as refused:
            return f"{said}\nNot even a diagnosis could be written: {refused}"
        return f"{said} Please send this file with a bug report, it holds no secrets:\n{path}"

    def write_diagnosis(self) -> None:
        """Write the file for a bug report, and say where it is."""
        session = self._app.session
        if session.opened is None:
            return
        from wizard.reporting.diagnosis import write_diagnosis

        try:
            path = write_diagnosis(session.migration, session.last_problem)
        except OSError as error:
            self._app.notify(str(error), title="No diagnosis", severity="error", markup=False)
            return
        text = f"{path}\nNo secrets are in it; read it before you send it."
        self._app.notify(text, title="Diagnosis written", timeout=20, markup=False)
