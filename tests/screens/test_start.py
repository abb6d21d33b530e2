"""What the first screen says of a migration that was begun, and while the instance is looked at."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from screens.start import reported
from screens.state.step_run import StepRun
from tests.screens.kit import SETTINGS
from tests.screens.picture import as_text
from tests.screens.states import NAMES, Stage, State, move_elsewhere, on_stage
from wizard.core.events import Note, Waiting
from wizard.core.message import verbatim
from wizard.switch.follow import KILLED

_TO_S3 = ("configure_provider", "enable_s3")
_STARTS = verbatim("web starts with the new settings, under its own name.")

# Shows the first screen with an instance that never opens, and says what of the engine is loaded.
_FIRST_SCREEN = """
import asyncio
import sys

from screens.app.wizard_app import WizardApp
from screens.state.sources import Source


class NeverOpen(Source):
    async def open(self, report, ask, answers):
        await asyncio.Event().wait()


async def look():
    app = WizardApp(NeverOpen())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        print(type(app.screen).__name__)
        heavy = {"awscrt", "boto3", "botocore", "httpx", "sqlite3", "wizard.migration"}
        print(sorted(heavy & set(sys.modules)))


asyncio.run(look())
"""


async def _stay(stage: Stage) -> None:
    await stage.rest()


async def test_steps_that_other_answers_made_stale_are_said_once(tmp_path: Path) -> None:
    state = State(_stay, done=NAMES[:5], prepare=move_elsewhere)
    async with on_stage(state, tmp_path) as stage:
        seen = " ".join(line.split("│")[-1].strip() for line in as_text(stage.app).splitlines())
    assert seen.count("to be redone") == 1, seen
    assert "to be redone, because bucket has changed: Provider, Copy media, Enable S3," in seen


async def test_a_fresh_install_is_not_told_of_services_that_start_again(tmp_path: Path) -> None:
    """It was never started: it must not be, before the bucket has all that its pages need."""
    fresh = replace(SETTINGS, path="fresh")
    async with on_stage(State(_stay, done=_TO_S3, settings=fresh), tmp_path) as stage:
        assert stage.app.session.is_armed
        for said in (as_text(stage.app), str(stage.app.session.armed_warning)):
            assert "not everything is in" in said
            assert "services start" not in said and "restarted" not in said


@pytest.mark.screens
def test_the_first_screen_is_shown_without_the_engine() -> None:
    """It takes longer to load than Textual: nobody waits for it before they see anything."""
    shown = subprocess.run(
        [sys.executable, "-c", _FIRST_SCREEN], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split("\n") == ["StartScreen", "[]", ""]


def test_why_a_switch_is_finished_stays_in_sight() -> None:
    run = StepRun("")
    assert reported(run) == []
    run.take(Note(KILLED, warning=True))
    assert reported(run) == [KILLED]
    run.take(Note(verbatim("Background jobs are paused.")))
    run.take(Note(_STARTS))
    assert reported(run) == [KILLED, _STARTS]
    run.take(Waiting(verbatim("web is preparing to start"), 14))
    assert reported(run) == [KILLED, _STARTS, "web is preparing to start (0:14)"]


def test_nothing_is_said_twice() -> None:
    run = StepRun("")
    run.take(Note(KILLED, warning=True))
    run.take(Note(_STARTS))
    run.take(Waiting(_STARTS, 7))
    assert [str(line) for line in reported(run)] == [KILLED, f"{_STARTS} (0:07)"]
