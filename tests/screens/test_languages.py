"""Another language chosen in the palette: all is said in it, and what was under way goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from textual.command import CommandList
from textual.widgets import Input

from screens.app.wizard_app import WizardApp
from tests.screens.picture import as_text
from tests.screens.states import Stage, all_states, on_stage
from wizard.core import language as languages

_ESPERANTO = {
    "step {number} of {total}": "paŝo {number} el {total}",
    "Stop": "Halti",
    "Theme": "Etoso",
    "Bucket": "Sitelo",
    "e.g. {example}": "ekz. {example}",
    "Search for commands…": "Serĉi komandojn…",
    "No matches": "Nenio trovita",
    "Language: {language}": "Lingvo: {language}",
}


@pytest.fixture
def esperanto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue of a few sentences; English is in use before and after."""
    catalog = Catalog(locale="eo")
    for english, translated in _ESPERANTO.items():
        catalog.add(english, translated)
    path = tmp_path / "locale" / "eo" / "LC_MESSAGES" / "bw-s3.mo"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_mo(file, catalog)
    monkeypatch.setattr(languages, "_CATALOGUES", tmp_path / "locale")
    yield
    languages.use(languages.language(languages.ENGLISH))
    languages.language.cache_clear()


def _options(app: WizardApp) -> list[str]:
    found = app.screen.query(CommandList)
    return [str(option.prompt) for each in found for option in each.options]


async def _choose(stage: Stage, letters: str) -> None:
    """Choose the only command of the palette that matches these letters."""
    await stage.press("ctrl+p", *letters)
    await stage.until(lambda: len(_options(stage.app)) == 1)
    await stage.press("enter")


@pytest.mark.usefixtures("esperanto")
async def test_a_step_goes_on_while_the_language_changes(tmp_path: Path) -> None:
    async with on_stage(all_states()["copy_media-at-work"], tmp_path) as stage:
        run = stage.app.session.runs["copy_media"]
        assert "step 2 of 8" in as_text(stage.app)
        await _choose(stage, "esperanto")
        picture = as_text(stage.app)
        assert "paŝo 2 el 8" in picture
        assert "Halti" in picture
        assert "step 2" not in picture
        assert run.running
        stage.gate.set()
        await stage.until(lambda: not run.running)
        assert run.problem is None
        await _choose(stage, "english")
        assert languages.language_in_use().code == languages.ENGLISH


@pytest.mark.usefixtures("esperanto")
async def test_what_was_typed_stays_while_the_language_changes(tmp_path: Path) -> None:
    async with on_stage(all_states()["provider-filled"], tmp_path) as stage:
        bucket = stage.app.screen.query_one("#field-bucket Input", Input)
        bucket.focus()
        await stage.press("home", *"my-")
        await _choose(stage, "esperanto")
        assert stage.app.focused is bucket
        assert bucket.value == "my-books-media"
        assert bucket.placeholder == "ekz. books-media"
        assert "Sitelo" in as_text(stage.app)


@pytest.mark.usefixtures("esperanto")
async def test_the_palette_speaks_the_language_in_use(tmp_path: Path) -> None:
    async with on_stage(all_states()["start"], tmp_path) as stage:
        stage.app.speak(languages.language("eo"))
        await stage.press("ctrl+p")
        assert stage.app.screen.query_one(Input).placeholder == "Serĉi komandojn…"
        await stage.until(lambda: any("Etoso" in name for name in _options(stage.app)))
        await stage.press(*"zzzz")
        await stage.until(lambda: "Nenio trovita" in as_text(stage.app))


async def test_without_a_catalogue_there_is_nothing_to_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(languages, "_CATALOGUES", tmp_path / "locale")
    async with on_stage(all_states()["start"], tmp_path) as stage:
        await stage.press("ctrl+p")
        await stage.until(lambda: any("Theme" in name for name in _options(stage.app)))
        assert not any("Language" in name for name in _options(stage.app))


async def test_keys_of_textuals_own_are_named_in_the_language(tmp_path: Path) -> None:
    async with on_stage(all_states()["provider-list"], tmp_path) as stage:
        stage.app.speak(languages.language("fr"))
        await stage.rest()
        active = stage.app.screen.active_bindings.values()
        named = {one.binding.description for one in active if one.binding.show}
        stage.app.speak(languages.language(languages.ENGLISH))
    assert "Fermer" in named
    assert "Dismiss menu" not in named
