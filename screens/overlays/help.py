"""F1: what this screen is for, and the keys that work now."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer

from screens.overlays.overlay import ModalOverlay
from screens.widgets.spoken import Said, assemble, text
from wizard.core.message import msg


class HelpScreen(ModalOverlay[None]):
    """A screen's own help text, and its keys; `of` is the screen that is explained."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,enter", "dismiss", msg("Back"), id="help.back"),
    ]

    def __init__(self, heading: str, said: str, of: Screen[Any]) -> None:
        super().__init__()
        self._heading, self._said, self._of = heading, said, of

    def compose(self) -> ComposeResult:
        """Compose the text, then a line for each key."""
        with Vertical(classes="box"):
            yield Said(self._heading, classes="heading")
            with VerticalScroll(classes="text"):
                yield Said(self._said, id="help-text")
                yield Said(self._key_lines(), id="help-keys")
        yield Footer(compact=True, show_command_palette=False)

    def say_again(self) -> None:
        """Show the same in the language in use."""
        super().say_again()
        self.query_one("#help-keys", Said).say(self._key_lines())

    def _key_lines(self) -> Content:
        keys = keys_of(self._of)
        width = max((len(key) for key, _, _ in keys), default=0) + 2
        name_width = max((len(name) for _, name, _ in keys), default=0) + 2
        lines = [
            assemble(
                (key.ljust(width), "bold $text-accent"),
                (name.ljust(name_width), "bold"),
                (tooltip, "$faint"),
            )
            for key, name, tooltip in keys
        ]
        scroll = msg("The arrow keys, PgUp and PgDn scroll; Tab moves from part to part.")
        heading = text(msg("Keys"), "bold $text-primary")
        return Content("\n").join([heading, *lines, Content(""), text(scroll, "$faint")])


def keys_of(screen: Screen[object]) -> list[tuple[str, str, str]]:
    """Return the keys that work on a screen now: key, what it does, its tooltip."""
    found: dict[str, tuple[str, str, str]] = {}
    # Of two keys for the same, the one that the footer shows.
    active = sorted(screen.active_bindings.values(), key=lambda found: not found.binding.show)
    for _, binding, enabled, tooltip in active:
        # Our own have an id with a dot; the rest are Textual's, such as "Focus next".
        ours = "." in (binding.id or "")
        if ours and enabled and binding.description and binding.action not in found:
            key = screen.app.get_key_display(binding)
            found[binding.action] = (key, binding.description, tooltip)
    return list(found.values())
