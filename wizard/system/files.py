"""Files and folders that belong to the instance folder's owner, whoever runs the wizard.

A root-owned file in the checkout breaks the admin's next `docker build`, and
a migration begun as root could not be finished by the user.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def give_to_owner(path: Path, like: Path) -> None:
    """Hand `path` to the owner and group of `like`, where we are root."""
    if os.geteuid() != 0:
        return
    owner = like.stat()
    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def make_private_folder(path: Path, like: Path) -> None:
    """Create `path` with mode 0700, owned as `like` is; fine if it exists.

    Folders above it that are missing are created and owned the same way.
    """
    if path.is_dir():
        return
    if path.parent != path:
        make_private_folder(path.parent, like)
    path.mkdir(mode=0o700)
    path.chmod(0o700)  # the umask may have taken more away
    give_to_owner(path, like)


def holds_files(folder: Path) -> bool:
    """Tell whether there is any file in `folder` or below it."""
    return any(names for _, _, names in os.walk(folder))


def free_bytes(folder: Path) -> int:
    """Return how many bytes we may still write there; 0 where no file fits. Raises `OSError`."""
    disk = os.statvfs(folder)
    blocks = disk.f_bfree if os.geteuid() == 0 else disk.f_bavail
    has_entries = disk.f_ffree or not disk.f_files  # some file systems do not count them
    return blocks * disk.f_frsize if has_entries else 0


def write_atomically(
    path: Path, data: bytes, mode: int, like: Path, *, through: Path | None = None
) -> None:
    """Replace or create `path` in one move, on disk before the name points to it.

    The new file never exists with more permissions than `mode`, and belongs
    to the owner of `like` (to us where we are not root; the group is kept
    where we are in it); access control lists stay. It is made in the folder
    `through` where that is on the same file system, so that a kill leaves
    nothing beside `path`; what a kill left goes with the next call for the same
    path (`remove_unfinished` is for those with a new one each). One call for a
    path at a time. Raises `OSError`; the old file is then untouched.
    """
    folder = through if through and _same_disk(through, path.parent) else path.parent
    temporary = folder / _unfinished(path.name)
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            _hand_over(file.fileno(), like)
            os.fchmod(file.fileno(), mode)
            _copy_attributes(path, file.fileno())
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def remove_unfinished(folder: Path, names: str) -> None:
    """Remove what a kill left of `write_atomically`, for all paths in `folder` of these names.

    `names` is a pattern. Nobody may be writing one of them. Raises `OSError`.
    """
    for left in folder.glob(_unfinished(names)):
        left.unlink(missing_ok=True)


def _unfinished(name: str) -> str:
    return f".{name}.new"


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _copy_attributes(path: Path, descriptor: int) -> None:
    """Copy access control lists and the like, as far as we may and the file system knows them."""
    with contextlib.suppress(OSError):  # no such file yet, or no such thing here
        for name in os.listxattr(path):
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(path, name))


def _hand_over(descriptor: int, like: Path) -> None:
    owner = like.stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, -1, owner.st_gid)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable: the folder's entry is data of its own."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
