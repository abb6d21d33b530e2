"""kill -9 at any moment: the next start finishes, loses nothing, sends nothing proven again.

`BW_S3_KILLS` sets how many random kills (and how many of the kill points) are
tried; without it a handful, so that the whole suite stays quick.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_line import CommandLine
from wizard.demo import build
from wizard.demo.seaweedfs import SeaweedFS

KILLS = int(os.environ.get("BW_S3_KILLS", "4"))
PATIENCE = 180


@pytest.fixture(scope="module")
def line(seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A demo with a few dozen covers, migrated again and again."""
    with build(tmp_path_factory.mktemp("interruption"), covers=40, storage=seaweedfs) as demo:
        yield CommandLine(demo, (demo.folder / ".env").read_bytes())


def test_a_finished_migration_has_nothing_left_to_do(line: CommandLine) -> None:
    line.begin_anew()
    line.finish()
    line.check_end()
    before = {o.key: o.etag for o in line.bucket.list_objects()}
    sent = line.sent_when()
    events = line.finish()
    assert not [e for e in events if e["event"] == "result"], "nothing was to be done"
    assert line.sent_when() == sent
    assert {o.key: o.etag for o in line.bucket.list_objects()} == before


def test_killed_at_random_moments(line: CommandLine) -> None:
    line.begin_anew()
    begun = time.monotonic()
    line.finish()
    whole = time.monotonic() - begun
    line.begin_anew()
    chance = random.Random(os.environ.get("BW_S3_SEED", "evening"))
    for _ in range(KILLS):
        process = line.start()
        try:
            process.wait(chance.uniform(0.2, whole))
        except subprocess.TimeoutExpired:
            process.kill()
        output, _ = process.communicate()
        if process.returncode == 0:
            line.check_end()
            line.begin_anew()
            continue
        assert process.returncode == -9, output[-6000:]
        before = line.sent_when()
        if chance.random() < 0.5:
            continue  # killed again before it could finish
        line.finish()
        after = line.sent_when()
        assert {key: after[key] for key in before} == before, "something proven was sent again"
        line.check_end()
        line.begin_anew()
    line.finish()
    line.check_end()


def test_killed_at_each_commit_and_external_call(line: CommandLine, tmp_path: Path) -> None:
    line.begin_anew()
    count_file = tmp_path / "count"
    process = line.start("tests.kill_points", "0", str(count_file))
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output[-6000:]
    count = int(count_file.read_text())
    assert count > 100
    chance = random.Random(os.environ.get("BW_S3_SEED", "evening"))
    everyone = list(range(1, count + 1))
    points = everyone if count <= KILLS else sorted(chance.sample(everyone, KILLS))
    for point in points:
        line.begin_anew()
        process = line.start("tests.kill_points", str(point), str(count_file))
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode in (-9, 0), (point, output[-6000:])
        before = line.sent_when()
        line.finish()
        after = line.sent_when()
        assert {key: after[key] for key in before} == before, point
        line.check_end()
