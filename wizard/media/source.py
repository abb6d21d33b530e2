"""The media to read: a folder here, or a volume elsewhere through a tar stream."""

# Names are bytes here, since not every one is UTF-8; pathlib knows only text.
# ruff: noqa: PTH100

from __future__ import annotations

import errno
import io
import os
import tempfile
import threading
import unicodedata
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import IO, ClassVar, Protocol, cast

from wizard.core.message import Message, msg
from wizard.core.os_errors import words_of
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.media.digester import Digester, OpenFile
from wizard.media.public import PublicFiles
from wizard.media.root_folder import OutsideRoot, RootFolder, WalkEntry, described
from wizard.media.root_writer import folding_of
from wizard.media.writer import WriterEnded, writer_process
from wizard.system.open_files import allow_open_files

# Where BookWyrm's storage keeps media in the bucket (`MEDIA_FULL_URL`, `location`).
PREFIX = "images/"


class Reason(Enum):
    """Why a file cannot be had, or not be stored."""

    DANGLING = "dangling"
    LOOP = "loop"
    OUTSIDE = "outside"
    NAME = "name"
    UNREADABLE = "unreadable"
    VANISHED = "vanished"
    CHANGED = "changed"
    SPECIAL = "special"
    REFUSED = "refused"
    CORRUPTED = "corrupted"
    LOST = "lost"
    BACKSLASH = "backslash"
    HEADERS = "headers"
    FILE_SYSTEM = "file-system"
    # Of files that come from elsewhere:
    NO_FILE_NAME = "no-file-name"
    EXISTS = "exists"
    CLASH = "clash"
    FOLDED = "folded"
    UNWRITABLE = "unwritable"
    DISK_FULL = "disk-full"
    QUOTA = "quota"
    SPOILED = "spoiled"
    ARCHIVED = "archived"
    DIFFERENT = "different"
    PRIVATE = "private"
    UNSEEN = "unseen"
    FOREIGN = "foreign"

    @property
    def words(self) -> Message:
        """The reason, to stand behind a path."""
        return _REASON_WORDS[self]


_REASON_WORDS: Mapping[Reason, Message] = MappingProxyType(
    {
        # Translators: this and the following say of a file why it was not copied, behind its path.
        Reason.DANGLING: msg("dangling link"),
        Reason.LOOP: msg("link to a folder that contains it"),
        Reason.OUTSIDE: msg("link that leads out of the media folder"),
        Reason.NAME: msg("name is not UTF-8"),
        Reason.UNREADABLE: msg("cannot be read"),
        Reason.VANISHED: msg("vanished"),
        Reason.CHANGED: msg("changed while it was read"),
        Reason.SPECIAL: msg("not a regular file"),
        Reason.REFUSED: msg("refused by the storage service"),
        Reason.CORRUPTED: msg("stored with other bytes than were sent"),
        Reason.LOST: msg("reported as stored, but not listed"),
        Reason.BACKSLASH: msg("the storage service keeps no backslash in names"),
        Reason.HEADERS: msg("stored, but its headers could not be fixed"),
        Reason.FILE_SYSTEM: msg("the file system's own folder, not BookWyrm's"),
        Reason.NO_FILE_NAME: msg("not a name for a file on this server"),
        Reason.EXISTS: msg("there is a file of that name, which is left as it is"),
        Reason.CLASH: msg("one name for a file and for a folder"),
        Reason.FOLDED: msg("this server's disk cannot tell its name from another file's"),
        Reason.UNWRITABLE: msg("cannot be written"),
        Reason.DISK_FULL: msg("the disk is full"),
        Reason.QUOTA: msg("the quota is used up"),
        Reason.SPOILED: msg("received with other bytes than the bucket lists"),
        Reason.ARCHIVED: msg("archived: the storage service must restore it before it can be read"),
        Reason.DIFFERENT: msg("the file of that name on this server has other bytes"),
        Reason.PRIVATE: msg("not public in the bucket"),
        Reason.FOREIGN: msg("a name that no file of BookWyrm can have"),
        Reason.UNSEEN: msg("whether the public can read it in its bucket is not known"),
    }
)


