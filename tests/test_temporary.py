"""The temporary folder of a run is its own, and goes with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.temporary import is_left_over


def test_only_folders_of_runs_that_are_over_are_left_over() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert is_left_over(Path(f"/tmp/bw-s3-tests-{process.pid}"))
    assert not is_left_over(Path(f"/tmp/bw-s3-tests-{os.getpid()}"))
    assert not is_left_over(Path("/tmp/bw-s3-tests-mine"))


def test_it_is_not_the_one_that_all_runs_share(tmp_path: Path) -> None:
    assert "pytest-of-" not in str(tmp_path)
