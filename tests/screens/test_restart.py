"""Stopping while a process of its own switches the services."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import OptionList

from screens.base.step_screen import StepScreen
from screens.base.wizard_screen import ButtonSpec
from screens.overlays.dialogs import ChoiceDialog
from screens.state.phase import Phase
from screens.state.status_line import status_line
from tests.screens.kit import Gate, KitSource, all_scripts
from tests.screens.states import Stage, State, on_stage
from wizard.core.message import msg
from wizard.core.plan import Command, Sentence
from wizard.switch.files import Answer, SwitchFiles
from wizard.switch.follow import GOES_ON
from wizard.switch.state import Direction, SwitchPhase, SwitchState
from wizard.system.processes import Process

DONE = ("configure_provider", "copy_media", "enable_s3", "collect_static", "set_cors")


async def _ready(stage: Stage) -> None:
    await stage.rest()
    await stage.press("6")
    screen = stage.app.screen
    assert isinstance(screen, StepScreen)
    await stage.until(lambda: screen.phase is Phase.READY)
    await stage.rest()


async def _restarting(stage: Stage) -> None:
    await _ready(stage)
    screen = stage.app.screen
    assert isinstance(screen, StepScreen)
    await stage.press("enter")
    await stage.until(lambda: screen.phase is Phase.RUNNING)


def _switch_under_way(stage: Stage) -> tuple[SwitchFiles, SwitchState]:
    files = SwitchFiles(stage.source.journal.folder)
    files.prepare()
    process = Process.of(os.getpid())
    assert process
    state = SwitchState(
        id="one", direction=Direction.TO_S3, way="restart", patience=60, doing=msg("Restarting."),
        pid=process.pid, pid_started=process.started,
    )  # fmt: skip
    files.write(state)
    return files, state


@pytest.mark.parametrize(
    ("keys", "said", "phase"),
    [
        (("enter",), None, Phase.RUNNING),
        (("escape",), None, Phase.RUNNING),
        (("down", "down", "enter"), Answer(put_back=True), Phase.RUNNING),
        (("down", "enter"), None, Phase.READY),
    ],
)
async def test_stop_asks_what_is_to_become_of_the_switch(
    keys: tuple[str, ...], said: Answer | None, phase: Phase, tmp_path: Path
) -> None:
    scripts = all_scripts()
    scripts["restart"].gate = Gate()
    async with on_stage(State(_restarting, done=DONE, scripts=scripts), tmp_path) as stage:
        screen = stage.app.screen
        assert isinstance(screen, StepScreen)
        files, state = _switch_under_way(stage)
        await stage.press("s")
        await stage.until(lambda: isinstance(stage.app.screen, ChoiceDialog))
        await stage.press(*keys)
        await stage.until(lambda: stage.app.screen is screen)
        await stage.until(lambda: screen.phase is phase)
        assert files.said(state) == said


async def test_a_switch_that_was_left_running_is_not_called_interrupted(tmp_path: Path) -> None:
    def left(source: KitSource) -> None:
        source.began("restart")

    async with on_stage(State(_ready, done=DONE, prepare=left), tmp_path) as stage:
        screen, session = stage.app.screen, stage.app.session
        assert isinstance(screen, StepScreen)
        assert "Interrupted" in status_line(screen.state)[0]
        assert "keeps running as it is" in session.quit_warning()
        files, state = _switch_under_way(stage)
        assert "Restarting. It began" in status_line(screen.state)[0]
        assert session.quit_warning() == GOES_ON
        files.write(replace(state, phase=SwitchPhase.DONE))
        assert "Interrupted" in status_line(screen.state)[0]


async def test_what_is_in_place_is_verified_and_nobody_reads_of_a_restart(tmp_path: Path) -> None:
    async def switched_already(stage: Stage) -> None:
        effect = stage.source.folder / "effects" / "restart"
        effect.write_text(stage.source.journal.settings.bucket)
        await _restarting(stage)

    scripts = all_scripts()
    scripts["restart"].gate = Gate()
    scripts["restart"].items = (Sentence(msg("The site is switched: nothing is restarted.")),)
    async with on_stage(State(switched_already, done=DONE, scripts=scripts), tmp_path) as stage:
        screen = stage.app.screen
        assert isinstance(screen, StepScreen)
        assert "Verifying" in screen.activity().text


async def test_another_way_is_chosen_and_kept(tmp_path: Path) -> None:
    async with on_stage(State(_ready, done=DONE), tmp_path) as stage:
        screen = stage.app.screen
        assert isinstance(screen, StepScreen)
        assert any(b.binding.description == "Other ways" for b in screen.active_bindings.values())
        await stage.press("c")
        await stage.until(lambda: isinstance(stage.app.screen, ChoiceDialog))
        shown = stage.app.screen.query_one(OptionList)
        words = [str(option.prompt) for option in shown.options]
        assert words[1] == "standby: not available here. There is too little memory."
        assert words[2] == "no-deps: This is said of no_deps."
        await stage.press("end", "enter")
        await stage.until(lambda: stage.app.screen is screen)
        await stage.until(lambda: screen.phase is Phase.READY)
        assert stage.source.journal.settings.switch_way == "up"
        await stage.press("c")
        await stage.until(lambda: isinstance(stage.app.screen, ChoiceDialog))
        assert stage.app.screen.query_one(OptionList).highlighted == 3
        await stage.press("up", "up", "enter")
        await stage.until(lambda: stage.app.screen is screen)
        assert stage.source.journal.settings.switch_way == "best", "what cannot be had is passed"
        await stage.until(lambda: screen.phase is Phase.READY)


async def test_without_a_switch_stop_stops(tmp_path: Path) -> None:
    scripts = all_scripts()
    scripts["restart"].gate = Gate()
    async with on_stage(State(_restarting, done=DONE, scripts=scripts), tmp_path) as stage:
        screen = stage.app.screen
        assert isinstance(screen, StepScreen)
        await stage.press("s")
        await stage.until(lambda: screen.phase is not Phase.RUNNING)


async def test_where_nothing_is_restarted_the_button_only_verifies(tmp_path: Path) -> None:
    scripts = all_scripts()
    scripts["restart"].items = (Sentence(msg("The site is switched: nothing is restarted.")),)
    async with on_stage(State(_ready, done=DONE, scripts=scripts), tmp_path) as stage:
        assert [str(spec.label) for spec in _buttons(stage)][:1] == ["Verify"]


async def test_a_plan_with_commands_does_more_than_verify(tmp_path: Path) -> None:
    """Static files that are there already are collected again all the same."""

    def there(source: KitSource) -> None:
        effect = source.folder / "effects" / "restart"
        effect.parent.mkdir(exist_ok=True)
        effect.write_text(source.settings.bucket)

    scripts = all_scripts()
    scripts["restart"].items = (Command(("./bw-dev", "collectstatic")),)
    async with on_stage(State(_ready, done=DONE, scripts=scripts, prepare=there), tmp_path) as s:
        assert [str(spec.label) for spec in _buttons(s)][:1] == ["Restart now"]


def _buttons(stage: Stage) -> Sequence[ButtonSpec]:
    screen = stage.app.screen
    assert isinstance(screen, StepScreen)
    return screen.buttons()
