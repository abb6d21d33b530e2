"""Whose a thing on the Docker Engine is: its name says which run of the tests made it.

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


def owned(name: str) -> str:
    """Return a name that only this process gives, and that Compose takes as it is."""
    return name + suffix()


def suffix() -> str:
    """Return what the names of this process end with: its number and when it began."""
    me = Process.of(os.getpid())
    assert me
    return f"-t{me.pid}n{_NAMESPACE}s{me.started}"


def is_owned(name: str) -> bool:
    """Whether this process gave the name."""
    return name.endswith(suffix())


def is_left_over(name: str) -> bool:
    """Whether a process gave the name that has ended; never for a name of somebody else."""
    found = _SUFFIX.search(name)
    if found is None:
        return False
    pid, namespace, started = map(int, found.groups())
    return namespace == _NAMESPACE and not Process(pid, started).lives()


def in_folder(folder: Path) -> Path:
    """Return the folder beside `folder` whose project only this process has."""
    return folder.with_name(owned(folder.name))
