"""Programs run by the wizard: what they write, whose they are, and that they never outlive it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.parts import need
from tests.support.users import ALICE, need_root, owned_folder
from wizard.system.programs import Completed, run, tied_to_us

PATH = {"PATH": os.environ["PATH"]}

# Runs a program that says its number and sleeps, and waits for it.
RUN_A_CHILD = """
import asyncio, os, sys
from pathlib import Path
from wizard.system.programs import run
script = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
argv = [sys.executable, "-c", script]
user = (4401, 4401) if sys.argv[1:] == ["as-user"] else None
if user:
    argv = ["bash", "-c", "echo $$; exec sleep 60"]
def tell(line):
    print(line, flush=True)
asyncio.run(run(argv, folder=Path("/"), env=dict(os.environ), on_line=tell, user=user))
"""


async def bash(script: str, *, folder: Path = Path("/"), stdin: str = "") -> Completed:
    return await run(["bash", "-c", script], folder=folder, env=PATH, stdin=stdin)


def is_gone(pid: int) -> bool:
    """Whether the process ends within five seconds (a zombie has ended)."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


class TestOutput:
    async def test_both_streams_in_order_and_the_status(self) -> None:
        completed = await bash("echo one; echo two >&2; echo three; exit 3")
        assert completed.lines == ("one", "two", "three")
        assert completed.output == "one\ntwo\nthree"
        assert completed.status == 3

    async def test_each_line_as_it_comes(self) -> None:
        seen: list[tuple[str, float]] = []
        await run(
            ["bash", "-c", "echo a; sleep 0.5; echo b"],
            folder=Path("/"),
            env=PATH,
            on_line=lambda line: seen.append((line, time.monotonic())),
        )
        assert [line for line, _ in seen] == ["a", "b"]
        assert seen[1][1] - seen[0][1] > 0.3

    @pytest.mark.parametrize(
        ("written", "lines"),
        [
            (r"10%\r50%\r100%\n", ("10%", "50%", "100%")),
            (r"a\r\nb\r\n", ("a", "b")),
            (r"no newline", ("no newline",)),
            (r"a\n\nb\n", ("a", "", "b")),
            (r"\e[1;31mred\e[0m plain\n", ("red plain",)),
            (r"\e]0;a title\aafter\n", ("after",)),
            (r"\e]8;;http://x\e\\link\e]8;;\e\\\n", ("link",)),
            (r"\e[?25l\e[2K\e(Bx\a bell\b\n", ("x bell",)),
            (r"caf\xe9 \xff\n", ("caf� �",)),
            (r"caf\xc3\xa9 \xe2\x9c\x93\n", ("café ✓",)),
            (r"trailing   \t\n", ("trailing",)),
        ],
    )
    async def test_lines_are_plain_text(self, written: str, lines: Sequence[str]) -> None:
        assert (await bash(f"printf '%b' '{written}'")).lines == lines

    async def test_line_ends_torn_apart(self) -> None:
        completed = await bash(
            "printf 'a\\r'; sleep 0.2; printf '\\nb\\xc3'; sleep 0.2; printf '\\xa9'"
        )
        assert completed.lines == ("a", "bé")

    async def test_a_flood_keeps_the_last_lines_only(self) -> None:
        count = 0

        def take(line: str) -> None:
            nonlocal count
            count += 1

        completed = await run(["seq", "200000"], folder=Path("/"), env=PATH, on_line=take)
        assert count == 200_000
        assert len(completed.lines) == 400
        assert completed.lines[-1] == "200000"

    async def test_a_line_without_an_end_comes_in_pieces(self) -> None:
        completed = await bash("head -c 1000000 /dev/zero | tr '\\0' x")
        assert sum(map(len, completed.lines)) == 1_000_000
        assert max(map(len, completed.lines)) < 200_000


class TestInput:
    async def test_values_reach_it_on_standard_input(self) -> None:
        value = "a secret\nwith é and \udce9"
        completed = await bash("cat", stdin=value)
        assert completed.lines == ("a secret", "with é and �")

    async def test_values_do_not_show_in_the_process_list(self) -> None:
        completed = await bash(
            "cat > /dev/null; cat /proc/$$/cmdline /proc/$$/environ", stdin="s3cr3t"
        )
        assert "s3cr3t" not in completed.output

    async def test_more_than_a_pipe_holds(self) -> None:
        completed = await bash("wc -c", stdin="x" * 3_000_000)
        assert completed.output.strip() == "3000000"

    async def test_a_program_that_does_not_read_it(self) -> None:
        completed = await bash("exec <&-; echo done", stdin="x" * 3_000_000)
        assert completed.lines == ("done",)

    async def test_without_input_it_waits_for_none(self) -> None:
        assert (await bash("read line; echo $?")).lines == ("1",)


