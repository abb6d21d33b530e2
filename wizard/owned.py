"""Files and folders that belong to the instance folder's owner, whoever runs the wizard.

A root-owned file in the checkout breaks the admin's next `docker build`, and
a migration begun as root could not be finished by the user.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
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


def free_bytes(folder: Path) -> int:
    """How many bytes we may still write there; 0 where no file can be created. Raises `OSError`."""
    disk = os.statvfs(folder)
    blocks = disk.f_bfree if os.geteuid() == 0 else disk.f_bavail
    has_entries = disk.f_ffree or not disk.f_files  # some file systems do not count them
    return blocks * disk.f_frsize if has_entries else 0


def write_atomically(path: Path, data: bytes, mode: int, like: Path) -> None:
    """Replace or create `path` in one move, on disk before the name points to it.

    The new file never exists with more permissions than `mode`, and belongs
    to the owner of `like` (to us where we are not root; the group is kept
    where we are in it). Raises `OSError`; the old file is then untouched.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            _hand_over(file.fileno(), like)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


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
