"""What Docker and Compose refuse, in the admin's words."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from wizard.core.problem import Action, Problem, Remedy

_SOCKET = Path("/var/run/docker.sock")
_INSTALL = "https://docs.docker.com/engine/install/"
# What of an output tells why: all else is progress.
_TELLING = re.compile(
    r"error|fail|denied|cannot|can't|unable|no such|not found|invalid|unhealthy|refused"
    r"|no space|exception|forbidden|dependency|unexpected|timed? ?out",
    re.IGNORECASE,
)


def docker_missing() -> Problem:
    """Return the `Problem` of a missing `docker` command."""
    return Problem(
        "Docker is not installed here.",
        "The command “docker” was not found, and this instance is run by Docker Compose.",
        "Start bw-s3 on the server where BookWyrm runs.",
        f"Or install Docker Engine with Compose: {_INSTALL}",
        "If this instance runs without Docker, say so: --deployment dockerless",
    )


def too_slow(argv: Sequence[str], seconds: float) -> Problem:
    """Return the `Problem` of a command that should answer at once and did not."""
    return Problem(
        "Docker does not answer.",
        f"“{shlex.join(argv)}” was still silent after {seconds:.0f} seconds.",
        "Look at it with: docker info",
        "Where it hangs too, restart the engine (this stops the site for a moment): "
        "sudo systemctl restart docker",
    )


def docker_failed(argv: Sequence[str], said: str, env: Mapping[str, str]) -> Problem:
    """Return why a docker command failed, from its output; `env` is what it was given."""
    low = said.lower()
    for words, problem in _KNOWN:
        if any(word in low for word in words):
            return problem(said, env)
    return Problem(
        f"“{shlex.join(argv)}” failed.",
        telling_line(said) or "It gave no reason.",
        "Run the command by hand in the instance's folder to see more.",
        raw=telling_lines(said),
    )


def is_docker_failure(status: int, said: str) -> bool:
    """Tell whether docker itself failed, and not what it ran (docker-run(1), "Exit Status")."""
    low = said.lower()
    return status in (125, 126, 127) or any(word in low for word in _OF_DOCKER)


def is_collision(said: str) -> bool:
    """Tell whether two commands that recreate the same containers got in each other's way."""
    low = said.lower()
    return any(words in low for words in _OF_TWO_AT_ONCE)


def telling_lines(said: str, most: int = 20) -> str:
    """Return the lines of an output that tell what went wrong; its last lines where none does."""
    lines = [line for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)]
    return "\n".join((telling or lines)[-most:])


def telling_line(said: str) -> str:
    """Return the last of `telling_lines`, shortened; "" where nothing was said."""
    line = telling_lines(said, most=1).strip()
    return line if len(line) <= 300 else line[:299] + "…"


def no_compose(said: str, env: Mapping[str, str]) -> Problem:
    """Return the `Problem` of a `docker compose` that is missing, or that docker may not use."""
    if "error loading config file" in said.lower():
        return _closed_settings(said, env)
    old = shutil.which("docker-compose", path=env.get("PATH"))
    return Problem(
        "Docker Compose version 2 is not installed here.",
        f"Only the old docker-compose was found ({old}), which gets no more updates."
        if old
        else "“docker compose” is not a command here.",
        "Debian, Ubuntu (Docker's own packages): sudo apt install docker-compose-plugin",
        "Ubuntu (its own packages): sudo apt install docker-compose-v2",
        f"Elsewhere: {_INSTALL}",
        raw=said,
    )


def _closed_settings(said: str, env: Mapping[str, str]) -> Problem:
    """Return the `Problem` of a ~/.docker, where docker looks for Compose, that it may not read."""
    folder = env.get("DOCKER_CONFIG") or f"{env.get('HOME', '~')}/.docker"
    return Problem(
        "docker cannot read its own settings.",
        f"{folder} belongs to another user, as after a docker command with sudo.",
        f'Take it back: sudo chown -R "$USER": {shlex.quote(folder)}',
        raw=said,
    )


def _not_allowed(said: str, env: Mapping[str, str]) -> Problem:
    socket = _socket(env)
    group = _group(socket)
    user = _user()
    return Problem(
        f"{user} may not use Docker.",
        f"The engine's socket {socket} is open to root and the group “{group}” only.",
        "Start bw-s3 with sudo.",
        f"Or join the group, then log out and in again: sudo usermod -aG {group} {user}",
        raw=said,
    )


