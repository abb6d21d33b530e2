"""Containers that the wizard started: marked, so that none outlives it for long."""

from __future__ import annotations

import os
import socket

from wizard.instance.compose.docker import Docker
from wizard.system.processes import Process

_JOURNAL, _PROCESS = "bw-s3.journal", "bw-s3.process"


def labels(journal_id: str) -> tuple[str, ...]:
    """Return what our containers carry: whose they are, and which process waits for them."""
    return f"{_JOURNAL}={journal_id}", f"{_PROCESS}={_ourselves()}"


def remove_ours(docker: Docker, journal_id: str) -> None:
    """Remove the containers that this very process started, after an interruption."""
    _remove(
        docker, [id_ for id_, process in _marked(docker, journal_id) if process == _ourselves()]
    )


def remove_leftovers(docker: Docker, journal_id: str) -> int:
    """Remove this migration's containers whose process is gone; returns how many there were.

    After a kill the container of `docker compose run` works on. All that we
    start there may be repeated, so nothing is lost. Raises `Problem`.
    """
    found = [id_ for id_, process in _marked(docker, journal_id) if not _is_alive(process)]
    _remove(docker, found)
    return len(found)


def _marked(docker: Docker, journal_id: str) -> list[tuple[str, str]]:
    """Return our containers' ids, and the processes that started them."""
    form = f'{{{{.ID}}}} {{{{.Label "{_PROCESS}"}}}}'
    mark = f"label={_JOURNAL}={journal_id}"
    lines = docker.answer_lines(["docker", "ps", "--all", "--format", form, "--filter", mark])
    return [(line.split(" ", 1)[0], line.split(" ", 1)[-1]) for line in lines]


def _remove(docker: Docker, ids: list[str]) -> None:
    if ids:
        # One that ends by itself in the meantime is removed by the engine; so much the better.
        docker.ask(["docker", "rm", "--force", *ids])


def _ourselves() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"


def _is_alive(process: str) -> bool:
    """Tell whether the process runs; of another machine's nobody here can tell."""
    host, _, rest = process.partition(":")
    pid, _, started = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return bool(host) and host != socket.gethostname()
    return _started(int(pid)) == started


def _started(pid: int) -> str:
    """Return when a process began, in the kernel's ticks; "" where there is none."""
    process = Process.of(pid)
    return str(process.started) if process else ""
