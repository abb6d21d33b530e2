"""What every screen has: whose instance this is, the rail, a body that scrolls, docked buttons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import OptionList, Static

from screens.widgets.cached import CachedFooter, CachedStatic
from screens.widgets.key_button import KeyButton
from screens.widgets.rail import Rail
from screens.widgets.spoken import Said, SpokenScreen, text
from wizard.core.language import shown
from wizard.core.message import NOTHING, Message, msg

if TYPE_CHECKING:
    from screens.state.session import Session
    from screens.state.shell import Shell
    from screens.state.step_run import StepRun
    from wizard.core.problem import Problem


@dataclass(frozen=True, slots=True)
class ButtonSpec:
    """A button below the body: its label and the action of the screen that it runs."""

    label: Message
    action: str
    enabled: bool = True


class WizardScreen(SpokenScreen[None]):
    """The common anatomy of all screens that have a route.

    A screen names its `route` ("start", a step's name, "end") and its `heading`, and overrides
    what it needs of the hooks: `body`, `show`, `show_run`, `focus_target`, `problem_raised`,
    `discard`, `retry`. Each says what it does by default.
    """

    AUTO_FOCUS = ""
    # Textual declares these two as variables of an instance.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (72, "-normal"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (22, "-tall"), (32, "-roomy")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "main",
            msg("Continue"),
            show=False,
            id="screen.main",
            tooltip=msg("The same as pressing the button"),
        ),
        Binding(
            "escape",
            "back",
            msg("Back"),
            id="screen.back",
            tooltip=msg("Back one screen; everything is kept"),
        ),
        Binding("up", "scroll_body(-1)", show=False, system=True),
        Binding("down", "scroll_body(1)", show=False, system=True),
        Binding("pageup", "page_body(-1)", show=False, system=True),
        Binding("pagedown", "page_body(1)", show=False, system=True),
        Binding("home", "scroll_home_body", show=False, system=True),
        Binding("end", "scroll_end_body", show=False, system=True),
    ]

    route: ClassVar[str]
    heading: ClassVar[Message] = NOTHING
    help_heading: ClassVar[Message] = msg("Help")
    # Whether somebody scrolled: then nothing but they moves the body.
    scrolled_by_hand = False

    def __init__(self, shell: Shell) -> None:
        super().__init__(name=self.route)
        self.shell = shell

    @property
    def session(self) -> Session:
        """What is known and what runs."""
        return self.shell.session

    # Hooks -----------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """Return the widgets of the body; none by default."""
        return ()

    def show(self) -> None:
        """Bring the screen up to date: header and rail by default; screens add their parts."""
        # Nothing but the step at work changes how the steps stand, and it says so when it ends.
        if not self.session.running:
            self.session.invalidate()
        if self.is_composed:
            self.show_header()

    def show_run(self, run: StepRun) -> None:
        """Show what a step reported: in the rail by default. At most ten times a second."""
        del run
        self._show_rail()

    @property
    def inspection(self) -> StepRun | None:
        """What this screen's own look at the world reported; None by default."""
        return None

    def focus_target(self) -> Widget | None:
        """Return what gets the focus while it is on no part of the body; None for nothing.

        By default the first button; where that is disabled, the focus stays where it is.
        """
        first = next((b for b in self.query(KeyButton) if b.display), None)
        return self.focused if first is None or first.disabled else first

    def problem_raised(self, problem: Problem) -> None:
        """Show the problem that stopped this screen's step; nothing by default."""

    def discard(self) -> None:
        """Forget what the screen has seen of the world; nothing by default."""

    def retry(self) -> None:
        """Try again what failed; nothing by default."""

    # Parts -----------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Compose header, rail and body beside each other, buttons, footer."""
        with Horizontal(id="head"):
            yield Said("bw-s3", id="brand")
            yield CachedStatic(id="instance")
            yield CachedStatic(id="migration-path")
        with Horizontal(id="main"):
            yield Rail()
            with Vertical(id="content"):
                with Horizontal(id="title-row"):
                    yield CachedStatic(self.heading, id="title")
                    yield CachedStatic(id="position")
                yield VerticalScroll(*self.body(), id="body", can_focus=False)
                yield CachedStatic(id="more")
                yield CachedStatic(id="safe")
                with Horizontal(id="keys"):
                    for number in range(4):
                        yield KeyButton(id=f"key-{number}")
        yield CachedFooter()

    @property
    def is_composed(self) -> bool:
        """Whether its parts are there: not yet before it is composed, no more when bw-s3 ends."""
        # Asked at each report of a copy: Textual keeps what was found by an id, and nothing else.
        keys = self.query_one_optional("#keys")
        there = keys is not None and bool(keys.children)
        return there and self.app.is_running and self.is_mounted

    def on_mount(self) -> None:
        """Show what is known, and watch whether all of it is in sight."""
        for name in ("scroll_y", "virtual_size", "show_vertical_scrollbar"):
            self.watch(self._body, name, self._show_later_whether_more, init=False)
        self.show()

    def on_resize(self) -> None:
        """Say whether there is more: more may be in sight, or less."""
        self._show_later_whether_more()

    def _show_later_whether_more(self) -> None:
        # What is seen of the body is known once it is laid out.
        self.call_after_refresh(self._show_whether_more)

    def _show_whether_more(self) -> None:
        if not self.is_composed:
            return
        body = self._body
        # The last line is the blank one below every part.
        more = body.max_scroll_y - 1 > body.scroll_y
        self.query_one("#more", Static).border_title = (
            shown(msg("▼ more below: PgDn")) if more else ""
        )

    def on_screen_resume(self) -> None:
        """Show what happened in the meantime, and have Enter press the first button again."""
        if isinstance(self.focused, Rail):
            self.set_focus(None)
        self.query(KeyButton).refresh()
        self.show()

    def on_screen_suspend(self) -> None:
        """Draw the buttons without the focus: the keys go to another screen."""
        self.query(KeyButton).refresh()

    def say_again(self) -> None:
        """Show everything in the language in use; what was typed and reported is kept."""
        super().say_again()
        self.show()
        self._show_later_whether_more()

    def show_header(self) -> None:
        """Show header and rail as they are now."""
        session = self.session
        self.query_one("#instance", Static).update(text(session.instance_label()))
        path = self.query_one("#migration-path", Static)
        path.update(text(session.path_label()))
        path.set_class(session.is_armed, "-armed")
        self._show_rail()

    def _show_rail(self) -> None:
        self.query_one(Rail).show(self.session.rail_items(), self.route)

    def show_title(self, title: str, where: str = "") -> None:
        """Show the line above the body."""
        self.query_one("#title", Static).update(text(title))
        self.query_one("#position", Static).update(text(where))

    def show_safety(self, said: str) -> None:
        """Show the line that says what is safe; "" hides it."""
        line = self.query_one("#safe", Static)
        line.update(text(said))
        line.display = bool(said)

    def show_buttons(self, buttons: Sequence[ButtonSpec]) -> None:
        """Show the buttons; the first is the obvious one.

        It gets the focus, unless that is elsewhere.
        """
        for number in range(4):
            button = self.query_one(f"#key-{number}", KeyButton)
            spec = buttons[number] if number < len(buttons) else None
            if spec is None and button.has_focus:
                self.set_focus(None)  # or Textual gives it to the rail, where Enter leads elsewhere
            button.display = spec is not None
            if spec:
                button.become(spec.label, spec.action, enabled=spec.enabled)
        row = self.query_one("#keys")
        row.display = bool(buttons)
        row.refresh()  # or the end of a longer label stays where it was
        if self._may_refocus():
            self.call_after_refresh(self._refocus)
        self.refresh_bindings()

    def _may_refocus(self) -> bool:
        focused = self.focused
        if focused is None or not focused.display or focused.disabled:
            return True
        return isinstance(focused, KeyButton)

    def _refocus(self) -> None:
        if not self._may_refocus():
            return
        target = self.focus_target()
        if target is None:
            self.set_focus(None)
        elif target is not self.focused:
            target.focus(scroll_visible=not isinstance(target, KeyButton))

    @on(KeyButton.Pressed, ".key")
    async def _key_pressed(self, event: KeyButton.Pressed) -> None:
        event.stop()
        if isinstance(event.button, KeyButton) and event.button.screen_action:
            await self.run_action(event.button.screen_action)

    @on(OptionList.OptionSelected, "#rail")
    def _route_chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.shell.navigation.go_to(event.option.id or "start")

    # Keys ------------------------------------------------------------------------------------

    async def action_main(self) -> None:
        """Do what the first button does."""
        first = self.query_one("#key-0", KeyButton)
        if first.display and not first.disabled:
            await self.run_action(first.screen_action or "main")

    def action_back(self) -> None:
        """Go to the start screen; all that was typed stays."""
        self.shell.navigation.go_to("start")

    def action_scroll_body(self, lines: int) -> None:
        """Scroll by a line."""
        self.scrolled_by_hand = True
        self._body.scroll_relative(y=lines * 2, animate=False)

    def action_page_body(self, pages: int) -> None:
        """Scroll by a page."""
        self.scrolled_by_hand = True
        self._body.scroll_relative(y=pages * max(1, self._body.size.height - 1), animate=False)

    def action_scroll_home_body(self) -> None:
        """Scroll to the top."""
        self.scrolled_by_hand = True
        self._body.scroll_home(animate=False)

    def action_scroll_end_body(self) -> None:
        """Scroll to the end, and follow what is added there."""
        self.scrolled_by_hand = False
        self._body.scroll_end(animate=False)

    def show_top(self) -> None:
        """Scroll to the top, since what is shown now begins there."""
        self.scrolled_by_hand = False
        self._body.scroll_home(animate=False)

    @property
    def _body(self) -> VerticalScroll:
        return self.query_one("#body", VerticalScroll)
