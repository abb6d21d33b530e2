"""Text in lines that wrap below their own beginning, as lists and tables do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from screens.widgets.cached import CachedStatic
from screens.widgets.spoken import text
from screens.widgets.wrapped import InLines, wrap

if TYPE_CHECKING:
    from textual.css.styles import RulesMap


@dataclass(frozen=True, slots=True)
class Line:
    """A mark or label, and the text beside it. `text` wraps in a column of its own."""

    mark: Content
    text: Content


def plain(said: str, style: str = "") -> Line:
    """Make a line without a mark."""
    return Line(Content(""), text(said, style))


def behind(mark: str, said: str, mark_style: str = "$faint", *, style: str = "") -> Line:
    """Make a line behind a mark, such as a bullet."""
    return Line(text(f"{mark} ", mark_style), text(said, style))


class _LaidOut(InLines):
    """Lines, each of which wraps below its own beginning."""

    def __init__(self, lines: tuple[Line, ...]) -> None:
        super().__init__()
        self._lines = lines

    def __str__(self) -> str:
        return "\n".join(line.mark.plain + line.text.plain for line in self._lines)

    def lines(self, width: int) -> Iterable[Content]:
        return laid_out(self._lines, width)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return container_width

    def get_minimal_width(self, rules: RulesMap) -> int:
        return 1


class Lines(CachedStatic):
    """Shows lines; takes no room where there are none."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._shown: tuple[Line, ...] = ()
        self.display = False

    def put(self, lines: Iterable[Line]) -> None:
        """Show these lines in place of what was there."""
        shown = tuple(lines)
        self.display = bool(shown)
        if len(shown) == len(self._shown) and all(map(_is_same, shown, self._shown)):
            return
        self._shown = shown
        self.update(_LaidOut(shown) if shown else "")


def _is_same(one: Line, other: Line) -> bool:
    return one.mark.is_same(other.mark) and one.text.is_same(other.text)


def laid_out(lines: Iterable[Line], width: int) -> Iterable[Content]:
    """Wrap the lines to `width` cells, each below its own beginning."""
    for line in lines:
        indent = line.mark.cell_length
        first, *rest = list(wrap(line.text, max(10, width - indent))) or [Content("")]
        yield line.mark + first
        yield from (Content(" " * indent) + more for more in rest)
