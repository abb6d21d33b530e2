"""What would change: sentences, diffs, commands and documents, word for word."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content

from screens.widgets.lines import Line, Lines, behind, laid_out, plain
from screens.widgets.spoken import text as spoken
from wizard.core.language import shown
from wizard.core.message import msg
from wizard.core.plan import Command, Diff, Document, Sentence
from wizard.core.symbols import BULLET, WARNING

if TYPE_CHECKING:
    from wizard.core.plan import PlanItem

_INDENT = Content("  ")


class PlanView(Lines):
    """A plan's items below each other, below a heading."""

    def show(self, items: Iterable[PlanItem], heading: str) -> None:
        """Show the items; nothing where there are none."""
        lines = list(_spaced([plan_item(item) for item in items]))
        self.put([plain(heading, "bold $text-primary"), *lines] if lines else [])


def plan_item(item: PlanItem) -> list[Line]:
    """Put one item into lines."""
    match item:
        case Sentence(text, True):
            return [behind(WARNING, text, "bold $text-warning", style="$text-warning")]
        case Sentence(text):
            return [behind(BULLET, text)]
        case Diff(file, text):
            return [plain(file, "bold"), *map(_diff_line, _without_head(text))]
        case Command(argv, user, note):
            return _command(argv, user, note)
        case Document(title, text):
            return [plain(title, "bold"), *map(_inside, shown(text).splitlines())]


def plan_lines(*items: PlanItem, width: int = 62) -> Content:
    """Put items below each other, for a dialog."""
    lines = _spaced([plan_item(item) for item in items])
    return Content("\n").join(laid_out(lines, width))


def _inside(line: str) -> Line:
    """Put a document's line; where it is too long, it continues below its own beginning."""
    text = line.lstrip(" ")
    indent = " " * (len(line) - len(text))
    return Line(_INDENT + indent, spoken(text, "$faint"))


def _without_head(diff: str) -> list[str]:
    """Return a diff without its head: the file's name is above it, and lines are few."""
    lines = diff.splitlines()
    return lines[2:] if diff.startswith("---") else lines


def _diff_line(line: str) -> Line:
    style = {"+": "$text-success", "-": "$text-error", "@": "$text-primary"}.get(line[:1], "$faint")
    return Line(_INDENT, spoken(line, style))


def _command(argv: tuple[str, ...], user: str, note: str) -> list[Line]:
    said = [text for text in (user and msg("as user {user}", user=user), note) if text]
    line = behind("$", shlex.join(argv), "bold $text-primary", style="bold")
    return [line, *(Line(_INDENT, spoken(text, "$faint")) for text in said)]


def _spaced(blocks: Iterable[list[Line]]) -> Iterable[Line]:
    """Put a blank line around each block that is longer than a line."""
    before_long = False
    for number, block in enumerate(blocks):
        is_long = len(block) > 1
        if number and (is_long or before_long):
            yield plain("")
        yield from block
        before_long = is_long
