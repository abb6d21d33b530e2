"""What is remembered of a demo outside of it, so that one that was killed goes too.

A record lies in the user's cache folder for as long as the demo exists.
Its owner holds a lock on it, which the kernel frees however the owner ends:
a record that can be locked is of a demo that nobody runs any more.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pwd
import shutil
import time
from pathlib import Path
from typing import Any

from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.system.processes import Process

_MARKER = "demo.json"


class DemoRecord:
    """The record of one demo below `folder`, locked as long as this process lives."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        self.path = _records() / f"{name}.json"
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self.write()

    def make_folder(self) -> None:
        """Create the demo's folder, with the mark that makes it one."""
        self.folder.mkdir(mode=0o700, parents=True)
        (self.folder / _MARKER).write_text(json.dumps({"record": self.path.name}))

    def write(self, *pids: int) -> None:
        """Note the folder and the processes that belong to it."""
        processes = [p for p in map(Process.of, pids) if p]
        content = {
            "folder": str(self.folder),
            "processes": [[p.pid, p.started] for p in processes],
        }
        data = json.dumps(content).encode()
        os.pwrite(self._descriptor, data, 0)
        os.ftruncate(self._descriptor, len(data))

    def forget(self) -> None:
        """Delete the record of a demo that is gone, or is to stay: nothing is left to clean up."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


def clean_up() -> list[Path]:
    """Remove what demos left that were killed; returns their folders."""
    removed = []
    for path in sorted(_records().glob("*.json")):
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            removed += _remove(path)
        finally:
            os.close(descriptor)
    return removed


def _remove(path: Path) -> list[Path]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except ValueError:  # killed before it was written: there is nothing else yet
        content = {"folder": "", "processes": []}
    for pid, started in content["processes"]:
        Process(pid, started).kill()
    folder = Path(content["folder"])
    removed = _is_demo(folder, path.name)
    if removed:
        remove_tree(folder)
    path.unlink(missing_ok=True)
    return [folder] if removed else []


def _is_demo(folder: Path, record: str) -> bool:
    """Tell whether the folder is still the one of this record, and ours to remove."""
    if not folder.is_absolute() or not folder.is_dir() or folder.is_symlink():
        return False
    if folder.stat().st_uid != os.geteuid():
        return False
    try:
        return bool(json.loads((folder / _MARKER).read_text())["record"] == record)
    except FileNotFoundError:  # killed between creating and marking it
        return not any(folder.iterdir())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def remove_tree(folder: Path) -> None:
    """Remove a folder, while a server in it may still be writing its last words."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _records() -> Path:
    """Return where the records are: nobody else may read or write there. Raises `Problem`."""
    home = os.environ.get("HOME") or pwd.getpwuid(os.geteuid()).pw_dir
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path(home, ".cache"))
    folder = cache / "bw-s3" / "demos"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = folder.stat().st_uid == os.geteuid() and os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise _no_records(folder, raw=str(error)) from error
    if not private:
        raise _no_records(folder, raw=f"{folder}: {os.strerror(errno.EACCES)}")
    return folder


def _no_records(folder: Path, raw: str) -> Problem:
    return Problem(
        msg("The demo cannot record where it is."),
        msg(
            "It needs {folder}, so that it can clean up after itself even if it is killed.",
            folder=str(folder),
        ),
        msg("Name another place: XDG_CACHE_HOME=/var/tmp/my-cache bw-s3 demo"),
        raw=raw,
        code="demo-records-not-writable",
    )
