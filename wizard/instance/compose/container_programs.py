"""Programs run inside BookWyrm's `web`, with bytes in and out."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from wizard.core.message import msg
from wizard.core.problem import Action, Problem, Remedy
from wizard.instance.compose.docker import Docker
from wizard.instance.compose.problems import docker_failed, image_missing, is_docker_failure
from wizard.instance.compose.project import WEB, ComposeProject
from wizard.media import root_folder, root_writer, write_files
from wizard.media.programs import as_program

_GUARD = as_program(
    Path(root_folder.__file__),
    Path(root_writer.__file__),
    Path(write_files.__file__),
    Path(__file__).with_name("container_guard.py"),
)
_LAST_COMPLAINTS = 5000


@dataclass(slots=True, kw_only=True)
class RunningProgram:
    """A program inside: `output` its standard output, unbuffered.

    `status` and `complaints` are complete once `ended` was called.
    """

    argv: Sequence[str]
    given: IO[bytes]
    output: IO[bytes]
    process: subprocess.Popen[bytes]
    complaints: deque[str]
    listener: threading.Thread
    status: int = 0

    def ended(self) -> int:
        """Wait for the end; its exit status (that of the program, if docker had none)."""
        self.status = self.process.wait()
        self.listener.join()
        return self.status


@dataclass(frozen=True, slots=True)
class WebPrograms:
    """Runs programs in the project's `web`, or where it does not run, in a container like it.

    `labels` mark a container of our own, so that it can be found again.
    """

    docker: Docker
    project: ComposeProject
    labels: tuple[str, ...]

    @property
    def media_root(self) -> str:
        """Where the media are inside."""
        return self.project.media_root

    @contextmanager
    def program(self, *argv: str) -> Iterator[RunningProgram]:
        """Run a program; it is over when the block is left.

        Raises `Problem` where docker cannot start anything.
        """
        with self._started(["run", *argv], ()) as running:
            yield running

    @contextmanager
    def guard(self, work: str, names: Sequence[bytes] = ()) -> Iterator[RunningProgram]:
        """Have `container_guard` walk the media folder, look at or read these files, or write."""
        with self._started([work, self.media_root], names) as running:
            yield running

    def command(self, *argv: str) -> list[str]:
        """Return the docker command that runs `argv` inside. Raises `Problem`."""
        if web := self.project.running_web(self.docker):
            return ["docker", "exec", "--interactive", web.id, *argv]
        self.require_image()
        return [*one_off(self.labels), *argv]

    def require_image(self) -> None:
        """Raise a `Problem` where Compose would have to build or fetch the image first."""
        answer = self.docker.ask(["docker", "image", "inspect", self.project.image])
        if answer.status == 0:
            return
        if "no such image" in answer.complaints.lower():
            raise image_missing(self.project.image)
        raise docker_failed(
            ["docker", "image", "inspect"], answer.complaints, self.docker.environment()
        )

    @contextmanager
    def _started(self, command: list[str], names: Sequence[bytes]) -> Iterator[RunningProgram]:
        argv = self.command("python3", "-c", _GUARD, *command)
        process = self.docker.stream(argv)
        given, output, errors = (
            cast(IO[bytes], s) for s in (process.stdin, process.stdout, process.stderr)
        )
        complaints: deque[str] = deque(maxlen=_LAST_COMPLAINTS)
        listener = threading.Thread(target=_listen, args=(errors, complaints), daemon=True)
        listener.start()
        running = RunningProgram(
            argv=command,
            given=given,
            output=output,
            process=process,
            complaints=complaints,
            listener=listener,
        )
        try:
            _tell(given, names)
            yield running
        finally:
            _end(running)


def one_off(labels: Sequence[str]) -> list[str]:
    """Return how a command begins that runs in a container of its own and recreates nothing."""
    marks = [word for label in labels for word in ("--label", label)]
    return [
        *("docker", "compose", "run", "--rm", "--no-deps", "-T"),
        *marks,
        *("--entrypoint", "", WEB),
    ]


def interrupted(running: RunningProgram, docker: Docker) -> Problem:
    """Return what to say where a program inside ended in the middle."""
    said = "\n".join(running.complaints)
    if is_docker_failure(0, said):
        return docker_failed(running.argv, said, docker.environment())
    return Problem(
        msg("The container from which the media are read stopped partway."),
        msg("It was stopped or restarted, or the connection to Docker's engine broke."),
        Remedy(msg("Start again: what is verified is not sent again."), Action.RETRY),
        raw=f"exit status {running.status}\n{said[-2000:]}",
        code="container-ended",
    )


def _tell(stream: IO[bytes], names: Sequence[bytes]) -> None:
    left = memoryview(b"".join(name + b"\0" for name in names) + b"\0")
    # Where docker refused, nobody reads; its complaints say why.
    with suppress(BrokenPipeError):
        while left:
            left = left[stream.write(left) :]


def _listen(stream: IO[bytes], complaints: deque[str]) -> None:
    for line in io.BufferedReader(cast(io.RawIOBase, stream)):
        complaints.append(line.decode(errors="surrogateescape").rstrip("\n"))


def _end(running: RunningProgram) -> None:
    """Let go of the program: without our standard input it ends inside as well."""
    process = running.process
    running.given.close()
    running.output.close()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    running.listener.join()
