"""What was found, as lines of label and value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.content import Content

from screens.widgets.lines import Line, Lines

if TYPE_CHECKING:
    from wizard.step import Fact


class Facts(Lines):
    """Label and value, one pair a line, the values below each other."""

    def show(self, facts: Iterable[Fact]) -> None:
        """Show these facts; nothing at all where there are none."""
        facts = tuple(facts)
        indent = max((len(f.label) for f in facts), default=0) + 2
        self.put(
            Line(Content.styled(f.label.ljust(indent), "$faint"), Content(f.value)) for f in facts
        )
