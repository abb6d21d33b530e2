"""Killed with -9 at random moments, the copy ends byte for byte all the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.copy_kit import CopyKit
from wizard.secrets import Keys
from wizard.settings import Settings

KILLS = int(os.environ.get("BW_S3_KILLS", "8"))

_CHILD = """
import os, sys
from pathlib import Path
from tests.copy_kit import CopyKit
from wizard.secrets import Keys
from wizard.settings import Settings
folder, endpoint, bucket, rate = sys.argv[1:]
key, secret = os.environ["TEST_KEY"], os.environ["TEST_SECRET"]
kit = CopyKit(Path(folder), Settings(endpoint=endpoint, bucket=bucket), Keys(key, secret))
kit.control.limit_rate(int(rate))
kit.copy()
"""


@pytest.fixture
def kit(tmp_path: Path, storage: tuple[Settings, Keys]) -> CopyKit:
    """Small files and one that goes up in parts."""
    kit = CopyKit(tmp_path, *storage)
    kit.fill(300)
    kit.write("covers/large.png", os.urandom(18 << 20))
    return kit


def begin(kit: CopyKit, *, rate: int = 4_000_000) -> subprocess.Popen[bytes]:
    """The copy in a process of its own, at so many bytes a second."""
    keys = {"TEST_KEY": kit.keys.access_key_id, "TEST_SECRET": kit.keys.secret_access_key}
    settings = kit.settings
    where = [str(kit.folder), settings.endpoint, settings.bucket]
    argv = [sys.executable, "-c", _CHILD, *where, str(rate)]
    return subprocess.Popen(argv, env={**os.environ, **keys}, cwd=Path(__file__).parent.parent)


def test_killed_again_and_again(kit: CopyKit) -> None:
    chance = random.Random()
    for _ in range(KILLS):
        process = begin(kit)
        time.sleep(chance.uniform(0.6, 3.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        proven, here = kit.proven(), kit.here()
        # Whatever was called proven is so.
        assert all(here[key] == md5 for key, md5 in proven.items())
    kit.control.limit_rate(0)
    before = len(kit.proven())
    outcome = kit.copy()
    assert (outcome.failures, outcome.conflicts) == ((), ())
    assert outcome.already >= before
    assert kit.there() == kit.here() == kit.proven()
    assert kit.client.list_multipart_uploads(Bucket=kit.settings.bucket).get("Uploads", []) == []
