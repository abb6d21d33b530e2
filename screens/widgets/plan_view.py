"""What would change: sentences, diffs, commands and documents, word for word."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

from wizard.step import Command, Diff, Document, Sentence

if TYPE_CHECKING:
    from wizard.step import PlanItem


class PlanView(Static):
    """A plan's items below each other, headed "What will change"."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__("", id=id, markup=False)
        self.display = False

    def show(self, items: Iterable[PlanItem], heading: str = "What will change") -> None:
        """Show the items; nothing at all where there are none."""
        blocks = [plan_item(item) for item in items]
        self.display = bool(blocks)
        head = Content.styled(heading, "bold $text-primary")
        self.update(Content("\n").join([head, *_spaced(blocks)]))


def plan_item(item: PlanItem) -> list[Content]:
    """One item as lines."""
    match item:
        case Sentence(text, warning):
            mark = ("! ", "bold $text-warning") if warning else ("• ", "$faint")
            return [Content.assemble(mark, (text, "$text-warning" if warning else ""))]
        case Diff(file, text):
            return [Content.styled(file, "bold"), *(_diff_line(t) for t in text.splitlines())]
        case Command(argv, user, note):
            return _command(argv, user, note)
        case Document(title, text):
            lines = (Content.styled(f"  {line}", "$faint") for line in text.splitlines())
            return [Content.styled(title, "bold"), *lines]


def plan_lines(*items: PlanItem) -> Content:
    """Items below each other, for a dialog."""
    return Content("\n").join(_spaced([plan_item(item) for item in items]))


def _diff_line(line: str) -> Content:
    if line.startswith(("---", "+++")):
        return Content.styled(f"  {line}", "$faint")
    if line.startswith("@@"):
        return Content.styled(f"  {line}", "$text-primary")
    style = {"+": "$text-success", "-": "$text-error"}.get(line[:1], "$faint")
    return Content.styled(f"  {line}", style)


def _command(argv: tuple[str, ...], user: str, note: str) -> list[Content]:
    line = Content.assemble(("$ ", "bold $text-primary"), (shlex.join(argv), "bold"))
    said = [text for text in (user and f"as user {user}", note) if text]
    return [line, *(Content.styled(f"  {text}", "$faint") for text in said)]


def _spaced(blocks: Iterable[list[Content]]) -> Iterable[Content]:
    """A blank line around what is longer than a line."""
    before_long = False
    for block in blocks:
        is_long = len(block) > 1
        if is_long or before_long:
            yield Content("")
        yield from block
        before_long = is_long
