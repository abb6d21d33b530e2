"""Each run's own temporary folder, where no other run changes who may pass.

pytest's usual one is shared: each new run closes it for other users again, under the feet of a
test that acts as one of them.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

_NAME = "bw-s3-tests-"


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder, and remove those of runs that are over."""
    if hasattr(config, "workerinput") or config.option.basetemp is not None:
        return
    parent = Path(tempfile.gettempdir()).resolve()
    for folder in parent.glob(f"{_NAME}*"):
        if is_left_over(folder):
            shutil.rmtree(folder, ignore_errors=True)
    config.option.basetemp = parent / f"{_NAME}{os.getpid()}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove it, unless a test failed and somebody may want to look."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    failed = reporter is not None and bool(reporter.stats.keys() & {"failed", "error"})
    folder = config.option.basetemp
    if hasattr(config, "workerinput") or failed or not str(folder).endswith(str(os.getpid())):
        return
    shutil.rmtree(folder, ignore_errors=True)


def is_left_over(folder: Path) -> bool:
    """Tell whether a folder is that of a run that is over."""
    number = re.fullmatch(rf"{_NAME}(\d+)", folder.name)
    return number is not None and not Path("/proc", number[1]).exists()
