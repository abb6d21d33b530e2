"""Text in lines that wrap below their own beginning, as lists and tables do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.content import Content
from textual.widgets import Static


@dataclass(frozen=True, slots=True)
class Line:
    """A mark or label, and the text beside it. `text` wraps in a column of its own."""

    mark: Content
    text: Content


def plain(text: str, style: str = "") -> Line:
    """A line without a mark."""
    return Line(Content(""), Content.styled(text, style))


def marked(mark: str, text: str, mark_style: str = "$faint", style: str = "") -> Line:
    """A line behind a mark, such as a bullet."""
    return Line(Content.styled(f"{mark} ", mark_style), Content.styled(text, style))


class Lines(Static):
    """Shows lines; not there at all where there are none."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__("", id=id, markup=False)
        self._lines: tuple[Line, ...] = ()
        self.display = False

    def put(self, lines: Iterable[Line]) -> None:
        """Show these lines in place of what was there."""
        self._lines = tuple(lines)
        self.display = bool(self._lines)
        self._lay_out()

    def on_resize(self) -> None:
        """How a line wraps depends on the width."""
        self._lay_out()

    def _lay_out(self) -> None:
        if self._lines:
            width = self.content_size.width or 50
            self.update(Content("\n").join(laid_out(self._lines, width)))


def laid_out(lines: Iterable[Line], width: int) -> Iterable[Content]:
    """The lines, wrapped to `width` cells, each below its own beginning."""
    for line in lines:
        indent = line.mark.cell_length
        first, *rest = line.text.wrap(max(10, width - indent)) or [Content("")]
        yield line.mark + first
        yield from (Content(" " * indent) + more for more in rest)
