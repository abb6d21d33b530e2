"""A button that is one key away."""

from __future__ import annotations

from textual.app import RenderResult
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Button

# Colour and bold print alone would not tell everybody, nor every terminal, where the keys go.
_HERE, _NOT_HERE = ("▸ ", " ◂"), ("  ", "  ")
_NOT_HERE_COLOURLESS = ("[ ", " ]")


class KeyButton(Button):
    """A button whose signs say that it has the focus; `runs` is the screen's action behind it."""

    def __init__(
        self,
        label: str = "",
        *,
        id: str | None = None,  # noqa: A002 (Textual's own name)
        name: str | None = None,
    ) -> None:
        super().__init__(Content(label), id=id, name=name, compact=True, classes="key")
        self.runs = ""
        self.styles.line_pad = 0  # a style sheet cannot say so

    def become(self, label: str, action: str, *, enabled: bool) -> None:
        """Say this, and run that."""
        self.runs = action
        self.disabled = not enabled
        if label != self.words:
            self.label = Content(label)
            self.refresh(layout=True)

    def render(self) -> RenderResult:
        """The label between its signs."""
        on_top = self.app.screen is self.screen
        left, right = _NOT_HERE_COLOURLESS if self.app.no_color else _NOT_HERE
        if self.has_focus and on_top:
            left, right = _HERE
        return Content.assemble(left, Content(self.words), right)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """As wide with the focus as without it."""
        return Content(self.words).cell_length + len(_HERE[0] + _HERE[1])

    def watch_has_focus(self, focused: bool) -> None:
        """Draw the signs, or take them away."""
        super().watch_has_focus(focused)
        self.refresh()

    @property
    def words(self) -> str:
        """What it says."""
        return str(self.label)
