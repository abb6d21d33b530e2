"""From the form to "verified" at every hosted service, in the wizard alone and by keyboard.

Each is a stand-in with its documented answers. Who walks knows the keys, and at the service's
console does what the wizard says, once it says it in the console's own words.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Select

from tests.screens.waiting import press
from tests.screens.walker import Walker, walking
from tests.servers.profiled import Profiled, rules_of
from tests.servers.profiles import OPENS, WAYS
from tests.support.parts import need
from wizard.core import language as languages
from wizard.core.language import shown
from wizard.core.message import msg
from wizard.core.settings import Settings
from wizard.demo.build import build
from wizard.demo.seaweedfs import SeaweedFS
from wizard.journal.journal import FOLDER
from wizard.storage.providers import PRESETS, preset

# Two in the usual run: ACLs of objects, and what is tried, undone, and then done in the console.
USUAL = ("contabo", "infomaniak")
OPEN = [name for name, (way, _) in WAYS.items() if way in OPENS]


def _walks() -> Iterator[object]:
    """Every service that can be opened, in English and French by turns."""
    for number, name in enumerate(OPEN):
        marks = () if name in USUAL else pytest.mark.slow
        language = ("en", "fr")[number % 2]
        yield pytest.param(name, language, marks=marks, id=f"{name}-{language}")


@pytest.fixture(autouse=True)
def _around(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    need("weed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    yield
    languages.use(languages.language(languages.ENGLISH))


@pytest.mark.usefixtures("somebody_at_the_console")
@pytest.mark.parametrize(("name", "language"), _walks())
async def test_from_the_form_to_verified(
    name: str, language: str, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    languages.use(languages.language(language))
    with Profiled(name, seaweedfs) as service:
        async with (
            build(tmp_path, covers=4, storage=seaweedfs) as demo,
            walking(demo, told=False) as walker,
            _at_the_console(walker, service, demo.folder) as person,
        ):
            await walker.obvious()
            await walker.until(lambda: walker.here() == "configure_provider")
            await _fill_in_the_form(walker, service)
            for step in walker.app.session.migration.steps:
                await walker.do_step(step.name)
                assert walker.state(step.name) in ("done", "skipped")
                await walker.go_on()
            assert walker.here() == "end"
            assert shown(msg("verified")) in walker.words()
            await walker.obvious()
            assert walker.app.session.exit_status() == 0
    public, cors = (way == "console" for way in WAYS[name])
    assert person.did == {"public": public, "cors": cors}
    assert person.others_named() == []


async def _fill_in_the_form(walker: Walker, service: Profiled) -> None:
    """Choose the service in the list, and paste what is not there by itself."""
    settings, keys = service.settings, service.keys
    await _choose(walker, preset(service.name).title)
    for name, value in (
        ("bucket", settings.bucket),
        ("region", settings.region),
        ("access_key_id", keys.access_key_id),
        ("secret_access_key", keys.secret_access_key),
        ("endpoint", settings.endpoint),
        ("custom_domain", settings.custom_domain),
    ):
        await walker.until(partial(_is_in, walker, name))
        if walker.screen.focused.value != value:
            walker.screen.focused.clear()
            await walker.paste(value)
        await walker.pilot.press("tab")
    protocol = walker.screen.query_one("#protocol", Select)
    if protocol.value != settings.url_protocol:
        await walker.pilot.press("enter", "end", "enter")
        await walker.until(lambda: protocol.value == settings.url_protocol)
    before = walker.label()
    await walker.pilot.press("ctrl+n")
    # Who looks too early still sees the form's button, and would press the plan's in its place.
    await walker.until(lambda: walker.label() != before)


def _is_in(walker: Walker, name: str) -> bool:
    focused = walker.screen.focused
    return isinstance(focused, Input) and focused.name == name


async def _choose(walker: Walker, title: str) -> None:
    await walker.until(lambda: isinstance(walker.screen.focused, Select))
    await walker.pilot.press("enter")
    await walker.until(lambda: isinstance(walker.screen.focused, OptionList))
    options = walker.screen.focused

    def is_marked() -> bool:
        return str(options.highlighted_option.prompt) == title

    # In one go: letters that come later begin another search, and this machine may be busy.
    for letter in title.partition(" ")[0].lower():
        press(walker.app, letter)
    await walker.until(is_marked)
    await walker.pilot.press("enter")


# The person ------------------------------------------------------------------------------------

_WAITS = {
    "public": msg("Waiting until the public can read"),
    "cors": msg("Waiting until browsers are allowed to use the bucket's fonts"),
}


@dataclass
class _Person:
    """Reads the screen, and clicks in the console what it says there.

    `did` tells of each topic whether it was left to the person; `seen` is all that was read.
    """

    walker: Walker
    service: Profiled
    folder: Path
    did: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(_WAITS, False))
    seen: set[str] = field(default_factory=set)

    async def watch(self) -> None:
        """Look at the screen again and again."""
        while True:
            words = self.walker.words()
            self.seen.update(words.splitlines())
            for topic in _WAITS:
                if not self.did[topic] and self._is_asked(topic, words):
                    self.did[topic] = True
                    await asyncio.to_thread(self._click, topic)
            await asyncio.sleep(0.3)

    def _is_asked(self, topic: str, words: str) -> bool:
        settings: Settings = self.walker.app.session.context.settings
        advice = preset(self.service.name).advice(topic, settings)
        return all(_flat(shown(text)) in _flat(words) for text in (_WAITS[topic], advice))

    def _click(self, topic: str) -> None:
        if topic == "public":
            self.service.console_opens()
        else:
            self.service.console_sets_cors(
                rules_of((self.folder / FOLDER / "cors.json").read_text())
            )

    def others_named(self) -> list[str]:
        """Return lines with the name of another service that ours has not in its own words."""
        service = preset(self.service.name)
        own = " ".join((service.title, service.trouble, *service.console.values()))
        brands = {each.title.partition(" ")[0] for each in PRESETS.values()}
        others = [b for b in brands - {"Other", "Impossible"} if not _names(b, own)]
        # Comments in BookWyrm's own .env name others.
        said = [line for line in self.seen if not line.strip().startswith("#")]
        return [line for line in said if any(_names(brand, line) for brand in others)]


@asynccontextmanager
async def _at_the_console(
    walker: Walker, service: Profiled, folder: Path
) -> AsyncIterator[_Person]:
    person = _Person(walker, service, folder)
    watching = asyncio.create_task(person.watch())
    try:
        yield person
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def _flat(text: str) -> str:
    """Return a text however its lines are broken."""
    return " ".join(text.split())


def _names(brand: str, text: str) -> bool:
    return bool(re.search(rf"\b{re.escape(brand)}\b", text))
