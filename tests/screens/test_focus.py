"""Where the keys go when one comes back to a screen."""

from __future__ import annotations

from pathlib import Path

from screens.base.step_screen import StepScreen
from screens.state.phase import Phase
from screens.widgets.key_button import KeyButton
from screens.widgets.rail import Rail
from tests.screens.states import NAMES, Stage, State, on_stage


async def _rest(stage: Stage) -> None:
    await stage.rest()


def _phase(stage: Stage) -> Phase:
    screen = stage.app.screen
    assert isinstance(screen, StepScreen)
    return screen.phase


async def test_enter_does_the_obvious_on_a_screen_whose_rail_had_the_focus(tmp_path: Path) -> None:
    async with on_stage(State(_rest, done=NAMES[:4]), tmp_path) as stage:
        await stage.press("5")
        stage.app.screen.query_one(Rail).focus()
        await stage.press("3")
        await stage.press("5")
        assert isinstance(stage.app.focused, KeyButton)
        assert stage.app.focused.screen_action == "begin"


async def test_back_from_doing_it_again_shows_the_proofs(tmp_path: Path) -> None:
    async with on_stage(State(_rest, done=NAMES[:3]), tmp_path) as stage:
        await stage.press("3", "r")
        assert _phase(stage) is Phase.READY
        await stage.press("escape")
        assert _phase(stage) is Phase.DONE
        assert stage.app.screen.check_action("undo", ())
        await stage.press("escape")
        assert getattr(stage.app.screen, "route", "") == "start"


async def test_back_from_a_step_that_is_found_undone_leaves_its_plan(tmp_path: Path) -> None:
    async with on_stage(State(_rest, done=NAMES[:3]), tmp_path) as stage:
        await stage.press("3")
        (stage.source.folder / "effects" / "enable_s3").unlink()
        await stage.press("r", "escape")
        assert getattr(stage.app.screen, "route", "") == "start"
        await stage.press("3")
        assert _phase(stage) is Phase.READY
