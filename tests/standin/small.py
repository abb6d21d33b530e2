"""The least that is a Compose project of BookWyrm's: `web` with a media volume, quickly up."""

from __future__ import annotations

import io
import secrets
import tarfile
from pathlib import Path

from tests.servers.docker import IMAGE, docker
from tests.standin.project import Project
from tests.support.checkout import make_checkout
from wizard.core.settings import Settings
from wizard.instance.checkout import open_instance
from wizard.instance.compose.deployment import Compose

# Other runs on the same engine have others.
JOURNAL = secrets.token_hex(8)
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


class SmallProject(Project):
    """A project in `folder`; `compose` None is the usual docker-compose.yml."""

    def __init__(self, folder: Path, compose: str = _COMPOSE) -> None:
        super().__init__(folder)
        make_checkout(self.folder)
        (self.folder / "docker-compose.yml").write_text(compose)

    @property
    def deployment(self) -> Compose:
        """The deployment under test."""
        return Compose(open_instance(self.folder), Settings(), JOURNAL)

    def add_env(self, text: str) -> None:
        """Append to `.env`."""
        with (self.folder / ".env").open("a") as file:
            file.write(text)

    def up(self) -> None:
        """Start it."""
        self.claim()
        self.compose("up", "-d", "--wait")

    def put(self, files: dict[str, bytes]) -> None:
        """Write media files, through the running container."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for name, data in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        self._in_media("tar", "-xf", "-", given=packed.getvalue())

    def empty(self) -> None:
        """Remove all media."""
        self._in_media("find", ".", "-mindepth", "1", "-delete")

    def run_in_web(self, script: str) -> str:
        """Run a Python script inside `web`, in the media folder."""
        return self._in_media("python3", "-", given=script.encode())

    def _in_media(self, *argv: str, given: bytes | None = None) -> str:
        place = ("--interactive", "--workdir", "/app/images", self.container())
        return docker("exec", *place, *argv, given=given)
