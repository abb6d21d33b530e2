"""Going from screen to screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.screen import ModalScreen, Screen

from screens.base.wizard_screen import WizardScreen
from wizard.core.message import NOTHING, Message, msg, sentences

if TYPE_CHECKING:
    from screens.state.session import Session

_GIVEN_UP = msg(
    "Files that were copied back stay on this server's disk. The steps back start from the "
    "beginning if you ever need them again."
)
_ENABLE_AGAIN = msg(
    ".env no longer names S3: to use S3 again, carry out the steps to S3 from “Enable S3” on."
)


class Navigator:
    """Shows the screen of a route, and what is opened over it.

    `make_screen` makes the screen of a route; each is made once.
    """

    def __init__(
        self, app: App[int], session: Session, make_screen: Callable[[str], WizardScreen]
    ) -> None:
        self._app = app
        self._session = session
        self._make_screen = make_screen

    @property
    def current(self) -> WizardScreen | None:
        """The screen that is shown, where it has a route; None below an overlay."""
        screen = self._app.screen if self._app.screen_stack else None
        return screen if isinstance(screen, WizardScreen) else None

    async def open_start(self) -> None:
        """Show the start screen as the first one."""
        self._install("start")
        await self._app.push_screen("start")

    def go_to(self, route: str) -> None:
        """Show the start, a step or the summary; from a dialog nothing leads elsewhere."""
        if self._session.opened is None and route != "start":
            return
        if self.current is None:
            if isinstance(self._app.screen, ModalScreen):
                return
            self._app.pop_screen()
        self._install(route)
        if self.current is None or self.current.route != route:
            self._app.switch_screen(route)

    def _install(self, route: str) -> None:
        if not self._app.is_screen_installed(route):
            self._app.install_screen(self._make_screen(route), route)

    def go_to_next(self, route: str) -> None:
        """Show what comes after the screen of this route."""
        self.go_to(self._session.route_after(route))

    def go_to_number(self, number: int) -> None:
        """Show a step by its number, 0 for the start, one too many for the summary."""
        routes = [item.name for item in self._session.rail_items()]
        if number < len(routes):
            self.go_to(routes[number])

    def turn(self) -> None:
        """Show the steps of the other direction, from the start screen on.

        A way back that was begun is given up by it, once the admin has confirmed that.
        """
        if self._session.turning_gives_up:
            self._ask_to_give_up()
        elif self._session.may_turn:
            self._turn()

    def _turn(self) -> None:
        self._session.turn()
        self.go_to("start")
        self.refresh()

    def _ask_to_give_up(self) -> None:
        from screens.overlays.dialogs import ConfirmDialog

        uses_s3 = self._session.context.instance.uses_s3()
        dialog = ConfirmDialog(
            msg("Give up the way back?"),
            sentences(_GIVEN_UP, NOTHING if uses_s3 else _ENABLE_AGAIN),
            yes=msg("Give it up"),
            no=msg("Keep the way back"),
            focus_no=True,
        )
        self._app.push_screen(dialog, lambda yes: self._turn() if yes else None)

    def refresh(self) -> None:
        """Bring the screen up to date."""
        screen = self.current
        if screen is not None:
            screen.show()  # which may push another
            screen.refresh_bindings()

    def discard(self, route: str) -> None:
        """Have a step's screen forget what it has seen of the world: it no longer holds."""
        if self._app.is_screen_installed(route):
            screen = self._app.get_screen(route)
            if isinstance(screen, WizardScreen):
                screen.discard()

    def show_output(self, step: str) -> None:
        """Show all that the commands of the step of this name wrote."""
        from screens.overlays.output import OutputScreen

        run = self._session.runs.get(step)
        if run is not None:
            title, path = self._session.title(step), self._session.output_path(step)
            self._app.push_screen(OutputScreen(run, title, path))

    def show_help(self) -> None:
        """Explain the screen in plain words."""
        from screens.overlays.help import HelpScreen

        screen = self._app.screen
        if not isinstance(screen, ModalScreen):
            self._app.push_screen(HelpScreen(_help_heading(screen), screen.HELP or "", screen))


def _help_heading(screen: Screen[Any]) -> Message:
    from screens.overlays.overlay import Overlay

    return screen.help_heading if isinstance(screen, WizardScreen | Overlay) else msg("Help")
