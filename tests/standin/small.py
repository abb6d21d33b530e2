"""The least that is a Compose project of BookWyrm's: `web` with a media volume, quickly up."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.checkout import make_checkout
from tests.servers.docker import IMAGE, claim, docker, need_images
from wizard.compose import Compose
from wizard.instance import open_instance
from wizard.settings import Settings

JOURNAL = "0123456789abcdef"
_COMPOSE = f"""
services:
  web:
    image: {IMAGE}
    command: sleep infinity
    stop_signal: SIGKILL
    env_file: .env
    volumes:
      - media_volume:/app/images
volumes:
  media_volume:
"""


class SmallProject:
    """A project in `folder`; `compose` None is the usual docker-compose.yml."""

    def __init__(self, folder: Path, compose: str = _COMPOSE) -> None:
        need_images()
        self.folder = make_checkout(folder)
        (folder / "docker-compose.yml").write_text(compose)
        self._claimed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._claimed:
            self.compose("down", "--volumes", "--timeout", "0", "--remove-orphans")

    @property
    def deployment(self) -> Compose:
        """The deployment under test."""
        return Compose(open_instance(self.folder), Settings(), JOURNAL)

    def add_env(self, text: str) -> None:
        """Append to `.env`."""
        with (self.folder / ".env").open("a") as file:
            file.write(text)

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` in the folder."""
        argv = ["docker", "compose", *arguments]
        done = subprocess.run(argv, cwd=self.folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def claim(self) -> None:
        """Make sure that the project's name is free, and have it removed in the end."""
        if not self._claimed:
            claim(json.loads(self.compose("config", "--format", "json"))["name"])
            self._claimed = True

    def up(self) -> None:
        """Start it."""
        self.claim()
        self.compose("up", "-d", "--wait")

    @property
    def web(self) -> str:
        """The id of its `web`."""
        return self.compose("ps", "--all", "--quiet", "--no-trunc", "web").strip()

    def put(self, files: dict[str, bytes]) -> None:
        """Write media files, through the running container."""
        for name, data in files.items():
            script = 'mkdir -p "$(dirname "$1")" && cat >"$1"'
            argv = ["sh", "-c", script, "sh", f"/app/images/{name}"]
            docker("exec", "--interactive", self.web, *argv, given=data)

    def run_in_web(self, script: str) -> str:
        """Run a Python script inside `web`, in the media folder."""
        return docker(
            *("exec", "--interactive", "--workdir", "/app/images", self.web, "python3", "-"),
            given=script.encode(),
        )
