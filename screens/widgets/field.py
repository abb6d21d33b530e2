"""One line of a form: label, value, and what is wrong with it below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message as Event
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from screens.state.wording import signed
from screens.widgets.cached import CachedStatic
from screens.widgets.spoken import Said, SpokenInput, text
from wizard.core.message import NOTHING, Message, msg
from wizard.core.symbols import DONE, FAILED, REMEDY
from wizard.storage.answers import CORRECT_IT

if TYPE_CHECKING:
    from wizard.core.problem import Problem


class SettingsPasted(Event):
    """Several lines were pasted where there is room for one: settings as a whole."""

    def __init__(self, pasted: str) -> None:
        super().__init__()
        self.pasted = pasted


class _Value(SpokenInput):
    """A line that does not take the first of several lines for the whole."""

    def on_paste(self, event: events.Paste) -> None:
        """Leave several lines to the screen."""
        if sum(bool(line.strip()) for line in event.text.splitlines()) > 1:
            event.stop()
            event.prevent_default()
            self.post_message(SettingsPasted(event.text))


class Field(Vertical):
    """A text to type, cleaned and checked by `wizard.storage.answers.clean`."""

    class Edited(Event):
        """The admin typed or pasted."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    def __init__(
        self,
        name: str,
        label: Message,
        *,
        placeholder: Message,
        secret: bool = False,
        hint: Message | None = None,
    ) -> None:
        super().__init__(name=name, id=f"field-{name}", classes="field")
        self._label, self._placeholder = label, placeholder
        self._secret, self._hint = secret, hint
        self._problem: Problem | None = None
        self._remark = NOTHING
        self._asked_again = False

    def compose(self) -> ComposeResult:
        """Compose label and value in one line, the message below."""
        with Horizontal(classes="line"):
            yield Said(self._label, classes="label")
            yield _Value(self._placeholder, password=self._secret, name=self.name)
            yield CachedStatic(classes="mark")
        yield CachedStatic(classes="message")

    def on_mount(self) -> None:
        """Show the message, which is empty at first."""
        self._show_message()

    @property
    def input(self) -> Input:
        """The widget that takes the keys."""
        return self.query_one(Input)

    @property
    def value(self) -> str:
        """What is typed, as it is."""
        return self.input.value

    def set_value(self, value: str) -> None:
        """Fill in a value that nobody typed."""
        if self.input.value != value:
            with self.input.prevent(Input.Changed):
                self.input.value = value

    def give_example(self, value: str) -> None:
        """Show another example while nothing is typed."""
        self.query_one(SpokenInput).say(example(value))

    def explain(self, hint: Message) -> None:
        """Show another hint while the field has the focus."""
        self._hint = hint
        self._show_message()

    def suggest(self, values: tuple[str, ...]) -> None:
        """Offer to complete what is typed to one of these."""
        self.input.suggester = SuggestFromList(values, case_sensitive=False) if values else None

    def reveal(self, *, shown: bool) -> None:
        """Show a secret, or hide it again."""
        if self._secret:
            self.input.password = not shown

    def remark(self, said: Message) -> None:
        """Show a remark below the value, until somebody types."""
        self._remark = said
        self._show_message()

    @property
    def problem(self) -> Problem | None:
        """What is wrong with the value; None where nothing is."""
        return self._problem

    def set_problem(self, problem: Problem | None) -> None:
        """Show what is wrong with the value, or that nothing is."""
        self._problem = problem
        self._show_message()

    def ask_again(self, problem: Problem) -> None:
        """Show what is wrong, even with an empty value, and wait for another one."""
        self._asked_again = True
        self.set_problem(problem)
        self.input.focus()

    def say_again(self) -> None:
        """Show the same message in the language in use."""
        self._show_message()

    def _show_message(self) -> None:
        problem, typing = self._problem, self.input.has_focus
        mark = self.query_one(".mark", Static)
        mark.update(self._mark())
        message = self.query_one(".message", Static)
        lines: list[Content] = []
        if problem and (self.value or self._asked_again or not typing):
            remedies: list[str] = [
                signed(REMEDY, r.text) for r in problem.remedies[:2] if r is not CORRECT_IT
            ]
            lines = [text(problem.what, "$text-error")]
            lines += map(text, remedies or [problem.why])
        elif typing and self._hint:
            lines = [text(self._hint)]
        if self._remark:
            lines.append(text(self._remark))
        message.update(Content("\n").join(lines))
        message.display = bool(lines)

    def _mark(self) -> Content:
        if self._problem:
            return Content.styled(FAILED, "bold $text-error")
        # Only the service can say of a key that it is right; the form sees its shape alone.
        if not self.value or self.name in ("access_key_id", "secret_access_key"):
            return Content("")
        return Content.styled(DONE, "$text-success")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._remark, self._asked_again = NOTHING, False
        self.post_message(self.Edited(self))

    def on_resize(self) -> None:
        """Keep the message in sight, which makes the field higher, once it is laid out."""
        if self.input.has_focus:
            self.scroll_visible(animate=False)

    def on_descendant_focus(self) -> None:
        """Show the hint while the field has the focus."""
        self._show_message()

    def on_descendant_blur(self) -> None:
        """Show what is wrong once the focus leaves, and the beginning of the value."""
        self.input.cursor_position = 0
        self._show_message()


def example(value: str) -> Message:
    """Return what a line shows while nothing is typed."""
    return msg("e.g. {example}", example=value)
