"""Showing what a step reports, a few times a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screens.app.navigator import Navigator
    from screens.state.session import Session
    from screens.state.step_run import StepRun

SECONDS_BETWEEN_UPDATES = 0.1


class RunUpdates:
    """Shows the running step's reports, or those of the screen's inspection, on the screen."""

    def __init__(self, session: Session, navigator: Navigator) -> None:
        self._session, self._navigator = session, navigator
        self._shown: tuple[StepRun | None, int, int] = (None, -1, -1)

    def show(self) -> None:
        """Show what was reported since the last time, and write output to its file."""
        session, screen = self._session, self._navigator.current
        run = session.runs.get(session.running) or (screen.inspection if screen else None)
        if run is None:
            return
        session.write_output()
        # The second that passes is to be shown as well: a watch has to run.
        now = (run, run.version, int(run.seconds))
        if now != self._shown and screen is not None and screen.is_composed:
            self._shown = now
            screen.show_run(run)
