"""Media inside a container: listed by `find`, read as a tar stream, however remote the engine."""

from __future__ import annotations

import errno
import os
import re
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, ClassVar, cast

from wizard.instance.compose.container_programs import RunningProgram, WebPrograms, interrupted
from wizard.media.source import Media, MediaFailure, MediaFile, Reason, Stream

# Links followed, as nginx does; folders left out; a type of its own for each defect.
_FIND = ("-mindepth", "1", "!", "-type", "d", "-printf", r"%Y %s %T@ %P\0")
# `--format=posix` keeps nanoseconds; a second name of a hard link is a file like any other.
_TAR = (
    *("--create", "--file=-", "--format=posix", "--dereference", "--hard-dereference"),
    *("--no-recursion", "--null", "--no-unquote", "--quoting-style=literal", "--files-from=-"),
)
_CHUNK = 256 * 1024
# How find and tar end when single files were a trouble.
_FIND_STATUSES, _TAR_STATUSES = (0, 1), (0, 1, 2)
_DANGLING = {b"N": Reason.DANGLING, b"L": Reason.DANGLING, b"?": Reason.UNREADABLE}

_TAR_COMPLAINT = re.compile(
    r"tar: (?P<name>.*?): (?:Warning: )?(?P<words>"
    r"Cannot .*|File (?:shrank|removed|changed) .*|file changed .*|Read error .*)$"
)
_FIND_COMPLAINT = re.compile(
    r"find: (?P<loop>File system loop detected; )?'(?P<name>.*?)'(?P<words>.*)"
)


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
        # Files whose bytes tar could not give as they are on disk, by path.
        self._spoiled: dict[bytes, MediaFailure] = {}

    @property
    def label(self) -> str:
        return self._label

    def walk(self) -> Iterator[MediaFile | MediaFailure]:
        root = self._programs.media_root
        with self._programs.program("find", "-L", root, *_FIND) as running:
            for record in _records(running.output):
                yield _found(record)
            self._check_end(running, _FIND_STATUSES)
            yield from _not_looked_into(running.complaints, root)

    def read(self, files: Sequence[MediaFile]) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        waiting = {file.path: file for file in files}
        if not waiting:
            return
        names = [b"./" + path for path in waiting]
        argv = ("tar", "-C", self._programs.media_root, *_TAR)
        with self._programs.program(*argv, names=names) as running:
            for member, stream in self._members(running):
                path = _raw(member.name)
                if path not in waiting:
                    continue
                del waiting[path]
                yield _as_file(path, member, stream)
            self._check_end(running, _TAR_STATUSES)
        complaints = self._complaints(running)
        for path in waiting:
            yield complaints.get(path, MediaFailure(path=path, reason=Reason.VANISHED))

    def look_again(self, files: Sequence[MediaFile]) -> Iterator[MediaFile | MediaFailure]:
        if not files:
            return
        with self._programs.look([file.path for file in files]) as running:
            answers = _everything(running.output).splitlines()
            self._check_end(running, (0,))
        for file, answer in zip(files, answers, strict=True):
            looked = _looked(file.path, answer)
            yield self._spoiled.pop(file.path, looked)

    def _members(self, running: RunningProgram) -> Iterator[tuple[tarfile.TarInfo, Stream | None]]:
        """The tar stream's members, one at a time; none is kept."""
        with (
            self._unbroken(running),
            tarfile.open(
                fileobj=running.output, mode="r|", bufsize=_CHUNK, errors="surrogateescape"
            ) as tar,
        ):
            while member := tar.next():
                # In stream mode, too, Python 3.11 keeps each member it has seen.
                tar.members.clear()  # type: ignore[attr-defined]
                content = tar.extractfile(member) if member.isreg() else None
                yield member, _Content(cast(Stream, content), self, running) if content else None

    @contextmanager
    def _unbroken(self, running: RunningProgram) -> Iterator[None]:
        try:
            yield
        except (tarfile.TarError, OSError) as error:
            running.ended()
            raise interrupted(running, self._programs.docker) from error

    def _check_end(self, running: RunningProgram, usual: Sequence[int]) -> None:
        if running.ended() not in usual:
            raise interrupted(running, self._programs.docker)

    def _complaints(self, running: RunningProgram) -> dict[bytes, MediaFailure]:
        """What tar said of single files; what it gave all the same is remembered as spoiled."""
        found = {}
        for line in running.complaints:
            if match := _TAR_COMPLAINT.match(line):
                path = _raw(match["name"])
                found[path] = MediaFailure(
                    path=path, reason=_reason(match["words"]), detail=match["words"]
                )
        self._spoiled |= {p: f for p, f in found.items() if not f.detail.startswith("Cannot")}
        return found


