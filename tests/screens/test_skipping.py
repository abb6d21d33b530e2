"""Passing over a step that failed, and thinking better of it."""

from __future__ import annotations

from pathlib import Path

from screens.base.step_screen import StepScreen
from screens.state.phase import Phase
from screens.widgets.key_button import KeyButton
from tests.screens.kit import PROBLEM, all_scripts
from tests.screens.states import Stage, State, open_stage


async def _nothing(stage: Stage) -> None:
    await stage.rest()


async def test_a_skipped_step_leads_on_and_can_be_done_after_all(tmp_path: Path) -> None:
    scripts = all_scripts()
    scripts["set_cors"].problem = PROBLEM
    done = ("configure_provider", "copy_media", "enable_s3", "collect_static")
    state = State(_nothing, done=done, scripts=scripts)
    app, source, gate = open_stage(state, tmp_path / "bookwyrm")
    async with app.run_test(size=(80, 24)) as pilot:
        stage = Stage(app, pilot, source, gate)
        await stage.rest()
        await stage.press("5")
        await stage.press("enter")
        await stage.until(lambda: bool(app.screen.query("#problem-page")))
        next(key for key in app.screen.query(KeyButton) if key.name == "skip").press()
        await stage.until(lambda: bool(app.screen.query("Input")))
        await stage.press(*"why", "enter")
        screen = app.screen
        assert isinstance(screen, StepScreen)
        await stage.until(lambda: screen.phase is Phase.NOT_NOW)
        await stage.rest()
        assert isinstance(app.focused, KeyButton), "Enter goes on"
        assert app.focused.screen_action == "next"
        assert not screen.query_one("#problem").display
        scripts["set_cors"].problem = None
        await stage.press("r")
        await stage.until(lambda: screen.phase in (Phase.READY, Phase.FAILED))
        await stage.rest()
        next(key for key in screen.query(KeyButton) if key.screen_action == "retry").press()
        await stage.until(lambda: screen.phase is Phase.DONE)
