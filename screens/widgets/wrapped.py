"""Text that is wrapped by our own rule: a number and its unit stay together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.visual import Visual
from textual.widgets import Static

from wizard.core.wrapping import line_starts

if TYPE_CHECKING:
    from textual.css.styles import RulesMap
    from textual.strip import Strip
    from textual.style import Style
    from textual.visual import RenderOptions


def wrap(content: Content, width: int) -> Iterable[Content]:
    """Return a text in lines of `width` cells at most."""
    for line in content.split("\n", allow_blank=True):
        for part in line.divide(line_starts(line.plain, width, cell_len)):
            yield part.rstrip(" ")


class InLines(Visual):
    """What is put into lines when it is known how wide they may be."""

    def __init__(self) -> None:
        self._width = -1
        self._content = Content("")

    def lines(self, width: int) -> Iterable[Content]:
        """Return the lines, of `width` cells at most."""
        raise NotImplementedError

    def _at(self, width: int) -> Content:
        if width != self._width:
            self._width = width
            self._content = Content("\n").join(self.lines(width)) if width else Content("")
        return self._content

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        return self._at(width).render_strips(width, height, style, options)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._at(width).get_height(rules, width)


class _Wrapped(InLines):
    """A text."""

    def __init__(self, text: Content) -> None:
        super().__init__()
        self._text = text

    def __str__(self) -> str:
        return self._text.plain

    def lines(self, width: int) -> Iterable[Content]:
        return wrap(self._text, width)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return self._text.get_optimal_width(rules, container_width)

    def get_minimal_width(self, rules: RulesMap) -> int:
        return self._text.get_minimal_width(rules)


class WrappedStatic(Static):
    """A text that wraps by our rule, unless its style says that it does not wrap."""

    def render(self) -> Visual:
        """Return the text, for Textual to draw."""
        visual = self.visual
        wraps = self.styles.text_wrap == "wrap"
        return _Wrapped(visual) if wraps and isinstance(visual, Content) else visual
