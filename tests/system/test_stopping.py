"""Ending at once: the last words are said, and temporary folders go."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from wizard.system.stopping import temporary_folder


def test_a_temporary_folder_goes_also_where_it_fails() -> None:
    with pytest.raises(ValueError, match="in between"), temporary_folder("bw-s3-test-") as folder:
        (folder / "file").write_text("x")
        raise ValueError("in between")
    assert not folder.exists()


def test_stopped_in_the_middle_it_leaves_nothing_behind(tmp_path: Path) -> None:
    """With a thread that would never end, and whatever stands in `finally`."""
    script = """
        import os, threading, time
        from wizard.system.stopping import stop, temporary_folder
        threading.Thread(target=time.sleep, args=(600,)).start()
        with temporary_folder("bw-s3-test-") as folder:
            (folder / "file").write_text("x")
            print(folder, flush=True)
            try:
                stop("Stopped.", 130)
            finally:
                print("never said", flush=True)
    """
    argv = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(
        argv, env={"TMPDIR": str(tmp_path)}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (130, "Stopped.")
    assert done.stdout.startswith(str(tmp_path))
    assert "never said" not in done.stdout
    assert list(tmp_path.iterdir()) == []
