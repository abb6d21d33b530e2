"""Names on the Docker Engine that say which run of the tests gave them.

Two runs beside each other therefore never meet, and what a killed run left is known as such.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from wizard.system.processes import Process

# The namespace tells processes of this machine from those of a container with the same number.
_NAMESPACE = Path("/proc/self/ns/pid").stat().st_ino
_SUFFIX = re.compile(r"-t(\d+)n(\d+)s(\d+)(?![0-9a-z])")


def unique(name: str) -> str:
    """Return the name as only this process gives it, and as Compose takes it."""
    return name + suffix()


def suffix() -> str:
    """Return the end of this process's names: its number, and when it began."""
    me = Process.of(os.getpid())
    assert me
    return f"-t{me.pid}n{_NAMESPACE}s{me.started}"


def is_ours(name: str) -> bool:
    """Tell whether this process gave the name."""
    return name.endswith(suffix())


def is_left_over(name: str) -> bool:
    """Tell whether a process gave the name that has ended; no other name is ever left over."""
    found = _SUFFIX.search(name)
    if found is None:
        return False
    pid, namespace, started = map(int, found.groups())
    return namespace == _NAMESPACE and not Process(pid, started).lives()


def unique_folder(folder: Path) -> Path:
    """Return the folder beside `folder` whose project only this process has."""
    return folder.with_name(unique(folder.name))
