"""Writes files in a process of its own: part of a program, not a module to import.

Writing a file takes ten calls of the system, and around each of them Python gives its one lock
away and waits for it again, behind the threads that fetch. Here nobody else wants it, and another
processor does the work; in BookWyrm's container it is the only way.

Given is for each file a line with the lengths of its path and of itself, then both, and a sign: `+`
where the bytes are those of the file, `-` where they were made up after its source broke off. Two
zeros ask for the names of all that were given since; then each file gets a line: 0 and its time in
nanoseconds, or an error's number and words. That takes its time, in which the next are given. It
ends when nothing is given any more, so it never outlives whoever gives.

Besides `wizard.media.root_folder` and `root_writer`, whose text comes with it, it imports nothing
of ours, and has to work with any Python 3.9 or later of an image.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from wizard.media.root_folder import RootFolder, places_in
from wizard.media.root_writer import NewFile, RootWriter

_AT_ONCE = 1 << 18


class _Unfinished(OSError):
    """A file whose source broke off: whoever gave it knows why."""

    def __init__(self) -> None:
        super().__init__(0, "")


class _GivenUp(Exception):
    """Whoever gave the files is gone."""


def write(folder: RootFolder, given: Any, output: Any) -> None:
    """Write the files that are given, and whenever asked for it name them."""
    writer = RootWriter(folder)
    naming = None
    try:
        files: list[NewFile | OSError] = []
        while head := given.readline():
            length, size = map(int, head.split())
            if length or size:
                files.append(_write_one(writer, given.read(length), size, given))
                continue
            if naming:
                naming.join()
            naming = _beside(partial(_name, writer.committing(), files, output))
            files = []
    except _GivenUp:
        return
    finally:
        if naming:
            naming.join()
        writer.close()


def _beside(work: Callable[[], None]) -> threading.Thread:
    """Have it done in a thread; where it cannot be, everything ends, or nobody would hear of it."""

    def do() -> None:
        try:
            work()
        except BaseException:  # noqa: BLE001 (it is said, and ends the program)
            traceback.print_exc()
            os._exit(1)

    thread = threading.Thread(target=do)
    thread.start()
    return thread


def _name(commit: Callable[[], None], files: Sequence[NewFile | OSError], output: Any) -> None:
    commit()
    # Who gave the files may be gone by now, which is seen where the next is read.
    with contextlib.suppress(BrokenPipeError):
        for file in files:
            mtime_ns, error = (0, file) if isinstance(file, OSError) else file.written
            words = (error.strerror or str(error)).encode() if error else b""
            number = 0 if error is None or error.errno == 0 else error.errno or errno.EIO
            output.write(b"%d %d %s\n" % (number, mtime_ns, words))
        output.flush()


def _write_one(writer: RootWriter, path: bytes, size: int, given: Any) -> NewFile | OSError:
    try:
        file = writer.begin(path)
    except OSError as error:
        _take(size, given, lambda data: None)
        given.read(1)
        return error
    try:
        failed = _take(size, given, file.write)
        if given.read(1) == b"+" and failed is None:
            writer.keep(file)
            return file
    except OSError as error:
        failed = error
    except _GivenUp:
        file.drop()
        raise
    file.drop()
    return failed or _Unfinished()


def _take(size: int, given: Any, take: Callable[[bytes], None]) -> OSError | None:
    """Hand so many bytes on, and read the rest where that fails; what failed, if anything."""
    failed = None
    while size:
        data = given.read(min(size, _AT_ONCE))
        if not data:
            raise _GivenUp
        size -= len(data)
        try:
            if failed is None:
                take(data)
        except OSError as error:
            failed = error
    return failed


def write_here() -> None:
    """Write from standard input; the arguments are the `places` of a `RootFolder`."""
    with open(0, "rb", _AT_ONCE, closefd=False) as given, open(1, "wb", closefd=False) as output:
        write(RootFolder(places_in(sys.argv[1:])), given, output)