# Of each request under way the file and a connection; up to 840 were seen in a copy.
_OPEN_FILES = 1024
# So many files, or bytes, that are written are named in one go; each has a folder open as well.
_BATCH, _BATCH_SIZE = 128, 64 << 20
# Asks for their names; and how large the pieces are of what is made up.
_NAMES, _PIECE = b"0 0\n", 1 << 18

# By the system's number for an error, which is all that a program elsewhere tells.
_REASONS = {
    errno.ENOENT: Reason.VANISHED,
    errno.EXDEV: Reason.OUTSIDE,
    errno.ENODEV: Reason.SPECIAL,
}
_REASONS_TO_WRITE = {
    errno.EXDEV: Reason.OUTSIDE,
    errno.EINVAL: Reason.NO_FILE_NAME,
    errno.ENAMETOOLONG: Reason.NO_FILE_NAME,
    errno.ELOOP: Reason.NO_FILE_NAME,
    errno.EEXIST: Reason.EXISTS,
    errno.EISDIR: Reason.CLASH,
    errno.ENOTDIR: Reason.CLASH,
    errno.ENOTUNIQ: Reason.FOLDED,
    errno.ENOSPC: Reason.DISK_FULL,
    errno.EDQUOT: Reason.QUOTA,
}


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file below `MEDIA_ROOT`.

    `path` is relative, as the file system's raw bytes; `size` in bytes;
    `mtime_ns` in nanoseconds since the epoch (a container's `find` may give
    less precision, but always the same for the same file).
    """

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class CopySource:
    """Where a service finds an object to copy it by itself: bucket and key, and its ETag."""

    bucket: str
    key: str
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFailure:
    """A file that cannot be had, and why; `detail` is the system's own message, or ours.

    The path of a folder that cannot be looked into ends in a slash, as with `ls -p`.
    """

    path: bytes
    reason: Reason
    detail: str = ""

    @property
    def folder(self) -> bool:
        """Whether a whole folder cannot be looked into."""
        return self.path.endswith(b"/")


@dataclass(frozen=True, slots=True)
class Digested:
    """A file as it was when its MD5 was computed, and that very file, still open."""

    file: MediaFile
    md5: bytes
    opened: OpenFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Files that nobody but the admin can read where they come from, or perhaps can.

    `asked`: how many were asked for.
    """

    asked: int
    failures: Sequence[MediaFailure]


class Spoiled(Exception):
    """The bytes of a file that is coming are not what they should be; `failure` says why."""

    def __init__(self, failure: MediaFailure) -> None:
        super().__init__(failure.reason.value)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Room:
    """How much fits into a file system: bytes, and files (None where it has no limit)."""

    size: int
    files: int | None


