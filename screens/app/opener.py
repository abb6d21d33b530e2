"""Opening the migration while the start screen is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import App

from wizard.core.problem import Problem

if TYPE_CHECKING:
    from screens.app.navigator import Navigator
    from screens.state.session import Session
    from screens.state.sources import Source
    from wizard.step import Ask


class Opener:
    """Opens the migration of a source into the session; a problem on the way is kept there.

    `ask` answers the questions of its steps; `once_open` is called when all that the wizard
    needs is in memory.
    """

    def __init__(
        self,
        app: App[int],
        *,
        session: Session,
        source: Source,
        navigator: Navigator,
        ask: Ask,
        once_open: Callable[[], None],
    ) -> None:
        self._app, self._session, self._source = app, session, source
        self._navigator, self._ask, self._once_open = navigator, ask, once_open
        self._answers: dict[str, str] = {}

    def open(self, **answers: str) -> None:
        """Open the migration, with the answers given so far and these."""
        self._answers.update(answers)
        self._session.opening_problem = None
        self._app.run_worker(self._open(), group="open", exclusive=True, exit_on_error=False)

    async def _open(self) -> None:
        session = self._session
        try:
            session.open(await self._source.open(session.opening.take, self._ask, self._answers))
        except Problem as problem:
            session.opening_problem = session.last_problem = problem
        else:
            self._once_open()
        session.changes += 1
        self._navigator.refresh()
