"""`rclone serve s3`: objects and nothing else, neither ACLs nor CORS nor policies."""

from __future__ import annotations

import secrets
import subprocess
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from tests.servers.ports import free_port
from wizard.bucket import connect
from wizard.demo.seaweedfs import find_program
from wizard.process import tied_to_us
from wizard.secrets import Keys
from wizard.settings import Settings


class Rclone:
    """An S3 server over a plain folder, with fresh keys."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = Keys(secrets.token_hex(10).upper(), secrets.token_hex(20))
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self._port}"

    def settings(self, bucket: str) -> Settings:
        """The settings for a bucket here."""
        host = self.endpoint.removeprefix("http://")
        return Settings(
            provider="other",
            endpoint=self.endpoint,
            region="us-east-1",
            bucket=bucket,
            custom_domain=f"{host}/{bucket}",
            url_protocol="http:",
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        # Loopback only and for the test alone, so the keys may stand in the arguments.
        keys = f"{self.keys.access_key_id},{self.keys.secret_access_key}"
        address = f"127.0.0.1:{self._port}"
        argv = [find_program("rclone") or "rclone", "serve", "s3", str(self.folder)]
        argv += ["--addr", address, "--auth-key", keys, "--config", "/dev/null"]
        self._process = subprocess.Popen(
            tied_to_us(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError("rclone serve s3 does not answer")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            connect(self.settings("any"), self.keys).list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True
