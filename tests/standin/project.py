"""A Compose project of the tests: driven in its folder, gone when it is left."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.docker import docker, need_images, remove
from tests.servers.run_names import is_ours, unique_folder


class Project:
    """A Compose project of this run's own; nothing of it is left once the context is.

    Its folder is called as `folder`, with what makes the project's name unique after it.
    """

    def __init__(self, folder: Path) -> None:
        need_images()
        self.folder = unique_folder(folder)
        self._claimed = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._claimed:
            remove(self._claimed)

    @property
    def name(self) -> str:
        """The project's name, as Compose itself makes it from the folder's or reads it."""
        name: str = json.loads(self.compose("config", "--format", "json"))["name"]
        return name

    def claim(self) -> None:
        """Have all of the project removed in the end."""
        if not self._claimed:
            name = self.name
            assert is_ours(name), f"{name} may be somebody's real instance"
            self._claimed = name

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` in the folder; returns its output."""
        argv = ["docker", "compose", *arguments]
        done = subprocess.run(argv, cwd=self.folder, capture_output=True, check=False)
        assert done.returncode == 0, f"{argv}: {done.stderr.decode()}"
        return done.stdout.decode()

    def container(self, service: str = "web") -> str:
        """The full id of a service's container, running or not; "" where there is none."""
        labels = (f"project={self._claimed}", f"service={service}", "oneoff=False")
        filters = [
            word for text in labels for word in ("--filter", f"label=com.docker.compose.{text}")
        ]
        return docker("ps", "--all", "--quiet", "--no-trunc", *filters).strip()
