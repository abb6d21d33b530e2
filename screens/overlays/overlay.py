"""Screens over others, which go away once, however often Enter is pressed."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen

ResultT = TypeVar("ResultT")


class Over(Screen[ResultT]):
    """A screen over another. Dismissed twice, Textual would take the one below away as well."""

    _left = False

    def dismiss(self, result: ResultT | None = None) -> AwaitComplete:
        """Go away with this result; a second time nothing happens."""
        if self._left:
            return AwaitComplete()
        self._left = True
        return super().dismiss(result)


class ModalOver(Over[ResultT], ModalScreen[ResultT]):
    """The same, with the screen below still to be seen."""
