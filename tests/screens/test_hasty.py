"""Someone in a hurry: keys faster than screens."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import events

from screens.frame import Frame
from tests.screens.kit import Gate, KitSource, all_scripts, make_app, make_instance


async def test_enter_twice_in_a_dialog_closes_only_the_dialog(tmp_path: Path) -> None:
    source = KitSource(make_instance(tmp_path / "bookwyrm"), all_scripts())
    source.done("configure_provider")
    app = make_app(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.3)
        await pilot.press("2")
        await pilot.pause(0.5)
        await pilot.press("l")
        for _ in range(3):
            app.post_message(events.Key("enter", "\r"))
        for _ in range(50):
            await asyncio.sleep(0.1)
            await pilot.pause()
            if isinstance(app.screen, Frame):
                break
        assert getattr(app.screen, "here", "") == "copy_media"


async def test_enter_once_too_often_does_not_stop_what_it_began(tmp_path: Path) -> None:
    scripts = all_scripts()
    gate = scripts["copy_media"].gate = Gate()
    source = KitSource(make_instance(tmp_path / "bookwyrm"), scripts)
    source.done("configure_provider")
    app = make_app(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause(0.3)
        await pilot.press("2")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await pilot.pause(0.3)
        await pilot.press("enter", "enter")
        assert app.session.running == "copy_media"
        assert not app.session.context.control.paused
        gate.set()
        await pilot.pause(0.3)
        assert not app.session.running
