"""What every screen has: whose instance this is, the rail, a body that scrolls, docked keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Button, OptionList, Static

from screens.widgets.key_button import KeyButton
from screens.widgets.quiet import Steady, SteadyFooter
from screens.widgets.rail import Rail

if TYPE_CHECKING:
    from screens.app.wizard_app import WizardApp
    from screens.state.session import Session
    from screens.state.step_run import Work
    from wizard.core.problem import Problem


@dataclass(frozen=True, slots=True)
class Key:
    """A button below the body: its label and the action of the screen that it runs."""

    label: str
    action: str
    enabled: bool = True


class Frame(Screen[None]):
    """The common anatomy. Screens give a title, a body, and the keys that are possible now."""

    AUTO_FOCUS = ""
    # Textual declares these two as variables of an instance.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-normal"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-tall"), (32, "-roomy")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "main", "Go on", show=False, id="frame.main", tooltip="The button below"),
        Binding("escape", "back", "Back", id="frame.back", tooltip="One screen back, all is kept"),
        Binding("up", "scroll_body(-1)", "Up", show=False, system=True),
        Binding("down", "scroll_body(1)", "Down", show=False, system=True),
        Binding("pageup", "page_body(-1)", "Page up", show=False, system=True),
        Binding("pagedown", "page_body(1)", "Page down", show=False, system=True),
        Binding("home", "scroll_home_body", "To the top", show=False, system=True),
        Binding("end", "scroll_end_body", "To the end", show=False, system=True),
    ]

    here: ClassVar[str] = ""
    heading: ClassVar[str] = ""
    # Whether somebody scrolled: then nothing but they moves the body.
    reading = False

    @property
    def wizard(self) -> WizardApp:
        """The app, by its own type."""
        return cast("WizardApp", self.app)

    @property
    def session(self) -> Session:
        """What is known and what runs."""
        return self.wizard.session

    def compose(self) -> ComposeResult:
        """Header, rail and body beside each other, keys, footer."""
        with Horizontal(id="head"):
            yield Static("bw-s3", id="brand")
            yield Steady(id="whose")
            yield Steady(id="path")
        with Horizontal(id="main"):
            yield Rail()
            with Vertical(id="content"):
                with Horizontal(id="title-row"):
                    yield Steady(self.heading, id="title")
                    yield Steady(id="where")
                yield VerticalScroll(*self.body(), id="body", can_focus=False)
                yield Steady(id="more")
                yield Steady(id="safe")
                with Horizontal(id="keys"):
                    for number in range(4):
                        yield KeyButton(id=f"key-{number}")
        yield SteadyFooter()

    @property
    def is_whole(self) -> bool:
        """Whether its parts are there: not yet before it is composed, no more when bw-s3 ends."""
        return self.app.is_running and self.is_mounted and bool(self.query(KeyButton))

    def body(self) -> Iterable[Widget]:
        """The widgets of the body."""
        return ()

    def on_mount(self) -> None:
        """Show what is known, and watch whether all of it is in sight."""
        for name in ("scroll_y", "virtual_size", "show_vertical_scrollbar"):
            self.watch(self._body, name, self._say_whether_more, init=False)
        self.show()

    def on_resize(self) -> None:
        """More may be in sight, or less."""
        self._say_whether_more()

    def _say_whether_more(self) -> None:
        # What is seen of the body is known once it is laid out.
        self.call_after_refresh(self._say_more)

    def _say_more(self) -> None:
        if not self.is_whole:
            return
        body = self._body
        # The last line is the blank one below every part.
        more = body.max_scroll_y - 1 > body.scroll_y
        self.query_one("#more", Static).border_title = "▼ more below: PgDn" if more else ""

    def on_screen_resume(self) -> None:
        """Show what happened meanwhile; Enter does the obvious again, wherever it was used for."""
        if isinstance(self.focused, Rail):
            self.set_focus(None)
        self.query(KeyButton).refresh()
        self.show()

    def on_screen_suspend(self) -> None:
        """The keys go elsewhere."""
        self.query(KeyButton).refresh()

    def show(self) -> None:
        """Bring the screen up to date; screens add their own parts."""
        # Nothing but the step at work changes how the steps stand, and it says so when it ends.
        if not self.session.running:
            self.session.look_anew()
        if self.is_whole:
            self.show_frame()

    def show_frame(self) -> None:
        """Header and rail."""
        session = self.session
        self.query_one("#whose", Static).update(session.whose())
        path = self.query_one("#path", Static)
        path.update(session.path_word())
        path.set_class(session.path_word().startswith("!"), "-armed")
        self.query_one(Rail).show(session.stops(), self.here)

    def news(self, work: Work) -> None:
        """A step said something; at most ten times a second."""
        self.query_one(Rail).show(self.session.stops(), self.here)

    def show_title(self, title: str, where: str = "") -> None:
        """The line above the body."""
        self.query_one("#title", Static).update(Content(title))
        self.query_one("#where", Static).update(Content(where))

    def show_safe(self, text: str) -> None:
        """The line that says what is safe."""
        line = self.query_one("#safe", Static)
        line.update(Content(text))
        line.display = bool(text)

    def show_keys(self, keys: Sequence[Key]) -> None:
        """The buttons; the first is the obvious one, and has the focus unless it is elsewhere."""
        for number in range(4):
            button = self.query_one(f"#key-{number}", KeyButton)
            key = keys[number] if number < len(keys) else None
            if key is None and button.has_focus:
                self.set_focus(None)  # or Textual gives it to the rail, where Enter leads elsewhere
            button.display = key is not None
            if key:
                button.become(key.label, key.action, enabled=key.enabled)
        row = self.query_one("#keys")
        row.display = bool(keys)
        row.refresh()  # or the end of a longer label stays where it was
        if self._may_take_focus():
            self.call_after_refresh(self._focus_first)
        self.refresh_bindings()

    def _may_take_focus(self) -> bool:
        focused = self.focused
        if focused is None or not focused.display or focused.disabled:
            return True
        return isinstance(focused, Button) and focused.has_class("key")

    def _focus_first(self) -> None:
        if not self._may_take_focus():
            return
        first = next((b for b in self.query(Button).filter(".key") if b.display), None)
        if first is not None and not first.disabled:
            first.focus(scroll_visible=False)

    @on(Button.Pressed, ".key")
    async def _key_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if isinstance(event.button, KeyButton) and event.button.runs:
            await self.run_action(event.button.runs)

    @on(OptionList.OptionSelected, "#rail")
    def _stop_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.wizard.go_to(event.option.id or "start")

    async def action_main(self) -> None:
        """What the first button does."""
        first = self.query_one("#key-0", KeyButton)
        if first.display and not first.disabled:
            await self.run_action(first.runs or "main")

    def action_back(self) -> None:
        """To the start screen; all that was typed stays."""
        self.wizard.go_to("start")

    def action_scroll_body(self, lines: int) -> None:
        """Scroll by a line."""
        self.reading = True
        self._body.scroll_relative(y=lines * 2, animate=False)

    def action_page_body(self, pages: int) -> None:
        """Scroll by a page."""
        self.reading = True
        self._body.scroll_relative(y=pages * max(1, self._body.size.height - 1), animate=False)

    def action_scroll_home_body(self) -> None:
        """Scroll to the top."""
        self.reading = True
        self._body.scroll_home(animate=False)

    def action_scroll_end_body(self) -> None:
        """Scroll to the end."""
        self.reading = False
        self._body.scroll_end(animate=False)

    def show_top(self) -> None:
        """What is to be seen now begins at the top."""
        self.reading = False
        self._body.scroll_home(animate=False)

    @property
    def _body(self) -> VerticalScroll:
        return self.query_one("#body", VerticalScroll)

    def failed_here(self, problem: Problem) -> None:
        """The step of this screen did not succeed."""
