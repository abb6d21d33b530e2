"""What there is to do on a step's screen, as it follows from journal, settings and inspection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from screens.state.phase import Phase
from screens.state.session import Session
from screens.state.status_line import status_line
from screens.state.step_state import StepState
from tests.screens.kit import PROBLEM, KitSource, all_scripts, make_instance
from wizard.step import Question

_NAMES = tuple(all_scripts())


async def _no(question: Question) -> bool:
    return False


def _phase(state: StepState) -> Phase:
    """Ask for the phase, which an inspection changes behind a type checker's back."""
    return state.phase


async def _state(
    name: str,
    folder: Path,
    *,
    done: tuple[str, ...] = (),
    prepare: Callable[[KitSource], None] = lambda source: None,
) -> StepState:
    source = KitSource(make_instance(folder / "bookwyrm"), all_scripts())
    source.done(*done)
    prepare(source)
    session = Session()
    session.opened = await source.open(lambda event: None, _no, {})
    return StepState(session, name)


async def test_a_step_is_ready_once_it_is_known_what_would_change(tmp_path: Path) -> None:
    state = await _state("copy_media", tmp_path, done=_NAMES[:1])
    assert _phase(state) is Phase.INSPECTING
    await state.inspect()
    assert _phase(state) is Phase.READY
    assert state.shown_plan is not None
    state.discard()
    assert _phase(state) is Phase.INSPECTING


async def test_a_step_is_blocked_by_the_first_open_one(tmp_path: Path) -> None:
    state = await _state("set_cors", tmp_path, done=_NAMES[:2])
    await state.inspect()
    assert _phase(state) is Phase.BLOCKED
    assert status_line(state) == ("! Do this step first: Enable S3.", "$text-warning")


async def test_a_running_step_blocks_the_others(tmp_path: Path) -> None:
    state = await _state("set_cors", tmp_path, done=_NAMES[:4])
    other = StepState(state.session, "restart")
    await other.inspect()
    run = state.session.start_run(state.step)
    assert (state.phase, other.phase) == (Phase.RUNNING, Phase.BLOCKED)
    assert "is in progress" in status_line(other)[0]
    state.session.end_run(run, None, interrupted=True)
    assert _phase(state) is not Phase.RUNNING


async def test_a_done_step_can_be_done_again(tmp_path: Path) -> None:
    state = await _state("enable_s3", tmp_path, done=_NAMES[:3])
    await state.inspect()
    assert _phase(state) is Phase.DONE
    assert state.may_repeat
    assert state.shown_plan is None
    state.repeat()
    assert _phase(state) is Phase.INSPECTING
    await state.inspect()
    assert _phase(state) is Phase.READY


async def test_a_remembered_failure_counts_until_it_is_forgotten(tmp_path: Path) -> None:
    def fail(source: KitSource) -> None:
        source.failed("set_cors", PROBLEM)

    state = await _state("set_cors", tmp_path, done=_NAMES[:4], prepare=fail)
    await state.inspect()
    assert _phase(state) is Phase.FAILED
    assert state.problem is not None
    assert state.problem.what == PROBLEM.what
    state.session.forget_failure("set_cors")
    state.discard()
    await state.inspect()
    assert _phase(state) is Phase.READY


async def test_a_step_that_was_skipped_by_hand_can_be_done_after_all(tmp_path: Path) -> None:
    state = await _state("set_cors", tmp_path, done=_NAMES[:4])
    state.session.migration.skip(state.step, "done elsewhere")
    await state.inspect()
    assert _phase(state) is Phase.NOT_NOW
    assert state.may_repeat
    state.repeat()
    await state.inspect()
    assert _phase(state) is Phase.READY


@pytest.mark.parametrize("running", [True, False])
async def test_an_inspection_is_due_once_for_each_change(tmp_path: Path, running: bool) -> None:
    state = await _state("copy_media", tmp_path, done=_NAMES[:1])
    assert state.take_inspection()
    assert not state.take_inspection()
    state.session.changes += 1
    if running:
        state.session.start_run(state.step)
    assert state.take_inspection() is not running


async def test_a_plan_from_before_a_change_is_not_there_to_be_carried_out(tmp_path: Path) -> None:
    """Seen ahead of its time, it showed `.env` without the keys that another step wrote since."""

    def keep(source: KitSource) -> None:
        kept.append(source)

    kept: list[KitSource] = []
    state = await _state("enable_s3", tmp_path, done=_NAMES[:1], prepare=keep)
    state.take_inspection()
    await state.inspect()
    assert _phase(state) is Phase.BLOCKED
    assert state.shown_plan is not None
    kept[0].done(_NAMES[1])
    state.session.changes += 1
    assert state.take_inspection()
    assert _phase(state) is Phase.INSPECTING
    await state.inspect()
    assert _phase(state) is Phase.READY


async def test_after_a_failure_the_plan_stays_to_be_tried_again(tmp_path: Path) -> None:
    state = await _state("set_cors", tmp_path, done=_NAMES[:4])
    state.take_inspection()
    await state.inspect()
    run = state.session.start_run(state.step)
    state.session.end_run(run, PROBLEM, interrupted=False)
    assert state.take_inspection()
    assert state.plan is not None
