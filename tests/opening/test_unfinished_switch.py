"""Opening the journal while a runner starts or ends; the rest is in `switch/test_run`."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.checkout import make_checkout
from wizard.core.events import Event
from wizard.instance.checkout import Instance, open_instance
from wizard.journal.file import JournalHeld, take_lock
from wizard.journal.journal import Journal
from wizard.opening import unfinished_switch
from wizard.opening.unfinished_switch import open_journal
from wizard.step import Question
from wizard.switch.files import SwitchFiles
from wizard.switch.state import Direction, SwitchPhase, SwitchState
from wizard.system.processes import Process

STARTING = SwitchState(id="one", direction=Direction.TO_S3, way="restart", patience=60)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """An instance whose journal is held for half a second by somebody else."""
    return open_instance(make_checkout(tmp_path))


async def opened(instance: Instance, state: SwitchState | None) -> Journal:
    """Open the journal, which is held for half a second while a switch stands so."""
    folder = instance.folder / ".bw-s3"
    Journal.open(folder, instance.folder).close()
    files = SwitchFiles(folder)
    if state:
        files.prepare()
        files.write(state)
    lock = take_lock(folder, instance.folder)
    asyncio.get_running_loop().call_later(0.5, os.close, lock)
    return await open_journal(folder, instance, report, ask, put_back=False)


def report(event: Event) -> None:
    """Nobody listens."""


async def ask(question: Question) -> bool:
    raise AssertionError(question.text)


def myself(state: SwitchState) -> SwitchState:
    """Have this process be the runner."""
    process = Process.of(os.getpid())
    assert process
    return replace(state, pid=process.pid, pid_started=process.started)


async def test_a_runner_that_is_about_to_end_is_waited_for(instance: Instance) -> None:
    """It has written its last word, and on a busy machine it holds the journal for a while yet."""
    (await opened(instance, myself(replace(STARTING, phase=SwitchPhase.DONE)))).close()


async def test_a_runner_that_only_starts_is_waited_for(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python and its libraries take longer than a runner takes to end."""
    monkeypatch.setattr(unfinished_switch, "_SECONDS_BETWEEN", 0.1)
    (await opened(instance, STARTING)).close()


@pytest.mark.parametrize(
    "state", [None, replace(STARTING, phase=SwitchPhase.DONE)], ids=["none", "over"]
)
async def test_whoever_else_holds_it_is_named_at_once(
    instance: Instance, state: SwitchState | None
) -> None:
    with pytest.raises(JournalHeld):
        await opened(instance, state)