@dataclass(frozen=True, slots=True)
class Folding:
    """What a file system ignores in names: their case, and how their accents are stored."""

    case: bool = False
    accents: bool = False

    def folded(self, name: bytes) -> bytes:
        """Return what is the same for names that it takes for the same."""
        text = os.fsdecode(name)
        if self.accents:
            text = unicodedata.normalize("NFC", text)
        return os.fsencode(text.casefold() if self.case else text)


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file to be written: `pieces` yields its `size` bytes, and raises `Spoiled`."""

    path: bytes
    size: int
    pieces: Callable[[], Iterable[bytes]]


# The MD5s of small files, or why there are none; a file that is missing in the answer has to be
# read by `Media.read`.
Digest = Callable[[Sequence[MediaFile]], Iterable[Digested | MediaFailure]]


class Stream(Protocol):
    """Bytes of one file: `read(n)` gives at most n of them, b"" at the end."""

    def read(self, size: int, /) -> bytes | None:
        """Return the next at most `size` bytes; b"" at the end. Raises `OSError`."""
        ...


class Media(ABC):
    """The media of an instance.

    Methods block, so call them in threads. They report what is wrong with one
    file as a `MediaFailure` and continue; what is wrong with the whole source
    (the folder is gone, the engine does not answer) is raised as a `Problem`.
    Memory stays flat however many files there are, and however large.

    `readers` says how many calls of `read` may be under way at once, each in
    a thread of its own, and `batch` how many files one call of `read` or
    `look_again` should be given: few where a call costs nothing (a folder),
    thousands where each starts a program in a container.
    """

    readers: ClassVar[int] = 1
    batch: ClassVar[int] = 64
    # Whether the service may copy some of the files by itself (`copy_source`).
    copied_by_service: bool = False
    # Whether the public may be kept from some of them, whatever their names are (`withheld`).
    may_withhold: bool = False
    # Whether it is no surprise where that is so of all that can be asked for.
    all_may_be_withheld: bool = False
    # How many objects have a file's name and other bytes, so that a person decides; the first keys.
    conflicting: int = 0
    conflicts: Sequence[str] = ()

    def ask(self) -> None:  # noqa: B027 (a folder is not asked)
        """Raise a `Problem` where what they are read from cannot be asked any more."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Where it is, for people: a folder's path or a volume's name."""

    @abstractmethod
    def walk(self) -> Iterator[MediaFile | MediaFailure]:
        """Yield every file below the root, public or not, in an order that stays the same.

        Links to files and folders are followed as BookWyrm's nginx does, but none
        that leads out of the media (`Reason.OUTSIDE`, with its target in `detail`).
        A file whose name is not UTF-8 is given as a failure (`Reason.NAME`),
        since no key can be made of it. No path is given twice.
        """

    @abstractmethod
    def read(self, files: Sequence[MediaFile]) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        """Yield the bytes of just these files, each asked for exactly once, in any order.

        A file comes as it is *now* (the size and time it had when it was
        opened, the `path` it was asked by), with its bytes. The stream is
        only valid until the next item is asked for, and need not be read to
        its end; closing the iterator early must free all it holds. What
        became of each file is given in any case: one item for each of `files`.
        """

    @abstractmethod
    def look_again(self, files: Sequence[MediaFile]) -> Iterator[MediaFile | MediaFailure]:
        """Yield size and time of these files as they are now, in the order asked for.

        Called after their bytes were read and sent: a file is verified only if
        it still is as `read` gave it.
        """

    @abstractmethod
    def write(self, files: Iterable[IncomingFile]) -> Iterator[MediaFile | MediaFailure]:
        """Write new files; yield each in its order as it is on the disk for good, or why it is not.

        That is said of some hundred at once. What exists is never replaced, and nothing is
        written outside of the media. Owner and mode are those of the files beside it. One call
        at a time.
        """

    @abstractmethod
    def folding(self) -> Folding:
        """Try which names the file system that the media are on takes for the same.

        Nothing, where that cannot be tried.
        """

    @abstractmethod
    def room(self) -> Room:
        """Return what fits into the file system that the media are on. Raises `Problem`."""

    @contextmanager
    def in_use(self, stop: threading.Event) -> Iterator[None]:
        """Hold what reading needs, for as long as files are walked and read; `stop` ends it soon.

        Raises nothing of its own. A folder needs nothing.
        """
        yield

    def copy_source(self, path: bytes) -> CopySource | None:
        """Return where the service itself finds a file; None where it has to be read here."""
        return None

    def is_in_place(self, path: bytes) -> bool:
        """Tell whether the site finds a file where it looks for it."""
        return True

    def is_public(self, path: bytes, public: PublicFiles) -> bool:
        """Tell whether everybody may read a file, by its name and by what is `public`."""
        return public.has(path)

    def withheld(self, files: Sequence[MediaFile]) -> Withheld:
        """Ask which of these the public can read where they come from. Raises `Problem`.

        Only where `may_withhold`: what a folder holds is judged by its names.
        """
        return Withheld(asked=0, failures=())

    @contextmanager
    def digesting(self) -> Iterator[Digest]:
        """Yield a quicker way than `read` to small files' MD5s, for one thread, where there is one.

        For those who can open the files by themselves: on this machine, by a path.
        """
        yield lambda files: ()


