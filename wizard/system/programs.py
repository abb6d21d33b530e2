"""Running other programs: output line by line, nothing that outlives the wizard."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import pwd
import re
import shutil
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

# CSI, OSC and similar strings, two-byte escapes (ECMA-48), and what else is no text.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_])[^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_LINE_END = re.compile(rb"\r\n|\n|\r")
_LAST_LINES = 400
# A line longer than this (in bytes) comes in pieces.
_LONGEST_LINE = 64 * 1024
# How long to keep reading after the program's end, where something it left
# behind, such as a daemon, still holds its output open.
_SECONDS_AFTER_END = 1.0
_SECONDS_A_POLL = 0.25


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended: exit status (negative: killed by that signal), last lines."""

    argv: tuple[str, ...]
    status: int
    lines: tuple[str, ...]

    @property
    def output(self) -> str:
        """The last lines (at most 400) that it wrote."""
        return "\n".join(self.lines)


async def run(
    argv: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None] = lambda line: None,
    stdin: str = "",
    user: tuple[int, int] | None = None,
) -> Completed:
    """Run a program to its end and hand each line of its output to `on_line`.

    stdout and stderr come mixed, without ANSI sequences, split at carriage
    returns too. `user` is (uid, gid) to run it as, where we are root. The
    program is killed when this process dies, and with all it started when the
    call is cancelled. Must be called from the main thread, since the kernel
    ties the program to the thread that started it. Raises `FileNotFoundError`,
    `PermissionError`.
    """
    check_program(argv[0], folder, env)
    process = await asyncio.create_subprocess_exec(
        *tied_to_us(argv),
        cwd=folder,
        env=dict(env),
        stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        **as_user(user),
    )
    last: deque[str] = deque(maxlen=_LAST_LINES)

    def take(line: str) -> None:
        last.append(line)
        on_line(line)

    try:
        _feed(process, stdin)
        status = await _read_to_end(process, take)
    except BaseException:
        await _kill_session(process)
        raise
    finally:
        # What the program left behind may hold the output open for ever; asyncio has no public
        # way to let go of it.
        process._transport.close()  # type: ignore[attr-defined]
    return Completed(tuple(argv), status, tuple(last))


def tied_to_us(argv: Sequence[str]) -> list[str]:
    """Return `argv` under util-linux's setpriv, which has the kernel kill it when we die.

    To be started from a thread that lives as long as the program may.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *argv] if setpriv else list(argv)


def check_program(name: str, folder: Path, env: Mapping[str, str]) -> None:
    """Find the program beforehand, since setpriv would only say so in its output."""
    if "/" not in name:
        if shutil.which(name, path=env.get("PATH", os.defpath)) is None:
            raise FileNotFoundError(errno.ENOENT, "not found in PATH", name)
    elif not (folder / name).is_file():
        raise FileNotFoundError(errno.ENOENT, "no such program", name)
    elif not os.access(folder / name, os.X_OK):
        raise PermissionError(errno.EACCES, "not executable", name)


class Identity(TypedDict, total=False):
    """Arguments of `subprocess.Popen` that set whose program it is."""

    user: int
    group: int
    extra_groups: list[int]


def as_user(user: tuple[int, int] | None) -> Identity:
    """Return what makes a program run as `user` (uid, gid), nothing where we are not root."""
    if user is None or os.geteuid() != 0 or user[0] == 0:
        return {}
    uid, gid = user
    try:
        groups = os.getgrouplist(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:  # a user without a name, as containers have them
        groups = [gid]
    return {"user": uid, "group": gid, "extra_groups": groups}


def _feed(process: asyncio.subprocess.Process, text: str) -> None:
    if process.stdin:
        process.stdin.write(text.encode("utf-8", "surrogateescape"))
        process.stdin.close()


async def _read_to_end(process: asyncio.subprocess.Process, take: Callable[[str], None]) -> int:
    """Hand over the output until the program has ended; returns its exit status."""
    reading = asyncio.create_task(_read(process, take))
    polls_left = int(_SECONDS_AFTER_END / _SECONDS_A_POLL)
    try:
        while not reading.done() and polls_left:
            await asyncio.wait({reading}, timeout=_SECONDS_A_POLL)
            # Not `process.wait()`: some Python versions let it wait for the output's end, too.
            polls_left -= process.returncode is not None
        if reading.done():
            reading.result()  # raises what `take` raised
    finally:
        reading.cancel()
    return process.returncode if process.returncode is not None else await process.wait()


async def _read(process: asyncio.subprocess.Process, take: Callable[[str], None]) -> None:
    if process.stdout:
        async for line in _lines(process.stdout):
            take(line)


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    lines = LineSplitter()
    while chunk := await stream.read(65536):
        for line in lines.feed(chunk):
            yield line
    for line in lines.end():
        yield line


class LineSplitter:
    """Makes lines of text out of a program's output, whatever pieces it comes in."""

    def __init__(self) -> None:
        self._rest = b""
        self._after_return = False  # a line feed that follows belongs to it

    def feed(self, chunk: bytes) -> list[str]:
        """Take the next piece; the lines that are complete by now."""
        data = self._rest + (chunk.removeprefix(b"\n") if self._after_return else chunk)
        self._after_return = data.endswith(b"\r")
        *whole, self._rest = _LINE_END.split(data)
        if len(self._rest) > _LONGEST_LINE:
            whole.append(self._rest)
            self._rest = b""
        return [_clean(line) for line in whole]

    def end(self) -> list[str]:
        """Return the line that was not ended, if there is one."""
        rest, self._rest = self._rest, b""
        return [_clean(rest)] if rest else []


def _clean(line: bytes) -> str:
    return _ANSI.sub("", line.decode(errors="replace")).rstrip()


async def _kill_session(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # No longer than the kernel takes to end it; `wait` could wait for the output, too.
    while process.returncode is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
