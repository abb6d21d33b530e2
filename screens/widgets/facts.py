"""What was found, as lines of label and value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from wizard.step import Fact


class Facts(Static):
    """Label and value, one pair a line, the values below each other."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__("", id=id, markup=False)
        self._facts: tuple[Fact, ...] = ()
        self.display = False

    def show(self, facts: Iterable[Fact]) -> None:
        """Show these facts; nothing at all where there are none."""
        self._facts = tuple(facts)
        self.display = bool(self._facts)
        self._lay_out()

    def on_resize(self) -> None:
        """The values wrap below themselves, so the width matters."""
        self._lay_out()

    def _lay_out(self) -> None:
        if not self._facts:
            return
        indent = max(len(f.label) for f in self._facts) + 2
        width = max(10, (self.content_size.width or 50) - indent)
        lines = []
        for fact in self._facts:
            first, *rest = Content(fact.value).wrap(width) or [Content("")]
            lines.append(Content.assemble((fact.label.ljust(indent), "$faint"), first))
            lines += [Content(" " * indent) + line for line in rest]
        self.update(Content("\n").join(lines))