class FolderMedia(Media):
    """The media in a folder that can be read directly.

    `name` is the folder's absolute path as the site's server knows it, where
    that is another one: links are meant for the server. `places` are those of
    a `RootFolder`; `is_the_servers` tells that the server has the same file system.
    """

    readers = 3

    def __init__(self, root: Path, name: str = "") -> None:
        self.root = root
        self._root = os.fsencode(root)
        real = os.path.realpath(self._root)
        names = [name.encode()] if name else [real, os.path.abspath(self._root)]
        self.places = dict.fromkeys(names, real)
        self.is_the_servers = not name

    @property
    def label(self) -> str:
        return str(self.root)

    def walk(self) -> Iterator[MediaFile | MediaFailure]:
        for entry in self.opened().walk():
            yield as_item(entry)

    def read(self, files: Sequence[MediaFile]) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        folder = self.opened()
        for file in files:
            try:
                handle = self._open(folder, file.path)
            except OSError as error:
                yield as_failure(file.path, error)
                continue
            try:
                found = os.fstat(handle)
                yield MediaFile(file.path, found.st_size, found.st_mtime_ns), _Opened(handle)
            finally:
                os.close(handle)

    def _open(self, folder: RootFolder, path: bytes) -> int:
        """Open a file to read. Raises `OSError`."""
        return folder.open(path)

    @contextmanager
    def digesting(self) -> Iterator[Digest]:
        with self._digesting(self.places) as digest:
            yield digest

    @contextmanager
    def _digesting(self, places: Mapping[bytes, bytes]) -> Iterator[Digest]:
        if not allow_open_files(_OPEN_FILES):
            yield lambda files: ()
            return
        with Digester(places) as digester:
            yield partial(self._digest, digester)

    def _digest(
        self, digester: Digester, files: Sequence[MediaFile]
    ) -> Iterator[Digested | MediaFailure]:
        records = digester.records([file.path for file in files])
        try:
            for file, (error, size, mtime_ns, md5, opened) in zip(files, records, strict=True):
                if opened:
                    yield Digested(MediaFile(file.path, size, mtime_ns), md5, opened)
                elif error > 0 and error != errno.EXDEV:  # of which `read` has more to say
                    yield as_failure(file.path, OSError(error, os.strerror(error)))
        except OSError:
            return  # no room for another process, or for open files: each is read here, then

    def look_again(self, files: Sequence[MediaFile]) -> Iterator[MediaFile | MediaFailure]:
        folder = self.opened()
        for file in files:
            try:
                found = folder.stat(file.path)
            except OSError as error:
                yield as_failure(file.path, error)
                continue
            yield as_item(described(file.path, found))

    def write(self, files: Iterable[IncomingFile]) -> Iterator[MediaFile | MediaFailure]:
        self.opened()
        allow_open_files(_OPEN_FILES)
        with tempfile.TemporaryFile() as complaints:
            try:
                with writer_process(self.places, complaints) as (given, answers):
                    yield from written_through(given, answers, files)
            except WriterEnded as ended:
                complaints.seek(0)
                raise _not_written(
                    self.label, complaints.read().decode(errors="replace")
                ) from ended

    def folding(self) -> Folding:
        return Folding(*folding_of(self.opened()))

    def room(self) -> Room:
        self.opened()
        return as_room(os.statvfs(self._root))

    def opened(self) -> RootFolder:
        """Open the folder. Raises `Problem` where it cannot be read."""
        try:
            os.scandir(self._root).close()
            return RootFolder(self.places)
        except OSError as error:
            raise Problem(
                msg("The media folder {folder} cannot be read.", folder=str(self.root)),
                msg("It is not there, or belongs to another user."),
                msg("Look at it with: ls -ld {folder}", folder=str(self.root)),
                msg("Run bw-s3 as the user that BookWyrm runs as, or with sudo."),
                raw=str(error),
                code="media-not-readable",
            ) from error


class _Opened:
    """An open file. As quick as can be: Python's own objects ask the system twice as much."""

    __slots__ = ("_handle",)

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read(self, size: int, /) -> bytes:
        return os.read(self._handle, size)


def as_room(found: os.statvfs_result) -> Room:
    """Return what fits, for those who may not use what is reserved for root."""
    files = found.f_favail if found.f_files else None
    return Room(found.f_bavail * found.f_frsize, files)


# A file that was given to be written, and why its bytes are not what they should be, if so.
_Given = tuple[IncomingFile, MediaFailure | None]


def written_through(
    given: IO[bytes], output: IO[bytes], files: Iterable[IncomingFile]
) -> Iterator[MediaFile | MediaFailure]:
    """Have the program of `wizard.media.write_files` write files; yield what became of each.

    `given` is its standard input, `output` its standard output, both unbuffered. Each batch gets
    its names while the next one is given. Raises `WriterEnded`, and what `files` raises.
    """
    answers = cast(IO[bytes], io.BufferedReader(cast(io.RawIOBase, output)))
    waiting: deque[_Given] = deque()
    try:
        for batch in _batches(given, files):
            yield from _answered(waiting, answers)
            waiting.extend(batch)
    except Exception:
        # What gets its name all the same is told of.
        yield from _answered(waiting, answers)
        raise
    yield from _answered(waiting, answers)


