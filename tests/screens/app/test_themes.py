"""Every theme that can be chosen, and those of plainer terminals."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.color import Color

from screens.app import terminal
from tests.screens.kit import Gate, KitSource, all_scripts, make_app, make_instance
from tests.screens.states import Stage


@pytest.mark.parametrize("name", ["xterm", "linux", "xterm-256color"])
async def test_the_theme_of_a_terminal_opens(name: str, tmp_path: Path) -> None:
    source = KitSource(make_instance(tmp_path / "bookwyrm"), all_scripts())
    theme = terminal.suitable_theme({"TERM": name})
    app = make_app(source, theme=theme)
    async with app.run_test(size=(80, 24)) as pilot:
        await Stage(app, pilot, source, Gate()).rest()
        assert app.theme == theme
        background = app.screen.styles.background
        assert (background.ansi is not None) == theme.startswith("ansi"), "the terminal's own"


async def test_each_theme_of_the_palette_can_be_chosen(tmp_path: Path) -> None:
    source = KitSource(make_instance(tmp_path / "bookwyrm"), all_scripts())
    app = make_app(source)
    async with app.run_test(size=(80, 24)) as pilot:
        stage = Stage(app, pilot, source, Gate())
        for theme in app.available_themes:
            app.theme = theme
            await stage.rest()
            key = app.screen.query_one("#key-0")
            assert key.styles.background != Color.parse("transparent"), theme
            assert app.screen.query_one("#position").styles.color.a == 1, theme
