"""Programs that go on to their end whatever becomes of us.

What changes a running site must not stop halfway, nor because nobody reads its
output any more: it writes to a file, from which we read as long as we are there.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from wizard.system.programs import Completed, LineSplitter, check_program

_SECONDS_A_POLL = 0.1
_LAST_LINES = 400
_PIECE = 65536


async def run_detached(
    argv: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    on_line: Callable[[str], None] = lambda line: None,
) -> Completed:
    """Run a program to its end and hand each line of its output to `on_line`.

    It has a session of its own, no terminal, and an output file that has no
    name: it works on when this call is cancelled or this process is killed.
    Raises `FileNotFoundError`, `PermissionError`.
    """
    check_program(argv[0], folder, env)
    last: deque[str] = deque(maxlen=_LAST_LINES)
    lines = LineSplitter()

    def take(found: Sequence[str]) -> None:
        for line in found:
            last.append(line)
            on_line(line)

    with tempfile.TemporaryFile() as output:
        process = _start(argv, folder, env, output)
        position = 0
        while True:
            # Asked before reading, so that what it wrote last is read as well.
            ended = process.poll() is not None
            # Its place in the file is the program's as well: `pread` leaves that alone.
            while piece := os.pread(output.fileno(), _PIECE, position):
                position += len(piece)
                take(lines.feed(piece))
            if ended:
                break
            await asyncio.sleep(_SECONDS_A_POLL)
        take(lines.end())
    return Completed(tuple(argv), process.returncode, tuple(last))


def _start(
    argv: Sequence[str], folder: Path, env: Mapping[str, str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        argv,
        cwd=folder,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
