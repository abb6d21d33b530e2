"""The rail: every step's state in a symbol and a word, and the way to each screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from screens.state.marks import STATES, Mark
from screens.state.session import Stop

_TITLE_WIDTH = 14
_WORD_WIDTH = 6


class Rail(OptionList):
    """The list of screens; choosing one posts `OptionSelected` with its name as id."""

    HELP = "Choose a step with the arrows and look at it with Enter."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "select", "Look at it", tooltip="Show the marked step"),
    ]

    def __init__(self) -> None:
        super().__init__(id="rail", markup=False)
        self._stops: tuple[Stop, ...] = ()
        self._here = ""

    def show(self, stops: Sequence[Stop], here: str) -> None:
        """Show these stops, with the one on the screen marked."""
        stops = tuple(stops)
        if [s.name for s in stops] != [s.name for s in self._stops]:
            self.clear_options()
            self.add_options(Option(self._line(s, here), id=s.name) for s in stops)
        else:
            for index, (new, old) in enumerate(zip(stops, self._stops, strict=True)):
                if new != old or here != self._here:
                    self.replace_option_prompt_at_index(index, self._line(new, here))
        self._stops, self._here = stops, here
        if not self.has_focus:
            self.highlighted = next((i for i, s in enumerate(stops) if s.name == here), None)

    def _line(self, stop: Stop, here: str) -> Content:
        if not stop.number:
            return Content.assemble("    ", (stop.title, "bold" if stop.name == here else ""))
        mark = STATES[stop.state]
        return Content.assemble(
            (mark.symbol, mark.style),
            f" {stop.number} ",
            (stop.title[:_TITLE_WIDTH].ljust(_TITLE_WIDTH), _title_style(stop, here, mark)),
            ((stop.word or mark.word)[:_WORD_WIDTH].rjust(_WORD_WIDTH), mark.style),
        )


def _title_style(stop: Stop, here: str, mark: Mark) -> str:
    if stop.name == here:
        return "bold"
    return mark.style if stop.state in ("skipped", "later") else ""
