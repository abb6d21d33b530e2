"""F1: what this screen is for, and the keys that work now."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from screens.overlays.overlay import ModalOverlay


class HelpScreen(ModalOverlay[None]):
    """A screen's own help text, and its keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,enter", "dismiss", "Back", id="help.back"),
    ]

    def __init__(self, heading: str, text: str, keys: list[tuple[str, str, str]]) -> None:
        super().__init__()
        self._heading, self._text, self._keys = heading, text, keys

    def compose(self) -> ComposeResult:
        """Compose the text, then a line for each key."""
        with Vertical(classes="box"):
            yield Static(Content(self._heading), classes="heading")
            with VerticalScroll(classes="text"):
                yield Static(Content(self._text), id="help-text")
                yield Static(self._key_lines(), id="help-keys")
        yield Footer(compact=True, show_command_palette=False)

    def _key_lines(self) -> Content:
        width = max((len(key) for key, _, _ in self._keys), default=0) + 2
        name_width = max((len(name) for _, name, _ in self._keys), default=0) + 2
        lines = [
            Content.assemble(
                (key.ljust(width), "bold $text-accent"),
                (name.ljust(name_width), "bold"),
                (tooltip, "$faint"),
            )
            for key, name, tooltip in self._keys
        ]
        scroll = Content.styled(
            "Arrows and PgUp, PgDn scroll; Tab goes from part to part.", "$faint"
        )
        keys = Content.styled("Keys", "bold $text-primary")
        return Content("\n").join([keys, *lines, Content(""), scroll])


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
