"""A list to choose from that opens as soon as a letter is typed."""

from __future__ import annotations

from textual import events
from textual.widgets import OptionList, Select


class Choice(Select[str]):
    """A `Select` that takes letters while it is closed, too: it opens, and searches for them."""

    async def _on_key(self, event: events.Key) -> None:
        letter = event.character
        if not letter or not letter.isalnum():
            return
        event.stop()
        event.prevent_default()
        options = self.query_one(OptionList)
        # Letters typed in one go arrive here, too, after the first has opened the list.
        if not self.expanded:
            self.action_show_overlay()
            self.screen.set_focus(options)
        options.post_message(events.Key(event.key, letter))

    def check_consume_key(self, key: str, character: str | None = None) -> bool:
        """Take letters, so that no key of the screen answers to them."""
        return bool(character and character.isalnum())
