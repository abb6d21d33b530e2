"""Leaving S3 from the start screen, and turning to the steps to S3 again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.screens.kit import Gate, KitSource, KitStep, Script, all_scripts
from tests.screens.picture import as_text
from tests.screens.states import Stage, State, on_stage, open_stage
from tests.support.results import done
from wizard.core.states import ResultState
from wizard.migration import STEPS, WAY_BACK, Migration


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


def _left(source: KitSource, results: Mapping[str, ResultState]) -> None:
    for name, state in results.items():
        source.journal.save_result(replace(done(name), state=state))


@pytest.mark.parametrize("number", range(len(WAY_BACK)))
async def test_a_way_back_that_was_interrupted_is_what_opens(tmp_path: Path, number: int) -> None:
    """At each step, from the first on; the first sentence says so."""
    names = [step.name for step in WAY_BACK]
    left = dict.fromkeys(names[:number], ResultState.DONE)
    state = State(
        _nothing, prepare=partial(_left, results={**left, names[number]: ResultState.BEGUN})
    )
    async with on_stage(state, tmp_path) as stage:
        back = ["Start", *(step.title for step in WAY_BACK), "Summary"]
        assert titles(stage) == back
        right = [line.partition("│")[2] for line in as_text(stage.app).splitlines()]
        said = " ".join(" ".join(right).split())
        first = "! The way back to this server's disk is not finished. Steps done and verified:"
        assert f"{first} {number} of 5." in said
        assert f"{WAY_BACK[number].title} was interrupted" in said
        await stage.press("b")
        assert "Give up the way back?" in as_text(stage.app)
        await stage.press("enter")
        assert titles(stage) == back, "the safe answer has the focus"
        await stage.press("b", "y")
        assert titles(stage) == ["Start", *(step.title for step in STEPS), "Summary"]
        assert not any(stage.app.session.context.journal.result(name) for name in names)


async def test_a_way_back_that_is_finished_does_not_open(tmp_path: Path) -> None:
    every = {step.name: ResultState.DONE for step in WAY_BACK}
    state = State(_nothing, prepare=partial(_left, results=every))
    async with on_stage(state, tmp_path) as stage:
        assert not stage.app.session.leads_back
        right = [line.partition("│")[2] for line in as_text(stage.app).splitlines()]
        assert "The way back is finished" in " ".join(" ".join(right).split())
        assert not stage.app.session.may_turn


async def test_a_step_to_s3_gives_the_way_back_up(tmp_path: Path) -> None:
    begun = {"copy_back": ResultState.BEGUN}
    state = State(_nothing, prepare=partial(_left, results=begun))
    async with on_stage(state, tmp_path) as stage:
        journal = stage.app.session.context.journal
        session = stage.app.session
        there = Migration(session.context, [KitStep("copy_media", Script())])
        await there.carry_out(there.steps[0])
        assert journal.result("copy_back") is None
