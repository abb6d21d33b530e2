"""An instance moves from bucket to bucket, by `bw-s3 run`: nothing ever uploaded is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import md5
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
import pytest

from tests.servers.browser import Chromium
from tests.servers.ceph import Ceph
from tests.support.command_line import CommandLine
from tests.support.parts import need
from tests.support.waiting import wait_until
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.build import build
from wizard.demo.pictures import cover
from wizard.demo.seaweedfs import SeaweedFS
from wizard.env.file import EnvFile
from wizard.env.next_lines import next_values, with_next_values
from wizard.journal.journal import Journal
from wizard.journal.moving import moving_from
from wizard.media.public import PUBLIC_SUFFIXES
from wizard.storage.bucket import Bucket

_UPLOAD = """
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
for name in {names}:
    default_storage.save(name, ContentFile(name.encode() * 40))
"""

# Those further down are loaded as well.
_PICTURES = """Promise.all([...document.images].map(async one => {
  one.loading = "eager";
  await one.decode().catch(() => {});
  return {from: one.currentSrc, wide: one.naturalWidth};
}))"""


@dataclass
class Moving:
    """A demo on its way, and the MD5 of every public file that it ever had."""

    line: CommandLine
    browser: Chromium
    ever: dict[str, bytes] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        return self.line.demo.folder

    @property
    def env(self) -> EnvFile:
        return EnvFile.read(self.folder / ".env")

    def upload(self, *names: str) -> None:
        """Upload covers as BookWyrm does, through its own storage."""
        script = _UPLOAD.format(names=[f"covers/{name}" for name in names])
        python = str(self.folder / "venv/bin/python3")
        command = [python, "manage.py", "shell", "-c", script]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        for name in names:
            self.ever[f"images/covers/{name}"] = md5(f"covers/{name}".encode() * 40).digest()

    def publish(self, name: str) -> None:
        """Upload a real picture through the site; its page shows it from then on."""
        data = cover(len(self.ever))
        self.line.upload(name, data)
        self.ever[f"images/covers/{name}"] = md5(data).digest()
        self.shown.add(f"images/covers/{name}")

    def look(self, base: str) -> None:
        """A browser shows every picture of the page, all from `base`, each with its own bytes."""
        pictures = self.browser.says_on(self.line.demo.site_url, _PICTURES)
        assert not [p for p in pictures if not p["wide"] or not p["from"].startswith(f"{base}/")]
        found = {
            unquote(str(picture["from"]).removeprefix(f"{base}/")): httpx.get(picture["from"])
            for picture in pictures
        }
        bytes_of = {key: md5(answer.content).digest() for key, answer in found.items()}
        media = {key: data for key, data in bytes_of.items() if key.startswith("images/")}
        assert media == {key: self.ever[key] for key in media}
        assert media.keys() >= self.shown

    def note_disk(self) -> None:
        media = self.folder / "images"
        for path in media.rglob("*"):
            public = path.name.rpartition(".")[2] in PUBLIC_SUFFIXES and "\\" not in path.name
            if path.is_file() and public:
                key = f"images/{path.relative_to(media)}"
                self.ever.setdefault(key, md5(path.read_bytes()).digest())

    def arguments(self, settings: Settings) -> list[str]:
        return [
            sys.executable, "-m", "screens", "run", str(self.folder), "--yes", "--json",
            "--provider", settings.provider, "--endpoint", settings.endpoint,
            "--region", settings.region, "--bucket", settings.bucket,
            "--custom-domain", settings.custom_domain, "--url-protocol", settings.url_protocol,
        ]  # fmt: skip

    def start(self, settings: Settings, keys: Keys) -> subprocess.Popen[str]:
        named = {
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
        }
        return subprocess.Popen(
            self.arguments(settings), env={**os.environ, **named}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def move(self, settings: Settings, keys: Keys) -> list[dict[str, object]]:
        process = self.start(settings, keys)
        output, _ = process.communicate(timeout=180)
        assert process.returncode == 0, output[-6000:]
        return [json.loads(line) for line in output.splitlines()]

    def bw_s3(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call bw-s3 with no keys but those of `.env`."""
        command = [sys.executable, "-m", "screens", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)

    def status(self) -> dict[str, object]:
        said: dict[str, object] = json.loads(
            self.bw_s3("status", "--json", str(self.folder)).stdout
        )
        return said

    def status_of_move(self) -> Settings:
        """The storage that bw-s3 remembers to have moved it from."""
        journal = Journal.open(self.line.journal, self.folder)
        try:
            old = moving_from(journal)
        finally:
            journal.close()
        assert old
        return old

    def check(self, settings: Settings, keys: Keys) -> None:
        """All that was ever uploaded is public there, byte for byte, and pages point there."""
        env = self.env
        assert (env.get("USE_S3"), env.get("AWS_STORAGE_BUCKET_NAME")) == ("true", settings.bucket)
        assert (env.get("AWS_ACCESS_KEY_ID"), next_values(env)) == (keys.access_key_id, {})
        page = httpx.get(self.line.demo.site_url, headers={"Cookie": "sessionid=x"}).text
        assert f"//{settings.custom_domain}/" in page
        with httpx.Client() as client:
            found = {
                key: md5(client.get(f"{settings.public_base}/{quote(key)}").content).digest()
                for key in self.ever
            }
        assert found == self.ever


