"""kill -9 at any moment: the next start finishes, loses nothing, sends nothing proven again.

`BW_S3_KILLS` sets how many random kills (and how many of the kill points) are
tried; without it a handful, so that the whole suite stays quick.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.parts import need
from wizard.bucket import Bucket
from wizard.demo import DemoInstance, build
from wizard.journal import Journal
from wizard.media import PUBLIC_SUFFIXES
from wizard.upload import destination

KILLS = int(os.environ.get("BW_S3_KILLS", "4"))
PATIENCE = 180


@dataclass
class Rehearsal:
    """One running demo whose migration can be begun anew."""

    demo: DemoInstance
    env: bytes

    @property
    def bucket(self) -> Bucket:
        return Bucket(self.demo.settings, self.demo.keys)

    @property
    def journal(self) -> Path:
        return self.demo.folder / ".bw-s3"

    def arguments(self) -> list[str]:
        settings = self.demo.settings
        return [
            "run", str(self.demo.folder), "--yes", "--json",
            "--provider", settings.provider, "--endpoint", settings.endpoint,
            "--region", settings.region, "--bucket", settings.bucket,
            "--custom-domain", settings.custom_domain, "--url-protocol", settings.url_protocol,
            "--site-url", settings.site_url, "--restart-command", settings.restart_command,
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        keys = self.demo.keys
        mine = {"AWS_ACCESS_KEY_ID": keys.access_key_id}
        return {**os.environ, **mine, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}

    def start(self, *module: str) -> subprocess.Popen[str]:
        """Start the migration, as `screens` or under another module."""
        command = [sys.executable, "-m", *(module or ("screens",)), *self.arguments()]
        return subprocess.Popen(
            command, env=self.environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def finish(self) -> list[dict[str, object]]:
        """Run to the end and return the events; fails with the output where it cannot."""
        process = self.start()
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, output[-6000:]
        return [json.loads(line) for line in output.splitlines()]

    def begin_anew(self) -> None:
        """Everything as it was before the first start."""
        subprocess.run(["rm", "-rf", self.journal], check=True)
        (self.demo.folder / ".env").write_bytes(self.env)
        bucket = self.bucket
        if bucket.exists():
            for item in list(bucket.list_objects()):
                bucket.delete(item.key)
            bucket.put_cors([])
            bucket.put_policy(None)
        self.demo.site("restart")

    def sent_when(self) -> dict[str, datetime]:
        """When each proven object was written, by the bucket's own account."""
        journal = Journal.read(self.journal)
        if journal is None:
            return {}
        proven = {f.key for f in journal.proven(destination(self.demo.settings))}
        journal.close()
        when = self.bucket.client.get_paginator("list_objects_v2")
        pages = when.paginate(Bucket=self.demo.settings.bucket, Prefix="images/")
        found = {o["Key"]: o["LastModified"] for p in pages for o in p.get("Contents", [])}
        return {key: found[key] for key in proven}

    def check_end(self) -> None:
        """The end state, byte for byte, as a stranger and the admin would see it."""
        media = self.demo.folder / "images"
        public = {
            f"images/{p.relative_to(media)}": hashlib.md5(p.read_bytes()).hexdigest()
            for p in media.rglob("*")
            if p.is_file() and p.suffix.removeprefix(".") in PUBLIC_SUFFIXES
        }
        objects = {o.key: o.etag.strip('"') for o in self.bucket.list_objects()}
        assert {k: v for k, v in objects.items() if k.startswith("images/")} == public
        assert all(key.startswith(("images/", "static/")) for key in objects)
        env = (self.demo.folder / ".env").read_text()
        assert "\nUSE_S3=true\n" in env
        page = httpx.get(self.demo.site_url, headers={"Cookie": "sessionid=x"}).text
        assert f"//{self.demo.settings.custom_domain}/" in page
        for proven in list(public)[:5]:
            url = f"{self.demo.settings.public_base}/{proven}"
            assert hashlib.md5(httpx.get(url).content).hexdigest() == public[proven]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """A demo with a few dozen covers, migrated again and again."""
    need("weed")
    with build(tmp_path_factory.mktemp("interruption"), covers=40) as demo:
        yield Rehearsal(demo, (demo.folder / ".env").read_bytes())


def test_a_finished_migration_has_nothing_left_to_do(rehearsal: Rehearsal) -> None:
    rehearsal.begin_anew()
    rehearsal.finish()
    rehearsal.check_end()
    before = {o.key: o.etag for o in rehearsal.bucket.list_objects()}
    sent = rehearsal.sent_when()
    events = rehearsal.finish()
    assert not [e for e in events if e["event"] == "result"], "nothing was to be done"
    assert rehearsal.sent_when() == sent
    assert {o.key: o.etag for o in rehearsal.bucket.list_objects()} == before


def test_killed_at_random_moments(rehearsal: Rehearsal) -> None:
    rehearsal.begin_anew()
    begun = time.monotonic()
    rehearsal.finish()
    whole = time.monotonic() - begun
    rehearsal.begin_anew()
    chance = random.Random(os.environ.get("BW_S3_SEED", "evening"))
    for _ in range(KILLS):
        process = rehearsal.start()
        try:
            process.wait(chance.uniform(0.2, whole))
        except subprocess.TimeoutExpired:
            process.kill()
        output, _ = process.communicate()
        if process.returncode == 0:
            rehearsal.check_end()
            rehearsal.begin_anew()
            continue
        assert process.returncode == -9, output[-6000:]
        before = rehearsal.sent_when()
        if chance.random() < 0.5:
            continue  # killed again before it could finish
        rehearsal.finish()
        after = rehearsal.sent_when()
        assert {key: after[key] for key in before} == before, "something proven was sent again"
        rehearsal.check_end()
        rehearsal.begin_anew()
    rehearsal.finish()
    rehearsal.check_end()


def test_killed_at_each_commit_and_external_call(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.begin_anew()
    count_file = tmp_path / "count"
    process = rehearsal.start("tests.kill_points", "0", str(count_file))
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output[-6000:]
    count = int(count_file.read_text())
    assert count > 100
    chance = random.Random(os.environ.get("BW_S3_SEED", "evening"))
    everyone = list(range(1, count + 1))
    points = everyone if count <= KILLS else sorted(chance.sample(everyone, KILLS))
    for point in points:
        rehearsal.begin_anew()
        process = rehearsal.start("tests.kill_points", str(point), str(count_file))
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode in (-9, 0), (point, output[-6000:])
        before = rehearsal.sent_when()
        rehearsal.finish()
        after = rehearsal.sent_when()
        assert {key: after[key] for key in before} == before, point
        rehearsal.check_end()
