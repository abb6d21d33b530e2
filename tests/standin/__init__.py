"""A stand-in instance: BookWyrm's services and volumes by name, under a real Docker Compose.

`web` is the demo's Django project (`wizard/demo/instance/`) with the
database of Compose; everything around it is in `checkout/`.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType

import httpx

from tests.servers.docker import build, docker
from tests.standin.project import Project
from wizard.demo.checkout import Picture, free_port, make_checkout, make_media, write_catalogue
from wizard.env.file import EnvFile

_CHECKOUT = Path(__file__).parent / "checkout"
# What the demo has instead of Compose.
_OF_THE_DEMO = ("site", "supervisor.py", "serve.py", "venv")
# What runs BookWyrm's own image.
_OF_BOOKWYRM = ("web", "celery_worker", "celery_beat", "flower")
_MANY_SECONDS = 300
# On a busy machine `web` is ready later than its health check waits for it.
_STARTS = 3
_ENV = """
POSTGRES_DB=bookwyrm
REDIS_ACTIVITY_HOST=redis_activity
REDIS_ACTIVITY_PORT=6379
REDIS_ACTIVITY_PASSWORD={activity}
REDIS_BROKER_HOST=redis_broker
REDIS_BROKER_PORT=6379
REDIS_BROKER_PASSWORD='{broker}'
NGINX_SETUP=reverse_proxy
"""


class StandIn(Project):
    """An instance in `folder`, which may be called anything; its containers go when it is left."""

    def __init__(self, folder: Path, *, covers: int = 60, self_connector: bool = False) -> None:
        super().__init__(folder)
        folder = self.folder
        self.port = free_port()
        make_checkout(folder, self.port)
        for name in _OF_THE_DEMO:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._add_compose()
        self.media_folder = folder.parent / f"{folder.name}-media"
        self.pictures: list[Picture] = make_media(self.media_folder, covers)
        write_catalogue(folder, self.pictures, self_connector)
        self._built: list[str] = []

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._built:
            docker("rmi", "--force", *self._built)

    @property
    def site_url(self) -> str:
        """Where the site answers on this host."""
        return f"http://localhost:{self.port}"

    def build(self) -> None:
        """Build the image of BookWyrm's services, as the admin's `docker compose build`."""
        self.claim()
        self._built = [f"{self._claimed}-{service}" for service in _OF_BOOKWYRM]
        build(self.folder, self._built[0])
        for image in self._built[1:]:
            docker("tag", self._built[0], image)

    def install(self) -> None:
        """Follow the installation guide to its end: build, fill the volume, start."""
        self.build()
        self.fill_media()
        self.up()

    def fill_media(self) -> None:
        """Put the media into the volume, whatever it is called."""
        self.compose("create", "web")
        docker("cp", f"{self.media_folder}/.", f"{self.container()}:/app/images/")

    def up(self) -> None:
        """`./bw-dev up -d`, and the site answers."""
        argv = ["./bw-dev", "up", "-d"]
        for _ in range(_STARTS):
            done = subprocess.run(argv, cwd=self.folder, capture_output=True, check=False)
            if done.returncode == 0:
                break
        assert done.returncode == 0, done.stderr.decode()
        self.wait_for_site()

    def wait_for_site(self) -> str:
        """The landing page, once it is there."""
        deadline = time.monotonic() + _MANY_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = httpx.get(self.site_url, timeout=5)
            except httpx.TransportError:
                time.sleep(0.3)
                continue
            if answer.status_code == 200:
                return answer.text
            time.sleep(0.3)
        raise AssertionError(f"{self.site_url} does not answer")

    def in_web(self, *argv: str, given: bytes | None = None) -> str:
        """Run a command inside the running `web`."""
        return docker("exec", "--interactive", self.container(), *argv, given=given)

    def sql(self, statement: str) -> str:
        """What the database answers to one statement, without decoration."""
        psql = ["psql", "-h", "localhost", "-U", "bookwyrm", "-At", "-c", statement, "bookwyrm"]
        password = EnvFile.read(self.folder / ".env").get("POSTGRES_PASSWORD")
        return docker(
            *("exec", "--env", f"PGPASSWORD={password}", self.container("db"), *psql)
        ).strip()

    def set_env(self, **values: str | None) -> None:
        """Change lines of `.env`, as the admin would."""
        path = self.folder / ".env"
        new = path.with_name(".env.new")
        new.write_bytes(EnvFile.read(path).with_values(values).data)
        shutil.copymode(path, new)
        new.replace(path)

    def give_to(self, uid: int, gid: int) -> None:
        """Hand the folder to an ordinary user."""
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, uid, gid, follow_symlinks=False)

    def _add_compose(self) -> None:
        for source in _CHECKOUT.iterdir():
            place = {
                "dockerignore": self.folder / ".dockerignore",
                "fill_once.py": self.folder / "bookwyrm/management/commands/fill_once.py",
            }.get(source.name, self.folder / source.name)
            if source.is_file():
                shutil.copy(source, place)
        path = self.folder / ".env"
        # One with a `$`, since real passwords have them.
        secret = {"activity": secrets.token_urlsafe(12), "broker": f"a${secrets.token_hex(6)}"}
        env = EnvFile.read(path).with_values({"POSTGRES_HOST": "db"}).data
        path.write_bytes(env + _ENV.format(**secret).encode())
