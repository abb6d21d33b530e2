"""Someone in a hurry: keys faster than screens."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import events

from screens.base.wizard_screen import WizardScreen
from tests.screens.kit import (
    SECRET,
    Gate,
    KitSource,
    all_scripts,
    make_app,
    make_instance,
)


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
            if isinstance(app.screen, WizardScreen):
                break
        assert getattr(app.screen, "route", "") == "copy_media"


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


async def test_a_mistake_of_our_own_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback in the terminal, no value of any variable, but a file to send."""
    source = KitSource(make_instance(tmp_path / "bookwyrm"), all_scripts())
    app = make_app(source)

    def broken(name: str) -> None:
        secret = SECRET
        raise RuntimeError(f"{name}{secret[:0]} is broken")

    monkeypatch.setattr(app.navigation, "go_to", broken)
    with pytest.raises(RuntimeError):
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause(0.3)
            await pilot.press("enter")
            await pilot.pause(0.3)
    said = capsys.readouterr().err
    assert "bw-s3 itself made a mistake" in said
    assert "Traceback" not in said
    assert SECRET not in said
    diagnosis = next((tmp_path / "bookwyrm" / ".bw-s3").glob("diagnosis-*.txt")).read_text()
    assert "is broken" in diagnosis
    assert SECRET not in diagnosis