@pytest.fixture(scope="module")
def moving(seaweedfs: SeaweedFS, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moving]:
    """A demo whose site uses its first bucket, with covers that are nowhere else."""
    need("chromium")
    place = tmp_path_factory.mktemp("moving")
    with build(place, covers=40, storage=seaweedfs) as demo, Chromium() as browser:
        line = CommandLine(demo, (demo.folder / ".env").read_bytes())
        line.finish()
        found = Moving(line, browser)
        found.note_disk()
        found.publish("after-the-switch.jpg")
        found.look(demo.settings.public_base)
        found.upload("only in a 1.jpg", "only-in-a+2.jpg")
        yield found


def put_misplaced(moving: Moving, key: str) -> None:
    """A public file below `BUCKET/images/`, as if the name had been part of the endpoint."""
    settings, bucket = moving.line.demo.settings, moving.line.bucket
    bucket.put(key, b"misplaced")
    moving.ever[key.removeprefix(f"{settings.bucket}/")] = md5(b"misplaced").digest()
    policy = bucket.get_policy() or {"Version": "2012-10-17", "Statement": []}
    arn = f"arn:aws:s3:::{settings.bucket}/{settings.bucket}/*"
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": arn}
    bucket.put_policy({**policy, "Statement": [*policy["Statement"], allow]})
    url = f"{settings.endpoint}/{settings.bucket}/{key}"
    wait_until(lambda: httpx.head(url).is_success)


def test_from_bucket_to_bucket_of_one_service(moving: Moving, seaweedfs: SeaweedFS) -> None:
    old = moving.line.demo.settings
    misplaced = f"{old.bucket}/images/covers/misplaced.jpg"
    put_misplaced(moving, misplaced)
    before = {o.key: o.etag for o in moving.line.bucket.list_objects()}
    new = seaweedfs.settings("books-second")
    events = moving.move(new, seaweedfs.keys)
    moving.check(new, seaweedfs.keys)
    moving.publish("after-the-move.jpg")
    moving.look(new.public_base)
    (check,) = (e for e in events if e.get("code") == "misplaced-files")
    assert check["verdict"] == "pass"
    assert {o.key: o.etag for o in moving.line.bucket.list_objects()} == before
    assert old.public_base in json.dumps(events)
    secret = seaweedfs.keys.secret_access_key
    kept = [p for p in moving.line.journal.rglob("*") if p.is_file() and p.suffix != ".bak"]
    assert not [p for p in kept if secret.encode() in p.read_bytes()]
    again = moving.move(new, seaweedfs.keys)
    assert {e["state"] for e in again if e["event"] == "status"} <= {"done", "skipped"}


