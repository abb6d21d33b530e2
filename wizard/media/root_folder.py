"""Files below one folder, found as the site's own server finds them, and never outside of it.

Nothing here lets the system follow a link: each is read, and where it leads is looked up name by
name from a folder that is open already. So a link means what it means to the server, whose file
system may be another one (a container's), and nothing that is exchanged in the meantime leads
anywhere else.

This is imported here, and is also part of programs of their own, one of them in BookWyrm's
container: it imports nothing of ours, and has to work with any Python 3.9 or later.
"""

# Names are bytes here, since not every one is UTF-8; pathlib knows only text.
# ruff: noqa: PTH118, PTH120

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

# As many as Linux follows in one name.
_MOST_LINKS = 40
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Not blocking: a file replaced by a FIFO would hold us up for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
# A link with such an error leads nowhere, whoever asks.
_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
# What opening a name says that was no link a moment ago.
_EXCHANGED = (errno.ELOOP, errno.ENOTDIR)

# What `walk` says of a name: its kind, path, size, time in nanoseconds, and details in words.
# The kind is FILE, FOLDER (one that cannot be looked into), or the name of a `Reason`. The path
# of a folder that cannot be looked into ends in a slash.
WalkEntry = tuple[str, bytes, int, int, str]


def places_in(arguments: Sequence[str]) -> dict[bytes, bytes]:
    """Return the `places` of a `RootFolder` from arguments: each name, then its path."""
    words = [os.fsencode(argument) for argument in arguments]
    return dict(zip(words[::2], words[1::2]))  # noqa: B905 (Python 3.9 has no `strict`)


class OutsideRoot(OSError):
    """A link leads out of the folder; `target` is where to, as the server names it."""

    def __init__(self, target: bytes) -> None:
        super().__init__(errno.EXDEV, "leads out of the media folder")
        self.target = target


class SharedName(OSError):
    """The disk takes a name for that of something else, which it lists as `other`."""

    def __init__(self, other: bytes) -> None:
        words = other.decode(errors="backslashreplace").replace("\n", "\\n")
        super().__init__(errno.ENOTUNIQ, words)


class NotRegular(OSError):
    """A FIFO, a socket, a device or a folder where a file was asked for."""

    def __init__(self) -> None:
        super().__init__(errno.ENODEV, "not a regular file")


class _Folder:
    """An open folder and the one above it; closed when nobody needs it any more.

    The topmost has none above, but a `name`, by which the server knows it.
    """

    __slots__ = ("above", "handle", "name")

    def __init__(self, handle: int, above: _Folder | None = None, name: bytes = b"") -> None:
        self.handle = handle
        self.above = above
        self.name = name

    def __del__(self) -> None:
        os.close(self.handle)


class _Found:
    """What a name leads to: a file or the like, called `name` in `folder`, or `folder` itself."""

    __slots__ = ("folder", "is_folder", "name", "stat")

    def __init__(self, folder: _Folder, name: bytes, found: os.stat_result) -> None:
        self.folder = folder
        self.name = name
        self.stat = found
        self.is_folder = stat.S_ISDIR(found.st_mode)


