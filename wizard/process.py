"""Running other programs: output line by line, nothing that outlives the wizard."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# CSI and OSC sequences, and the two-byte escapes (ECMA-48).
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_LAST_LINES = 400


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
    program is killed when this process dies, and when the call is cancelled.
    Must be called from the main thread, since the kernel ties the program to
    the thread that started it. Raises `FileNotFoundError`, `PermissionError`.
    """
    if shutil.which(argv[0], path=env.get("PATH")) is None and not (folder / argv[0]).exists():
        raise FileNotFoundError(argv[0])
    process = await asyncio.create_subprocess_exec(
        *tied_to_us(argv, user),
        cwd=folder,
        env=dict(env),
        stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    last: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        if stdin and process.stdin:
            process.stdin.write(stdin.encode())
            process.stdin.close()
        assert process.stdout is not None
        async for line in _lines(process.stdout):
            last.append(line)
            on_line(line)
        status = await process.wait()
    except BaseException:
        _kill_session(process.pid)
        raise
    return Completed(tuple(argv), status, tuple(last))


def tied_to_us(argv: Sequence[str], user: tuple[int, int] | None = None) -> list[str]:
    """`argv` under util-linux's setpriv, which asks the kernel to kill it when we die."""
    prefix: list[str] = []
    if setpriv := shutil.which("setpriv"):
        prefix = [setpriv, "--pdeathsig", "KILL"]
        if user and os.geteuid() == 0 and user[0] != 0:
            prefix += ["--reuid", str(user[0]), "--regid", str(user[1]), "--init-groups"]
        prefix.append("--")
    return [*prefix, *argv]


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    rest = b""
    while chunk := await stream.read(65536):
        *whole, rest = _LINE_END.split(rest + chunk)
        for line in whole:
            yield _clean(line)
    if rest:
        yield _clean(rest)


def _clean(line: bytes) -> str:
    return _ANSI.sub("", line.decode(errors="replace")).rstrip()


def _kill_session(pid: int) -> None:
    try:
        os.killpg(pid, 9)
    except ProcessLookupError:
        return
