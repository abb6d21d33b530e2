"""Leaving the wizard, after asking where something is unfinished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App

from wizard.core.message import msg

if TYPE_CHECKING:
    from screens.app.step_runner import StepRunner
    from screens.state.session import Session
    from screens.state.sources import Source

_DEMO_WARNING = msg(
    "This is a demo: when you quit, the instance, its S3 server and everything done in it are "
    "deleted. Nothing of yours was touched."
)


class Quitting:
    """Quits; asks once in the middle of a migration."""

    def __init__(
        self, app: App[int], *, session: Session, source: Source, runner: StepRunner
    ) -> None:
        self._app, self._session = app, session
        self._source, self._runner = source, runner

    def quit_or_ask(self) -> None:
        """Quit where nothing is unfinished, or where it is asked already; else ask."""
        from screens.overlays.dialogs import QuitDialog

        if isinstance(self._app.screen, QuitDialog):
            self._app.screen.dismiss(True)
        elif not self._session.is_unfinished():
            self._quit()
        else:
            text = self._session.quit_warning() if self._source.kept else _DEMO_WARNING
            dialog = QuitDialog(msg("Quit now?"), text, yes=msg("Quit"), no=msg("Stay"))
            self._app.push_screen(dialog, lambda yes: self._quit() if yes else None)

    def _quit(self) -> None:
        """Stop what runs, and end."""
        status = self._session.exit_status()
        self._runner.stop()
        self._app.exit(status, return_code=status)