class TestSurroundings:
    async def test_folder_and_environment_are_those_given(self, tmp_path: Path) -> None:
        completed = await run(
            ["bash", "-c", "pwd; env"], folder=tmp_path, env={**PATH, "ONLY": "this"}
        )
        assert completed.lines[0] == str(tmp_path)
        assert "ONLY=this" in completed.lines
        assert not any(line.startswith("HOME=") for line in completed.lines)

    async def test_it_has_a_session_and_no_terminal_of_ours(self) -> None:
        completed = await bash("ps -o sid= -p $$; echo $$; cat /dev/tty")
        session, pid = completed.lines[:2]
        assert session.strip() == pid
        assert completed.status != 0

    async def test_as_another_user(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        completed = await run(
            ["bash", "-c", "id -u; id -g; id -G; touch made"],
            folder=home,
            env=PATH,
            user=(ALICE, ALICE),
        )
        assert completed.lines == (str(ALICE), str(ALICE), str(ALICE))
        assert (home / "made").stat().st_uid == ALICE

    async def test_with_the_groups_of_a_user_who_has_a_name(self) -> None:
        need_root()
        completed = await run(["id", "-un"], folder=Path("/"), env=PATH, user=(65534, 65534))
        assert completed.lines == ("nobody",)


class TestNotFound:
    @pytest.mark.parametrize("name", ["no-such-program", "/no/such/program", "./no-such"])
    async def test_no_such_program(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            await run([name], folder=tmp_path, env=PATH)
        assert caught.value.filename == name

    async def test_a_name_is_never_looked_for_in_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "tool").write_text("#!/bin/sh\necho ran\n")
        (tmp_path / "tool").chmod(0o755)
        with pytest.raises(FileNotFoundError):
            await run(["tool"], folder=tmp_path, env=PATH)
        assert (await run(["./tool"], folder=tmp_path, env=PATH)).lines == ("ran",)

    async def test_not_executable(self, tmp_path: Path) -> None:
        (tmp_path / "tool").write_text("#!/bin/sh\n")
        with pytest.raises(PermissionError):
            await run(["./tool"], folder=tmp_path, env=PATH)

    async def test_no_path_in_the_environment(self) -> None:
        assert (await run(["sh", "-c", "echo ran"], folder=Path("/"), env={})).lines == ("ran",)


class TestEnd:
    async def test_cancelled_all_that_it_started_ends(self) -> None:
        seen: list[str] = []
        script = "sleep 60 & echo $!; sleep 60 & echo $!; wait"
        task = asyncio.ensure_future(
            run(["bash", "-c", script], folder=Path("/"), env=PATH, on_line=seen.append)
        )
        while len(seen) < 2:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert all(is_gone(int(pid)) for pid in seen)

    async def test_a_watcher_that_fails_ends_it(self) -> None:
        seen: list[int] = []

        def fail(line: str) -> None:
            seen.append(int(line))
            raise ValueError(line)

        with pytest.raises(ValueError, match=r"\d+"):
            await run(["bash", "-c", "echo $$; sleep 60"], folder=Path("/"), env=PATH, on_line=fail)
        assert is_gone(seen[0])

    async def test_killed_by_a_signal(self) -> None:
        assert (await bash("kill -TERM $$")).status == -signal.SIGTERM

    async def test_a_daemon_left_behind_is_not_waited_for(self) -> None:
        started = time.monotonic()
        completed = await bash("sleep 60 & echo $!")
        try:
            assert completed.status == 0
            assert time.monotonic() - started < 10
        finally:
            os.kill(int(completed.lines[0]), signal.SIGKILL)

    async def test_output_closed_early(self) -> None:
        started = time.monotonic()
        completed = await bash("exec >&- 2>&-; sleep 0.5; exit 4")
        assert completed.status == 4
        assert time.monotonic() - started >= 0.5

    @pytest.mark.parametrize("arguments", [[], ["as-user"]])
    def test_killed_wizards_leave_no_child(self, arguments: list[str]) -> None:
        need("setpriv")
        if arguments:
            need_root()
        wizard = subprocess.Popen(
            [sys.executable, "-c", RUN_A_CHILD, *arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert wizard.stdout is not None
        child = int(wizard.stdout.readline())
        wizard.kill()
        wizard.communicate()
        assert is_gone(child)


def test_tied_programs_are_what_they_were() -> None:
    need("setpriv")
    done = subprocess.run(tied_to_us(["echo", "--help"]), capture_output=True, check=True)
    assert b"echo" in done.stdout or b"--help" in done.stdout
