"""A button that is one key away."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Button

from wizard.core.language import shown

# Colour and bold print alone would not tell everybody, nor every terminal, where the keys go.
_HERE, _NOT_HERE = ("▸ ", " ◂"), ("  ", "  ")
_NOT_HERE_COLOURLESS = ("[ ", " ]")


class KeyButton(Button):
    """A button whose signs say that it has the focus; `screen_action` is what it runs."""

    def __init__(
        self,
        label: str = "",
        *,
        id: str | None = None,  # noqa: A002 (Textual's own name)
        name: str | None = None,
    ) -> None:
        super().__init__(Content(shown(label)), id=id, name=name, compact=True, classes="key")
        self.said = label
        self.screen_action = ""
        self.styles.line_pad = 0  # a style sheet cannot say so

    def become(self, label: str, action: str, *, enabled: bool) -> None:
        """Show this label, and run this action of the screen."""
        self.screen_action = action
        self.disabled = not enabled
        if label != self.said:
            self.said = label
            self.say_again()

    def say_again(self) -> None:
        """Show the same label in the language in use."""
        self.label = Content(shown(self.said))
        self.refresh(layout=True)

    def render(self) -> RenderResult:
        """Draw the label between its signs."""
        on_top = self.app.screen is self.screen
        left, right = _NOT_HERE_COLOURLESS if self.app.no_color else _NOT_HERE
        if self.has_focus and on_top:
            left, right = _HERE
        return Content.assemble(left, Content(self.text), right)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return a width that is the same with the focus as without it."""
        return Content(self.text).cell_length + len(_HERE[0] + _HERE[1])

    def watch_has_focus(self, focused: bool) -> None:
        """Draw the signs, or remove them."""
        super().watch_has_focus(focused)
        self.refresh()

    @property
    def text(self) -> str:
        """The label, as plain text."""
        return str(self.label)
