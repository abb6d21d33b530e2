"""Programs that go on whatever becomes of us: their output, their end, our end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.waiting import wait_until
from wizard.system.detached import run_detached

_WAITS = "echo begun; sleep 1; echo half; sleep 1; echo over; touch done"


async def test_lines_and_status(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "printf 'one\\ntwo\\rthree'; echo wrong >&2; exit 3"
    ended = await run_detached(
        ["sh", "-c", script], folder=tmp_path, env=os.environ, on_line=lines.append
    )
    assert lines == ["one", "two", "threewrong"]
    assert (ended.status, ended.lines) == (3, tuple(lines))


async def test_lines_come_while_it_works(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []
    await run_detached(
        ["sh", "-c", _WAITS],
        folder=tmp_path,
        env=os.environ,
        on_line=lambda line: seen.append((line, (tmp_path / "done").exists())),
    )
    assert seen[:2] == [("begun", False), ("half", False)]


async def test_no_such_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await run_detached(["no-such-program"], folder=tmp_path, env=os.environ)


async def test_it_goes_on_when_nobody_waits_any_more(tmp_path: Path) -> None:
    begun = asyncio.Event()
    argv = ["sh", "-c", _WAITS]
    task = asyncio.create_task(
        run_detached(argv, folder=tmp_path, env=os.environ, on_line=lambda line: begun.set())
    )
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    wait_until((tmp_path / "done").exists)


def test_it_goes_on_when_we_and_our_session_are_killed(tmp_path: Path) -> None:
    script = f"""
        import asyncio, os
        from pathlib import Path
        from wizard.system.detached import run_detached
        command = ["sh", "-c", {_WAITS!r}]
        say = lambda line: print(line, flush=True)
        asyncio.run(run_detached(
            command, folder=Path({str(tmp_path)!r}), env=os.environ, on_line=say
        ))
    """
    argv = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"begun\n"
        os.killpg(process.pid, 9)
    wait_until((tmp_path / "done").exists)
