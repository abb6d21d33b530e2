"""Settings that are pasted as a whole: what of them reaches the form, and what is left of them."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual import events
from textual.widgets import OptionList

from screens.overlays.paste import PasteScreen
from screens.widgets.field import Field
from screens.widgets.paste_field import PasteField
from screens.widgets.provider_form import ProviderForm
from tests.screens.kit import KEYS, SETTINGS
from tests.screens.picture import as_text
from tests.screens.states import PASTED, SECTIONS, Stage, all_states, on_stage
from wizard.core.settings import Settings


@asynccontextmanager
async def _form(folder: Path, name: str = "provider-paste") -> AsyncIterator[Stage]:
    async with on_stage(all_states()[name], folder) as stage:
        yield stage


def _field(stage: Stage, name: str) -> Field:
    return stage.app.screen.query_one(f"#field-{name}", Field)


def _values(stage: Stage) -> dict[str, str]:
    return {field.name or "": field.value for field in stage.app.screen.query(Field)}


async def test_all_that_was_found_is_filled_in(tmp_path: Path) -> None:
    async with _form(tmp_path) as stage:
        await stage.paste(PASTED)
        assert isinstance(stage.app.screen, PasteScreen)
        await stage.press("enter")
        assert stage.app.screen.query_one(ProviderForm).draft.provider == "scaleway"
        assert _values(stage) == {
            "bucket": "books-media",
            "region": "fr-par",
            "access_key_id": KEYS.access_key_id,
            "secret_access_key": KEYS.secret_access_key,
            "endpoint": "https://s3.fr-par.scw.cloud",
            "custom_domain": "books-media.s3.fr-par.scw.cloud",
        }
        await stage.press("enter")
        context = stage.app.session.context
        assert context.keys == KEYS
        assert context.settings.bucket == "books-media"


async def test_what_was_pasted_shows_and_stays_nowhere(tmp_path: Path) -> None:
    """Not on the screen, not in a message, not in a file, not in what the overlay keeps."""
    async with _form(tmp_path) as stage:
        screen = stage.app.screen
        await stage.paste(f"{PASTED}MARKER=zq81-only-in-the-pasted-text\n")
        pictures = [as_text(stage.app)]
        await stage.press("enter")
        pictures.append(as_text(stage.app))
        await stage.press("enter", "d")
        pictures.append(as_text(stage.app))
        said = [f"{n.title} {n.message}" for n in stage.app._notifications]
        assert said
        assert not any(KEYS.secret_access_key in text for text in (*pictures, *said))
        assert "zq81" not in repr(vars(screen))
        stored = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert stored
        assert not any(KEYS.secret_access_key.encode() in data for data in stored)
        assert not any(b"zq81" in data for data in stored)
    gc.collect()


async def test_several_lines_in_one_field_are_settings_as_a_whole(tmp_path: Path) -> None:
    async with _form(tmp_path, "provider-filled") as stage:
        _field(stage, "bucket").input.focus()
        await stage.rest()
        await stage.paste("another-bucket\n")
        assert "another-bucket" in _field(stage, "bucket").value
        await stage.paste(PASTED)
        assert isinstance(stage.app.screen, PasteScreen)
        await stage.press("escape")
        assert "another-bucket" in _field(stage, "bucket").value
        assert "AWS_" not in "".join(_values(stage).values())


async def test_of_several_storages_one_is_chosen(tmp_path: Path) -> None:
    async with _form(tmp_path, "provider-paste-several") as stage:
        assert stage.app.screen.query_one(OptionList).has_focus
        await stage.press("down", "enter", "enter")
        assert _field(stage, "endpoint").value == "http://10.0.0.5:9000"
        assert stage.app.screen.query_one(ProviderForm).draft.provider == "minio"


async def test_another_text_can_be_pasted_at_any_time(tmp_path: Path) -> None:
    async with _form(tmp_path) as stage:
        await stage.paste("nothing of use")
        assert stage.app.screen.query_one(PasteField).has_focus
        await stage.paste(SECTIONS)
        await stage.paste("s3://other-books/images")
        await stage.press("enter")
        assert _field(stage, "bucket").value == "other-books"


async def test_a_terminal_that_types_what_is_pasted(tmp_path: Path) -> None:
    """Keys of the screens are letters of the text then, and none of them does anything."""
    async with _form(tmp_path) as stage:
        for letter in PASTED:
            key = ("enter", "\r") if letter == "\n" else (letter, letter)
            stage.app.post_message(events.Key(*key))
        await stage.rest()
        field = stage.app.screen.query_one(PasteField)
        assert str(len(PASTED)) in str(field.visual)
        await stage.press("backspace", "tab", "enter")
        assert field.is_empty
        await stage.press("enter")
        assert _values(stage)["secret_access_key"] == KEYS.secret_access_key


async def test_leaving_changes_nothing(tmp_path: Path) -> None:
    async with _form(tmp_path, "provider-filled") as stage:
        before = _values(stage)
        await stage.press("f3")
        await stage.paste("https://fra1.digitaloceanspaces.com")
        await stage.press("escape")
        assert _values(stage) == before
        assert stage.app.session.context.settings == SETTINGS


async def test_keys_alone_are_added_to_the_form(tmp_path: Path) -> None:
    async with _form(tmp_path, "provider-filled") as stage:
        before = stage.app.screen.query_one(ProviderForm).draft
        await stage.paste("Access key: DO00ABCDEFGHIJKLMNOP\nSecret key: abc/def+ghi\n")
        await stage.press("enter")
        assert stage.app.screen.query_one(ProviderForm).draft == before
        assert _values(stage)["secret_access_key"] == "abc/def+ghi"


async def test_what_was_found_replaces_what_was_wrong(tmp_path: Path) -> None:
    """The same bucket as before a wrong name was typed: nothing changes, and yet it counts."""
    async with _form(tmp_path, "provider-filled") as stage:
        _field(stage, "bucket").input.value = "m"
        await stage.rest()
        await stage.paste("s3://books-media")
        await stage.press("enter")
        assert _field(stage, "bucket").value == "books-media"
        assert _field(stage, "bucket").problem is None


async def test_what_is_missing_is_asked_for_next(tmp_path: Path) -> None:
    async with _form(tmp_path) as stage:
        await stage.paste("s3://books-media")
        await stage.press("enter")
        draft = stage.app.screen.query_one(ProviderForm).draft
        assert draft == Settings(bucket="books-media", path="existing", deployment="dockerless")
        assert stage.app.focused is stage.app.screen.query_one("#provider")
