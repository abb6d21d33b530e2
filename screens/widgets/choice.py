"""A list to choose from that opens as soon as a letter is typed."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.widgets import OptionList, Select

from wizard.core.language import shown


class Choice(Select[str]):
    """A `Select` that takes letters while it is closed, too: it opens, and searches for them.

    `choices` are a text and a value each; without a `prompt` one of them is always chosen.
    """

    def __init__(
        self,
        choices: Sequence[tuple[str, str]],
        *,
        prompt: str = "",
        id: str | None = None,  # noqa: A002 (Textual's own name)
    ) -> None:
        self._said, self._prompt_said = choices, prompt
        # Plain text: only that can be searched by typing.
        options = [(shown(said), value) for said, value in choices]
        super().__init__(
            options, prompt=shown(prompt), allow_blank=bool(prompt), id=id, compact=True
        )

    def say_again(self) -> None:
        """Show the same choices in the language in use."""
        options = self.query_one(OptionList)
        chosen, highlighted = self.value, options.highlighted
        with self.prevent(Select.Changed):
            self.set_options((shown(said), value) for said, value in self._said)
            self.value = chosen
        options.highlighted = highlighted
        self.prompt = shown(self._prompt_said)

    async def on_key(self, event: events.Key) -> None:
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
