"""Someone in a hurry: keys faster than screens."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from screens.base.step_screen import StepScreen
from screens.base.wizard_screen import WizardScreen
from screens.state.phase import Phase
from tests.screens.kit import SECRET, Gate, all_scripts
from tests.screens.states import NAMES, Stage, State, on_stage, open_stage


async def _rest(stage: Stage) -> None:
    await stage.rest()


async def test_enter_twice_in_a_dialog_closes_only_the_dialog(tmp_path: Path) -> None:
    async with on_stage(State(_rest, done=NAMES[:1]), tmp_path) as stage:
        app = stage.app
        await stage.press("2")
        await stage.press("l")
        assert not isinstance(app.screen, WizardScreen)
        for _ in range(3):
            app.post_message(events.Key("enter", "\r"))
        await stage.until(lambda: isinstance(app.screen, WizardScreen))
        await stage.rest()
        assert getattr(app.screen, "route", "") == "copy_media"


async def test_a_limit_keeps_the_plan_so_that_the_next_enter_copies(tmp_path: Path) -> None:
    """To look at everything once more takes minutes, in which Enter does nothing."""
    async with on_stage(State(_rest, done=NAMES[:1]), tmp_path) as stage:
        await stage.press("2")
        screen, session = stage.app.screen, stage.app.session
        assert isinstance(screen, StepScreen)
        seen = screen.inspection
        assert seen is not None
        await stage.press("l", "down", "enter")
        assert screen.phase is Phase.READY
        assert screen.inspection is seen
        assert session.context.settings.limit_rate == 500_000
        assert session.context.journal.settings.limit_rate == 500_000
        await stage.press("enter")
        assert session.is_done("copy_media")


async def test_enter_once_too_often_does_not_stop_what_it_began(tmp_path: Path) -> None:
    scripts = all_scripts()
    scripts["copy_media"].gate = Gate()
    state = State(_rest, done=NAMES[:1], scripts=scripts)
    async with on_stage(state, tmp_path) as stage:
        session = stage.app.session
        await stage.press("2")
        await stage.press("enter")
        await stage.press("enter", "enter")
        assert session.running == "copy_media"
        assert not session.context.control.paused
        stage.gate.set()
        await stage.until(lambda: not session.running)


async def test_a_mistake_of_our_own_is_said_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback in the terminal, no value of any variable, but a file to send."""
    app, source, gate = open_stage(State(_rest), tmp_path / "bookwyrm")

    def broken(name: str) -> None:
        secret = SECRET
        raise RuntimeError(f"{name}{secret[:0]} is broken")

    monkeypatch.setattr(app.navigation, "go_to", broken)
    with pytest.raises(RuntimeError):
        async with app.run_test(size=(80, 24)) as pilot:
            stage = Stage(app, pilot, source, gate)
            await stage.rest()
            await pilot.press("enter")
            await stage.until(lambda: app.crashed)
    said = capsys.readouterr().err
    assert "This is a bug in bw-s3" in said
    assert "Traceback" not in said
    assert SECRET not in said
    diagnosis = next((tmp_path / "bookwyrm" / ".bw-s3").glob("diagnosis-*.txt")).read_text()
    assert "is broken" in diagnosis
    assert SECRET not in diagnosis
