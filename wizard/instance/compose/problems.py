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

from wizard.core.message import msg, plural, verbatim
from wizard.core.problem import Action, Problem, Remedy

_SOCKET = Path("/var/run/docker.sock")
_WITHOUT_DOCKER = msg("If this instance runs without Docker, specify it: --deployment dockerless")
_THEN_AGAIN = Remedy(msg("Then try again."), Action.RETRY)
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
        msg("Docker is not installed here."),
        msg("The command “docker” was not found, and this instance is run by Docker Compose."),
        msg("Start bw-s3 on the server where BookWyrm runs."),
        msg("Or install Docker Engine with Compose: {address}", address=_INSTALL),
        _WITHOUT_DOCKER,
        code="docker-missing",
    )


def too_slow(argv: Sequence[str], seconds: float) -> Problem:
    """Return the `Problem` of a command that should answer at once and did not."""
    return Problem(
        msg("Docker does not answer."),
        plural(
            "“{command}” gave no answer for {n} second.",
            "“{command}” gave no answer for {n} seconds.",
            round(seconds),
            command=shlex.join(argv),
        ),
        msg("Look at it with: docker info"),
        msg(
            "If that hangs too, restart the engine (this stops the site for a moment): sudo "
            "systemctl restart docker"
        ),
        code="docker-no-answer",
    )


def docker_failed(argv: Sequence[str], said: str, env: Mapping[str, str]) -> Problem:
    """Return why a docker command failed, from its output; `env` is what it was given."""
    low = said.lower()
    for words, problem in _KNOWN:
        if any(word in low for word in words):
            return problem(said, env)
    return Problem(
        msg("“{command}” failed.", command=shlex.join(argv)),
        verbatim(telling_line(said)) or msg("It gave no reason."),
        msg("Run the command by hand in the instance's folder to see more."),
        raw=telling_lines(said),
        code="docker-command-failed",
    )


def is_docker_failure(status: int, said: str) -> bool:
    """Tell whether docker itself failed, and not what it ran (docker-run(1), "Exit Status")."""
    low = said.lower()
    return status in (125, 126, 127) or any(word in low for word in _OF_DOCKER)


def is_unhealthy(output: str) -> bool:
    """Tell whether Compose left services out since the check of one that they need failed.

    It says "dependency failed to start: container NAME is unhealthy" (Compose 5.6.1).
    """
    return " is unhealthy" in output


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
    why = (
        msg("Only the old docker-compose was found ({path}), which gets no more updates.", path=old)
        if old
        else msg("“docker compose” is not a command here.")
    )
    return Problem(
        msg("Docker Compose version 2 is not installed here."),
        why,
        msg("Debian, Ubuntu (Docker's own packages): sudo apt install docker-compose-plugin"),
        msg("Ubuntu (its own packages): sudo apt install docker-compose-v2"),
        msg("On other systems: {address}", address=_INSTALL),
        raw=said,
        code="compose-missing",
    )


def _closed_settings(said: str, env: Mapping[str, str]) -> Problem:
    """Return the `Problem` of a ~/.docker, where docker looks for Compose, that it may not read."""
    folder = env.get("DOCKER_CONFIG") or f"{env.get('HOME', '~')}/.docker"
    return Problem(
        msg("docker cannot read its own settings."),
        msg(
            "{folder} belongs to another user, as after a docker command with sudo.", folder=folder
        ),
        msg('Make it yours again: sudo chown -R "$USER": {folder}', folder=shlex.quote(folder)),
        raw=said,
        code="docker-settings-unreadable",
    )


def _not_allowed(said: str, env: Mapping[str, str]) -> Problem:
    socket = _socket(env)
    group = _group(socket)
    user = _user()
    return Problem(
        msg("The user {user} is not allowed to use Docker.", user=user),
        msg(
            "The engine's socket {socket} is open to root and the group “{group}” only.",
            socket=str(socket),
            group=group,
        ),
        msg("Start bw-s3 with sudo."),
        msg(
            "Or join the group, then log out and in again: sudo usermod -aG {group} {user}",
            group=group,
            user=user,
        ),
        raw=said,
        code="docker-not-allowed",
    )


def _not_running(said: str, env: Mapping[str, str]) -> Problem:
    host = env.get("DOCKER_HOST", "")
    if host and not host.startswith("unix://"):
        return _remote(said, env)
    return Problem(
        msg("Docker's engine is not running."),
        msg("Nothing answers at {socket}.", socket=str(_socket(env))),
        msg("Start it: sudo systemctl start docker"),
        msg("If it does not start: sudo journalctl -u docker --since today"),
        msg("If Docker runs as a user here (rootless), start bw-s3 as that user."),
        raw=said,
        code="docker-not-running",
    )


def _remote(said: str, env: Mapping[str, str]) -> Problem:
    host = env.get("DOCKER_HOST")
    why = (
        msg("docker is set to use {host}, which does not answer.", host=host)
        if host
        else msg("docker is set to use the current docker context, which does not answer.")
    )
    return Problem(
        msg("The Docker engine cannot be reached."),
        why,
        msg("Try it by hand: docker info"),
        msg("To use the engine of this machine: unset DOCKER_HOST; docker context use default"),
        raw=said,
        code="docker-unreachable",
    )


def _no_project(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        msg("There is no docker-compose.yml in the instance's folder."),
        msg("Docker Compose needs it to know BookWyrm's containers."),
        msg("Start bw-s3 in the folder from which you run ./bw-dev."),
        _WITHOUT_DOCKER,
        raw=said,
        code="compose-file-missing",
    )


def _bad_env(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        msg("Docker Compose cannot read .env."),
        verbatim(telling_line(said)),
        msg("Put values with special characters into single quotes, then start again."),
        raw=said,
        code="env-unreadable-for-compose",
    )


def _disk_full(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        msg("The disk that Docker uses is full."),
        msg("No space was left for a container, or inside one."),
        msg("See what uses the space: docker system df; df -h"),
        msg(
            "Old images and caches can usually be removed: docker image prune; docker builder prune"
        ),
        raw=telling_lines(said),
        code="disk-full",
    )


def image_missing(image: str) -> Problem:
    """Return the `Problem` of a missing image: nothing can run in a container of its own."""
    return Problem(
        msg("BookWyrm's image has not been built yet."),
        msg("Docker has no image {image} to start a container from.", image=image),
        msg("Build it in the instance's folder: docker compose build"),
        msg("If it is available prebuilt, download it: docker compose pull"),
        _THEN_AGAIN,
        code="image-missing",
    )


def _no_image(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        msg("Docker could not get an image."),
        verbatim(telling_line(said)),
        msg("Build BookWyrm's image: docker compose build"),
        msg("If an image has to be downloaded: check the network, then docker compose pull"),
        raw=telling_lines(said),
        code="image-missing",
    )


def _no_network(said: str, env: Mapping[str, str]) -> Problem:
    return Problem(
        msg("Docker cannot make the network that BookWyrm's containers need."),
        verbatim(telling_line(said)),
        msg(
            "See which networks there are: docker network ls; remove those that nothing uses: "
            "docker network prune"
        ),
        msg(
            "If a VPN or another network of this server uses the same addresses, give Docker "
            "other ones: “default-address-pools” in /etc/docker/daemon.json, then restart the "
            "engine."
        ),
        _THEN_AGAIN,
        raw=telling_lines(said),
        code="docker-network-failed",
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
        return str(os.getuid())


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
