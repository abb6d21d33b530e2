"""The form of a storage: where the keys go, what follows from what, what is shown of secrets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from textual import events
from textual.widget import Widget
from textual.widgets import Input, Select, Static

from screens.base.step_screen import StepScreen
from screens.state.phase import Phase
from screens.widgets.field import Field
from screens.widgets.key_button import KeyButton
from screens.widgets.provider_form import ProviderForm
from tests.screens.kit import KEYS, SETTINGS
from tests.screens.states import Stage, all_states, on_stage
from wizard.core.message import msg
from wizard.core.settings import Settings
from wizard.storage.answers import another_provider
from wizard.storage.providers import PRESETS, Preset, ServiceKind


@asynccontextmanager
async def _form(folder: Path, **changes: str) -> AsyncIterator[Stage]:
    """The form, filled with settings."""
    state = all_states()["provider-filled"]
    state.settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]
    async with on_stage(state, folder) as stage:
        yield stage


def _field(stage: Stage, name: str) -> Field:
    return stage.app.screen.query_one(f"#field-{name}", Field)


async def _choose(stage: Stage, name: str) -> None:
    stage.app.screen.query_one("#provider", Select).value = name
    await stage.rest()


async def _replace(stage: Stage, name: str, text: str) -> None:
    """Replace what a field holds by what is pasted into it."""
    _field(stage, name).input.focus()
    _field(stage, name).input.clear()
    await stage.paste(text)


async def test_keys_that_come_in_one_burst_reach_their_fields(tmp_path: Path) -> None:
    """As a slow line delivers them: a secret must not end up in another field."""
    async with _form(tmp_path) as stage:
        await _replace(stage, "access_key_id", "A")
        for name in ("b", "tab", "c", "d", "shift+tab", "e"):
            stage.app.post_message(events.Key(name, name if len(name) == 1 else None))
        await stage.rest()
        # Coming back by Tab selects what is there, as everywhere.
        assert _field(stage, "access_key_id").value == "e"
        assert _field(stage, "secret_access_key").value == "cd"


async def test_where_all_is_filled_in_enter_goes_on(tmp_path: Path) -> None:
    async with _form(tmp_path) as stage:
        assert isinstance(stage.app.focused, KeyButton)
        await stage.press("enter")
        screen = stage.app.screen
        assert isinstance(screen, StepScreen)
        assert screen.phase is Phase.READY


async def test_tab_goes_through_the_form_in_reading_order(tmp_path: Path) -> None:
    async with _form(tmp_path, endpoint="http://10.0.0.2:9000") as stage:
        stage.app.screen.query_one("#provider", Select).focus()
        await stage.rest()
        seen = []
        for _ in range(9):
            focused = stage.app.focused
            assert focused is not None
            scrolled = sum(round(w.scroll_y) for w in focused.ancestors if isinstance(w, Widget))
            seen.append((focused.region.y + scrolled, focused.region.x))
            await stage.press("tab")
        assert seen == sorted(seen)
        assert len(set(seen)) == 9


async def test_what_was_typed_for_the_old_provider_is_replaced_and_named(tmp_path: Path) -> None:
    async with _form(tmp_path) as stage:
        await _replace(stage, "endpoint", "https://s3.example.org")
        await _replace(stage, "custom_domain", "media.example.org")
        await _choose(stage, "digitalocean")
        assert _field(stage, "endpoint").value == "https://ams3.digitaloceanspaces.com"
        assert _field(stage, "custom_domain").value.startswith("books-media.ams3.")
        message = str(_field(stage, "custom_domain").query_one(".message", Static).visual)
        assert "previously: media.example.org" in message
        await _replace(stage, "custom_domain", "cdn.example.org")
        message = str(_field(stage, "custom_domain").query_one(".message", Static).visual)
        assert "before" not in message


def test_what_was_typed_before_a_provider_was_named_stays() -> None:
    typed = Settings(endpoint="http://10.0.0.2:9000", bucket="books", custom_domain="m.example.org")
    for name in ("minio", "aws"):
        after, replaced = another_provider(typed, name)
        assert (after.endpoint, after.custom_domain) == (typed.endpoint, typed.custom_domain)
        assert replaced == {}


async def test_http_can_be_chosen_where_it_matters_and_stays_chosen(tmp_path: Path) -> None:
    async with _form(tmp_path) as stage:
        line = stage.app.screen.query_one("#protocol-line")
        assert not line.display
        await _replace(stage, "endpoint", "http://10.0.0.2:9000")
        assert line.display
        stage.app.screen.query_one("#protocol", Select).value = "http:"
        await stage.rest()
        await _replace(stage, "bucket", "other-books")
        await stage.press("ctrl+n")
        settings = stage.app.session.context.settings
        assert (settings.bucket, settings.url_protocol) == ("other-books", "http:")


async def test_other_answers_end_an_old_problem(tmp_path: Path) -> None:
    state = all_states()["set_cors-failed"]
    async with on_stage(state, tmp_path) as stage:
        assert stage.app.screen.query_one("#problem").display
        settings = replace(SETTINGS, region="nl-ams")
        stage.app.session.change_answers(settings, KEYS)
        stage.app.navigation.refresh()
        await stage.rest()
        screen = stage.app.screen
        assert not screen.query_one("#problem").display
        assert isinstance(screen, StepScreen)
        assert screen.phase is Phase.READY


async def test_a_slower_copy_ends_no_problem(tmp_path: Path) -> None:
    async with on_stage(all_states()["set_cors-failed"], tmp_path) as stage:
        stage.app.session.limit_speed(500_000)
        stage.app.navigation.refresh()
        await stage.rest()
        assert stage.app.screen.query_one("#problem").display


async def test_a_secret_that_is_looked_at_is_in_no_picture_and_no_notification(
    tmp_path: Path,
) -> None:
    async with _form(tmp_path) as stage:
        await stage.press("f2")
        form = stage.app.screen.query_one(ProviderForm)
        assert not form.field("secret_access_key").input.password
        picture = stage.app.export_screenshot()
        assert KEYS.secret_access_key not in picture
        assert KEYS.access_key_id not in picture
        for key in ("ctrl+n", "enter", "d"):
            await stage.press(key)
        said = [f"{n.title} {n.message}" for n in stage.app._notifications]
        assert said  # the step ended, and a diagnosis was written
        assert not any(key in text for text in said for key in _secrets())
        assert stage.app.screen.query_one("#field-secret_access_key Input", Input).password


def _secrets() -> tuple[str, str]:
    return KEYS.secret_access_key, KEYS.access_key_id


async def test_a_wrong_name_stays_until_it_is_corrected(tmp_path: Path) -> None:
    """Else the files would go to the bucket that was there before."""
    async with _form(tmp_path) as stage:
        await _replace(stage, "bucket", "My-Bucket")
        await _replace(stage, "region", "nl-ams")
        assert _field(stage, "bucket").value == "My-Bucket"
        assert _field(stage, "bucket").problem is not None
        await _choose(stage, "digitalocean")
        assert _field(stage, "bucket").value == "My-Bucket"
        assert "digitalocean" in _field(stage, "endpoint").value


async def test_what_the_storage_found_wrong_can_be_tried_once_more(tmp_path: Path) -> None:
    """The same answers may be right by now; what it said of them is forgotten."""
    state = all_states()["provider-refused"]
    async with on_stage(state, tmp_path) as stage:
        screen = stage.app.screen
        assert isinstance(screen, StepScreen)
        refused = [field for field in screen.query(Field) if field.problem]
        assert refused
        assert stage.app.focused is refused[0].input
        for script in state.scripts.values():
            script.problem = None
        await stage.press("enter")
        await stage.until(lambda: screen.phase is Phase.READY)
        await stage.press("enter")
        await stage.until(lambda: screen.phase is Phase.DONE)
        await stage.press("e")
        assert not [field for field in screen.query(Field) if field.problem]


async def test_back_from_a_form_that_was_opened_shows_the_proofs_again(tmp_path: Path) -> None:
    """And what was typed stays for the next look."""
    async with on_stage(all_states()["configure_provider-done"], tmp_path) as stage:
        await stage.press("e")
        await _replace(stage, "bucket", "another-name")
        await stage.press("escape")
        screen = stage.app.screen
        assert isinstance(screen, StepScreen)
        assert screen.phase is Phase.DONE
        assert not screen.query_one(ProviderForm).display
        await stage.press("e")
        assert _field(stage, "bucket").value == "another-name"
        await stage.press("escape", "escape")
        assert getattr(stage.app.screen, "route", "") == "start"


async def test_what_is_missing_is_said_where_enter_stops(tmp_path: Path) -> None:
    async with _form(tmp_path) as stage:
        await _replace(stage, "bucket", "")
        await stage.press("ctrl+n")
        field = _field(stage, "bucket")
        assert field.input.has_focus
        assert str(field.query_one(".message", Static).visual)


async def test_a_secret_that_is_looked_at_is_hidden_when_one_goes_elsewhere(tmp_path: Path) -> None:
    async with _form(tmp_path) as stage:
        _field(stage, "secret_access_key").input.focus()
        await stage.press("f2")
        assert not _field(stage, "secret_access_key").input.password
        await stage.press("escape", "1")
        assert _field(stage, "secret_access_key").input.password


async def test_back_from_doing_it_again_leads_to_the_proofs_not_the_form(tmp_path: Path) -> None:
    async with on_stage(all_states()["configure_provider-done"], tmp_path) as stage:
        await stage.press("r", "escape")
        screen = stage.app.screen
        assert isinstance(screen, StepScreen)
        assert screen.phase is Phase.DONE
        assert not screen.query_one(ProviderForm).display


async def test_back_from_the_plan_and_then_from_the_form_leads_to_the_start(tmp_path: Path) -> None:
    """Also where the step was done before: no key is without an answer."""
    async with on_stage(all_states()["configure_provider-done"], tmp_path) as stage:
        await stage.press("e", "ctrl+n", "escape")
        assert stage.app.screen.query_one(ProviderForm).display
        await stage.press("escape")
        assert getattr(stage.app.screen, "route", "") == "start"


def _beside_provider(stage: Stage) -> str:
    return str(stage.app.screen.query_one("#provider-message", Static).visual)


async def test_the_trouble_with_a_provider_is_said_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = Preset(name="aa", title=msg("AA"), kind=ServiceKind.HOSTED)
    monkeypatch.setitem(cast("dict[str, Preset]", PRESETS), "aa", without)
    async with _form(tmp_path) as stage:
        await _choose(stage, "aws")
        assert PRESETS["aws"].trouble in _beside_provider(stage).replace("\n", " ")
        await _choose(stage, "aa")
        assert not stage.app.screen.query_one("#provider-message").display


async def test_a_provider_that_cannot_be_used_says_why_before_keys_are_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = msg("Its terms do not allow it.")
    made_up = Preset(name="aa", title=msg("AA"), kind=ServiceKind.HOSTED, unusable=why)
    monkeypatch.setitem(cast("dict[str, Preset]", PRESETS), "aa", made_up)
    async with _form(tmp_path) as stage:
        await _choose(stage, "aa")
        assert why in _beside_provider(stage)
        assert "Choose another provider" in _beside_provider(stage)
        await stage.press("ctrl+n")
        screen = stage.app.screen
        assert isinstance(screen, StepScreen)
        assert screen.query_one(ProviderForm).display
        assert stage.app.focused is screen.query_one("#provider")
        await _choose(stage, "scaleway")
        assert why not in _beside_provider(stage)


async def test_a_region_that_the_provider_does_not_have_is_refused(tmp_path: Path) -> None:
    async with _form(tmp_path) as stage:
        await _replace(stage, "region", "fr-pra")
        await stage.press("ctrl+n")
        region = _field(stage, "region")
        assert region.problem is not None
        assert region.problem.code == "region-unknown"
        assert "fr-par" in str(region.query_one(".message", Static).visual)


@pytest.mark.parametrize("name", ["scaleway", "minio", "other"])
async def test_a_provider_is_found_by_typing_its_name(tmp_path: Path, name: str) -> None:
    async with _form(tmp_path) as stage:
        await _choose(stage, "aws")
        choice = stage.app.screen.query_one("#provider", Select)
        choice.focus()
        await stage.press(*PRESETS[name].title.lower().split()[0], "enter")
        await stage.rest()
        assert choice.value == name


async def test_where_only_the_console_shows_the_custom_domain_the_form_says_where(
    tmp_path: Path,
) -> None:
    async with _form(tmp_path, provider="cloudflare") as stage:
        _field(stage, "custom_domain").input.focus()
        await stage.rest()
        said = str(_field(stage, "custom_domain").query_one(".message", Static).visual)
        advice = PRESETS["cloudflare"].advice("domain", replace(SETTINGS, provider="cloudflare"))
        assert " ".join(said.split()) == advice
