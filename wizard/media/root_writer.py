"""New files below one folder, written as the site's own server would find them, never outside.

No name is written over: a file appears under its own name when it is whole and on the disk.
Many files are synced in one go, since the disk takes them in about the time of one; while they
are, others can be begun with.
Like `wizard.media.root_folder`, whose text comes with it, this is also part of a program in
BookWyrm's container: it imports nothing else of ours, and has to work with any Python 3.9 or later.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import re
import stat
import time
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial

from wizard.media.root_folder import RootFolder, check_spelling

# How long another writer may take to end, once whoever gave it files is gone.
_PATIENCE = 30.0
# At the top of the media: there is one writer at a time, and what a killed one left goes with the
# next. On another file system than that a file has the same name beside its own.
_TEMPORARY = b".bw-s3-incoming"
# A name with a letter that has two cases, and an accent that can be stored in two ways.
_PROBE = "probe-\u00e9".encode()
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SYNCED = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# What Django gives to uploads (FILE_UPLOAD_PERMISSIONS), where no neighbour says more.
_MODE = 0o644
# What a file system says that knows no hard links.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_LONGEST_PART = 255
# Nearly all names; the others are looked at more closely, which takes as long as all the rest.
_PLAIN = re.compile(rb"\w[^/\0\r\n]{0,254}(?:/\w[^/\0\r\n]{0,254})*").fullmatch
# Writes all that a file system still holds in memory (syncfs(2)); Python has no name for it.
_SYNC_FILE_SYSTEM = getattr(ctypes.CDLL(None), "syncfs", None)


class NoFileName(OSError):
    """A path that names no file below the folder, whatever is there."""

    def __init__(self, words: str) -> None:
        super().__init__(errno.EINVAL, words)


def check_name(path: bytes) -> None:
    """Raise `NoFileName` for a foreign name that must not become a path."""
    if _PLAIN(path):
        return
    parts = path.split(b"/")
    if b"\0" in path:
        raise NoFileName("its name has a NUL in it")
    if not parts[0] or not parts[-1]:
        raise NoFileName("its name begins or ends with a slash")
    if any(part in (b"", b".", b"..") for part in parts):
        raise NoFileName('its name has an empty part, "." or ".." in it')
    if any(part.lower() == _TEMPORARY for part in parts):
        raise NoFileName("bw-s3 itself uses this name")
    if any(len(part) > _LONGEST_PART for part in parts):
        raise NoFileName("a part of its name is longer than 255 bytes")
    if b"\n" in path or b"\r" in path:
        raise NoFileName("its name has a line break in it")


# What became of a file: its time in nanoseconds, or why it has no name.
Written = tuple[int, "OSError | None"]


def folding_of(folder: RootFolder) -> tuple[bool, bool]:
    """Tell whether the disk ignores the case of names, and how their accents are stored.

    It is tried with a name that is gone at once; where none can be made, it counts as neither.
    """
    writer = RootWriter(folder)
    try:
        return writer.folding()
    except OSError:
        return False, False
    finally:
        writer.close()


class RootWriter:
    """Writes new files into what a `RootFolder` reaches, one at a time; `close` ends it.

    `keep` those that are whole, then do what `committing` returns.
    """

    def __init__(self, folder: RootFolder) -> None:
        self._folder = folder
        self._kept = _Kept()
        self._root, self._temporary, self._number = -1, -1, 0
        self._patience = _PATIENCE

    def begin(self, path: bytes) -> NewFile:
        """Begin with a file. Raises `OSError` where none can be there.

        Whether its name is free is seen when it is named.
        """
        check_name(path)
        above, _, name = path.rpartition(b"/")
        target = self._target(above)
        if not target.is_beside:
            return NewFile(name, target, target.handle, _TEMPORARY)
        self._number += 1
        return NewFile(name, target, self._temporary, b"%d" % self._number)

    def keep(self, file: NewFile) -> None:
        """Have a file that is whole get its name with the next `committing`. Raises `OSError`."""
        file.finish()
        self._kept.files.append(file)
        if not file.target.is_beside:
            # There is one temporary name in its folder.
            file.sync()
            file.commit()

    def committing(self) -> Callable[[], None]:
        """Return what names all files that were kept, for good; `NewFile.written` tells then.

        It may be called in another thread, while more files are begun with here.
        """
        kept, self._kept = self._kept, _Kept()
        return partial(self._commit, kept)

    def _commit(self, kept: _Kept) -> None:
        try:
            self._sync_all([file.sync for file in kept.files])
            for file in kept.files:
                file.commit()
            self._sync_all([folder.sync for folder in kept.folders.values()])
        finally:
            kept.drop()

    def _sync_all(self, syncs: Sequence[Callable[[], None]]) -> None:
        """Sync these. After all at once, each has little to wait for; but it alone tells an error,
        on every kernel, and reaches a file system that is a program of its own.
        """
        if _SYNC_FILE_SYSTEM is not None and len(syncs) > 1:
            _SYNC_FILE_SYSTEM(self._temporary)
        for sync in syncs:
            sync()

    def folding(self) -> tuple[bool, bool]:
        """Tell as `folding_of`. Raises `OSError` where no file can be made to try it with."""
        self._patience = 0.0
        if self._temporary < 0:
            self._open_temporary()
        os.close(os.open(_PROBE, _NEW, 0o600, dir_fd=self._temporary))
        try:
            text = _PROBE.decode()
            others = (text.upper(), unicodedata.normalize("NFD", text))
            return _is_there(others[0], self._temporary), _is_there(others[1], self._temporary)
        finally:
            os.unlink(_PROBE, dir_fd=self._temporary)

    def close(self) -> None:
        """Let go of all; what was not committed is gone."""
        self._kept.drop()
        if self._temporary >= 0:
            with contextlib.suppress(OSError):
                os.rmdir(_TEMPORARY, dir_fd=self._root)
            os.close(self._temporary)
            os.close(self._root)
            self._temporary = self._root = -1

    def _target(self, path: bytes) -> _Target:
        if self._temporary < 0:
            self._open_temporary()
        target = self._kept.folders.get(path)
        if target is None:
            handle = self._folder.open_folder(path, _make_folder)
            target = self._kept.folders[path] = _Target(handle, self._temporary)
        return target

    def _open_temporary(self) -> None:
        """Make the folder of files without a name, or empty what a killed writer left."""
        root = self._folder.open_folder(b"", _make_folder)
        try:
            self._temporary = _make_temporary(root, self._patience)
        except BaseException:
            self._patience = 0.0
            os.close(root)
            raise
        self._root = root
        with os.scandir(self._temporary) as entries:
            for entry in entries:
                os.unlink(entry.name, dir_fd=self._temporary)


def _make_temporary(root: int, patience: float) -> int:
    """Open the folder of files without a name, as the only writer. Raises `OSError`."""
    while True:
        with contextlib.suppress(FileExistsError):
            os.mkdir(_TEMPORARY, 0o700, dir_fd=root)
        handle = os.open(_TEMPORARY, _SYNCED | os.O_NOFOLLOW, dir_fd=root)
        try:
            _await_end_of_another(handle, patience)
            if os.fstat(handle).st_nlink:
                return handle
        except BaseException:
            os.close(handle)
            raise
        # The other one took the folder with it.
        os.close(handle)


def _await_end_of_another(handle: int, patience: float) -> None:
    """Wait for a writer whose giver was killed: it still names what it has. Raises `OSError`."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= deadline:
                raise OSError(errno.EBUSY, "another bw-s3 is writing files here") from error
            time.sleep(0.1)
        except OSError:
            return  # such as on NFS, where a folder cannot be locked so
        else:
            return


