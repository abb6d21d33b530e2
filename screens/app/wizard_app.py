"""The app: owns the migration and its long work, and the screens that look at it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from html import escape
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import ModalScreen, Screen
from textual.worker import Worker, WorkerState

from screens.app.palette import Actions
from screens.app.plain_terminals import PlainLetters, WithoutColours
from screens.app.remedies import Remedies
from screens.app.themes import NIGHT, PAPER, missing_variables
from screens.base.frame import Frame
from screens.start import StartScreen
from screens.state.exit_status import unexpected
from screens.state.session import Session
from wizard.core.problem import Problem

if TYPE_CHECKING:
    from screens.base.step_screen import StepScreen
    from screens.state.sources import Source
    from screens.state.step_run import Work
    from wizard.core.events import Event, Report
    from wizard.step import Question, Step

_SECONDS_BETWEEN_NEWS = 0.1
_REHEARSAL = (
    "This is a rehearsal: when you quit, the instance, its S3 server and all that was done is "
    "taken away. Nothing of yours was touched."
)


class WizardApp(App[int]):
    """The wizard. Long work belongs to it, so that it goes on whatever is on the screen.

    `source` opens the migration; `clock` counts seconds (a test holds it still); `once_open` is
    called when all that the wizard needs is in memory.
    """

    TITLE = "bw-s3"
    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "wizard.tcss",
        "dialogs.tcss",
    ]
    COMMANDS = {Actions}  # noqa: RUF012  # as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="app.help", tooltip="This screen in plain words"),
        Binding("q", "quit", "Quit", id="app.quit", tooltip="Leave; it can go on later"),
        Binding(
            "ctrl+c", "quit", "Quit", show=False, priority=True, id="app.interrupt",
            tooltip="Leave; it can go on later",
        ),
        Binding(
            "d", "diagnosis", "Diagnosis", show=False, id="app.diagnosis",
            tooltip="Write a file for a bug report, without secrets",
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
        fragile: bool = False,
        once_open: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.source = source
        self.fragile = fragile
        self.session = Session(clock)
        self.remedies = Remedies(self)
        self.crashed = False
        self._once_open = once_open
        self._said: dict[str, str] = {}
        self._worker: Worker[None] | None = None
        self._told: tuple[Work | None, int, int] = (None, -1, -1)
        self._ascii = [PlainLetters()] if ascii_only else []
        # Made once: textual keeps what a filter made of a line as long as it is the same filter.
        self._colourless = {dark: WithoutColours(dark) for dark in (True, False)}
        for own in (NIGHT, PAPER):
            self.register_theme(own)
        self.theme = theme if theme in self.available_themes else "night"

    # Opening ---------------------------------------------------------------------------------

    async def on_mount(self) -> None:
        """Show the start screen at once, and find out about the instance meanwhile."""
        self.install_screen(StartScreen(), "start")
        await self.push_screen("start")
        self.set_interval(_SECONDS_BETWEEN_NEWS, self.tell_news)
        # Importing the engine would keep the interpreter from drawing what is there.
        self.screen.call_after_refresh(self.begin_opening)

    def begin_opening(self, **said: str) -> None:
        """Open the migration, with answers given meanwhile."""
        self._said.update(said)
        self.session.opening_problem = None
        self.run_worker(self._open(), group="open", exclusive=True, exit_on_error=False)

    async def _open(self) -> None:
        session = self.session
        try:
            session.opened = await self.source.open(_unheard, self.ask, self._said)
        except Problem as problem:
            session.opening_problem = session.last_problem = problem
        else:
            self._once_open()
        session.changes += 1
        self.show_changes()

    # The running step ------------------------------------------------------------------------

    async def ask(self, question: Question) -> bool:
        """Ask the admin, in the middle of a step."""
        from screens.overlays.dialogs import YesNo

        running = self.session.running
        heading = self.session.title(running) if running else "A question"
        dialog = YesNo(heading, question.text, yes=question.yes, no=question.no)
        answer = await self.push_screen_wait(dialog)
        return bool(answer)

    def begin(self, step: Step) -> None:
        """Carry a step out. It goes on whatever is on the screen."""
        carry_out = partial(self.session.migration.carry_out, step)
        self._start(step, carry_out, done="Done and proven.")

    def undo(self, step: Step) -> None:
        """Undo a step."""
        self._start(step, partial(self._undone, step))

    def _start(self, step: Step, do: Callable[[Report], Awaitable[object]], done: str = "") -> None:
        if self.session.running:
            return
        work = self.session.begin(step)
        self._worker = self.run_worker(
            self._work(step, work, do, done),
            name=step.name,
            group="step",
            exclusive=True,
            exit_on_error=False,
        )
        self.show_changes()

    async def _work(
        self, step: Step, work: Work, do: Callable[[Report], Awaitable[object]], done: str
    ) -> None:
        problem, interrupted = None, True
        try:
            await do(work.take)
            interrupted = False
        except Problem as stopped:
            problem, interrupted = stopped, False
        finally:
            self.session.end(work, problem, interrupted=interrupted)
        self._ended(step, work, done)

    async def _undone(self, step: Step, report: Report) -> None:
        undone = await self.session.migration.undo(step, report)
        text = "It is undone." if undone else "There is nothing here that can be undone."
        self.notify(text, title=step.title, markup=False)

    def _ended(self, step: Step, work: Work, done: str) -> None:
        self.forget(step.name)
        self.show_changes()
        screen, problem = self.screen, work.problem
        if isinstance(screen, Frame) and screen.here == step.name:
            if problem:
                screen.failed_here(problem)
        elif problem:
            self.notify(problem.what, title=step.title, severity="error", markup=False)
        elif done:
            self.notify(done, title=step.title, markup=False)

    def stop(self) -> None:
        """Stop the step at work; what it has proven stays."""
        if self._worker is not None and self.session.running:
            self._worker.cancel()

    def take_back(self, step: Step) -> None:
        """Undo a step, after asking."""
        from screens.overlays.dialogs import YesNo

        text = (
            f"What “{step.title}” changed is put back as it was before; then the step is to be "
            "done again, and the steps after it perhaps as well. Objects in the bucket stay there."
        )
        if step.name == "enable_s3" and self.session.is_done("restart"):
            text += " The running site stays with S3 until you restart its services yourself."
        dialog = YesNo(f"Undo “{step.title}”?", text, yes="Undo it", no="Keep it", focus_no=True)
        self.push_screen(dialog, lambda yes: self.undo(step) if yes else None)

    def look_at(self, screen: StepScreen) -> None:
        """Let a step's screen look at the world, without holding anything up."""
        group = f"look-{screen.here}"
        self.run_worker(screen.look(), group=group, exclusive=True, exit_on_error=False)

    def tell_news(self) -> None:
        """Show what the running step said since the last time."""
        if not self.screen_stack:  # the last tick may come when the screens are gone
            return
        session = self.session
        news = getattr(self.screen, "news", None)
        work = session.works.get(session.running) or getattr(self.screen, "looking", None)
        if work is None:
            return
        session.keep_up()
        # The second that passes is news as well: a watch has to run.
        now = (work, work.version, int(work.seconds))
        if now != self._told and news is not None and getattr(self.screen, "is_whole", True):
            self._told = now
            news(work)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The one place for what no step foresaw."""
        worker = event.worker
        if event.state is WorkerState.CANCELLED and worker.group == "step":
            self.forget(worker.name)
            self.show_changes()
        if event.state is WorkerState.ERROR and worker.error is not None:
            self.show_changes()
            self.show_problem(unexpected(worker.error))

    # Going from screen to screen -------------------------------------------------------------

    def go_to(self, name: str) -> None:
        """Show the start, a step or the summary."""
        if self.session.opened is None and name != "start":
            return
        if not isinstance(self.screen, Frame):
            if isinstance(self.screen, ModalScreen):
                return
            self.pop_screen()
        if not self.is_screen_installed(name):
            self.install_screen(_screen_class(name)(), name)
        if getattr(self.screen, "here", "") != name:
            self.switch_screen(name)

    def go_on(self, here: str) -> None:
        """To what comes after a screen."""
        self.go_to(self.session.after(here))

    def show_changes(self) -> None:
        """Bring the screen up to date."""
        if self.screen_stack and isinstance(self.screen, Frame):
            self.screen.show()
            self.screen.refresh_bindings()

    def forget(self, name: str) -> None:
        """What a step's screen has seen of the world no longer holds."""
        if self.is_screen_installed(name):
            getattr(self.get_screen(name), "forget", _nothing)()

    def action_step(self, number: int) -> None:
        """Show a step by its number, 0 for the start, one too many for the summary."""
        names = [stop.name for stop in self.session.stops()]
        if number < len(names):
            self.go_to(names[number])

    def show_output(self, name: str) -> None:
        """All that a step's commands wrote."""
        from screens.overlays.output import OutputScreen

        work = self.session.works.get(name)
        if work is not None:
            path = self.session.record_path(name)
            self.push_screen(OutputScreen(work, self.session.title(name), path))

    def show_problem(self, problem: Problem, step: Step | None = None) -> None:
        """Show a problem in full, and carry out the remedy that is chosen."""
        self.session.last_problem = problem
        self.remedies.show(problem, step)

    def action_diagnosis(self) -> None:
        """Write the file for a bug report."""
        self.remedies.write_diagnosis()

    def action_help(self) -> None:
        """Explain the screen in plain words."""
        from screens.overlays.help import Help, keys_of

        if isinstance(self.screen, ModalScreen):
            return
        text = getattr(self.screen, "HELP", None) or ""
        heading = getattr(self.screen, "help_heading", "") or "Help"
        self.push_screen(Help(heading, text, keys_of(self.screen)))

    # Leaving ---------------------------------------------------------------------------------

    async def action_quit(self) -> None:
        """Leave; asks once in the middle."""
        from screens.overlays.dialogs import Leave

        if isinstance(self.screen, Leave):
            self.screen.dismiss(True)
        elif not self.session.in_the_middle():
            self.leave()
        else:
            text = self.session.what_is_safe() if self.source.stays else _REHEARSAL
            dialog = Leave("Quit now?", text, yes="Quit", no="Stay")
            self.push_screen(dialog, lambda yes: self.leave() if yes else None)

    def _fatal_error(self) -> None:
        """Say in words that a mistake of our own ends it: textual would show what is in memory."""
        error = self._exception
        self.crashed = True
        if error is not None:
            self._exit_renderables.append(Text(self.remedies.last_words(error)))
        self._close_messages_no_wait()

    def leave(self) -> None:
        """Stop what runs, and end."""
        status = self.session.exit_status()
        self.stop()
        self.exit(status, return_code=status)

    # What the terminal gets ------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and ours for plain terminals."""
        theirs = list(super().get_line_filters())
        if self.no_color:
            theirs = [self._colourless[self.current_theme.dark]]
        return [*theirs, *self._ascii]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The variables of our style sheets that other themes don't have."""
        return missing_variables(self.current_theme)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """A picture of the screen, without secrets even where one is looked at."""
        picture = super().export_screenshot(title=title, simplify=simplify)
        if self.session.opened is None:
            return picture
        keys = self.session.context.keys
        for secret in (keys.secret_access_key, keys.access_key_id):
            if len(secret) > 3:
                picture = picture.replace(escape(secret), "•" * len(secret))
        return picture


def _nothing() -> None:
    return None


def _unheard(event: Event) -> None:
    """While the migration is opened there is no place yet for what is said."""


def _screen_class(name: str) -> Callable[[], Screen[None]]:
    """The class in the screen's own module; imported now, not at the start."""
    module = import_module(f"screens.{name}")
    words = "".join(word.capitalize() for word in name.split("_"))
    return cast("Callable[[], Screen[None]]", getattr(module, f"{words}Screen"))
