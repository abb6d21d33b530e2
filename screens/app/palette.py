"""The command palette: every action that is possible now, and every screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from screens.state.marks import STATES

if TYPE_CHECKING:
    from textual.screen import Screen

    from screens.app.wizard_app import WizardApp
    from screens.state.session import Stop

_Command = tuple[str, str, Callable[[], object]]


class Actions(Provider):
    """What the keys of the screen do, and where one can go."""

    async def discover(self) -> Hits:
        """Everything, before a letter is typed."""
        for name, text, run in self._commands():
            yield DiscoveryHit(name, cast("Callable[[], Awaitable[None]]", run), help=text)

    async def search(self, query: str) -> Hits:
        """What matches the letters."""
        matcher = self.matcher(query)
        for name, text, run in self._commands():
            if (score := matcher.match(name)) > 0:
                command = cast("Callable[[], Awaitable[None]]", run)
                yield Hit(score, matcher.highlight(name), command, help=text)

    def _commands(self) -> Iterator[_Command]:
        app = cast("WizardApp", self.app)
        # What can be done here comes before what can be done everywhere.
        seen = {"main", "back"}
        yield from _keys(self.screen)
        active = sorted(self.screen.active_bindings.values(), key=lambda found: found[0] is app)
        for node, binding, enabled, tooltip in active:
            known = binding.action in seen or "." not in (binding.id or "")
            if enabled and binding.description and not known:
                seen.add(binding.action)
                run = partial(app.run_action, binding.action, node)
                yield binding.description, tooltip or "", run
        for stop in app.session.stops():
            yield _way_to(stop), "", partial(app.go_to, stop.name)
        yield "Theme", "Other colours", app.search_themes


def _way_to(stop: Stop) -> str:
    if not stop.number:
        return f"Go to {stop.title}"
    how = stop.word or STATES[stop.state].word
    return f"Go to {stop.number} {stop.title}" + (f" · {how}" if how else "")


def _keys(screen: Screen[Any]) -> Iterator[_Command]:
    """The buttons below the body."""
    from screens.widgets.key_button import KeyButton

    for button in screen.query(KeyButton):
        if button.display and not button.disabled:
            yield button.words, "The button below", button.press
