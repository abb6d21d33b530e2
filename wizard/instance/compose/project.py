"""The instance as Docker Compose sees it: its project's name, containers and media."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from wizard.core.message import Message, msg
from wizard.core.problem import Problem
from wizard.instance.compose.docker import Docker

# The service that runs Django, and where its image keeps BookWyrm (`WORKDIR`).
WEB = "web"
_APP = "/app"


@dataclass(frozen=True, slots=True)
class Mount:
    """What a service mounts: a volume by its real name, or a folder of the host.

    `volume` is "" for a folder; `folder` is the host's path, "" for a volume
    (only the engine knows it); `target` the path inside the container.
    """

    target: str
    volume: str = ""
    folder: str = ""

    @property
    def label(self) -> str:
        """What people call it."""
        return self.volume or self.folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container of the project: `state` as `docker ps` says ("running", "exited", …).

    `health` is "healthy", "unhealthy", "starting", or "" where nobody looks;
    `started` when it last began to run; `environment` its variables, secrets
    among them; `image` the id of what it runs, `built_from` what Compose called it.
    """

    id: str
    service: str
    state: str
    health: str = ""
    exit_code: int = 0
    started: str = ""
    name: str = ""
    image: str = ""
    built_from: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def runs(self) -> bool:
        """Whether it runs now."""
        return self.state == "running"


@dataclass(frozen=True, slots=True)
class Service:
    """A service as Compose would start it now.

    `environment` holds secrets; `unique` names what two containers of it
    cannot both have: a fixed name, a port of the host, an address; `image` what it is made from.
    """

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    unique: tuple[Message, ...] = ()
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeProject:
    """What `docker compose config` says of the instance.

    `media_root` is where BookWyrm keeps media inside `web`; `media` what is
    mounted there, None where nothing is; `image` what `web` runs; `database`
    the volumes of the service `db`; `services` all of them by name; `binds` what
    of this server `web` mounts, by the path inside.
    """

    name: str
    media_root: str
    media: Mount | None
    image: str
    database: tuple[str, ...] = ()
    services: Mapping[str, Service] = field(default_factory=dict)
    binds: Mapping[PurePosixPath, Path] = field(default_factory=dict)

    @classmethod
    def read(cls, docker: Docker) -> ComposeProject:
        """Ask Compose, in the instance's folder. Raises `Problem`.

        The answer holds every secret of `.env`, so it goes nowhere else.
        """
        config = _unescaped(
            json.loads(docker.answer(["docker", "compose", "config", "--format", "json"]))
        )
        web = config.get("services", {}).get(WEB)
        if web is None:
            raise Problem(
                msg("Docker Compose knows no service “web” here."),
                msg(
                    "The project “{project}” in this folder is not BookWyrm's.",
                    project=str(config.get("name")),
                ),
                msg("Start bw-s3 in the folder from which you run ./bw-dev."),
                code="compose-project-foreign",
            )
        root = _media_root(web)
        return cls(
            name=config["name"],
            media_root=root,
            media=_mount_at(root, web, config),
            image=web.get("image") or f"{config['name']}-{WEB}",
            database=_database_volumes(config),
            services={
                name: _service(data, f"{config['name']}-{name}")
                for name, data in config["services"].items()
            },
            binds={
                PurePosixPath(mount["target"]): Path(mount["source"])
                for mount in web.get("volumes") or []
                if mount["type"] == "bind"
            },
        )

    def containers(
        self, docker: Docker, mark: str = "com.docker.compose.oneoff=False"
    ) -> list[Container]:
        """Return the project's containers, running or not, no one-off ones. Raises `Problem`.

        Without it: all but the one-off ones.
        """
        lines = docker.answer_lines(
            [
                *("docker", "ps", "--all", "--no-trunc", "--format", "{{.ID}}"),
                *("--filter", f"label=com.docker.compose.project={self.name}"),
                *("--filter", f"label={mark}"),
            ]
        )
        if not lines:
            return []
        # A container may go away between the two questions.
        found = docker.ask(["docker", "inspect", "--type", "container", *lines])
        return [_container(data) for data in json.loads(found.output or b"[]")]

    def running_web(self, docker: Docker) -> Container | None:
        """Return the container of `web`, if it runs. Raises `Problem`."""
        for container in self.containers(docker):
            if container.service == WEB and container.state == "running":
                return container
        return None


