"""Pictures of every screen in every state: two sizes, dark, light and without colour."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_textual_snapshot import SVGImageExtension
from syrupy.assertion import SnapshotAssertion
from textual.command import CommandPalette
from textual.widgets import Input

from tests.screens.kit import KEYS, SECRET
from tests.screens.states import Stage, all_states, open_stage

SMALL, LARGE = (80, 24), (120, 40)
# In the order that costs the least: a change of theme styles every widget anew, one of size
# lays them out anew, and without colours the same lines are only drawn in another way.
LOOKS = (
    (SMALL, "dark"),
    (SMALL, "plain"),
    (LARGE, "plain"),
    (LARGE, "dark"),
    (LARGE, "light"),
    (SMALL, "light"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An instance's folder whose path looks the same in each picture."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    return Path("bookwyrm")  # type: ignore[return-value]


@pytest.mark.parametrize("name", all_states())
async def test_picture(name: str, folder: Path, snapshot: SnapshotAssertion) -> None:
    state = all_states()[name]
    app, source, gate = open_stage(state, folder)
    pictures = {}
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        stage = Stage(app, pilot, source, gate)
        await state.walk(stage)
        for entry in app.screen.query(Input):
            entry.cursor_blink = False  # or half the pictures would lack the cursor
        for size, look in LOOKS:
            await _put_on(stage, size, look)
            picture = app.export_screenshot(title="bw-s3", simplify=True)
            pictures[f"{size[0]}x{size[1]}-{look}"] = picture
        gate.set()
    kept = snapshot.use_extension(SVGImageExtension)
    for title, picture in pictures.items():
        assert SECRET not in picture
        assert KEYS.access_key_id not in picture
        assert picture == kept(name=title)


async def _put_on(stage: Stage, size: tuple[int, int], look: str) -> None:
    app = stage.app
    # The palette is Textual's own, and keeps the theme in which it was opened.
    palette = isinstance(app.screen, CommandPalette)
    if palette:
        await stage.press("escape")
    app.no_color = look == "plain"
    if app.size != size:
        await stage.pilot.resize_terminal(*size)
    app.theme = "paper" if look == "light" else "night"
    app.refresh_css(animate=False)
    # A screen below a dialog keeps what it drew; in another look, no user has seen it so.
    for screen in app.screen_stack:
        for part in screen.walk_children():
            part.refresh()
    if palette:
        await stage.press("ctrl+p")
    await stage.rest()
