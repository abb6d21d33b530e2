"""Questions over a screen: yes or no, a line of text, one of several."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import ClassVar, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Footer, Input, OptionList
from textual.widgets.option_list import Option

from screens.overlays.overlay import ModalOverlay
from screens.widgets.key_button import KeyButton
from screens.widgets.spoken import Said, SpokenInput, text
from wizard.core.message import Message, msg, plural

ResultT = TypeVar("ResultT")

_SECONDS_A_TICK = 0.25

# Frame, heading, answers on two lines, footer and the blank lines between them.
_LINES_AROUND_TEXT = 11


class Dialog(ModalOverlay[ResultT]):
    """A box over a screen, with a heading."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,right,up,down", "other", msg("Choose"), id="dialog.other", key_display="←→"),
        Binding("pagedown", "read(1)", msg("Scroll down"), id="dialog.down"),
        Binding("pageup", "read(-1)", msg("Scroll up"), show=False, id="dialog.up"),
    ]

    def on_resize(self, event: events.Resize) -> None:
        """Keep the answers in sight: a long text scrolls, and long answers take two lines."""
        for answers in self.query(".answers"):
            wide = sum(button.outer_size.width for button in answers.query(KeyButton))
            answers.set_class(wide > answers.size.width, "-stacked")
        for part in self.query(VerticalScroll):
            part.styles.max_height = max(2, event.size.height - _LINES_AROUND_TEXT)
        self.call_after_refresh(self.refresh_bindings)

    def action_other(self) -> None:
        """Move the focus to the other button."""
        self.focus_next(Button)

    def action_read(self, pages: int) -> None:
        """Scroll the text by pages, whatever has the focus."""
        for part in self.query(VerticalScroll):
            lines = pages * max(1, part.size.height - 1)
            part.scroll_relative(y=lines, animate=False)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to read on only while there is more."""
        if action == "read" and parameters == (1,):
            return any(part.max_scroll_y > part.scroll_y for part in self.query(VerticalScroll))
        return super().check_action(action, parameters)


class ConfirmDialog(Dialog[bool]):
    """A question with two named answers; Enter gives the one that has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # The footer would name the answers otherwise than the buttons do.
        Binding("y", "answer(True)", msg("Yes"), show=False, id="dialog.yes"),
        Binding("n", "answer(False)", msg("No"), show=False, id="dialog.no"),
        Binding("escape", "answer(False)", msg("Back"), id="dialog.back"),
    ]

    def __init__(
        self,
        heading: str,
        said: Content | str,
        *,
        yes: str,
        no: str,
        focus_no: bool = False,
        deadline: float | None = None,
    ) -> None:
        super().__init__()
        self._heading, self._said = heading, said
        self._yes, self._no, self._focus_no = yes, no, focus_no
        # Seconds since the epoch; then it is answered with yes.
        self._deadline = deadline

    def compose(self) -> ComposeResult:
        """Compose heading, text that scrolls, two buttons."""
        with Vertical(classes="box"):
            yield Said(self._heading, classes="heading")
            with VerticalScroll(classes="text", can_focus=False):
                yield Said(self._said)
            if self._deadline is not None:
                yield Said(self._time_left(), id="time-left", classes="text warning")
            with Horizontal(classes="answers"):
                yield KeyButton(self._yes, id="yes")
                yield KeyButton(self._no, id="no")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Give the focus to the safe or the obvious answer."""
        self.query_one("#no" if self._focus_no else "#yes", Button).focus()
        if self._deadline is not None:
            self.set_interval(_SECONDS_A_TICK, self._count_down)

    def _count_down(self) -> None:
        if self._deadline is not None and time.time() >= self._deadline:
            self.dismiss(True)
        else:
            self.query_one("#time-left", Said).say(self._time_left())

    def _time_left(self) -> Message:
        return plural(
            "Without an answer, bw-s3 chooses “{answer}” in {n} second.",
            "Without an answer, bw-s3 chooses “{answer}” in {n} seconds.",
            max(0, round((self._deadline or 0.0) - time.time())),
            answer=self._yes,
        )

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Answer with a key."""
        self.dismiss(yes)


class QuitDialog(ConfirmDialog):
    """Asks whether to quit in the middle. q or Ctrl+C pressed again says yes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,ctrl+c", "answer(True)", msg("Quit"), show=False, id="dialog.leave"),
    ]


class TextDialog(Dialog[str]):
    """Asks for a line of text; "" when nothing was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", msg("Back"), id="dialog.back"),
    ]

    def __init__(self, heading: str, said: str, *, placeholder: str) -> None:
        super().__init__()
        self._heading, self._said, self._placeholder = heading, said, placeholder

    def compose(self) -> ComposeResult:
        """Compose heading, text, field."""
        with Vertical(classes="box"):
            yield Said(self._heading, classes="heading")
            yield Said(self._said, classes="text")
            yield SpokenInput(self._placeholder)
        yield Footer(compact=True, show_command_palette=False)

    @on(Input.Submitted)
    def _answered(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.dismiss(event.value.strip())

    def action_leave(self) -> None:
        """Leave without a text."""
        self.dismiss("")


class ChoiceDialog(Dialog[str]):
    """Asks for one of several; "" when none was chosen. The `unavailable` are shown only."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", msg("Back"), id="dialog.back"),
    ]

    def __init__(
        self,
        heading: str,
        said: str,
        *,
        choices: Sequence[tuple[str, str]],
        chosen: str = "",
        unavailable: Collection[str] = (),
    ) -> None:
        super().__init__()
        self._heading, self._said, self._choices, self._chosen = heading, said, choices, chosen
        self._unavailable = unavailable

    def compose(self) -> ComposeResult:
        """Compose heading, text, the choices as a list."""
        with Vertical(classes="box"):
            yield Said(self._heading, classes="heading")
            yield Said(self._said, classes="text")
            yield OptionList(
                *(
                    Option(text(label), id=name, disabled=name in self._unavailable)
                    for name, label in self._choices
                ),
                compact=True,
            )
        yield Footer(compact=True, show_command_palette=False)

    def say_again(self) -> None:
        """Show the same choices in the language in use."""
        super().say_again()
        for index, (_, label) in enumerate(self._choices):
            self.query_one(OptionList).replace_option_prompt_at_index(index, text(label))

    def on_mount(self) -> None:
        """Mark the present choice."""
        names = [name for name, _ in self._choices]
        chosen = names.index(self._chosen) if self._chosen in names else 0
        self.query_one(OptionList).highlighted = chosen

    @on(OptionList.OptionSelected)
    def _answered(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id or "")

    def action_leave(self) -> None:
        """Leave without a choice."""
        self.dismiss("")
