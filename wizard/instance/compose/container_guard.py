"""Runs inside BookWyrm's container, where its text is handed to `python3 -c`.

What is started there through `docker exec` continues when we are gone, for ever
if it waits for somebody to read its output. The engine closes our standard
input then, so this looks at nothing else while it works.

Besides `wizard.media.root_folder`, `root_writer` and `write_files`, whose text comes with it, it
imports nothing of ours, and has to work with any Python 3.9 or later of an image.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from typing import Any

from wizard.media.root_folder import RootFolder
from wizard.media.root_writer import folding_of
from wizard.media.write_files import write

_CHUNK = 1 << 18


def read_names() -> list[bytes]:
    """Names, each followed by a NUL; an empty one ends the list and is left out."""
    data = b""
    while not (data.endswith(b"\0\0") or data == b"\0"):
        chunk = os.read(0, 65536)
        if not chunk:
            sys.exit(1)
        data += chunk
    return data.split(b"\0")[:-2]


def run(argv: list[str]) -> int:
    """Run a program; its exit status, as a shell would give it."""
    # In the plain locale its messages are in English, and names pass as they are.
    environment = dict(os.environ, LC_ALL="C")
    program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, env=environment)
    _when_nobody_listens(program.kill)
    status = program.wait()
    return status if status >= 0 else 128 - status


def walk(folder: RootFolder, output: Any) -> None:
    """Write what there is: kind, size and time, path, details; each ended by a NUL."""
    for kind, path, size, mtime_ns, detail in folder.walk():
        head = b"%s %d %d" % (kind.encode(), size, mtime_ns)
        output.write(b"\0".join((head, path, detail.encode(), b"")))


def stat_files(folder: RootFolder, names: list[bytes], output: Any) -> None:
    """Write kind, size and time in nanoseconds of each file, or the error's number: a line each."""
    for name in names:
        try:
            found = folder.stat(name)
        except OSError as error:
            output.write(b"%d\n" % (error.errno or errno.EIO))
        else:
            regular = found.st_mode & 0o170000 == 0o100000
            kind = b"file" if regular else b"special"
            output.write(b"%s %d %d\n" % (kind, found.st_size, found.st_mtime_ns))


def read(folder: RootFolder, names: list[bytes], output: Any) -> None:
    """Write each file: a line with size and time, so many bytes, a sign; or the error's number.

    The sign tells whether the bytes were those of the file (`+`), or made up
    since it became shorter in the meantime (`-`).
    """
    for name in names:
        try:
            handle = folder.open(name)
        except OSError as error:
            output.write(b"%d\n" % (error.errno or errno.EIO))
            continue
        try:
            found = os.fstat(handle)
            output.write(b"%d %d\n" % (found.st_size, found.st_mtime_ns))
            output.write(b"+" if _copy(handle, found.st_size, output) else b"-")
        finally:
            os.close(handle)


def _copy(handle: int, size: int, output: Any) -> bool:
    """Write so many bytes; whether the file had them all."""
    left = size
    while left:
        try:
            data = os.read(handle, min(left, _CHUNK))
        except OSError:
            data = b""
        if not data:
            break
        output.write(data)
        left -= len(data)
    whole = not left
    while left:
        left -= output.write(bytes(min(left, _CHUNK)))
    return whole


def _when_nobody_listens(end: Any) -> None:
    """Call `end` as soon as our standard input is closed."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        end()

    threading.Thread(target=wait, daemon=True).start()


def main() -> int:
    """Do what the first argument says, with names from standard input."""
    work, *argv = sys.argv[1:]
    if work == "write":
        with open(0, "rb", _CHUNK, closefd=False) as given, open(1, "wb", closefd=False) as output:
            given.read(1)  # the end of no names
            write(_folder(os.fsencode(argv[0])), given, output)
        return 0
    names = read_names()
    if work == "run":
        return run(argv)
    _when_nobody_listens(lambda: os._exit(1))
    with open(1, "wb", buffering=_CHUNK, closefd=False) as output:
        _answer(work, os.fsencode(argv[0]), names, output)
    return 0


def _answer(work: str, root: bytes, names: list[bytes], output: Any) -> None:
    folder = _folder(root)
    if work == "walk":
        walk(folder, output)
    elif work == "room":
        found = os.statvfs(root)
        files = b"%d" % found.f_favail if found.f_files else b"-"
        output.write(b"%d %s\n" % (found.f_bavail * found.f_frsize, files))
    elif work == "folding":
        output.write(b"%d %d\n" % folding_of(folder))
    else:
        {"look": stat_files, "read": read}[work](folder, names, output)


def _folder(root: bytes) -> RootFolder:
    real = os.path.realpath(root)
    return RootFolder({real: real, root: real})


if __name__ == "__main__":
    sys.exit(main())