def test_the_site_goes_back_with_what_was_uploaded(moving: Moving, seaweedfs: SeaweedFS) -> None:
    """`disarm --undo-restart` after the move, and the move once more."""
    old, new = moving.line.demo.settings, seaweedfs.settings("books-second")
    moving.move(new, seaweedfs.keys)
    moving.upload("only-in-the-new-one.jpg")
    env = moving.env
    back = moving.bw_s3("disarm", str(moving.folder), "--undo-restart")
    assert back.returncode == 0, back.stdout + back.stderr
    assert "uses its old storage again" in back.stdout
    assert next_values(moving.env)["AWS_STORAGE_BUCKET_NAME"] == new.bucket
    waiting = moving.env.path.read_bytes()
    moving.env.path.write_bytes(with_next_values(moving.env, {}).data)
    moving.check(old, seaweedfs.keys)
    moving.env.path.write_bytes(waiting)
    assert moving.status()["armed"] is False
    moving.upload("in-the-old-one-again.jpg")
    moving.move(new, seaweedfs.keys)
    moving.check(new, seaweedfs.keys)
    assert moving.env.get("AWS_SECRET_ACCESS_KEY") == env.get("AWS_SECRET_ACCESS_KEY")


def test_only_the_public_address_changes(moving: Moving, seaweedfs: SeaweedFS) -> None:
    """Another host name of the same bucket: nothing is copied."""
    now = seaweedfs.settings("books-second")
    moving.move(now, seaweedfs.keys)
    client = Bucket(now, seaweedfs.keys).client

    def stored() -> dict[str, object]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=now.bucket)
        return {o["Key"]: o["LastModified"] for page in pages for o in page["Contents"]}

    before = stored()
    host = now.custom_domain.replace("127.0.0.1", "localhost")
    events = moving.move(replace(now, custom_domain=host), seaweedfs.keys)
    skipped = {str(e["step"]): e for e in events if e.get("state") == "skipped"}
    assert "the files stay in their bucket" in str(skipped["copy_media"])
    assert stored() == before, "static files are not sent again either"
    moving.check(replace(now, custom_domain=host), seaweedfs.keys)
    moving.move(now, seaweedfs.keys)
    moving.check(now, seaweedfs.keys)


def test_killed_on_the_way_to_another_service(
    moving: Moving, seaweedfs: SeaweedFS, ceph: Ceph
) -> None:
    moving.upload("only-in-b.jpg")
    old = Bucket(
        seaweedfs.settings(moving.env.get("AWS_STORAGE_BUCKET_NAME") or ""), seaweedfs.keys
    )
    before = {o.key: o.etag for o in old.list_objects()}
    new = ceph.settings("books-third")
    for seconds in (2.0, 4.0, 6.5, 9.0):
        process = moving.start(new, ceph.keys)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    moving.move(new, ceph.keys)
    moving.check(new, ceph.keys)
    Bucket(new, ceph.keys).ask()
    assert {o.key: o.etag for o in old.list_objects()} == before


def test_back_to_the_disk_after_a_move(moving: Moving, seaweedfs: SeaweedFS, ceph: Ceph) -> None:
    """From the bucket that it moved to; what only the one before has is named. And there again."""
    new = ceph.settings("books-third")
    moving.move(new, ceph.keys)
    moving.upload("only-in-the-last.jpg")
    old = moving.status_of_move()
    Bucket(old, seaweedfs.keys).put("images/covers/left behind.jpg", b"after the move")
    plans = moving.bw_s3("rollback", str(moving.folder), "--dry-run")
    assert plans.returncode == 0 and moving.status_of_move() == old, plans.stdout
    back = moving.bw_s3("rollback", str(moving.folder), "--yes", "--json")
    assert back.returncode == 0, back.stdout[-6000:] + back.stderr
    events = [json.loads(line) for line in back.stdout.splitlines()]
    said = {e["code"]: e for e in events if e["event"] == "check"}
    assert said["left-in-old-bucket"]["verdict"] == "remark"
    assert "covers/left behind.jpg" in str(said["left-in-old-bucket"])
    assert moving.env.get("USE_S3") == "false"
    here = {key: md5((moving.folder / key).read_bytes()).digest() for key in moving.ever}
    assert here == moving.ever
    assert not (moving.folder / "images/covers/left behind.jpg").exists()
    for key in ("images/covers/only-in-the-last.jpg", "images/covers/only-in-b.jpg"):
        if key in moving.ever:
            served = httpx.get(f"{moving.line.demo.site_url}/{quote(key)}").content
            assert md5(served).digest() == moving.ever[key]
    moving.publish("on-the-disk-again.jpg")
    moving.look(moving.line.demo.site_url)
    moving.move(new, ceph.keys)
    moving.check(new, ceph.keys)
    moving.publish("for-good.jpg")
    moving.look(new.public_base)
