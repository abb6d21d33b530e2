"""Files' MD5s from a process beside us, for those who send many small files."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from wizard.media import digest_files, root_folder
from wizard.media.digest_files import LENGTH, READ, RECORD, TOGETHER
from wizard.media.programs import as_program, start_beside

_PROGRAM = as_program(Path(root_folder.__file__), Path(digest_files.__file__))


class OpenFile:
    """A file that is open, whatever its name leads to by now; closed when nobody needs it."""

    __slots__ = ("_handle",)

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @property
    def path(self) -> str:
        """A path that leads to this very file, in this process."""
        return f"/proc/self/fd/{self._handle}"

    def close(self) -> None:
        """Close it now."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def __del__(self) -> None:
        self.close()


# Status (`READ`, `NOT_READ` or an errno), size, time in nanoseconds, MD5, the file where read.
Record = tuple[int, int, int, bytes, OpenFile | None]


class Digester:
    """The process, as long as the `with` block. For one thread at a time.

    `places` are those of a `RootFolder`.
    """

    def __init__(self, places: Mapping[bytes, bytes]) -> None:
        self._places = places
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket

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
            self._process.wait()
            self._socket.close()

    def records(self, paths: Sequence[bytes]) -> Iterator[Record]:
        """Yield what the process says of each relative path, in order.

        Raises `OSError` where the process cannot start, or died.
        """
        if self._process is None:
            self._start()
        text = b"".join(path + b"\0" for path in paths)
        self._socket.sendall(LENGTH.pack(len(text)) + text)
        for start in range(0, len(paths), TOGETHER):
            yield from self._answer(min(TOGETHER, len(paths) - start))

    def _answer(self, count: int) -> Iterator[Record]:
        told, handles, _, _ = socket.recv_fds(
            self._socket, RECORD.size * count, count, socket.MSG_CMSG_CLOEXEC
        )
        files = [OpenFile(handle) for handle in handles]
        while len(told) < RECORD.size * count:
            more = self._socket.recv(RECORD.size * count - len(told))
            if not more:
                raise ChildProcessError("the process that reads files ended")
            told += more
        records = list(RECORD.iter_unpack(told))
        if len(files) < sum(status == READ for status, *_ in records):
            # What does not fit among our open files is dropped on the way.
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        files.reverse()
        for status, size, mtime_ns, md5 in records:
            yield status, size, mtime_ns, md5, files.pop() if status == READ else None

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = start_beside(
                    _PROGRAM,
                    self._places,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError:
                ours.close()
                raise
        self._socket = ours
