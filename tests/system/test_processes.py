"""The processes of this machine, told apart although numbers are given again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from wizard.system.processes import Process, wait_for_end, with_variable


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "BW_S3_TEST_PROCESS": f"{os.getpid()} and more"}
    script = "print(flush=True); import time; time.sleep(600)"
    argv = [sys.executable, "-c", script]
    with subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_lives_until_it_is_killed(sleeper: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeper.pid)
    assert process is not None
    assert process.lives()
    process.kill()
    assert sleeper.wait() == -9
    assert not process.lives()
    assert Process.of(sleeper.pid) is None
    process.kill()  # once more does no harm


def test_another_one_of_the_same_number_is_let_be(sleeper: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeper.pid)
    assert process is not None
    earlier = replace(process, started=process.started - 1)
    assert not earlier.lives()
    earlier.kill()
    assert process.lives()


def test_remains_of_a_process_are_none(sleeper: subprocess.Popen[bytes]) -> None:
    """A zombie has a number and a start time still."""
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert Process.of(sleeper.pid) is None


def test_found_by_a_variable(sleeper: subprocess.Popen[bytes]) -> None:
    found = with_variable("BW_S3_TEST_PROCESS", f"{os.getpid()} ")
    assert found == [(Process.of(sleeper.pid), "and more")]


async def test_waiting_for_the_end(sleeper: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeper.pid)
    assert process is not None
    assert not await wait_for_end([process], 0.0)
    waiting = asyncio.create_task(wait_for_end([process], 60))
    await asyncio.sleep(0)
    sleeper.kill()
    await asyncio.to_thread(sleeper.wait)
    assert await waiting


def test_what_is_known_of_a_process(sleeper: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeper.pid)
    assert process is not None
    assert abs(time.time() - process.began) < 60
    assert process.arguments() == (sys.executable, "-c", sleeper.args[2])  # type: ignore[index]
    variables = process.variables()
    assert variables is not None
    assert variables["BW_S3_TEST_PROCESS"] == f"{os.getpid()} and more"
    assert process.resident_bytes() > 1024 * 1024
    myself = Process.of(os.getpid())
    assert myself is not None
    assert process in myself.children()
    assert process.signs_of_life() == process.signs_of_life()
    before = myself.signs_of_life()
    sum(range(3_000_000))
    assert myself.signs_of_life() != before


def test_of_one_that_ended_nothing_is_known(sleeper: subprocess.Popen[bytes]) -> None:
    process = Process.of(sleeper.pid)
    assert process is not None
    sleeper.kill()
    sleeper.wait()
    assert process.arguments() == ()
    assert process.variables() is None
    assert process.resident_bytes() == 0
