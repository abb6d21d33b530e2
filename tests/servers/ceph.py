"""A whole Ceph cluster in one folder, in memory, with its S3 gateway: ACLs are honoured here.

One monitor, one manager, one storage daemon on memstore and one RADOS Gateway,
all on loopback; they die with us.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from tests.servers.ports import free_port
from wizard.process import tied_to_us
from wizard.secrets import Keys
from wizard.settings import Settings

_CONF = """\
[global]
fsid = {fsid}
mon host = 127.0.0.1:{mon_port}
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
ms bind ipv6 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {folder}
admin socket = {folder}/$name.asok
log file = {folder}/$name.log
pid file = {folder}/$name.pid
crash dir = {folder}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data = {folder}/mon
mon data avail crit = 1
mon data avail warn = 1
mgr data = {folder}/mgr
osd data = {folder}/osd
osd journal = {folder}/osd/journal
osd objectstore = memstore
memstore device bytes = 2147483648
osd max object name len = 256
osd max object namespace len = 64

[client.rgw]
ms mon client mode = crc
rgw frontends = beast endpoint=127.0.0.1:{s3_port}
rgw data = {folder}/rgw
rgw thread pool size = 32
rgw dynamic resharding = false
rgw gc max objs = 1
"""


class Ceph:
    """A Ceph cluster in `folder`, with fresh keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = Keys(secrets.token_hex(10).upper(), secrets.token_urlsafe(30))
        self._mon_port, self._s3_port = free_port(), free_port()
        self._daemons: list[subprocess.Popen[bytes]] = []

    @property
    def endpoint(self) -> str:
        """The gateway's URL."""
        return f"http://127.0.0.1:{self._s3_port}"

    def settings(self, bucket: str) -> Settings:
        """The settings for a bucket here, read by strangers in path style."""
        host = self.endpoint.removeprefix("http://")
        return Settings(
            provider="ceph",
            endpoint=self.endpoint,
            region="us-east-1",
            bucket=bucket,
            custom_domain=f"{host}/{bucket}",
            url_protocol="http:",
        )

    def start(self) -> None:
        """Start the cluster and wait until the gateway answers (about 40 s)."""
        self._write_conf()
        self._start_monitor()
        self._start_storage()
        self._daemon("ceph-mgr", "-i", "x", "-f")
        self._create_user()
        self._daemon("radosgw", "-n", "client.rgw", "-f")
        self._wait_ready()

    def stop(self) -> None:
        """End every daemon."""
        for daemon in reversed(self._daemons):
            daemon.kill()
            daemon.wait()
        self._daemons = []

    @property
    def _conf(self) -> Path:
        return self.folder / "ceph.conf"

    def _write_conf(self) -> None:
        for name in ("mon", "mgr", "osd", "rgw"):
            (self.folder / name).mkdir(parents=True)
        text = _CONF.format(
            folder=self.folder,
            fsid=uuid.uuid4(),
            mon_port=self._mon_port,
            s3_port=self._s3_port,
        )
        self._conf.write_text(text)

    def _start_monitor(self) -> None:
        fsid = self._conf.read_text().split("fsid = ")[1].splitlines()[0]
        monmap, address = str(self.folder / "monmap"), f"127.0.0.1:{self._mon_port}"
        self._run("monmaptool", "--create", "--add", "a", address, "--fsid", fsid, monmap)
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap)
        self._daemon("ceph-mon", "-i", "a", "-f")

    def _start_storage(self) -> None:
        (self.folder / "osd" / "type").write_text("memstore\n")
        self._run("ceph", "osd", "create")
        self._run("ceph-osd", "-i", "0", "--mkfs")
        where = ("root=default", "host=localhost")
        self._run("ceph", "osd", "crush", "add", "osd.0", "1", *where)
        self._daemon("ceph-osd", "-i", "0", "-f")

    def _create_user(self) -> None:
        # Loopback only, in a folder of the test's own: these keys protect nothing.
        self._run(
            "radosgw-admin",
            "user",
            "create",
            "--uid=bookwyrm",
            "--display-name=BookWyrm",
            f"--access-key={self.keys.access_key_id}",
            f"--secret-key={self.keys.secret_access_key}",
            "-n",
            "client.rgw",
        )

    def _daemon(self, *argv: str) -> None:
        with (self.folder / f"{argv[0]}.out").open("ab") as out:
            daemon = subprocess.Popen(
                tied_to_us(self._argv(argv)),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._daemons.append(daemon)

    def _run(self, *argv: str) -> str:
        completed = subprocess.run(
            self._argv(argv), capture_output=True, text=True, timeout=120, check=False
        )
        if completed.returncode:
            raise RuntimeError(f"{' '.join(argv[:3])}: {completed.stderr[-2000:]}")
        return completed.stdout

    def _argv(self, argv: tuple[str, ...]) -> list[str]:
        path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
        program = shutil.which(argv[0], path=path) or argv[0]
        return (
            [program, "-c", str(self._conf), *argv[1:]]
            if argv[0] != "monmaptool"
            else [
                program,
                *argv[1:],
            ]
        )

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(self.endpoint, timeout=5).close()
            except OSError:
                time.sleep(0.3)
            else:
                return
        raise RuntimeError(f"radosgw is not ready: {json.dumps(self._last_words())}")

    def _last_words(self) -> dict[str, str]:
        return {p.name: p.read_text(errors="replace")[-1000:] for p in self.folder.glob("*.out")}
