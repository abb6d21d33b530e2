"""What was found, as lines of label and value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from screens.widgets.lines import Line, Lines, plain
from screens.widgets.spoken import text
from wizard.core.language import shown

if TYPE_CHECKING:
    from wizard.step import Fact


_LONGEST_LABEL = 12


class Facts(Lines):
    """Label and value, one pair a line, the values below each other."""

    def show(self, facts: Iterable[Fact]) -> None:
        """Show these facts; nothing where there are none."""
        facts = tuple(facts)
        indent = min(_LONGEST_LABEL, max((len(shown(f.label)) for f in facts), default=0)) + 2
        self.put(line for fact in facts for line in _fact_lines(fact, indent))


def _fact_lines(fact: Fact, indent: int) -> Iterable[Line]:
    label = shown(fact.label)
    if len(label) > indent - 2:
        yield plain(label, "$faint")
        label = ""
    yield Line(text(label.ljust(indent), "$faint"), text(fact.value))