class _Target:
    """An open folder to write into, and the file that new ones are to be like."""

    def __init__(self, handle: int, temporary: int) -> None:
        self.handle = handle
        # Whether a file can be moved from one to the other.
        self.is_beside = os.fstat(handle).st_dev == os.fstat(temporary).st_dev
        with contextlib.suppress(OSError):
            os.unlink(_TEMPORARY, dir_fd=handle)
        self.neighbour = _neighbour(handle)
        self.error: OSError | None = None

    def sync(self) -> None:
        """Have its names on the disk; `error` says why they are not."""
        self.error = _sync(self.handle)


class _Kept:
    """Files that are whole and wait for their names, and the folders that these are to be in."""

    def __init__(self) -> None:
        self.files: list[NewFile] = []
        self.folders: dict[bytes, _Target] = {}

    def drop(self) -> None:
        """Let go of all; what has no name is gone."""
        for file in self.files:
            file.drop()
        for folder in self.folders.values():
            os.close(folder.handle)
        self.files, self.folders = [], {}


class NewFile:
    """A file that has no name yet; `RootWriter.keep` or `drop` ends it."""

    def __init__(self, name: bytes, target: _Target, folder: int, temporary: bytes) -> None:
        self.target = target
        self.mtime_ns = 0
        self.error: OSError | None = None
        self._name, self._folder, self._temporary = name, folder, temporary
        self.handle = os.open(temporary, _NEW, 0o600, dir_fd=folder)

    @property
    def written(self) -> Written:
        """What became of it, once it was committed."""
        return self.mtime_ns, self.error or self.target.error

    def write(self, data: bytes) -> None:
        """Add bytes. Raises `OSError`, such as for a full disk."""
        left = memoryview(data)
        while left:
            left = left[os.write(self.handle, left) :]

    def finish(self) -> None:
        """Give it its owner and mode, after its last byte. Raises `OSError`."""
        found = os.fstat(self.handle)
        self.mtime_ns = found.st_mtime_ns
        _be_like_neighbours(self.handle, found, self.target)

    def sync(self) -> None:
        """Have its bytes on the disk; `error` says why they are not."""
        if self.handle >= 0:
            self.error = _sync(self.handle)

    def commit(self) -> None:
        """Give it its name, once it is on the disk; `error` says why not."""
        if self.handle < 0:
            return
        try:
            if self.error is None:
                _name_it(self._temporary, self._folder, self._name, self.target.handle)
        except OSError as error:
            self.error = error
        finally:
            self.drop()

    def drop(self) -> None:
        """Let go of it; what has no name is gone."""
        if self.handle < 0:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._temporary, dir_fd=self._folder)
        os.close(self.handle)
        self.handle = -1


