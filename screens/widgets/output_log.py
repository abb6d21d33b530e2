"""A command's output: the last lines in a step's screen, and all of it to search in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import RichLog

from screens.widgets.cached import CachedStatic
from screens.widgets.spoken import assemble, text
from wizard.core.language import shown
from wizard.core.message import Message, msg, plural

if TYPE_CHECKING:
    from screens.state.step_run import StepRun

_LAST = 6


class LastLines(CachedStatic):
    """The last few lines that a command wrote, and where all of them are kept."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self.display = False

    def show(self, run: StepRun | None, path: str) -> None:
        """Show the end of the output, `path` beneath it."""
        seen = run.lines_seen if run else 0
        self.display = seen > 0
        if not run or not seen:
            return
        lines, _ = run.lines_since(max(0, seen - _LAST))
        number = plural("{n} line, o shows all", "{n} lines, o shows all", seen)
        head = assemble((msg("Output"), "bold $text-primary"), "  ", number)
        kept = text(msg("kept in {path}", path=path), "$faint")
        tail = [text(line, "$faint") for line in lines]
        self.update(Content("\n").join([head, *tail, kept]))


class OutputLog(RichLog):
    """All the output kept; lines with the searched words marked."""

    def __init__(self) -> None:
        super().__init__(id="output", max_lines=5000, wrap=False, markup=False, highlight=False)
        self._seen = 0
        self._lines: list[str] = []
        self._needle = ""
        self._matches: list[int] = []
        self._match = -1

    def follow(self, run: StepRun) -> None:
        """Add what came since the last call."""
        lines, self._seen = run.lines_since(self._seen)
        for line in lines:
            self._add(line)

    def search(self, needle: str) -> int:
        """Mark every line that holds `needle` (case does not matter); return how many."""
        self._needle = needle.casefold()
        lines, self._lines, self._matches, self._match = self._lines, [], [], -1
        self.clear()
        for line in lines:
            self._add(line)
        if self._matches:
            self.show_match(-1)
        return len(self._matches)

    def show_match(self, step: int) -> Message:
        """Go to the next (1) or previous (-1) match; return which one of how many."""
        if not self._matches:
            return msg("no matches")
        self._match = (self._match + step) % len(self._matches)
        self.auto_scroll = False
        self.scroll_to(y=max(0, self._matches[self._match] - 3), animate=False)
        return msg("match {number} of {total}", number=self._match + 1, total=len(self._matches))

    def _add(self, line: str) -> None:
        from rich.text import Text

        line = shown(line)
        found = bool(self._needle) and self._needle in line.casefold()
        if found:
            self._matches.append(len(self._lines))
        self._lines.append(line)
        text = Text(line, style="reverse" if found else "")
        self.write(text, scroll_end=self.auto_scroll)
