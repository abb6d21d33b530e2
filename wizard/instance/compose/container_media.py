"""Media inside a container: listed and read by a program of ours, however remote the engine."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, ClassVar, cast

from wizard.instance.compose.container_programs import RunningProgram, WebPrograms, interrupted
from wizard.media.source import (
    Folding,
    IncomingFile,
    Media,
    MediaFailure,
    MediaFile,
    Reason,
    Room,
    Stream,
    as_failure,
    as_item,
    written_through,
)
from wizard.media.writer import WriterEnded

_CHUNK = 256 * 1024


class ContainerMedia(Media):
    """The media as the service `web` sees them.

    Every call starts a program in the container (about 0.3 s where `web`
    runs, some seconds where a container of our own is needed), so batches are
    large; two at once keep the copy busy while the next one starts.
    """

    readers: ClassVar[int] = 2
    batch: ClassVar[int] = 2000

    def __init__(self, programs: WebPrograms, label: str) -> None:
        self._programs = programs
        self._label = label
        # Files whose bytes could not be given as they are on disk, by path.
        self._spoiled: dict[bytes, MediaFailure] = {}

    @property
    def label(self) -> str:
        return self._label

    def walk(self) -> Iterator[MediaFile | MediaFailure]:
        with self._programs.guard("walk") as running:
            fields = _fields(running.output)
            for head, path, detail in zip(fields, fields, fields, strict=False):
                kind, size, mtime_ns = head.split()
                yield as_item((kind.decode(), path, int(size), int(mtime_ns), detail.decode()))
            self._check_end(running)

    def read(self, files: Sequence[MediaFile]) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        if not files:
            return
        with self._programs.guard("read", [file.path for file in files]) as running:
            stream = io.BufferedReader(cast(io.RawIOBase, running.output), _CHUNK)
            for file in files:
                yield from self._next(file.path, stream, running)
            self._check_end(running)

    def _next(
        self, path: bytes, stream: io.BufferedIOBase, running: RunningProgram
    ) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        """Yield what comes of the next file asked for, and read it to its end in any case."""
        head = stream.readline()
        if not head.endswith(b"\n"):
            raise self._interrupted(running)
        size, *time = map(int, head.split())
        if not time:
            yield as_failure(path, OSError(size, os.strerror(size)))
            return
        content = _Content(stream, size)
        yield MediaFile(path, size, *time), content
        while content.read(_CHUNK):
            pass
        sign = stream.read(1)
        if content.left or not sign:
            raise self._interrupted(running)
        if sign != b"+":
            self._spoiled[path] = MediaFailure(path=path, reason=Reason.CHANGED)

    def look_again(self, files: Sequence[MediaFile]) -> Iterator[MediaFile | MediaFailure]:
        if not files:
            return
        with self._programs.guard("look", [file.path for file in files]) as running:
            answers = b"".join(iter(lambda: running.output.read(_CHUNK), b"")).splitlines()
            self._check_end(running)
        for file, answer in zip(files, answers, strict=True):
            looked = _looked(file.path, answer)
            yield self._spoiled.pop(file.path, looked)

    def write(self, files: Iterable[IncomingFile]) -> Iterator[MediaFile | MediaFailure]:
        with self._programs.guard("write") as running:
            try:
                yield from written_through(running.given, running.output, files)
            except WriterEnded as gone:
                raise self._interrupted(running) from gone

    def folding(self) -> Folding:
        with self._programs.guard("folding") as running:
            ignored = running.output.read(_CHUNK).split()
            self._check_end(running)
        return Folding(*(word == b"1" for word in ignored))

    def room(self) -> Room:
        with self._programs.guard("room") as running:
            size, files = running.output.read(_CHUNK).split()
            self._check_end(running)
        return Room(int(size), None if files == b"-" else int(files))

    def _check_end(self, running: RunningProgram) -> None:
        if running.ended():
            raise interrupted(running, self._programs.docker)

    def _interrupted(self, running: RunningProgram) -> Exception:
        running.ended()
        return interrupted(running, self._programs.docker)


class _Content:
    """The next `left` bytes of a stream; fewer where it breaks off."""

    def __init__(self, stream: io.BufferedIOBase, size: int) -> None:
        self._stream = stream
        self.left = size

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(min(size, self.left))
        self.left -= len(data)
        return data


def _fields(output: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := output.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole


def _looked(path: bytes, answer: bytes) -> MediaFile | MediaFailure:
    kind, *numbers = answer.split()
    if kind == b"file":
        return MediaFile(path, int(numbers[0]), int(numbers[1]))
    if kind == b"special":
        return MediaFailure(path=path, reason=Reason.SPECIAL)
    return as_failure(path, OSError(int(kind), os.strerror(int(kind))))
