"""How an instance runs: with Docker Compose or without.

Both kinds of checkout hold the same files, so only what was set up around
them can tell; where that contradicts itself, the admin has to say.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.core.message import Message, msg, separated
from wizard.core.settings import DeploymentKind
from wizard.instance.checkout import Instance

_ENVIRONMENTS = ("venv", ".venv", "env")
_UNIT_FOLDERS = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")
_LABEL = "com.docker.compose.project.working_dir"


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for Docker Compose and what against it, in words."""

    compose: tuple[Message, ...]
    dockerless: tuple[Message, ...]
    running: DeploymentKind | None


def detect(instance: Instance) -> tuple[DeploymentKind | None, Message]:
    """Return how the instance runs (None: it is not clear), and what says so, for confirmation."""
    signs = _signs(instance)
    if signs.running:
        of_that = signs.compose if signs.running is DeploymentKind.COMPOSE else signs.dockerless
        return signs.running, separated(of_that)
    if signs.compose and not signs.dockerless:
        return DeploymentKind.COMPOSE, separated(signs.compose)
    if signs.dockerless and not signs.compose:
        return DeploymentKind.DOCKERLESS, separated(signs.dockerless)
    if not signs.compose:
        return None, msg("Neither a virtual environment nor containers of this folder were found.")
    return None, msg(
        "For Docker Compose: {for_it}. Against it: {against_it}.",
        for_it=separated(signs.compose),
        against_it=separated(signs.dockerless),
    )


def _signs(instance: Instance) -> Signs:
    compose: list[Message] = []
    dockerless: list[Message] = []
    containers, units = _containers(instance.folder), list(_units(instance.folder))
    if containers:
        # Translators: this and the texts like it say why bw-s3 takes an instance for one that
        # runs with Docker Compose, or for one that does not: “Docker Compose (there are …)”.
        compose.append(msg("there are containers of this folder"))
    if instance.env_file().get("POSTGRES_HOST") == "db":
        compose.append(msg("POSTGRES_HOST is db, the database's container"))
    if units:
        dockerless.append(msg("systemd runs it: {units}", units=", ".join(units)))
    if name := _environment(instance.folder):
        dockerless.append(msg("it has a virtual environment, {name}", name=name))
    running = None
    if bool(containers) != bool(units):
        running = DeploymentKind.COMPOSE if containers else DeploymentKind.DOCKERLESS
    return Signs(tuple(compose), tuple(dockerless), running)


def _environment(folder: Path) -> str:
    found = (n for n in _ENVIRONMENTS if os.access(folder / n / "bin" / "python3", os.X_OK))
    return next(found, "")


def _units(folder: Path) -> Iterator[str]:
    """Yield services whose unit file names this folder as its working directory."""
    for place in _UNIT_FOLDERS:
        for path in sorted(Path(place).glob("*.service")):
            if f"\nWorkingDirectory={folder}\n" in _text(path).replace("/\n", "\n"):
                yield path.stem


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _containers(folder: Path) -> bool:
    """Tell whether Docker knows containers, running or not, that Compose made for this folder."""
    if shutil.which("docker") is None:
        return False
    argv = [
        "docker",
        "ps",
        "--all",
        "--format",
        "{{json .}}",
        "--filter",
        f"label={_LABEL}={folder}",
    ]
    try:
        listed = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listed.returncode == 0 and any(map(_is_object, listed.stdout.splitlines()))


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
