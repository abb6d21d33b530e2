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


class _Wrapped(Visual):
    """A text, wrapped when it is known how wide it may be."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._width = -1
        self._lines = content

    def __str__(self) -> str:
        return self._content.plain

    def _at(self, width: int) -> Content:
        if width != self._width:
            self._width = width
            self._lines = Content("\n").join(wrap(self._content, width)) if width else Content("")
        return self._lines

    def render_strips(
        self, width: int, height: int | None, style: Style, options: RenderOptions
    ) -> list[Strip]:
        return self._at(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return self._content.get_optimal_width(rules, container_width)

    def get_minimal_width(self, rules: RulesMap) -> int:
        return self._content.get_minimal_width(rules)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._at(width).get_height(rules, width)


class WrappedStatic(Static):
    """A text that wraps by our rule, unless its style says that it does not wrap."""

    def render(self) -> Visual:
        """Return the text, for Textual to draw."""
        visual = self.visual
        wraps = self.styles.text_wrap == "wrap"
        return _Wrapped(visual) if wraps and isinstance(visual, Content) else visual