class RootFolder:
    """A folder, and what is reached from it without leaving it. Not for several threads at once.

    `places` maps absolute paths as the server knows them to real paths here. The first is the
    folder itself; others are more names of it, or folders and files that links may lead to as
    well. Everything else is outside. Raises `OSError` where the folder cannot be opened.
    """

    def __init__(self, places: Mapping[bytes, bytes]) -> None:
        self._places = places
        name, self._path = next(iter(places.items()))
        self._root = _Folder(os.open(self._path, _FOLDER), name=name)
        # The folder of the last file: the next one is mostly beside it.
        self._latest: tuple[bytes, _Folder] = b"", self._root

    def stat(self, path: bytes) -> os.stat_result:
        """Return what is there now. Raises `OSError`, `OutsideRoot`."""
        return self._find(path).stat

    def open(self, path: bytes) -> int:
        """Open a regular file to read. Raises `OSError`, `OutsideRoot`, `NotRegular`."""
        for _ in range(_MOST_LINKS):
            found = self._find(path)
            # Nothing else is opened at all: a device may do something then.
            if not stat.S_ISREG(found.stat.st_mode):
                raise NotRegular
            try:
                handle = os.open(found.name, _FILE, dir_fd=found.folder.handle)
            except OSError as error:
                if error.errno == errno.ELOOP:
                    continue
                raise
            if stat.S_ISREG(os.fstat(handle).st_mode):
                return handle
            os.close(handle)
        raise _error(errno.ELOOP)

    def open_folder(self, path: bytes, make: Callable[[bytes, int], None]) -> int:
        """Open a folder to write into; `make` makes one of that name in an open one.

        Links are followed as everywhere. Raises `OSError`, `OutsideRoot`, `SharedName`.
        """
        folder = self._root
        for name in path.split(b"/") if path else ():
            try:
                found = self._look_up([name], folder)
                if _folds(name, folder.handle):
                    check_spelling(name, folder.handle)
            except FileNotFoundError:
                make(name, folder.handle)
                found = self._look_up([name], folder)
            if not found.is_folder:
                raise _error(errno.ENOTDIR)
            folder = found.folder
        return os.open(b".", _LISTED, dir_fd=folder.handle)

    def walk(self, path: bytes = b"") -> Iterator[WalkEntry]:
        """Yield every name below a folder but those of folders, and folders not to be looked into.

        Raises `OSError`, `OutsideRoot` where the folder cannot be had.
        """
        found = self._look_up(path.split(b"/")[::-1], self._root)
        if found.is_folder:
            yield from self._walk(found.folder, path, (_identity(found.stat),))
        else:
            yield described(path, found.stat)

    def _walk(
        self, folder: _Folder, path: bytes, above: tuple[tuple[int, int], ...]
    ) -> Iterator[WalkEntry]:
        """Walk one folder; `above` are the folders that contain it, to notice loops of links.

        `scandir` reads names a block at a time: a sorted list of a folder with
        a million covers would not fit the promise of flat memory.
        """
        try:
            handle = os.open(b".", _LISTED, dir_fd=folder.handle)
            try:
                with os.scandir(handle) as entries:
                    for entry in entries:
                        yield from self._entry(entry, folder, path, above)
            finally:
                os.close(handle)
        except OSError as error:
            kind = "FILE_SYSTEM" if _is_file_systems_own(folder, path) else "FOLDER"
            yield kind, (path or b".") + b"/", 0, 0, error.strerror or ""

    def _entry(
        self,
        entry: os.DirEntry[str],
        folder: _Folder,
        above_path: bytes,
        above: tuple[tuple[int, int], ...],
    ) -> Iterator[WalkEntry]:
        name = os.fsencode(entry.name)
        path = above_path + b"/" + name if above_path else name
        try:
            if entry.is_file(follow_symlinks=False):
                yield described(path, entry.stat(follow_symlinks=False))
                return
            found = self._look_up([name], folder)
        except OSError as error:
            failure = _failed(path, error, entry.is_symlink())
            if failure[0] == "UNREADABLE" and _may_be_folder(entry):
                failure = "FOLDER", path + b"/", 0, 0, failure[4]
            yield failure
            return
        if not found.is_folder:
            yield described(path, found.stat)
        elif (itself := _identity(found.stat)) in above:
            yield "LOOP", path, 0, 0, ""
        else:
            yield from self._walk(found.folder, path, (*above, itself))

    def _find(self, path: bytes) -> _Found:
        parent, _, name = path.rpartition(b"/")
        if self._latest[0] != parent:
            found = self._look_up(parent.split(b"/")[::-1], self._root)
            if not found.is_folder:
                raise _error(errno.ENOTDIR)
            self._latest = parent, found.folder
        return self._look_up([name], self._latest[1])

    def _look_up(self, names: list[bytes], folder: _Folder) -> _Found:
        """Return where names (the last comes first) lead from a folder, links and all."""
        links = 0
        while names:
            found = self._next(names, folder)
            if stat.S_ISLNK(found.stat.st_mode):
                links += 1
                if links > _MOST_LINKS:
                    raise _error(errno.ELOOP)
                found = self._begin_link(found, names)
            if found.is_folder:
                folder = found.folder
            elif names:
                raise _error(errno.ENOTDIR)
            else:
                return found
        return _itself(folder)

    def _next(self, names: list[bytes], folder: _Folder) -> _Found:
        name = names.pop()
        if name in (b"", b"."):
            return _itself(folder)
        if name != b"..":
            return _one(folder, name)
        if folder.above:
            return _itself(folder.above)
        return self._from_outside(os.path.dirname(folder.name), names)

    def _begin_link(self, link: _Found, names: list[bytes]) -> _Found:
        """Return where a link's target begins; the rest of it is looked up before other names."""
        target = os.readlink(link.name, dir_fd=link.folder.handle)
        names += target.split(b"/")[::-1]
        return self._from_outside(b"/", names) if target.startswith(b"/") else _itself(link.folder)

    def _from_outside(self, position: bytes, names: list[bytes]) -> _Found:
        """Lead from a folder above all places back into one. Raises `OutsideRoot`."""
        while names:
            name = names.pop()
            if name in (b"", b"."):
                continue
            position = os.path.join(position, name) if name != b".." else os.path.dirname(position)
            if position in self._places:
                return self._place(position)
            above = position.rstrip(b"/") + b"/"
            if not any(place.startswith(above) for place in self._places):
                break
        raise OutsideRoot(os.path.join(position, *names[::-1]))

    def _place(self, name: bytes) -> _Found:
        path = self._places[name]
        if path == self._path:
            return _itself(self._root)
        above, last = os.path.split(path)
        found = _one(_Folder(os.open(above, _FOLDER)), last)
        if stat.S_ISLNK(found.stat.st_mode):
            raise OutsideRoot(name)
        if found.is_folder:
            found.folder.above, found.folder.name = None, name
        return found


