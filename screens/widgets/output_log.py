"""A command's output: the last lines in a step's screen, and all of it to search in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import RichLog

from screens.widgets.quiet import Steady
from wizard.core.quantities import count

if TYPE_CHECKING:
    from screens.state.step_run import Work

_LAST = 6


class LastLines(Steady):
    """The last few lines that a command wrote, and where all of them are kept."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self.display = False

    def show(self, work: Work | None, path: str) -> None:
        """Show the end of the output, `path` beneath it."""
        seen = work.lines_seen if work else 0
        self.display = seen > 0
        if not work or not seen:
            return
        lines, _ = work.lines_since(max(0, seen - _LAST))
        head = Content.assemble(
            ("Output", "bold $text-primary"), f"  {count(seen, 'line')}, o shows all"
        )
        kept = Content.styled(f"kept in {path}", "$faint")
        tail = [Content.styled(line, "$faint") for line in lines]
        self.update(Content("\n").join([head, *tail, kept]))


class OutputLog(RichLog):
    """All the output kept; lines with the searched words marked."""

    def __init__(self) -> None:
        super().__init__(id="output", max_lines=5000, wrap=False, markup=False, highlight=False)
        self._seen = 0
        self._lines: list[str] = []
        self._needle = ""
        self._hits: list[int] = []
        self._hit = -1

    def follow(self, work: Work) -> None:
        """Add what came since the last call."""
        lines, self._seen = work.lines_since(self._seen)
        for line in lines:
            self._add(line)

    def search(self, needle: str) -> int:
        """Mark every line that holds `needle` (case does not matter); returns how many."""
        self._needle = needle.casefold()
        lines, self._lines, self._hits, self._hit = self._lines, [], [], -1
        self.clear()
        for line in lines:
            self._add(line)
        if self._hits:
            self.show_hit(-1)
        return len(self._hits)

    def show_hit(self, step: int) -> str:
        """Go to the next (1) or previous (-1) hit; returns which one of how many."""
        if not self._hits:
            return "nothing found"
        self._hit = (self._hit + step) % len(self._hits)
        self.auto_scroll = False
        self.scroll_to(y=max(0, self._hits[self._hit] - 3), animate=False)
        return f"hit {self._hit + 1} of {len(self._hits)}"

    def _add(self, line: str) -> None:
        from rich.text import Text

        found = bool(self._needle) and self._needle in line.casefold()
        if found:
            self._hits.append(len(self._lines))
        self._lines.append(line)
        text = Text(line, style="reverse" if found else "")
        self.write(text, scroll_end=self.auto_scroll)
