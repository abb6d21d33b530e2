"""The command palette: every action that is possible now, and every screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.align import Align
from rich.text import Text
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets.option_list import Option

from screens.state.marks import MARKS
from screens.state.session import LEAVE_S3, TO_S3
from screens.widgets.key_button import KeyButton
from wizard.core.language import known_languages, language, language_in_use, shown
from wizard.core.message import Message, msg

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
            yield DiscoveryHit(shown(name), _command(run), help=shown(text))

    async def search(self, query: str) -> Hits:
        """Offer what matches the letters."""
        matcher = self.matcher(query)
        for said, text, run in self._commands():
            name = shown(said)
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), _command(run), help=shown(text))

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
        if self.shell.session.may_turn:
            yield _other_direction(self.shell)
        yield msg("Theme"), msg("Change the colours"), app.search_themes
        yield from _languages(self.shell)


class Palette(CommandPalette):
    """Textual's palette, in the language in use."""

    def __init__(
        self,
        provider: type[Provider],
        placeholder: Message,
        *,
        id: str | None = None,  # noqa: A002 (Textual's own name)
    ) -> None:
        super().__init__(providers=[provider], placeholder=shown(placeholder), id=id)

    def _start_no_matches_countdown(self, search_value: str) -> None:
        """Say it after a while where nothing matches; Textual itself knows English only."""
        self._stop_no_matches_countdown()
        show = partial(self._show_no_matches, bool(search_value))
        self._no_matches_timer = self.set_timer(self._NO_MATCHES_COUNTDOWN, show)

    def _show_no_matches(self, searched: bool) -> None:
        if searched:
            said = Text(shown(msg("No matches")), style="not bold")
            option = Option(Align.center(said), disabled=True, id=self._NO_MATCHES)
            self.query_one(CommandList).add_option(option)
        self._list_visible = searched


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


def _way_to(item: RailItem) -> Message:
    if not item.number:
        return msg("Go to {screen}", screen=item.title)
    number, how = str(item.number), item.word or MARKS[item.state].word
    if not how:
        return msg("Go to {number} {step}", number=number, step=item.title)
    return msg("Go to {number} {step} · {state}", number=number, step=item.title, state=how)


def _other_direction(shell: Shell) -> _Command:
    if shell.session.leads_back:
        return TO_S3, msg("Show the steps to S3 again"), shell.navigation.turn
    return LEAVE_S3, msg("Show the steps back to this server's disk"), shell.navigation.turn


def _languages(shell: Shell) -> Iterator[_Command]:
    """Offer the other languages that there are, each in its own words."""
    for code in known_languages():
        if code != language_in_use().code:
            yield (
                _named(code),
                msg("Switch to this language"),
                partial(shell.speak, language(code)),
            )


def _named(code: str) -> Message:
    # Takes a moment to load, and English alone does without.
    from babel import Locale

    name = Locale.parse(code).get_display_name() or code
    return msg("Language: {language}", language=name)


def _buttons(screen: Screen[Any]) -> Iterator[_Command]:
    """List the buttons below the body."""
    for button in screen.query(KeyButton):
        if button.display and not button.disabled:
            yield button.said, msg("The same as pressing the button"), button.press
