"""The whole migration under a real Docker Engine: as root, as a user, existing, fresh, killed."""

from __future__ import annotations

import grp
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import ROOT
from tests.servers.docker import BridgedSeaweedFS, docker, need_engine, tcp_engine
from tests.standin import StandIn
from tests.support.users import ALICE, need_root, owned_folder
from tests.support.visitors import Visitors
from wizard.core.settings import Settings
from wizard.demo.checkout import write_catalogue
from wizard.media.public import PUBLIC_SUFFIXES
from wizard.storage.bucket import Bucket

_SERVICES = ("db", "redis_activity", "redis_broker", "web", "nginx", "celery_worker")
Event = dict[str, Any]


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgedSeaweedFS]:
    """An S3 server that the containers reach."""
    need_engine()
    with BridgedSeaweedFS(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that an ordinary user can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="bw-s3-compose-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def installed(place: Path, storage: BridgedSeaweedFS) -> Iterator[StandIn]:
    """An existing instance that runs; tests that leave it as it was come first."""
    with StandIn(place / "bookwyrm", covers=120, self_connector=True) as instance:
        instance.install()
        yield instance


@dataclass
class Migration:
    """`bw-s3 run` on a stand-in, as root or as an ordinary user of the docker group."""

    instance: StandIn
    storage: BridgedSeaweedFS
    bucket_name: str
    events: list[Event] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Settings:
        return self.storage.settings(self.bucket_name)

    @property
    def bucket(self) -> Bucket:
        return Bucket(self.settings, self.storage.keys)

    def run(
        self,
        *options: str,
        uid: int = 0,
        watch: Callable[[Event], bool] = lambda event: False,
        engine: str = "",
    ) -> int:
        """Run to the end, or until `watch` says so, when it is killed; the exit status.

        `engine` is the address of a remote one.
        """
        settings, keys = self.settings, self.storage.keys
        argv = [
            *_as(uid), sys.executable, "-m", "screens",
            "run", str(self.instance.folder), "--yes", "--json",
            "--provider", "seaweedfs", "--endpoint", settings.endpoint, "--region", "us-east-1",
            "--bucket", settings.bucket, "--custom-domain", settings.custom_domain,
            "--url-protocol", "http:", *options,
        ]  # fmt: skip
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.instance.folder.parent),
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            **({"DOCKER_HOST": engine} if engine else {}),
        }
        self.events.clear()
        with subprocess.Popen(argv, cwd="/", env=env, stdout=subprocess.PIPE) as process:
            self.process = process
            assert process.stdout
            for line in process.stdout:
                self.events.append(json.loads(line))
                if watch(self.events[-1]):
                    process.kill()
        return process.returncode

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call another command of bw-s3 for the instance, as root."""
        argv = [sys.executable, "-m", "screens", *arguments, str(self.instance.folder)]
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)

    @contextmanager
    def held(self) -> Iterator[None]:
        """The run pauses where it is, as long as the context lasts."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        yield
        self.process.send_signal(signal.SIGCONT)

    def words(self) -> str:
        """The last events, for a test that failed."""
        return "\n".join(map(str, self.events[-12:]))

    def containers(self) -> dict[str, str]:
        return {name: self.instance.container(name) for name in _SERVICES}

    def uploaded_before(self) -> dict[str, str]:
        """The MD5 of what readers of earlier tests uploaded to the volume, by its key."""
        script = "cd /app && find images -type f -exec md5sum {} +"
        lines = self.instance.in_web("sh", "-c", script).splitlines()
        sums = {key: md5 for md5, key in (line.split("  ", 1) for line in lines)}
        folder = self.instance.media_folder
        return {key: md5 for key, md5 in sums.items() if not (folder / key[7:]).exists()}

    def check_bucket(
        self, more: dict[str, bytes] | None = None, before: dict[str, str] | None = None
    ) -> None:
        """The bucket holds all public media byte for byte and nothing else; the site uses it.

        `before` is what `uploaded_before` gave.
        """
        folder = self.instance.media_folder
        wanted = {
            f"images/{path.relative_to(folder)}": path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.suffix[1:] in PUBLIC_SUFFIXES
        } | (more or {})
        sums = {key: hashlib.md5(data).hexdigest() for key, data in wanted.items()}
        found = {item.key: item.etag.strip('"') for item in self.bucket.list_objects("images/")}
        assert found == sums | (before or {})
        key = next(iter(wanted))
        seen = httpx.get(f"{self.settings.public_base}/{key}")
        assert seen.content == wanted[key]
        assert f"//{self.settings.custom_domain}/static/css" in self.instance.wait_for_site()