def _not_running(said: str, env: Mapping[str, str]) -> Problem:
    host = env.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        return _remote(said, env)
    return Problem(
        "Docker's engine is not running.",
        f"Nothing answers at {_socket(env)}.",
        "Start it: sudo systemctl start docker",
        "Where it does not start: sudo journalctl -u docker --since today",
        "If Docker runs as a user here (rootless), start bw-s3 as that user.",
        raw=said,
    )


def _remote(said: str, env: Mapping[str, str]) -> Problem:
    where = env.get("DOCKER_HOST") or "the current docker context"
    return Problem(
        "The Docker engine cannot be reached.",
        f"docker is told to use {where}, and got no answer there.",
        "Try it by hand: docker info",
        "To use the engine of this machine: unset DOCKER_HOST; docker context use default",
        raw=said,
    )


def _no_project(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        "There is no docker-compose.yml in the instance's folder.",
        "Docker Compose needs it to know BookWyrm's containers.",
        "Start bw-s3 in the folder from which you run ./bw-dev.",
        "If this instance runs without Docker, say so: --deployment dockerless",
        raw=said,
    )


def _bad_env(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        "Docker Compose cannot read .env.",
        telling_line(said),
        "Put values with special characters into single quotes, then start again.",
        raw=said,
    )


def _disk_full(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        "The disk that Docker uses is full.",
        "No space was left for a container, or inside one.",
        "See what takes it: docker system df; df -h",
        "Old images and caches can usually go: docker image prune; docker builder prune",
        raw=telling_lines(said),
    )


def image_missing(image: str) -> Problem:
    """Return the `Problem` of a missing image: nothing can run in a container of its own."""
    return Problem(
        "BookWyrm's image has not been built yet.",
        f"Docker has no image {image} to start a container from.",
        "Build it in the instance's folder: docker compose build",
        "Where it comes ready made, fetch it: docker compose pull",
        Remedy("Then try again.", Action.RETRY),
    )


def _no_image(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        "Docker could not get an image.",
        telling_line(said),
        "Build BookWyrm's: docker compose build",
        "Where an image is to be fetched: check the network, then docker compose pull",
        raw=telling_lines(said),
    )


def _no_network(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        "Docker cannot make the network that BookWyrm's containers need.",
        telling_line(said),
        "See which networks there are: docker network ls; those that nothing uses can go: "
        "docker network prune",
        "If a VPN or another network of this server has the same addresses, give Docker others: "
        "“default-address-pools” in /etc/docker/daemon.json, then restart the engine.",
        Remedy("Then try again.", Action.RETRY),
        raw=telling_lines(said),
    )


def _socket(env: Mapping[str, str]) -> Path:
    host = env.get("DOCKER_HOST", "")
    return Path(host.removeprefix("unix://")) if host.startswith("unix://") else _SOCKET


def _group(socket: Path) -> str:
    try:
        return grp.getgrgid(socket.stat().st_gid).gr_name
    except (OSError, KeyError):
        return "docker"


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


_OF_NO_NETWORK = (
    "failed to create network",
    "non-overlapping ipv4 address pool",
    "address pools have been fully subnetted",
    "pool overlaps with other one",
    "declared as external, but could not be found",
)
_OF_DOCKER = (
    *_OF_NO_NETWORK,
    "docker daemon",
    "error response from daemon",
    "docker.sock",
    "error during connect",
    "failed to solve",
    "pull access denied",
    "no such image",
    "no configuration file provided",
    "is not a docker command",
)
_OF_TWO_AT_ONCE = (
    "is already in progress",
    "is already in use by container",
    "no such container",
    "is marked for removal",
)
# In the order to be tried: "permission denied" also says "cannot connect".
_KNOWN = (
    (("permission denied while trying to connect", "connect: permission denied"), _not_allowed),
    (
        (
            "is not a docker command",
            "unknown command: docker compose",
            "unknown docker command",
            "unknown shorthand flag",
            "unknown flag: --format",
        ),
        no_compose,
    ),
    (("is the docker daemon running", "connect: no such file"), _not_running),
    (("error during connect", "connection refused", "no such host"), _remote),
    (("no configuration file provided", "no such file or directory: docker-compose"), _no_project),
    (("failed to read", "unexpected character", "failed to load .env"), _bad_env),
    (("no space left on device", "disk quota exceeded"), _disk_full),
    (_OF_NO_NETWORK, _no_network),
    (("no such image", "pull access denied", "unable to get image"), _no_image),
)
