"""`bw-s3 run` on a demo, as a script would call it, and what it must leave behind."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx

from wizard.demo.build import DemoInstance
from wizard.journal.journal import Journal
from wizard.media.public import PUBLIC_SUFFIXES
from wizard.storage.bucket import Bucket

_PATIENCE = 180


@dataclass
class CommandLine:
    """A running demo, migrated by `bw-s3 run` in a process of its own, again and again.

    `more_public` are endings that its site serves beside BookWyrm's own.
    """

    demo: DemoInstance
    env: bytes
    more_public: tuple[str, ...] = ()

    @property
    def bucket(self) -> Bucket:
        """The bucket, with the right keys."""
        return Bucket(self.demo.settings, self.demo.keys)

    @property
    def journal(self) -> Path:
        """Where the journal lies."""
        return self.demo.folder / ".bw-s3"

    def upload(self, name: str, data: bytes) -> None:
        """Upload a cover through the site, which keeps it with its own storage."""
        answer = httpx.post(
            f"{self.demo.site_url}/create-book",
            data={"title": name},
            files={"cover": (name, data, "image/jpeg")},
            timeout=30,
        )
        assert answer.status_code == 201

    def arguments(self) -> list[str]:
        """What `bw-s3` is called with to migrate the demo."""
        settings = self.demo.settings
        return [
            "run", str(self.demo.folder), "--yes", "--json",
            "--provider", settings.provider, "--endpoint", settings.endpoint,
            "--region", settings.region, "--bucket", settings.bucket,
            "--custom-domain", settings.custom_domain, "--url-protocol", settings.url_protocol,
            "--site-url", settings.site_url, "--restart-command", settings.restart_command,
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """Ours, with the keys in it."""
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
        output, _ = process.communicate(timeout=_PATIENCE)
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

    def lose_lines(self) -> None:
        """Write `.env` anew, as an upgrade of a package does, and start the site with it."""
        (self.demo.folder / ".env").write_bytes(self.env)
        self.demo.site("restart")

    def sent_when(self) -> dict[str, datetime]:
        """When each verified object was written, by the bucket's own account."""
        journal = Journal.read(self.journal)
        if journal is None:
            return {}
        verified = {f.key for f in journal.verified_files(self.demo.settings.destination)}
        journal.close()
        if not verified:
            return {}  # there may be no bucket yet
        when = self.bucket.client.get_paginator("list_objects_v2")
        pages = when.paginate(Bucket=self.demo.settings.bucket, Prefix="images/")
        found = {o["Key"]: o["LastModified"] for p in pages for o in p.get("Contents", [])}
        # What SeaweedFS keeps under another name is verified until a listing shows that.
        return {key: found[key] for key in verified if "\\" not in key}

    def _is_public(self, name: str) -> bool:
        """Whether a file is to be in the bucket; SeaweedFS takes a backslash for a slash."""
        ending = name.rpartition(".")[2]
        return ending in (*PUBLIC_SUFFIXES, *self.more_public) and "\\" not in name

    def check_end(self) -> None:
        """The end state, byte for byte, as the public and the admin see it."""
        media = self.demo.folder / "images"
        public = {
            f"images/{p.relative_to(media)}": hashlib.md5(p.read_bytes()).hexdigest()
            for p in media.rglob("*")
            if p.is_file() and self._is_public(p.name)
        }
        objects = {o.key: o.etag.strip('"') for o in self.bucket.list_objects()}
        assert {k: v for k, v in objects.items() if k.startswith("images/")} == public
        assert all(key.startswith(("images/", "static/")) for key in objects)
        env = (self.demo.folder / ".env").read_text()
        assert "\nUSE_S3=true\n" in env
        page = httpx.get(self.demo.site_url, headers={"Cookie": "sessionid=x"}).text
        assert f"//{self.demo.settings.custom_domain}/" in page
        for verified in list(public)[:5]:
            url = f"{self.demo.settings.public_base}/{verified}"
            assert hashlib.md5(httpx.get(url).content).hexdigest() == public[verified]
