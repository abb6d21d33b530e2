"""Files' MD5s from a process beside us, for those who send many small files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from wizard.media.digest_files import LENGTH, RECORD

_PROGRAM = Path(__file__).with_name("digest_files.py")
# Its own standard library only, nothing of the surroundings: no module and no secret of ours.
_OPTIONS = ("-I", "-S", "-B")


class Digester:
    """The process, as long as the `with` block. For one thread at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: IO[bytes]
        self._told: IO[bytes]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def records(self, paths: Sequence[bytes]) -> Iterator[tuple[int, int, int, bytes]]:
        """`digest_files.RECORD` for each absolute path, in order.

        Raises `OSError` where the process cannot start, or died.
        """
        if self._process is None:
            self._start()
        text = b"".join(path + b"\0" for path in paths)
        self._asked.write(LENGTH.pack(len(text)) + text)
        self._asked.flush()
        answer = self._told.read(RECORD.size * len(paths))
        if len(answer) < RECORD.size * len(paths):
            raise ChildProcessError("the process that reads files ended")
        return RECORD.iter_unpack(answer)

    def _start(self) -> None:
        self._process = process = subprocess.Popen(
            [sys.executable, *_OPTIONS, str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
        self._asked = cast(IO[bytes], process.stdin)
        self._told = cast(IO[bytes], process.stdout)
