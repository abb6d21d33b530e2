"""The app: makes the parts of the wizard known to each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.filter import LineFilter
from textual.notifications import SeverityLevel
from textual.theme import ThemeProvider
from textual.worker import Worker, WorkerState

from screens.app.diagnosis import DiagnosisWriter, unexpected
from screens.app.masking import without_keys
from screens.app.navigator import Navigator
from screens.app.opener import Opener
from screens.app.palette import Palette, commands_for
from screens.app.plain_terminals import PlainLetters, WithoutColours
from screens.app.problems import ProblemHandler
from screens.app.quitting import Quitting
from screens.app.routes import SCREENS
from screens.app.run_updates import SECONDS_BETWEEN_UPDATES, RunUpdates
from screens.app.step_runner import StepRunner
from screens.app.themes import NIGHT, PAPER, missing_variables
from screens.state.session import Session
from screens.widgets.spoken import SpokenScreen
from wizard.core.language import Language, shown, use
from wizard.core.message import msg

if TYPE_CHECKING:
    from screens.base.wizard_screen import WizardScreen
    from screens.state.sources import Source


class WizardApp(App[int]):
    """The wizard, and the `Shell` of its screens.

    `source` opens the migration; `clock` counts seconds (a test holds it still);
    `unprotected_ssh` is whether a dropped connection would end it; `once_open` is called when
    all that the wizard needs is in memory.
    """

    TITLE = "bw-s3"
    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "wizard.tcss",
        "dialogs.tcss",
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f1", "help", msg("Help"), id="app.help", tooltip=msg("Explain this screen")
        ),
        Binding(
            "q", "quit", msg("Quit"), id="app.quit", tooltip=msg("Quit; you can continue later")
        ),
        Binding(
            "ctrl+c", "quit", msg("Quit"), show=False, priority=True, id="app.interrupt",
            tooltip=msg("Quit; you can continue later"),
        ),
        Binding(
            "d", "diagnosis", msg("Diagnosis"), show=False, id="app.diagnosis",
            tooltip=msg("Write a file for a bug report; it contains no secrets"),
        ),
        # As Textual would add it, but for the words.
        Binding(
            App.COMMAND_PALETTE_BINDING, "command_palette", msg("palette"), show=False,
            priority=True, tooltip=msg("Open the command palette"),
        ),
        *(Binding(str(n), f"step({n})", show=False) for n in range(10)),
    ]  # fmt: skip

    def __init__(
        self,
        source: Source,
        *,
        clock: Callable[[], float] = time.monotonic,
        ascii_only: bool = False,
        theme: str = "night",
        unprotected_ssh: bool = False,
        once_open: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.crashed = False
        self.source = source
        self.unprotected_ssh = unprotected_ssh
        session = self.session = Session(clock)
        navigator = self.navigation = Navigator(self, session, self._make_screen)
        runner = self.runner = StepRunner(self, session, navigator)
        self.opener = Opener(
            self,
            session=session,
            source=source,
            navigator=navigator,
            ask=runner.ask,
            once_open=once_open,
        )
        self.problems = ProblemHandler(
            self, session=session, navigator=navigator, opener=self.opener, runner=runner
        )
        self.updates = RunUpdates(session, navigator)
        self.diagnosis = DiagnosisWriter(self, session)
        self._quitting = Quitting(self, session=session, source=source, runner=runner)
        self._ascii = [PlainLetters()] if ascii_only else []
        # Made once: textual keeps what a filter made of a line as long as it is the same filter.
        self._colourless = {dark: WithoutColours(dark) for dark in (True, False)}
        for own in (NIGHT, PAPER):
            self.register_theme(own)
        self.theme = theme if theme in self.available_themes else "night"

    def _make_screen(self, route: str) -> WizardScreen:
        return SCREENS[route](self)

    async def on_mount(self) -> None:
        """Show the start screen at once, and find out about the instance in the meantime."""
        await self.navigation.open_start()
        self.set_interval(SECONDS_BETWEEN_UPDATES, self.updates.show)
        # Importing the engine would keep the interpreter from drawing what is there.
        self.screen.call_after_refresh(self.opener.open)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Show what no step foresaw: the one place for errors of workers."""
        worker = event.worker
        if event.state is WorkerState.CANCELLED:
            self.runner.cancelled(worker)
        if event.state is WorkerState.ERROR and worker.error is not None:
            self.navigation.refresh()
            self.problems.show(unexpected(worker.error))

    # Keys ------------------------------------------------------------------------------------

    def action_step(self, number: int) -> None:
        """Show a step by its number, 0 for the start, one too many for the summary."""
        self.navigation.go_to_number(number)

    def action_help(self) -> None:
        """Explain the screen in plain words."""
        self.navigation.show_help()

    def action_diagnosis(self) -> None:
        """Write the file for a bug report."""
        self.diagnosis.write()

    async def action_quit(self) -> None:
        """Quit; asks once in the middle."""
        self._quitting.quit_or_ask()

    def action_command_palette(self) -> None:
        """Open the command palette."""
        if not isinstance(self.screen, CommandPalette):
            placeholder = msg("Search for commands…")
            palette = Palette(commands_for(self), placeholder, id="--command-palette")
            self.push_screen(palette)

    def search_themes(self) -> None:
        """Open a palette of the themes."""
        self.push_screen(Palette(ThemeProvider, msg("Search for themes…")))

    def speak(self, other: Language) -> None:
        """Show everything in another language; what runs continues."""
        use(other)
        for screen in self.screen_stack:
            if isinstance(screen, SpokenScreen):
                screen.say_again()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a message for a few seconds, as plain text and in the language in use."""
        super().notify(
            shown(message), title=shown(title), severity=severity, timeout=timeout, markup=markup
        )

    # What the terminal gets ------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's own filters, and ours for plain terminals."""
        theirs = list(super().get_line_filters())
        if self.no_color:
            theirs = [self._colourless[self.current_theme.dark]]
        return [*theirs, *self._ascii]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the variables of our style sheets that other themes don't have."""
        return missing_variables(self.current_theme)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """Return a picture of the screen, without secrets even where one is shown."""
        picture = super().export_screenshot(title=title, simplify=simplify)
        if self.session.opened is None:
            return picture
        return without_keys(picture, self.session.context.keys)

    def _fatal_error(self) -> None:
        """Say that a mistake of our own ends it: textual would show what is in memory."""
        error = self._exception
        self.crashed = True
        if error is not None:
            self._exit_renderables.append(Text(shown(self.diagnosis.crash_message(error))))
        self._close_messages_no_wait()