def _one(folder: _Folder, name: bytes) -> _Found:
    """Return one name in an open folder, as it is; a folder is opened. Raises `OSError`."""
    for _ in range(_MOST_LINKS):
        found = os.stat(name, dir_fd=folder.handle, follow_symlinks=False)
        if not stat.S_ISDIR(found.st_mode):
            return _Found(folder, name, found)
        try:
            below = _Folder(os.open(name, _FOLDER, dir_fd=folder.handle), folder)
        except OSError as error:
            if error.errno in _EXCHANGED:
                continue
            raise
        return _itself(below)
    raise _error(errno.ELOOP)


def _itself(folder: _Folder) -> _Found:
    return _Found(folder, b"", os.fstat(folder.handle))


def described(path: bytes, found: os.stat_result) -> WalkEntry:
    """Return what there is to say of a name that can be looked at."""
    kind = "FILE" if stat.S_ISREG(found.st_mode) else "SPECIAL"
    return kind, path, found.st_size, found.st_mtime_ns, ""


def _failed(path: bytes, error: OSError, is_link: bool) -> WalkEntry:
    if isinstance(error, OutsideRoot):
        return "OUTSIDE", path, 0, 0, error.target.decode(errors="backslashreplace")
    if is_link and error.errno in _NOWHERE:
        return "DANGLING", path, 0, 0, error.strerror or ""
    kind = "VANISHED" if error.errno == errno.ENOENT else "UNREADABLE"
    return kind, path, 0, 0, error.strerror or ""


def _may_be_folder(entry: os.DirEntry[str]) -> bool:
    """Tell whether a name that cannot be looked at may be a folder's, by the listing alone."""
    try:
        if entry.is_symlink():
            return "." not in entry.name
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_file_systems_own(folder: _Folder, path: bytes) -> bool:
    """Tell whether this is the `lost+found` that `mkfs` makes at the top of a disk for root."""
    if path.rpartition(b"/")[2] != b"lost+found" or folder.above is None:
        return False
    top = folder.above.handle
    return os.fstat(top).st_dev != os.stat(b"..", dir_fd=top).st_dev


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def check_spelling(name: bytes, folder: int) -> None:
    """Raise `SharedName` where what an open folder has by this name is listed as another one.

    So it is on a disk that ignores the case of names or how their accents are stored. Only the
    listing tells what a disk takes for the same, since each has rules of its own.
    """
    itself = os.stat(name, dir_fd=folder, follow_symlinks=False).st_ino
    handle = os.open(b".", _LISTED, dir_fd=folder)
    try:
        with os.scandir(handle) as entries:
            others = [os.fsencode(entry.name) for entry in entries if _is(entry, name, itself)]
    finally:
        os.close(handle)
    if others and name not in others:
        raise SharedName(others[0])


def _is(entry: os.DirEntry[str], name: bytes, inode: int) -> bool:
    """Tell whether an entry is what has this name, or may be: not every disk numbers its files."""
    return entry.inode() == inode or _as_most_fold(entry.name) == _as_most_fold(os.fsdecode(name))


def _as_most_fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _folds(name: bytes, folder: int) -> bool:
    """Tell whether a folder finds anything by another spelling of a name; no listing is read."""
    text = os.fsdecode(name)
    other = text.swapcase()
    forms = {unicodedata.normalize(form, t) for form in ("NFC", "NFD") for t in (text, other)}
    for form in forms - {text}:
        try:
            os.stat(os.fsencode(form), dir_fd=folder, follow_symlinks=False)
        except OSError:
            continue
        return True
    return False