def inspected_volume(docker: Docker, name: str) -> Mapping[str, Any] | None:
    """Return what the engine knows of a volume; None where there is none. Raises `Problem`."""
    listed = docker.answer_lines(["docker", "volume", "ls", "--format", "{{.Name}}"])
    if name not in listed:
        return None
    found: list[Mapping[str, Any]] = docker.answer_json(["docker", "volume", "inspect", name])
    return found[0]


def _container(data: Mapping[str, Any]) -> Container:
    state = data["State"]
    return Container(
        id=data["Id"],
        service=data["Config"]["Labels"].get("com.docker.compose.service", ""),
        state=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        exit_code=state.get("ExitCode", 0),
        started=state.get("StartedAt", ""),
        name=data["Name"].removeprefix("/"),
        image=data["Image"],
        built_from=data["Config"]["Labels"].get("com.docker.compose.image", ""),
        environment=variables(data["Config"]["Env"]),
    )


def variables(lines: Iterable[str] | None) -> dict[str, str]:
    """Return what the engine lists as NAME=VALUE."""
    return {name: value for name, _, value in (line.partition("=") for line in lines or ())}


def _service(data: Mapping[str, Any], built: str) -> Service:
    """Return a service; `built` is what Compose calls an image that it builds without a name."""
    environment = data.get("environment") or {}
    return Service(
        {name: str(value) for name, value in environment.items() if value is not None},
        tuple(_unique(data)),
        data.get("image") or built,
    )


def _unique(data: Mapping[str, Any]) -> Iterator[Message]:
    if name := data.get("container_name"):
        # Translators: what "Two web containers cannot run side by side: …" lists.
        yield msg("the name {name}", name=name)
    for port in data.get("ports") or []:
        if port.get("published"):
            yield msg("port {port} of this server", port=str(port["published"]))
    if data.get("network_mode") == "host":
        yield msg("the network of this server")
    for network in (data.get("networks") or {}).values():
        if address := (network or {}).get("ipv4_address"):
            yield msg("the address {address}", address=address)


def _media_root(web: Mapping[str, Any]) -> str:
    """Return `MEDIA_ROOT` as `bookwyrm/settings.py` joins it, "images/" by default."""
    environment = web.get("environment") or {}
    return posixpath.normpath(posixpath.join(_APP, environment.get("MEDIA_ROOT") or "images/"))


def _mount_at(root: str, web: Mapping[str, Any], config: Mapping[str, Any]) -> Mount | None:
    """Return what is mounted at `root` exactly; None where only a part of it or more is."""
    for mount in web.get("volumes") or []:
        if posixpath.normpath(mount["target"]) != root:
            continue
        if mount["type"] == "bind":
            return Mount(root, folder=mount["source"])
        if mount["type"] == "volume" and not (mount.get("volume") or {}).get("subpath"):
            return Mount(root, volume=_real_name(mount.get("source", ""), config))
    return None


def _real_name(source: str, config: Mapping[str, Any]) -> str:
    """Return a volume's name in the engine, as Compose resolved it (`name:`, or the project's)."""
    declared = (config.get("volumes") or {}).get(source) or {}
    return str(declared.get("name") or source)


def _database_volumes(config: Mapping[str, Any]) -> tuple[str, ...]:
    mounts = (config["services"].get("db") or {}).get("volumes") or []
    return tuple(
        _real_name(mount.get("source", ""), config) for mount in mounts if mount["type"] == "volume"
    )


def _unescaped(value: Any) -> Any:
    """Undo that Compose prints `$` as `$$`, so that its output can be its input again."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, list):
        return [_unescaped(item) for item in value]
    if isinstance(value, dict):
        return {name: _unescaped(item) for name, item in value.items()}
    return value