def _batches(given: IO[bytes], files: Iterable[IncomingFile]) -> Iterator[list[_Given]]:
    """Give away one file after the other; yields them when their names were asked for."""
    batch: list[_Given] = []
    size = 0
    for file in files:
        batch.append((file, _give(given, file)))
        size += file.size
        if len(batch) >= _BATCH or size >= _BATCH_SIZE:
            _send(given, _NAMES)
            yield batch
            batch, size = [], 0
    if batch:
        _send(given, _NAMES)
        yield batch


def _give(given: IO[bytes], file: IncomingFile) -> MediaFailure | None:
    """Give one file away; why its bytes are not what they should be, if so."""
    parts = [b"%d %d\n%s" % (len(file.path), file.size, file.path)]
    left, spoiled = file.size, None
    try:
        for piece in file.pieces():
            parts.append(piece[:left])
            left -= len(parts[-1])
            if left:
                _send(given, *parts)
                parts = []
    except Spoiled as error:
        spoiled = error.failure
    while left:
        _send(given, *parts)
        parts = [bytes(min(left, _PIECE))]
        left -= len(parts[0])
    _send(given, *parts, b"-" if spoiled else b"+")
    return spoiled


def _send(given: IO[bytes], *parts: bytes) -> None:
    """Write these in one go. Raises `WriterEnded`."""
    size = sum(map(len, parts))
    try:
        sent = os.writev(given.fileno(), parts)
        while sent < size:
            sent += os.write(given.fileno(), b"".join(parts)[sent:])
    except BrokenPipeError as gone:
        raise WriterEnded from gone


def _answered(waiting: deque[_Given], answers: IO[bytes]) -> Iterator[MediaFile | MediaFailure]:
    while waiting:
        file, spoiled = waiting.popleft()
        answer = answers.readline()
        if not answer.endswith(b"\n"):
            waiting.clear()
            raise WriterEnded
        status, mtime_ns, words = answer.rstrip(b"\n").split(b" ", 2)
        if int(status):
            yield as_unwritten(file.path, OSError(int(status), words.decode()))
        else:
            yield spoiled or MediaFile(file.path, file.size, int(mtime_ns))


def _not_written(label: str, raw: str) -> Problem:
    return Problem(
        msg("The process that writes files into {place} ended partway.", place=label),
        msg("The system may have stopped it for want of memory. What was copied stays."),
        TRY_AGAIN,
        raw=raw,
        code="writer-ended",
    )


def key_of(path: bytes) -> str:
    """Return the object's key for a file. Raises `UnicodeDecodeError`."""
    return PREFIX + path.decode()


def path_of(key: str) -> bytes:
    """Return the file's path for an object's key."""
    return key.removeprefix(PREFIX).encode()


def as_item(entry: WalkEntry) -> MediaFile | MediaFailure:
    """Return what `RootFolder.walk` said of a name."""
    kind, path, size, mtime_ns, detail = entry
    if kind == "FOLDER":
        return MediaFailure(path=path, reason=Reason.UNREADABLE, detail=detail)
    if kind != "FILE":
        return MediaFailure(path=path, reason=Reason[kind], detail=detail)
    try:
        path.decode()
    except UnicodeDecodeError as error:
        return MediaFailure(path=path, reason=Reason.NAME, detail=str(error))
    return MediaFile(path, size, mtime_ns)


def as_failure(path: bytes, error: OSError) -> MediaFailure:
    """Return why `RootFolder` did not give a file."""
    return _failure(path, error, _REASONS.get(error.errno or 0, Reason.UNREADABLE))


def as_unwritten(path: bytes, error: OSError) -> MediaFailure:
    """Return why `RootWriter` did not write a file."""
    return _failure(path, error, _REASONS_TO_WRITE.get(error.errno or 0, Reason.UNWRITABLE))


def _failure(path: bytes, error: OSError, reason: Reason) -> MediaFailure:
    detail: str = words_of(error)
    if isinstance(error, OutsideRoot):
        detail = error.target.decode(errors="backslashreplace")
    return MediaFailure(path=path, reason=reason, detail=detail)
