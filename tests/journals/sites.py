"""The throwaway instances whose journals are recorded: one without Docker, one with Compose."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.servers.docker import BridgedSeaweedFS, docker
from tests.standin import StandIn
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.build import DemoInstance, build
from wizard.demo.seaweedfs import SeaweedFS
from wizard.env.file import EnvFile
from wizard.journal.file import FOLDER
from wizard.storage.bucket import Bucket

_COVERS = 6


class Site(ABC):
    """An instance, the S3 server that it is migrated to, and keys there that may only read.

    `restarting` is a pattern for the command that restarts it.
    """

    restarting: str

    def __init__(self, folder: Path, storage: SeaweedFS, reader: Keys) -> None:
        self.folder, self.storage, self.reader = folder, storage, reader
        self._env = (folder / ".env").read_bytes()

    @property
    def journal(self) -> Path:
        """Where the journal lies."""
        return self.folder / FOLDER

    @property
    def env(self) -> EnvFile:
        """`.env` as it is now."""
        return EnvFile.read(self.folder / ".env")

    def settings(self, bucket: str) -> Settings:
        """What the migration is told."""
        return self.storage.settings(bucket)

    def bucket(self, name: str) -> Bucket:
        """A bucket, with the right keys."""
        return Bucket(self.settings(name), self.storage.keys)

    def set_env(self, **values: str | None) -> None:
        """Change lines of `.env`, as the admin would."""
        (self.folder / ".env").write_bytes(self.env.with_values(values).data)

    def begin_anew(self) -> None:
        """Everything as it was before the first start; what is in a bucket stays there."""
        shutil.rmtree(self.journal, ignore_errors=True)
        (self.folder / ".env").write_bytes(self._env)
        self.start()

    @abstractmethod
    def start(self) -> None:
        """Start the site, or start it anew; the first time this ends its installation."""

    @abstractmethod
    def upload(self, path: str, data: bytes) -> None:
        """Put a file among the media, as a reader does while the site runs without S3."""

    @abstractmethod
    def stop_database(self) -> None:
        """Have the database fail until the site is started anew."""


class WithoutDocker(Site):
    """The demo."""

    restarting = r"after create_subprocess_exec .* \./site restart"

    def __init__(self, demo: DemoInstance, reader: Keys) -> None:
        super().__init__(demo.folder, demo.storage, reader)
        self._demo = demo

    def settings(self, bucket: str) -> Settings:
        command = self._demo.settings.restart_command
        return replace(
            super().settings(bucket), site_url=self._demo.site_url, restart_command=command
        )

    def start(self) -> None:
        database = self.folder / "site.db"
        away = database.with_suffix(".away")
        if away.exists():
            database.unlink(missing_ok=True)  # an empty one, made by whoever asked meanwhile
            away.rename(database)
        if database.exists():
            self._demo.site("restart")
        else:
            self._demo.finish_installation()

    def upload(self, path: str, data: bytes) -> None:
        (self.folder / "images" / path).write_bytes(data)

    def stop_database(self) -> None:
        database = self.folder / "site.db"
        database.rename(database.with_suffix(".away"))


class WithCompose(Site):
    """The stand-in."""

    restarting = r"after create_subprocess_exec .* up "

    def __init__(self, instance: StandIn, storage: SeaweedFS, reader: Keys) -> None:
        super().__init__(instance.folder, storage, reader)
        self._instance = instance

    def start(self) -> None:
        self._instance.up()

    def upload(self, path: str, data: bytes) -> None:
        self._instance.in_web("sh", "-c", 'cat >"$1"', "sh", f"/app/images/{path}", given=data)

    def stop_database(self) -> None:
        docker("stop", self._instance.container("db"))


@contextmanager
def without_docker(folder: Path, *, fresh: bool) -> Iterator[Site]:
    """A demo in `folder`; a `fresh` one was never started."""
    storage = SeaweedFS(folder / "s3")
    reader = storage.add_keys("reader", ["Read", "List"])
    demo = build(folder, covers=_COVERS, self_connector=not fresh, fresh=fresh, storage=storage)
    with storage, demo:
        yield WithoutDocker(demo, reader)


@contextmanager
def with_compose(folder: Path, *, fresh: bool) -> Iterator[Site]:
    """A stand-in in `folder`; a `fresh` one was built, but never started."""
    storage = BridgedSeaweedFS(folder / "s3")
    reader = storage.add_keys("reader", ["Read", "List"])
    place = folder / "bookwyrm"
    with storage, StandIn(place, covers=_COVERS, self_connector=not fresh) as instance:
        if fresh:
            instance.build()
        else:
            instance.install()
        yield WithCompose(instance, storage, reader)