def copying(event: Event) -> bool:
    """Whether this is the first progress of the copy."""
    return (event["event"], event["step"]) == ("progress", "copy_media")


def collecting(event: Event) -> bool:
    """Whether the themes were compiled just now, and collectstatic is at work."""
    return event["event"] == "output" and "Compiled SASS" in str(event["text"])


def _as(uid: int) -> list[str]:
    if uid == 0:
        return []
    group = grp.getgrgid(Path("/var/run/docker.sock").stat().st_gid).gr_gid
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", f"--groups={group}", "--"]


def test_wrong_keys_between_the_steps_bring_the_old_env_back(
    installed: StandIn, storage: BridgedSeaweedFS
) -> None:
    """The keys stop working after the static assets were collected: the instance runs as before."""
    env = installed.folder / ".env"
    before = env.read_bytes()
    migration = Migration(installed, storage, "broken-books")

    def break_keys(event: Event) -> bool:
        if event["event"] == "status" and event["step"] == "restart":
            installed.set_env(AWS_SECRET_ACCESS_KEY="x" * 40)
        return False

    assert migration.run(watch=break_keys) == 1, migration.words()
    problem = next(e for e in migration.events if e["event"] == "problem")
    assert "AWS_SECRET_ACCESS_KEY" in problem["what"]
    assert "The site runs as before" in problem["what"]
    assert "Nothing on the site was changed." in problem["why"]
    assert "(403)" in problem["raw"]
    assert 'href="/static/css/themes/' in installed.wait_for_site()
    assert b"\nUSE_S3=false\n" in env.read_bytes()
    assert installed.in_web("printenv", "USE_S3") == "false\n"
    env.write_bytes(before)
    shutil.rmtree(installed.folder / ".bw-s3")


def test_there_and_back_while_readers_upload(installed: StandIn, storage: BridgedSeaweedFS) -> None:
    """To a bucket, to another one, to the disk again, with a cover each quarter of a second.

    No request fails, and each cover is seen in the end.
    """
    env = installed.folder / ".env"
    before = env.read_bytes()
    migration = Migration(installed, storage, "busy-books")
    with Visitors(installed.site_url, seconds_an_upload=0.25) as visitors:
        assert migration.run() == 0, migration.words()
        assert f"//{migration.settings.custom_domain}/" in installed.wait_for_site()
        disk = set(installed.in_web("ls", "/app/images/covers").splitlines())
        in_bucket_only = set(visitors.uploaded) - disk
        moved = Migration(installed, storage, "moved-books")
        assert moved.run() == 0, moved.words()
        assert f"//{moved.settings.custom_domain}/" in installed.wait_for_site()
        back = moved.call("rollback", "--yes")
        assert back.returncode == 0, back.stdout + back.stderr
    print(f"{visitors.figures}; {len(in_bucket_only)} of {len(visitors.uploaded)} in the bucket")
    assert not [e for e in migration.events if "Continue without it?" in str(e.get("text"))]
    assert in_bucket_only, "nobody uploaded anything to the bucket"
    assert not visitors.failed
    assert 'href="/static/css/themes/' in installed.wait_for_site()
    visitors.check_uploads_on(installed.site_url)
    assert "copied back" in back.stdout
    assert "Does it serve its media, byte for byte?: yes" in back.stdout
    owners = installed.in_web("sh", "-c", "stat -c '%u %g %a' /app/images/covers/* | sort -u")
    assert len(owners.splitlines()) == 1, owners
    assert b"\nUSE_S3=false\n" in env.read_bytes()
    env.write_bytes(before)
    shutil.rmtree(installed.folder / ".bw-s3")


