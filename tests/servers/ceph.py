"""A whole Ceph cluster in one folder, in memory, with its S3 gateway: ACLs are honoured here.

One monitor, one manager, one storage daemon on memstore and one RADOS Gateway,
all on loopback; they die with us.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from pathlib import Path

from tests.servers.local import LocalServer
from tests.servers.ports import free_port

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


class Ceph(LocalServer):
    """A Ceph cluster in `folder`, with fresh keys; it takes about 40 s to start."""

    provider = "ceph"
    patience = 120.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._mon_port = free_port()

    def launch(self) -> None:
        """Start the monitor, the storage, the manager and the gateway, in this order."""
        self._write_conf()
        self._start_monitor()
        self._start_storage()
        self._daemon("ceph-mgr", "-i", "x", "-f")
        self._create_user()
        self._daemon("radosgw", "-n", "client.rgw", "-f")

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
            s3_port=self.port,
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
        self.spawn(self._argv(argv))

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
        conf = [] if argv[0] == "monmaptool" else ["-c", str(self._conf)]
        return [program, *conf, *argv[1:]]
