"""New files below one folder, written as the site's own server would find them, never outside.

No name is written over: a file appears under its own name when it is whole and on the disk.
Like `wizard.media.root_folder`, whose text comes with it, this is also part of a program in
BookWyrm's container: it imports nothing else of ours, and has to work with any Python 3.9 or later.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from wizard.media.root_folder import RootFolder

# One for each folder: there is one writer at a time. What a killed one left goes with the next.
_TEMPORARY = b".bw-s3-incoming"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SYNCED = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# What Django gives to uploads (FILE_UPLOAD_PERMISSIONS), where no neighbour says more.
_MODE = 0o644
# What a file system says that knows no hard links.
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
_LONGEST_PART = 255


class NoFileName(OSError):
    """A path that names no file below the folder, whatever is there."""

    def __init__(self, words: str) -> None:
        super().__init__(errno.EINVAL, words)


def check_name(path: bytes) -> None:
    """Raise `NoFileName` for a foreign name that must not become a path."""
    parts = path.split(b"/")
    if b"\0" in path:
        raise NoFileName("its name has a NUL in it")
    if not parts[0] or not parts[-1]:
        raise NoFileName("its name begins or ends with a slash")
    if any(part in (b"", b".", b"..") for part in parts):
        raise NoFileName('its name has an empty part, "." or ".." in it')
    if any(len(part) > _LONGEST_PART for part in parts):
        raise NoFileName("a part of its name is longer than 255 bytes")


class RootWriter:
    """Writes new files into what a `RootFolder` reaches, one at a time."""

    def __init__(self, folder: RootFolder) -> None:
        self._folder = folder

    def begin(self, path: bytes) -> NewFile:
        """Begin with a file. Raises `OSError` where there is one, or none can be there."""
        check_name(path)
        above, _, name = path.rpartition(b"/")
        handle = self._folder.open_folder(above, _make_folder)
        try:
            _check_free(name, handle)
            return NewFile(name, handle)
        except BaseException:
            os.close(handle)
            raise


class NewFile:
    """A file that has no name yet, in an open folder; `keep` or `drop` ends it."""

    def __init__(self, name: bytes, folder: int) -> None:
        self._name, self._folder = name, folder
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_TEMPORARY, dir_fd=folder)
        self._file = os.open(_TEMPORARY, _NEW, 0o600, dir_fd=folder)

    def write(self, data: bytes) -> None:
        """Add bytes. Raises `OSError`, such as for a full disk."""
        left = memoryview(data)
        while left:
            left = left[os.write(self._file, left) :]

    def keep(self) -> None:
        """Give it its name, once it is on the disk. Raises `OSError`, then it is to be dropped."""
        _be_like_neighbours(self._file, self._folder)
        os.fsync(self._file)
        _name_it(self._name, self._folder)
        handle = os.open(b".", _SYNCED, dir_fd=self._folder)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def drop(self) -> None:
        """Let go of it; what was not kept is gone."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_TEMPORARY, dir_fd=self._folder)
        os.close(self._file)
        os.close(self._folder)


def _check_free(name: bytes, folder: int) -> None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder has its name")
    if stat.S_ISREG(found.st_mode):
        raise FileExistsError(errno.EEXIST, "there is a file of that name")
    raise NoFileName("a link or something else that is no file has its name")


def _name_it(name: bytes, folder: int) -> None:
    """Name the temporary file; unlike a rename, a link never replaces what is there."""
    try:
        os.link(_TEMPORARY, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _check_free(name, folder)
        os.rename(_TEMPORARY, name, src_dir_fd=folder, dst_dir_fd=folder)


def _be_like_neighbours(file: int, folder: int) -> None:
    """Give a file the owner and mode of one beside it, else the folder's owner."""
    neighbour = _neighbour(folder)
    like = neighbour or os.fstat(folder)
    _hand_over(file, like)
    os.fchmod(file, stat.S_IMODE(neighbour.st_mode) & 0o666 if neighbour else _MODE)


def _neighbour(folder: int) -> os.stat_result | None:
    handle = os.open(b".", _SYNCED, dir_fd=folder)
    try:
        with os.scandir(handle) as entries:
            for entry in entries:
                ours = os.fsencode(entry.name) == _TEMPORARY
                if not ours and entry.is_file(follow_symlinks=False):
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
