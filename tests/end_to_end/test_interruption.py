"""kill -9 at any moment: the next start finishes, loses nothing, sends nothing verified again.

A handful of kills each time; hundreds of them, and one at each point that a migration passes, are
slow tests.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from wizard.demo.build import build
from wizard.demo.seaweedfs import SeaweedFS
from wizard.env.file import EnvFile

# Exports have a bucket of their own there, and follow the settings of the media.
_OLD_SERVICE = {
    "AWS_ACCESS_KEY_ID": "AKOLD",
    "AWS_SECRET_ACCESS_KEY": "secret-of-the-old-service",
    "AWS_S3_REGION_NAME": "old-region",
    "AWS_S3_ENDPOINT_URL": "https://old.example.com",
    "USE_S3_FOR_EXPORTS": "true",
    "EXPORTS_STORAGE_BUCKET_NAME": "private-exports",
}
_EXPORTS = {
    "EXPORTS_ACCESS_KEY_ID": "AKOLD",
    "EXPORTS_SECRET_ACCESS_KEY": "secret-of-the-old-service",
    "EXPORTS_S3_REGION_NAME": "old-region",
    "EXPORTS_S3_ENDPOINT_URL": "https://old.example.com",
}
MOST_POINTS = 2000
PATIENCE = 180


@pytest.fixture(scope="module")
def line(seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A demo with a few dozen covers, not all of them usual, migrated again and again."""
    with build(tmp_path_factory.mktemp("interruption"), covers=40, storage=seaweedfs) as demo:
        covers = demo.folder / "images" / "covers"
        # The service keeps it under another name, and it is given up.
        (covers / "back\\slash.jpg").write_bytes(b"a picture")
        # This site serves what BookWyrm's nginx would not: it is asked, and `--yes` agrees.
        (covers / "moving.gif").write_bytes(b"GIF89a")
        (covers / "loud.JPG").write_bytes(b"another picture")
        views = demo.folder / "bookwyrm" / "views.py"
        views.write_text(views.read_text().replace("_PUBLIC = {", '_PUBLIC = {"gif", "JPG", '))
        env = EnvFile.read(demo.folder / ".env").with_values(_OLD_SERVICE)
        yield CommandLine(demo, env.data, more_public=("gif", "JPG"))


def check_end(line: CommandLine) -> None:
    """All is copied and verified, and the exports are where they were."""
    line.check_end()
    env = EnvFile.read(line.demo.folder / ".env")
    assert {name: env.get(name) for name in _EXPORTS} == _EXPORTS


def test_a_finished_migration_has_nothing_left_to_do(line: CommandLine) -> None:
    line.begin_anew()
    line.finish()
    check_end(line)
    before = {o.key: o.etag for o in line.bucket.list_objects()}
    sent = line.sent_when()
    events = line.finish()
    assert not [e for e in events if e["event"] == "result"], "nothing was to be done"
    assert line.sent_when() == sent
    assert {o.key: o.etag for o in line.bucket.list_objects()} == before


@pytest.mark.parametrize("kills", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_at_random_moments(line: CommandLine, kills: int) -> None:
    line.begin_anew()
    begun = time.monotonic()
    line.finish()
    whole = time.monotonic() - begun
    line.begin_anew()
    chance = random.Random(kills)
    for number in range(kills):
        # An upgrade may write `.env` anew, and what it lost is put back.
        begin = line.begin_anew if number % 2 else line.lose_lines
        process = line.start()
        try:
            process.wait(chance.uniform(0.2, whole))
        except subprocess.TimeoutExpired:
            process.kill()
        output, _ = process.communicate()
        if process.returncode == 0:
            check_end(line)
            begin()
            continue
        assert process.returncode == -9, output[-6000:]
        before = line.sent_when()
        if chance.random() < 0.5:
            continue  # killed again before it could finish
        line.finish()
        after = line.sent_when()
        assert {key: after[key] for key in before} == before, "something verified was sent again"
        check_end(line)
        begin()
    line.finish()
    check_end(line)


@pytest.mark.parametrize("every", [120, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_each_commit_and_external_call(
    line: CommandLine, tmp_path: Path, every: int
) -> None:
    """One migration, killed at each `every`-th point that it passes for the first time."""
    line.begin_anew()
    seen = tmp_path / "seen"
    before: dict[str, datetime] = {}
    kills = 0
    while True:
        process = line.start("tests.support.kill_points", str(seen), str(every))
        output, _ = process.communicate(timeout=PATIENCE)
        if process.returncode == 0:
            break
        kills += 1
        point = seen.read_text().splitlines()[-1]
        assert process.returncode == -9, (point, output[-6000:])
        assert kills < MOST_POINTS, f"it never ends; the last was: {point}"
        now = line.sent_when()
        assert now.items() >= before.items(), f"something verified was sent again: {point}"
        before = now
        print(f"{kills} {point}", flush=True)
    points = len(seen.read_text().splitlines())
    assert points > 200
    assert kills >= points // every - 1
    check_end(line)
