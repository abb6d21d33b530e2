"""Pictures of every screen in every state, as text in two sizes; of some, in their colours."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.command import CommandPalette
from textual.widgets import Input

from screens.app.wizard_app import WizardApp
from tests.screens.kit import KEYS, SECRET
from tests.screens.picture import FOLDER, Album, as_svg, as_text
from tests.screens.states import Stage, all_states, open_stage
from tests.support.pseudo import in_pseudo
from wizard.core.language import ENGLISH, Language, language

SIZES = ((80, 24), (120, 40))
# Colours add something to the text: the README's, and each kind of thing that has a colour.
IN_COLOUR = (
    "start",
    "start-half-way",
    "provider-wrong",
    "provider-list",
    "enable_s3-ready",
    "copy_media-at-work",
    "copy_media-failed",
    "copy_media-done",
    "output-search",
    "problem",
    "palette",
    "end",
)
FRENCH = "fr"
# The last without colours, as the text is.
LOOKS = ("dark", "light", "plain")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance's folder whose path looks the same in each picture."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    return Path("bookwyrm")


@pytest.fixture
def album(request: pytest.FixtureRequest, tmp_path: Path) -> Album:
    """The kept pictures."""
    return Album(tmp_path, request.config.getoption("--update-pictures"))


@pytest.mark.parametrize("name", all_states())
async def test_picture(name: str, folder: Path, album: Album) -> None:
    state = all_states()[name]
    app, source, gate = open_stage(state, folder)
    app.no_color = name not in IN_COLOUR
    pictures = {}
    async with app.run_test(size=SIZES[0], notifications=True) as pilot:
        stage = Stage(app, pilot, source, gate)
        await state.walk(stage)
        _keep_the_cursor(app)
        english = await _english_in_another_language(stage)
        pictures[f"{name}.{FRENCH}.80x24.txt"] = await _in_french(stage)
        for look in LOOKS if name in IN_COLOUR else ():
            await _put_on(stage, look)
            pictures[f"{name}.{look}.svg"] = await stage.picture(as_svg)
        for width, height in SIZES:
            if app.size != (width, height):
                await pilot.resize_terminal(width, height)
                await stage.until(partial(_is_laid_out, app, (width, height)))
            pictures[f"{name}.{width}x{height}.txt"] = await stage.picture(as_text)
        gate.set()
    for title, picture in pictures.items():
        assert SECRET not in picture
        # The form shows it to whoever enters it, but nobody shall learn to keep keys.
        pictures[title] = picture.replace(KEYS.access_key_id, "•" * len(KEYS.access_key_id))
    album.check(pictures)
    assert english == [], "shown without a message, or not shown again"


async def _english_in_another_language(stage: Stage) -> list[str]:
    """Change the language and change it back; returns the English words seen in between."""
    with in_pseudo() as pseudo:
        await _speak(stage, pseudo)
        keys = map(stage.app.get_key_display, _bindings(stage.app))
        pseudo.plain.update(keys, (entry.value for entry in stage.app.screen.query(Input)))
        await stage.rest()
        picture = as_text(stage.app).partition("\n===")[0]
        await _speak(stage, language(ENGLISH))
    return pseudo.unexplained(picture)


async def _in_french(stage: Stage) -> str:
    """Return the text of the screen in French; the states' own values are English."""
    await _speak(stage, language(FRENCH))
    picture = await stage.picture(as_text)
    await _speak(stage, language(ENGLISH))
    return picture


def _bindings(app: WizardApp) -> list[Binding]:
    return [active.binding for active in app.screen.active_bindings.values()]


async def _speak(stage: Stage, other: Language) -> None:
    """Change the language, as the palette does once it is closed."""
    palette = isinstance(stage.app.screen, CommandPalette)
    if palette:
        await stage.press("escape")
    stage.app.speak(other)
    if palette:
        await stage.press("ctrl+p")
        _keep_the_cursor(stage.app)


def _is_laid_out(app: WizardApp, size: tuple[int, int]) -> bool:
    """Whether the screen that is on top has taken a new size; it takes a while to hear of it."""
    return app.screen.size == size


async def _put_on(stage: Stage, look: str) -> None:
    app = stage.app
    # The palette is Textual's own, and keeps the theme in which it was opened.
    palette = isinstance(app.screen, CommandPalette)
    if palette:
        await stage.press("escape")
    app.no_color = look == "plain"
    app.theme = "paper" if look == "light" else "night"
    _draw_anew(app)
    if palette:
        await stage.press("ctrl+p")
        _keep_the_cursor(app)
    await stage.rest()


def _keep_the_cursor(app: WizardApp) -> None:
    """Have no cursor blink, or half the pictures would lack it."""
    for entry in app.screen.query(Input):
        entry.cursor_blink = False


def _draw_anew(app: WizardApp) -> None:
    """Have a screen below a dialog drawn in the new look; no user has seen it in another."""
    app.refresh_css(animate=False)
    for screen in app.screen_stack:
        for part in screen.walk_children():
            part.refresh()


def test_no_picture_is_left_of_a_state_that_is_gone(album: Album) -> None:
    sizes = {f"{name}.{w}x{h}.txt" for name in all_states() for w, h in SIZES}
    sizes |= {f"{name}.{FRENCH}.80x24.txt" for name in all_states()}
    looks = {f"{name}.{look}.svg" for name in IN_COLOUR for look in LOOKS}
    left = {path.name for path in FOLDER.iterdir()} - sizes - looks
    if album.update:
        for name in left:
            (FOLDER / name).unlink()
    else:
        assert left == set()
