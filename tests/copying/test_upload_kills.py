"""Killed with -9 at random moments, the copy ends byte for byte all the same."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.copy_kit import CopyKit
from wizard.core.secrets import Keys
from wizard.core.settings import Settings

_CHILD = """
import os, sys
from pathlib import Path
from tests.support.copy_kit import CopyKit
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
folder, endpoint, bucket, rate = sys.argv[1:]
key, secret = os.environ["TEST_KEY"], os.environ["TEST_SECRET"]
kit = CopyKit(Path(folder), Settings(endpoint=endpoint, bucket=bucket), Keys(key, secret))
kit.control.limit_rate(int(rate))
print("begins", flush=True)
kit.copy()
"""


def begin(kit: CopyKit, *, rate: int = 8_000_000) -> subprocess.Popen[bytes]:
    """The copy in a process of its own, at so many bytes a second; it is about to begin."""
    keys = {"TEST_KEY": kit.keys.access_key_id, "TEST_SECRET": kit.keys.secret_access_key}
    settings = kit.settings
    where = [str(kit.folder), settings.endpoint, settings.bucket]
    argv = [sys.executable, "-c", _CHILD, *where, str(rate)]
    folder = ROOT
    env = {**os.environ, **keys}
    process = subprocess.Popen(argv, env=env, cwd=folder, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begins\n"
    process.stdout.close()
    return process


@pytest.mark.parametrize("most", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_again_and_again(tmp_path: Path, storage: tuple[Settings, Keys], most: int) -> None:
    """As many instances as it takes for so many kills; each is copied to its end."""
    kills = number = 0
    while kills < most:
        number += 1
        kit = instance(tmp_path / str(number), number, storage)
        kills += kill_until_done(kit, most - kills)
        kit.control.limit_rate(0)
        before = len(kit.verified())
        outcome = kit.copy()
        assert (outcome.failures, outcome.conflicts) == ((), ())
        assert outcome.already >= before
        assert kit.there() == kit.here() == kit.verified()
        client, bucket = kit.client, kit.settings.bucket
        assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []
        remove(kit)
        print(
            f"{kills} kills, {number} instances, {before} verified before the last run", flush=True
        )


def instance(folder: Path, number: int, storage: tuple[Settings, Keys]) -> CopyKit:
    """Small files and one that goes up in parts, with a bucket of their own."""
    settings, keys = storage
    kit = CopyKit(folder, replace(settings, bucket=f"{settings.bucket}-{number}"), keys)
    kit.client.create_bucket(Bucket=kit.settings.bucket)
    kit.fill(300, seed=number)
    kit.write("covers/large.png", os.urandom(9 << 20))
    return kit


def kill_until_done(kit: CopyKit, most: int) -> int:
    """Kill the copy until it ends before we do; how many kills there were."""
    chance = random.Random()
    verified: dict[str, bytes] = {}
    stored: dict[str, datetime] = {}
    for kills in range(most):
        process = begin(kit)
        time.sleep(chance.uniform(0, 2.5))
        ended = process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        before, verified, here = verified, kit.verified(), kit.here()
        # Whatever was called verified is so, stays so, and is not sent again.
        assert before.items() <= verified.items()
        assert all(here[key] == md5 for key, md5 in verified.items())
        earlier, stored = stored, when_stored(kit)
        assert all(stored[key] == earlier[key] for key in before)
        if ended:
            return kills
    return most


def when_stored(kit: CopyKit) -> dict[str, datetime]:
    """When the service took each object."""
    pages = kit.client.get_paginator("list_objects_v2").paginate(Bucket=kit.settings.bucket)
    return {o["Key"]: o["LastModified"] for page in pages for o in page.get("Contents", [])}


def remove(kit: CopyKit) -> None:
    """Leave nothing behind: hundreds of instances would fill the disk."""
    keys = [{"Key": key} for key in when_stored(kit)]
    kit.client.delete_objects(Bucket=kit.settings.bucket, Delete={"Objects": keys})  # type: ignore[typeddict-item]
    kit.client.delete_bucket(Bucket=kit.settings.bucket)
    shutil.rmtree(kit.folder)
