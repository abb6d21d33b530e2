"""The command palette: every action that is possible now, and every screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.command import DiscoveryHit, Hit, Hits, Provider

from screens.state.marks import MARKS
from screens.widgets.key_button import KeyButton

if TYPE_CHECKING:
    from textual.screen import Screen

    from screens.state.session import RailItem
    from screens.state.shell import Shell

# Its name, what it does, and what carries it out.
_Command = tuple[str, str, Callable[[], object]]


class Commands(Provider):
    """What the keys of the screen do, and where they can lead."""

    shell: Shell

    async def discover(self) -> Hits:
        """Offer everything, before a letter is typed."""
        for name, text, run in self._commands():
            yield DiscoveryHit(name, _command(run), help=text)

    async def search(self, query: str) -> Hits:
        """Offer what matches the letters."""
        matcher = self.matcher(query)
        for name, text, run in self._commands():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), _command(run), help=text)

    def _commands(self) -> Iterator[_Command]:
        app = self.app
        # What can be done here comes before what can be done everywhere.
        seen = {"main", "back"}
        yield from _buttons(self.screen)
        active = sorted(self.screen.active_bindings.values(), key=lambda found: found[0] is app)
        for node, binding, enabled, tooltip in active:
            known = binding.action in seen or "." not in (binding.id or "")
            if enabled and binding.description and not known:
                seen.add(binding.action)
                run = partial(app.run_action, binding.action, node)
                yield binding.description, tooltip or "", run
        for item in self.shell.session.rail_items():
            yield _way_to(item), "", partial(self.shell.navigation.go_to, item.name)
        yield "Theme", "Other colours", app.search_themes


def commands_for(shell: Shell) -> type[Provider]:
    """Make the class of the commands of one app, as Textual wants a class."""
    return type("CommandsOfShell", (Commands,), {"shell": shell})


def _command(run: Callable[[], object]) -> Callable[[], Awaitable[None]]:
    """Adapt what carries a command out to what a palette calls."""

    async def call() -> None:
        result = run()
        if isinstance(result, Awaitable):
            await result

    return call


def _way_to(item: RailItem) -> str:
    if not item.number:
        return f"Go to {item.title}"
    how = item.word or MARKS[item.state].word
    return f"Go to {item.number} {item.title}" + (f" · {how}" if how else "")


def _buttons(screen: Screen[Any]) -> Iterator[_Command]:
    """List the buttons below the body."""
    for button in screen.query(KeyButton):
        if button.display and not button.disabled:
            yield button.text, "The button below", button.press
