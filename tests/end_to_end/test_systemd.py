"""An instance without Docker on a real systemd: logged out of, killed, its power cut."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.servers.docker import BridgedSeaweedFS, need_engine
from tests.servers.machine import LEFT_BEHIND, PYTHON_PATH, Machine
from tests.standin.under_systemd import UnderSystemd, UnderYunoHost
from tests.support.visitors import Visitors
from tests.support.waiting import wait_until
from wizard.demo.checkout import free_port
from wizard.storage.bucket import Bucket

Event = dict[str, Any]
# Whatever was started from a login ends with it; root would be excluded if nobody was named.
_LOGIND = "[Login]\nKillUserProcesses=yes\nKillExcludeUsers=nobody\n"
# What an ordinary user is told of that.
_ASK = """
import asyncio
from wizard.switch.launch import why_a_logout_ends_it
print(asyncio.run(why_a_logout_ends_it()) or "")
"""
# How the package is known to a user who may not read what it says of itself.
_ASK_PACKAGE = """
from pathlib import Path
from wizard.instance.dockerless.yunohost import app_of
app = app_of(Path("/var/www/bookwyrm"))
print(app.name, app.state_folder, app.can_keep_state)
"""
# It comes to its end by itself, whatever else the machine has to do.
_SECONDS_TO_SWITCH = 300
_RELOADING = "gunicorn starts new workers"


@dataclass
class Migration:
    """`bw-s3` on that machine, and what it said."""

    site: UnderSystemd
    storage: BridgedSeaweedFS
    bucket: str
    events: list[Event] = field(default_factory=list)

    def run(
        self, watch: Callable[[Event], None] = lambda event: None, *, login: bool = False
    ) -> int:
        """`bw-s3 run`, from a login session or beside all; `watch` hears each event."""
        settings = self.storage.settings(self.bucket)
        options = [
            "--provider", "seaweedfs", "--endpoint", settings.endpoint, "--region", "us-east-1",
            "--bucket", self.bucket, "--custom-domain", settings.custom_domain,
            "--url-protocol", "http:",
        ]  # fmt: skip
        return self.call(*options, watch=watch, login=login)

    def call(
        self,
        *options: str,
        watch: Callable[[Event], None] = lambda event: None,
        login: bool = False,
        keys: bool = True,
    ) -> int:
        """Call `bw-s3 run` with these options only, the keys in its environment."""
        pair = self.storage.keys
        env = {
            "AWS_ACCESS_KEY_ID": pair.access_key_id,
            "AWS_SECRET_ACCESS_KEY": pair.secret_access_key,
        }
        self.events.clear()
        words = ["run", self.site.folder, "--yes", "--json", *options]
        argv = self.site.machine.bw_s3(*words, env=env if keys else None, login=login)
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
            assert process.stdout
            for line in process.stdout:
                self.events.append(json.loads(line))
                watch(self.events[-1])
        return process.returncode

    def status(self) -> dict[str, Any]:
        """What `bw-s3 status --json` says."""
        argv = self.site.machine.bw_s3("status", self.site.folder, "--json")
        done = subprocess.run(argv, capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def covers(self) -> set[str]:
        """The names of the covers in the bucket."""
        bucket = Bucket(self.storage.settings(self.bucket), self.storage.keys)
        return {item.key.rpartition("/")[2] for item in bucket.list_objects("images/covers/")}

    def words(self) -> str:
        """The last events, for a test that failed."""
        return "\n".join(map(str, self.events[-12:]))

    def points_to_bucket(self) -> bool:
        """Whether the site's style comes from the bucket, whichever worker answers."""
        pages = {f"/{self.bucket}/static/" in httpx.get(self.site.url).text for _ in range(4)}
        assert len(pages) == 1
        return pages.pop()


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgedSeaweedFS]:
    """An S3 server that the machine reaches."""
    need_engine()
    with BridgedSeaweedFS(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture(scope="module")
def site(storage: BridgedSeaweedFS) -> Iterator[UnderSystemd]:
    """A site under the units of BookWyrm's guide."""
    port = free_port()
    with Machine(port) as machine:
        yield UnderSystemd(machine, port)


def test_the_end_of_the_login_ends_the_wizard_and_not_the_switch(
    site: UnderSystemd, storage: BridgedSeaweedFS
) -> None:
    """kill -9 and a logout that ends all its processes, and no visitor notices."""
    machine, migration = site.machine, Migration(site, storage, "logged-out")
    machine.write("/etc/systemd/logind.conf.d/kill.conf", _LOGIND)
    machine.run("systemctl", "restart", "systemd-logind")
    assert "(KillUserProcesses=yes in logind.conf)" in told_to_a_user(machine)
    machine.run("loginctl", "enable-linger", "bookwyrm")
    assert told_to_a_user(machine) == ""
    master = site.main_pid("bookwyrm")
    site.own_env("bookwyrm:bookwyrm")

    def log_out(event: Event) -> None:
        if is_reloading(event) and pids_of(machine, "-m screens"):
            (wizard,) = pids_of(machine, "-m screens")
            (session,) = machine.run("loginctl", "--no-legend", "list-sessions").split()[:1]
            assert pids_of(machine, LEFT_BEHIND)
            # With the wizard its session may be over already.
            ending = f"loginctl terminate-session {session} || true"
            machine.run("sh", "-c", f"kill -9 {wizard}; {ending}")

    # gunicorn has one worker there, as in BookWyrm's unit.
    with Visitors(site.url, pace=5) as visitors:
        migration.run(log_out, login=True)
        wait_until(lambda: not machine.run("loginctl", "--no-legend", "list-sessions"))
        wait_until(lambda: not pids_of(machine, LEFT_BEHIND))
        wait_until(lambda: not pids_of(machine, "-m wizard.cli.switch_runner"), _SECONDS_TO_SWITCH)
        assert migration.points_to_bucket()
        assert site.jobs() == {"True"}
        assert "The running services were switched to the bucket." in migration.status()["switch"]
        assert migration.run() == 0, migration.words()
    assert site.env_mode() == "600", "the units' User= owns it"
    print(visitors.figures)
    assert site.main_pid("bookwyrm") == master, "gunicorn was reloaded, not restarted"
    assert not visitors.failed


def test_a_power_cut_in_the_middle_is_said_first_and_finished(
    site: UnderSystemd, storage: BridgedSeaweedFS
) -> None:
    machine, migration = site.machine, Migration(site, storage, "cut-off")
    site.start_over()
    site.own_env("root:root")
    cut: list[Event] = []

    def cut_power(event: Event) -> None:
        if is_reloading(event) and not cut:
            cut.append(event)
            machine.cut_power()

    assert migration.run(cut_power) != 0
    assert cut, migration.words()
    machine.boot()
    site.wait_for_page()
    assert "The switch of the running services was interrupted" in migration.status()["switch"]
    assert migration.run() == 0, migration.words()
    told = [str(event.get("text")) for event in migration.events]
    assert "The switch of the running services was interrupted" in told[0]
    assert site.env_mode() == "644", "the units' User= could not read it otherwise"
    assert migration.points_to_bucket()
    assert site.jobs() == {"True"}


def test_an_upgrade_of_yunohosts_package_is_made_up_for(storage: BridgedSeaweedFS) -> None:
    """It writes `.env` anew: one call afterwards, with the two keys and nothing else."""
    port = free_port()
    with Machine(port) as machine:
        site = UnderYunoHost(machine, port)
        migration = Migration(site, storage, "packaged")
        site.own_env("root:bookwyrm")
        assert migration.run() == 0, migration.words()
        said = [str(event) for event in migration.events]
        assert sum("Each upgrade of YunoHost's package bookwyrm" in text for text in said) == 2
        assert machine.run("ls", f"{site.data}/bw-s3/journal.sqlite3")
        assert migration.points_to_bucket()
        assert site.jobs() == {"True"}

        assert site.env_mode() == "640", "the group is that of the units' User="
        machine.run("chmod", "700", "/etc/yunohost/apps")
        machine.write("/tmp/package.py", _ASK_PACKAGE)
        assert as_site_user(machine, "/tmp/package.py") == f"bookwyrm {site.data}/bw-s3 True"

        site.upgrade()
        assert not migration.points_to_bucket()
        upload = {"cover": ("meanwhile.jpg", b"of a reader", "image/jpeg")}
        httpx.post(f"{site.url}/create-book", data={"title": "x"}, files=upload).raise_for_status()
        status = migration.status()
        assert "package bookwyrm rewrites it" in status["lost"]
        assert status["next"] == "configure_provider"
        assert migration.call(keys=False) == 2
        problem = next(event for event in migration.events if event["event"] == "problem")
        assert problem["what"] == "The keys of the storage are not known."
        assert migration.call() == 0, migration.words()
        assert migration.points_to_bucket()
        assert site.jobs() == {"True"}
        assert "meanwhile.jpg" in migration.covers()


def told_to_a_user(machine: Machine) -> str:
    """What a user who is not root is told of a switch and the end of the login."""
    machine.write("/tmp/ask.py", _ASK)
    return as_site_user(machine, "/tmp/ask.py")


def as_site_user(machine: Machine, program: str) -> str:
    """What a program of ours prints for the user who runs the site."""
    command = f"PYTHONPATH={PYTHON_PATH} python3 {program}"
    argv = ["su", "--login", "bookwyrm", "--shell", "/bin/sh", "--command", command]
    return machine.run(*argv).strip()


def is_reloading(event: Event) -> bool:
    """Whether gunicorn is about to be told."""
    return event["event"] == "note" and _RELOADING in event["text"]


def pids_of(machine: Machine, words: str) -> list[str]:
    """The numbers of the processes whose command line has these words."""
    script = (
        "import os, pathlib, sys\n"
        "for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):\n"
        "    line = path.read_bytes().replace(b'\\0', b' ').decode(errors='replace')\n"
        "    if sys.argv[1] in line and line.split()[0] in ('/usr/bin/python3', 'sleep'):\n"
        "        if int(path.parent.name) != os.getpid():\n"
        "            print(path.parent.name)\n"
    )
    return machine.run("python3", "-c", script, words).split()
