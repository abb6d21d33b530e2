"""Other users and small disks, for tests that run as root."""

from __future__ import annotations

import copyreg
import os
import pickle
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from wizard.core.problem import Problem

# Two users who own nothing here; they need no name.
ALICE = 4401
BOB = 4402

copyreg.pickle(Problem, lambda problem: (Problem.from_dict, (problem.to_dict(),)))

_Result = TypeVar("_Result")


def need_root() -> None:
    """Skip the test where only root could set the scene."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user and mount a disk")


def as_user(uid: int, function: Callable[[], _Result]) -> _Result:
    """What `function` returns, or raises, in a process of that user (uid and gid)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(uid, function, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        worked, value = pickle.load(answer)
    os.waitpid(child, 0)
    if not worked:
        raise value
    result: _Result = value
    return result


def _answer(uid: int, function: Callable[[], object], writing: int) -> None:
    """Runs in the child, which ends here."""
    try:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        answer = (True, function())
    except BaseException as error:  # noqa: BLE001
        answer = (False, error)
    with os.fdopen(writing, "wb") as pipe:
        pickle.dump(answer, pipe)
    os._exit(0)


@contextmanager
def acting_as(uid: int) -> Iterator[None]:
    """Every thread of this process acts as that user as long as the context lasts."""
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def give_to(folder: Path, uid: int) -> None:
    """Have a folder and all that is below belong to that user."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, uid, uid)


def reachable(folder: Path) -> None:
    """Let every user pass through this folder of the test and those above it."""
    temporary = Path(tempfile.gettempdir())
    for closed in (folder, *folder.parents):
        if temporary in closed.parents and closed.stat().st_mode & 0o077 == 0:
            closed.chmod(0o711)


def owned_folder(parent: Path, uid: int, name: str = "home") -> Path:
    """A folder that belongs to that user, who can reach it."""
    reachable(parent)
    folder = parent / name
    folder.mkdir()
    os.chown(folder, uid, uid)
    return folder


@contextmanager
def small_disk(folder: Path, size: str = "256k") -> Iterator[Path]:
    """A file system of that size, mounted on `folder` as long as the context lasts."""
    need_root()
    folder.mkdir(exist_ok=True)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    with _mounted(mounting, folder):
        yield folder


@contextmanager
def folding_disk(folder: Path, image: Path) -> Iterator[Path]:
    """A disk that takes `A.jpg` and `a.jpg` for the same name, mounted on `folder`.

    An NTFS in `image`, as far as `lowntfs-3g` is installed; it shows all names in lowercase.
    """
    _need_for_disk("lowntfs-3g", "ignores the case of names")
    _make_disk(image, 64 << 20, "mkntfs", "-F", "-q", "-Q")
    folder.mkdir(exist_ok=True)
    mounting = ["lowntfs-3g", "-o", "ignore_case,permissions", str(image), str(folder)]
    with _mounted(mounting, folder):
        yield folder


@contextmanager
def disk_with_quota(folder: Path, image: Path, size: str) -> Iterator[Path]:
    """A disk with room for more than may be used of it, by root as well, mounted on `folder`.

    A btrfs in `image`, as far as its tools are installed; `btrfs qgroup limit` changes the quota.
    """
    _need_for_disk("btrfs", "has a quota")
    _make_disk(image, 256 << 20, "mkfs.btrfs", "-q")
    folder.mkdir(exist_ok=True)
    with _mounted(["mount", "-o", "loop", str(image), str(folder)], folder):
        for words in (["quota", "enable"], ["qgroup", "limit", size]):
            subprocess.run(["btrfs", *words, folder], check=True, capture_output=True)
        yield folder


def _need_for_disk(program: str, does: str) -> None:
    need_root()
    if shutil.which(program) is None:
        pytest.skip(f"no {program} to mount a disk that {does}")


def _make_disk(image: Path, size: int, *argv: str) -> None:
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run([*argv, image], check=True, capture_output=True)


@contextmanager
def _mounted(mounting: list[str], folder: Path) -> Iterator[None]:
    if subprocess.run(mounting, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return path
