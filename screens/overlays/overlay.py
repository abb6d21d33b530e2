"""Screens over others, which are dismissed once, however often Enter is pressed."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

from screens.widgets.spoken import SpokenScreen
from wizard.core.message import Message, msg

ResultT = TypeVar("ResultT")


class Overlay(SpokenScreen[ResultT]):
    """A screen over another.

    Dismissed twice, Textual would remove the one below it as well.
    """

    help_heading: ClassVar[Message] = msg("Help")
    _dismissed = False

    def dismiss(self, result: ResultT | None = None) -> AwaitComplete:
        """Leave the screen with this result; a second time nothing happens."""
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)


class ModalOverlay(Overlay[ResultT], ModalScreen[ResultT]):
    """The same, with the screen below still to be seen."""
