"""What every S3 server that a test starts on loopback has in common."""

from __future__ import annotations

import secrets
import subprocess
import time
from pathlib import Path
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from tests.servers.ports import free_port
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import path_style
from wizard.storage.bucket import connect
from wizard.system.programs import tied_to_us


class LocalServer:
    """An S3 server in `folder`, with fresh keys; its processes die with us."""

    provider = "other"
    patience = 30.0  # seconds until it has to answer

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = Keys(secrets.token_hex(10).upper(), secrets.token_hex(20))
        self.port = free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self.launch()
            self._wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """The server's URL."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, bucket: str) -> Settings:
        """The settings for a bucket here, read by the public in path style."""
        return path_style(self.provider, self.endpoint, bucket)

    def launch(self) -> None:
        """Start the processes, without waiting for an answer."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the processes, the last one first; fine if none runs."""
        while self._processes:
            process = self._processes.pop()
            process.kill()
            process.wait()

    def spawn(self, argv: list[str]) -> None:
        """Start one process; what it writes goes into a file of its program's name."""
        with (self.folder / f"{Path(argv[0]).name}.out").open("ab") as out:
            process = subprocess.Popen(
                tied_to_us(argv),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self._processes.append(process)

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + self.patience
        while not self._answers():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{type(self).__name__} is not ready: {self._last_words()}")
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            connect(self.settings("any"), self.keys).list_buckets()
        except (BotoCoreError, ClientError):
            return False
        return True

    def _last_words(self) -> dict[str, str]:
        return {p.name: p.read_text(errors="replace")[-1000:] for p in self.folder.glob("*.out")}
