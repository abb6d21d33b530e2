"""A field of several lines that shows nothing of what is typed into it."""

from __future__ import annotations

from textual import events
from textual.message import Message as Event

from screens.widgets.spoken import Said
from wizard.core.message import msg, plural

# More is no settings of a storage, and refused as soon as it is read.
_MOST_CHARACTERS = 200_000


class PasteField(Said, can_focus=True):
    """Takes text from terminals that hand a pasted text on as if it were typed.

    Keys of a storage may be in it: only the number of characters is shown. What other terminals
    mark as pasted does not come here, but to the screen as one event.
    """

    class Changed(Event):
        """Something was typed, or removed."""

    def __init__(self) -> None:
        super().__init__(msg("Paste here"), id="paste-field")
        self._typed: list[str] = []

    def take(self) -> str:
        """Return what was typed, and forget it."""
        typed = "".join(self._typed)
        self.clear()
        return typed

    def clear(self) -> None:
        """Forget what was typed."""
        self._typed.clear()
        self._show()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not self._typed

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Take what is text, so that no key of the screen answers to it."""
        return key in ("enter", "backspace") or bool(character and character.isprintable())

    async def on_key(self, event: events.Key) -> None:
        if not self.check_consume_key(event.key, event.character):
            return
        event.stop()
        event.prevent_default()
        if event.key == "backspace":
            del self._typed[-1:]
        elif len(self._typed) < _MOST_CHARACTERS:
            self._typed.append("\n" if event.key == "enter" else event.character or "")
        self._show()
        self.post_message(self.Changed())

    def _show(self) -> None:
        typed = len(self._typed)
        count = plural("{n} character, not shown", "{n} characters, not shown", typed)
        self.say(count if typed else msg("Paste here"))