class _Content:
    """One member's bytes; where the stream breaks off, that is the source's problem."""

    def __init__(self, content: Stream, media: ContainerMedia, running: RunningProgram) -> None:
        self._content = content
        self._media = media
        self._running = running

    def read(self, size: int, /) -> bytes | None:
        with self._media._unbroken(self._running):
            return self._content.read(size)


def _records(output: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := output.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole


def _everything(output: IO[bytes]) -> bytes:
    return b"".join(iter(lambda: output.read(_CHUNK), b""))


def _found(record: bytes) -> MediaFile | MediaFailure:
    """What `find` printed of one file: type, size, time, path."""
    kind, size, time, path = record.split(b" ", 3)
    if kind != b"f":
        return MediaFailure(path=path, reason=_DANGLING.get(kind, Reason.SPECIAL))
    try:
        path.decode()
    except UnicodeDecodeError as error:
        return MediaFailure(path=path, reason=Reason.NAME, detail=str(error))
    return MediaFile(path, int(size), _find_time(time))


def _not_looked_into(complaints: Sequence[str], root: str) -> Iterator[MediaFailure]:
    """What `find` could not look into, as it complained of it."""
    for line in complaints:
        if match := _FIND_COMPLAINT.match(line):
            path = match["name"].removeprefix(root).lstrip("/")
            yield _complained(_raw(path), bool(match["loop"]), match["words"].lstrip(": "))


def _complained(path: bytes, loop: bool, words: str) -> MediaFailure:
    if loop:
        return MediaFailure(path=path, reason=Reason.LOOP)
    if words == os.strerror(errno.ELOOP):
        return MediaFailure(path=path, reason=Reason.DANGLING, detail=words)
    return MediaFailure(path=path, reason=Reason.UNREADABLE, detail=words, folder=True)


def _as_file(
    path: bytes, member: tarfile.TarInfo, stream: Stream | None
) -> tuple[MediaFile, Stream] | MediaFailure:
    if stream is None:
        return MediaFailure(path=path, reason=Reason.SPECIAL)
    time = member.pax_headers.get("mtime") or str(int(member.mtime))
    return MediaFile(path, member.size, _nanoseconds(time)), stream


def _looked(path: bytes, answer: bytes) -> MediaFile | MediaFailure:
    kind, *numbers = answer.split()
    if kind == b"file":
        return MediaFile(path, int(numbers[0]), int(numbers[1]))
    if kind == b"special":
        return MediaFailure(path=path, reason=Reason.SPECIAL)
    vanished = int(numbers[0]) == errno.ENOENT
    return MediaFailure(path=path, reason=Reason.VANISHED if vanished else Reason.UNREADABLE)


def _reason(words: str) -> Reason:
    if "No such file" in words or "removed" in words:
        return Reason.VANISHED
    return Reason.CHANGED if "shrank" in words or "changed" in words else Reason.UNREADABLE


def _find_time(time: bytes) -> int:
    """Nanoseconds; before 1970 `find` prints whole seconds rounded down and a positive fraction."""
    whole, _, fraction = time.partition(b".")
    return int(whole) * 1_000_000_000 + int(fraction[:9].ljust(9, b"0"))


def _nanoseconds(seconds: str) -> int:
    return int(Decimal(seconds) * 1_000_000_000)


def _raw(name: str) -> bytes:
    return name.encode(errors="surrogateescape").removeprefix(b"./")
