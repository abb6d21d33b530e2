"""Opens files and computes their MD5s in a process of its own: a program, not a module to import.

Reading a small file takes six calls of the system, and around each of them Python gives its one
lock away and waits for it again, behind the threads that send. Here nobody else wants it, and
another processor does the work. Besides `wizard.media.root_folder`, whose text comes with it, it
imports nothing of ours, so that it starts in 20 ms.

Its arguments are the `places` of a `RootFolder`, each name followed by its path. Standard input is
a socket. Asked: the length of a list of relative paths (four bytes), then the paths, each ended by
a NUL. Answered: `RECORD` for each, at most `TOGETHER` in a message, and with them the files that
were read, open, so that whoever asked can send the very same. It ends when the socket does, so it
never outlives whoever asks.
"""

from __future__ import annotations

import errno
import hashlib
import os
import socket
import struct
import sys

from wizard.media.root_folder import RootFolder, places_in

# READ, or NOT_READ for what has no MD5 (a large file, more or fewer bytes than its size), or an
# errno; then size, time in nanoseconds, MD5.
RECORD = struct.Struct("=iqq16s")
LENGTH = struct.Struct("=I")
READ, NOT_READ = 0, -1
# The system takes up to 253 open files in a message.
TOGETHER = 128
# Larger files are for those who read them a piece at a time.
MOST = 16 << 20
_NONE = bytes(16)


def record(folder: RootFolder, path: bytes) -> tuple[bytes, list[int]]:
    """Return what is said of one file, and itself where it was read."""
    try:
        handle = folder.open(path)
    except OSError as error:
        return RECORD.pack(error.errno or errno.EIO, 0, 0, _NONE), []
    try:
        found = os.fstat(handle)
        data = os.read(handle, found.st_size + 1) if found.st_size <= MOST else b""
    except OSError as error:
        os.close(handle)
        return RECORD.pack(error.errno or errno.EIO, 0, 0, _NONE), []
    if len(data) != found.st_size:
        os.close(handle)
        return RECORD.pack(NOT_READ, 0, 0, _NONE), []
    md5 = hashlib.md5(data, usedforsecurity=False).digest()
    return RECORD.pack(READ, found.st_size, found.st_mtime_ns, md5), [handle]


def answer(asker: socket.socket, folder: RootFolder, paths: list[bytes]) -> None:
    """Say what there is to say of these files, and hand them over."""
    told, handles = b"", []
    for path in paths:
        said, opened = record(folder, path)
        told += said
        handles += opened
    try:
        sent = socket.send_fds(asker, [told], handles)
        asker.sendall(told[sent:])
    finally:
        for handle in handles:
            os.close(handle)


def main() -> None:
    """Answer until nobody asks any more."""
    places = places_in(sys.argv[1:])
    with socket.socket(fileno=0) as asker, asker.makefile("rb") as asked:
        while len(head := asked.read(LENGTH.size)) == LENGTH.size:
            paths = asked.read(*LENGTH.unpack(head)).split(b"\0")[:-1]
            # Opened again each time: what is below may be mounted elsewhere by now.
            folder = RootFolder(places)
            for start in range(0, len(paths), TOGETHER):
                answer(asker, folder, paths[start : start + TOGETHER])


if __name__ == "__main__":
    main()
