"""A process beside us that writes files into the media."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from wizard.media import root_folder, root_writer, write_files
from wizard.media.programs import as_program, start_beside

_PROGRAM = as_program(
    *(Path(str(module.__file__)) for module in (root_folder, root_writer, write_files)),
)
_CALL = f"{_PROGRAM}\n{write_files.write_here.__name__}()\n"
# What a pipe may hold without privileges (`/proc/sys/fs/pipe-max-size`).
_PIPE = 1 << 20


class WriterEnded(Exception):
    """The program that writes files ended before its time."""


@contextmanager
def writer_process(
    places: Mapping[bytes, bytes], complaints: IO[bytes]
) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Run `write_files` for as long as the block; its standard input and output.

    `places` are those of a `RootFolder`; `complaints` gets what it says where it breaks off. Raises
    `WriterEnded` where it cannot start.
    """
    pipe = subprocess.PIPE
    try:
        process = start_beside(_CALL, places, stdin=pipe, stdout=pipe, stderr=complaints)
    except OSError as error:
        raise WriterEnded(str(error)) from error
    with process:
        given, output = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
        with suppress(OSError):
            fcntl.fcntl(given, fcntl.F_SETPIPE_SZ, _PIPE)
        yield given, output
