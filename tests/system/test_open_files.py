"""The limit of open files is raised as far as it may be, and never lowered."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import resource, sys
from wizard.system.open_files import allow_open_files
limits = tuple(map(int, sys.argv[1:3]))
resource.setrlimit(resource.RLIMIT_NOFILE, limits)
print(allow_open_files(1024), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("limits", "answer"),
    [
        ((256, 2048), "True 1024 2048"),
        ((256, 1024), "True 1024 1024"),
        ((256, 512), "False 256 512"),
        ((1500, 2048), "True 1500 2048"),
    ],
)
def test_as_many_as_wanted_where_the_system_lets_us(limits: tuple[int, int], answer: str) -> None:
    argv = [sys.executable, "-c", _PROGRAM, *map(str, limits)]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip() == answer
