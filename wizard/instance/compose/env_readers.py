"""Which containers of the instance have `.env` in their folder, and can read it as their user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from wizard.instance.compose.docker import Docker
from wizard.instance.compose.project import WEB, ComposeProject, Container

# Its user may be a name that only the image knows.
_ASK = 'id -u; test -r "$1" && echo reads'


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvReader:
    """A running container that has `.env`: its service, its user's number, whether it reads it."""

    service: str
    uid: int
    reads: bool


def env_readers(docker: Docker, env: Path) -> tuple[EnvReader, ...] | None:
    """Ask them; None where `web` does not run, or one gives no answer. Raises `Problem`."""
    running = [c for c in ComposeProject.read(docker).containers(docker) if c.runs]
    if not any(container.service == WEB for container in running):
        return None
    found: list[EnvReader] = []
    for container, path in _with_file(docker, running, env):
        said = docker.ask(["docker", "exec", container.id, "sh", "-c", _ASK, "sh", path])
        words = said.output.decode(errors="replace").split()
        if not words or not words[0].isdigit():
            return None
        reads = words[1:] == ["reads"]
        found.append(EnvReader(service=container.service, uid=int(words[0]), reads=reads))
    return tuple(found)


def _with_file(
    docker: Docker, containers: list[Container], env: Path
) -> Iterator[tuple[Container, str]]:
    """Yield the containers that have the file, and where they have it."""
    form = ("--type", "container", "--format", "{{json .Mounts}}")
    lines = docker.answer_lines(["docker", "inspect", *form, *(c.id for c in containers)])
    for container, line in zip(containers, lines, strict=True):
        if path := _inside(json.loads(line), env):
            yield container, path


def _inside(mounts: list[dict[str, Any]], env: Path) -> str:
    """Return where a file of this host is in a container with these mounts, "" for nowhere."""
    # Docker resolves links in the path, or does not, as it is given one.
    real = env.parent.resolve() / env.name
    for mount in mounts:
        source = Path(mount.get("Source") or "/nowhere").resolve()
        if mount.get("Type") == "bind" and real.is_relative_to(source):
            return str(PurePosixPath(mount["Destination"]) / real.relative_to(source))
    return ""