def test_existing_instance_killed_everywhere_and_written_to_meanwhile(
    installed: StandIn, storage: BridgedSeaweedFS
) -> None:
    """kill -9 in the copy, in collectstatic, in the restart; readers upload all the time."""
    migration = Migration(installed, storage, "existing-books")
    before, earlier = migration.containers(), migration.uploaded_before()
    uploaded: dict[str, bytes] = {}

    def upload(*names: str) -> None:
        for name in names:
            key, data = f"images/{name}", f"{name} of a reader".encode()
            installed.in_web("sh", "-c", 'cat >"$1"', "sh", f"/app/{key}", given=data)
            uploaded[key] = data

    def collecting_after_an_upload(event: Event) -> bool:
        if copying(event) and not uploaded:
            with migration.held():
                upload("covers/during.jpg")
        return collecting(event)

    def restarting_after_uploads(event: Event) -> bool:
        if (event["event"], event["step"]) == ("status", "set_cors"):
            with migration.held():
                assert migration.containers() == before
                upload("covers/late.jpg", "avatars/late.png")
        said = str(event.get("text"))
        return event["step"] == "restart" and said.startswith("nginx passes visitors")

    assert migration.run(watch=copying) == -9
    assert migration.run(watch=collecting_after_an_upload) == -9, migration.words()
    assert migration.containers() == before
    assert uploaded
    upload("covers/between.jpg")
    assert migration.run(watch=restarting_after_uploads) == -9, migration.words()
    assert migration.run() == 0, migration.words()
    migration.check_bucket(uploaded, earlier)
    labels = ("bw-s3.journal", f"com.docker.compose.project={installed.name}")
    filters = [word for label in labels for word in ("--filter", f"label={label}")]
    assert docker("ps", "--all", "--quiet", *filters) == ""
    covers = installed.sql(
        "select covers_url from bookwyrm_connector where connector_file = 'self_connector'"
    )
    assert covers == f"{migration.settings.public_base}/images"
    noticed = [str(event.get("text")) for event in migration.events]
    assert any(text.startswith("No visitor saw an error") for text in noticed), migration.words()


def test_root_and_an_ordinary_user_take_turns(place: Path, storage: BridgedSeaweedFS) -> None:
    """A user of the docker group, root at a remote engine: both read the media in `web`."""
    need_root()
    again = "import subprocess, sys; subprocess.run([sys.executable, '-c', ''], check=True)"
    importing = [*_as(ALICE), sys.executable, "-c", f"import wizard.cli.commands; {again}"]
    if subprocess.run(importing, cwd=ROOT, capture_output=True, check=False).returncode:
        pytest.skip("this checkout or its Python lies where another user cannot read it")
    home = owned_folder(place, ALICE)
    with StandIn(home / "my-books", covers=60) as instance:
        instance.install()
        instance.give_to(ALICE, ALICE)
        migration = Migration(instance, storage, "user-books")
        assert migration.run("--deployment", "compose", uid=ALICE, watch=copying) == -9
        with tcp_engine() as address:
            assert migration.run(watch=collecting, engine=address) == -9, migration.words()
        assert migration.run(uid=ALICE) == 0, migration.words()
        migration.check_bucket()
        owners = {path.stat().st_uid for path in instance.folder.rglob("*")}
        assert owners == {ALICE}


@pytest.mark.whole_engine
def test_fresh_instance_waits_for_its_first_start(place: Path, storage: BridgedSeaweedFS) -> None:
    with StandIn(place / "Bücher 2", covers=8) as instance:
        write_catalogue(instance.folder, [], self_connector=False)
        instance.build()
        migration = Migration(instance, storage, "fresh-books")
        assert migration.run() == 0, migration.words()
        later = [e["step"] for e in migration.events if e.get("state") == "later"]
        assert "restart" in later
        assert not instance.container("web")
        assert list(migration.bucket.list_objects("static/"))
        # Halfway through its first start it is left alone.
        instance.compose("up", "-d", "db")
        assert migration.run() == 0, migration.words()
        later = [e["step"] for e in migration.events if e.get("state") == "later"]
        assert {"restart", "update_connector"} <= {*later}
        assert not instance.container("web")
        # Its volume stays empty: the first cover that a reader uploads is in the bucket.
        instance.up()
        cover = {"cover": ("first.jpg", b"the first cover", "image/jpeg")}
        url = f"{instance.site_url}/create-book"
        httpx.post(url, data={"title": "First"}, files=cover).raise_for_status()
        assert migration.run() == 0, migration.words()
        assert migration.bucket.get("images/covers/first.jpg") == b"the first cover"
        assert f"//{migration.settings.custom_domain}/" in instance.wait_for_site()
