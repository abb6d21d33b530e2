"""Leaving S3 from the start screen, and turning to the steps to S3 again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.screens.kit import Gate, KitSource, Script, all_scripts
from tests.screens.picture import as_text
from tests.screens.states import Stage, State, on_stage, open_stage
from tests.support.results import done
from wizard.migration import STEPS, WAY_BACK


async def _nothing(stage: Stage) -> None:
    await stage.rest()


def titles(stage: Stage) -> list[str]:
    return [item.title for item in stage.app.session.rail_items()]


async def test_the_steps_back_are_shown_where_the_instance_uses_s3(tmp_path: Path) -> None:
    folder = tmp_path / "bookwyrm"
    app, source, gate = open_stage(State(_nothing, scripts=all_scripts()), folder)
    async with app.run_test(size=(80, 24)) as pilot:
        stage = Stage(app, pilot, source, gate)
        await stage.rest()
        there = titles(stage)
        await stage.press("b")
        assert titles(stage) == there, "nothing to leave"
        env = app.session.context.instance.env_path
        env.write_text(env.read_text().replace("USE_S3=false", "USE_S3=true"))
        app.session.changes += 1
        await stage.press("b")
        assert titles(stage) == ["Start", *(step.title for step in WAY_BACK), "Summary"]
        assert app.session.path_label() == "back to the disk"
        assert not app.session.is_armed
        assert str(app.session.next_label("start")) == "Next: Copy back"
        await stage.press("6")
        assert app.navigation.current is not None
        assert app.navigation.current.route == "end"
        await stage.press("0", "b")
        assert titles(stage) == there


async def test_copying_back_is_paused_and_limited_like_the_copy_there(tmp_path: Path) -> None:
    scripts = {"copy_back": Script(gate=Gate())}
    async with on_stage(State(_nothing, scripts=scripts), tmp_path) as stage:
        control = stage.app.session.context.control
        await stage.press("1", "enter", "p")
        assert control.paused
        assert "Paused" in as_text(stage.app)
        await stage.press("l", "down", "enter")
        assert control.rate == 500_000
        assert "Limited to 500" in as_text(stage.app)
        await stage.press("p")
        assert not control.paused


def _left(source: KitSource, steps: Sequence[str]) -> None:
    for name in steps:
        source.journal.save_result(done(name))


async def test_a_way_back_that_was_interrupted_is_what_opens(tmp_path: Path) -> None:
    """`.env` no longer names S3 by then: the steps to S3 would lead there again."""
    state = State(_nothing, prepare=partial(_left, steps=["copy_back", "disable_s3"]))
    async with on_stage(state, tmp_path) as stage:
        back = ["Start", *(step.title for step in WAY_BACK), "Summary"]
        assert titles(stage) == back
        await stage.press("b")
        assert titles(stage) == ["Start", *(step.title for step in STEPS), "Summary"]
        await stage.press("b")
        assert titles(stage) == back


async def test_a_way_back_that_is_finished_or_only_copied_does_not_open(tmp_path: Path) -> None:
    for number, steps in enumerate((["copy_back"], [step.name for step in WAY_BACK])):
        state = State(_nothing, prepare=partial(_left, steps=steps))
        async with on_stage(state, tmp_path / str(number)) as stage:
            assert not stage.app.session.leads_back
            assert not stage.app.session.may_turn
