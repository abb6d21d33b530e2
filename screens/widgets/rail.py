"""The navigation rail: every step's state in a symbol and a word, and the way to its screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.state.marks import MARKS, Mark
from screens.state.session import RailItem
from screens.widgets.spoken import assemble
from wizard.core.language import shown
from wizard.core.message import msg
from wizard.core.states import State

# Letters for title and word together, and where the words begin, if all are short.
_ROOM = 20
_TITLE_WIDTH = 14


class Rail(OptionList):
    """The list of screens; choosing one posts `OptionSelected` with its name as id."""

    HELP = msg("Choose a step with the arrow keys, then press Enter to show it.")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "select", msg("Show it"), tooltip=msg("Show the highlighted step")),
    ]

    def __init__(self) -> None:
        super().__init__(id="rail", markup=False)
        self._items: tuple[RailItem, ...] = ()
        self._route = ""

    def show(self, items: Sequence[RailItem], route: str) -> None:
        """Show these items, with the one on the screen marked."""
        items = tuple(items)
        if [s.name for s in items] != [s.name for s in self._items]:
            self.clear_options()
            self.add_options(Option(self._line(s, route), id=s.name) for s in items)
        else:
            for index, (new, old) in enumerate(zip(items, self._items, strict=True)):
                if new != old or route != self._route:
                    self.replace_option_prompt_at_index(index, self._line(new, route))
        self._items, self._route = items, route
        if not self.has_focus:
            self.highlighted = next((i for i, s in enumerate(items) if s.name == route), None)

    def say_again(self) -> None:
        """Show the same items in the language in use."""
        for index, item in enumerate(self._items):
            self.replace_option_prompt_at_index(index, self._line(item, self._route))

    def _line(self, item: RailItem, route: str) -> Content:
        if not item.number:
            return assemble("    ", (item.title, "bold" if item.name == route else ""))
        mark = MARKS[item.state]
        title, word = _fitted(shown(item.title), shown(item.word or mark.word))
        return assemble(
            (mark.symbol, mark.style),
            f" {item.number} ",
            (title, _title_style(item, route, mark)),
            (word, mark.style),
        )


def _fitted(title: str, word: str) -> tuple[str, str]:
    """Return title and word as wide as the rail, with a space between them."""
    longest = _ROOM - len(word) - 1 if word else _ROOM
    if len(title) > longest:
        title = f"{title[: longest - 1].rstrip()}…"
    width = max(min(_TITLE_WIDTH, _ROOM - len(word)), len(title))
    return title.ljust(width), word.rjust(_ROOM - width)


def _title_style(item: RailItem, route: str, mark: Mark) -> str:
    if item.name == route:
        return "bold"
    return mark.style if item.state in (State.SKIPPED, State.LATER) else ""