def _sync(handle: int) -> OSError | None:
    try:
        os.fsync(handle)
    except OSError as error:
        return error
    return None


def _is_there(name: str, folder: int) -> bool:
    try:
        os.stat(os.fsencode(name), dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _check_free(name: bytes, folder: int) -> None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder has its name")
    if stat.S_ISREG(found.st_mode):
        check_spelling(name, folder)
        raise FileExistsError(errno.EEXIST, "there is a file of that name")
    raise NoFileName("a link or something else that is no file has its name")


def _name_it(temporary: bytes, source: int, name: bytes, folder: int) -> None:
    """Name the temporary file; unlike a rename, a link never replaces what is there."""
    try:
        os.link(temporary, name, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        _check_free(name, folder)
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _check_free(name, folder)
        os.rename(temporary, name, src_dir_fd=source, dst_dir_fd=folder)


def _be_like_neighbours(file: int, found: os.stat_result, target: _Target) -> None:
    """Give a file the owner and mode of one beside it, else the folder's owner."""
    neighbour = target.neighbour
    like = neighbour or os.fstat(target.handle)
    if (found.st_uid, found.st_gid) != (like.st_uid, like.st_gid):
        _hand_over(file, like)
    os.fchmod(file, stat.S_IMODE(neighbour.st_mode) & 0o666 if neighbour else _MODE)


def _neighbour(folder: int) -> os.stat_result | None:
    handle = os.open(b".", _SYNCED, dir_fd=folder)
    try:
        with os.scandir(handle) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    return entry.stat(follow_symlinks=False)
    finally:
        os.close(handle)
    return None


def _make_folder(name: bytes, above: int) -> None:
    """Make a folder with the owner and mode of the one it is in. Raises `OSError`."""
    os.mkdir(name, 0o700, dir_fd=above)
    like = os.fstat(above)
    handle = os.open(name, _SYNCED | os.O_NOFOLLOW, dir_fd=above)
    try:
        _hand_over(handle, like)
        os.fchmod(handle, stat.S_IMODE(like.st_mode))
    finally:
        os.close(handle)


def _hand_over(handle: int, like: os.stat_result) -> None:
    if os.geteuid() == 0:
        os.fchown(handle, like.st_uid, like.st_gid)
        return
    with contextlib.suppress(PermissionError):
        os.fchown(handle, -1, like.st_gid)
