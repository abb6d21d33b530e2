"""The `docker` command, called in an instance's folder."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from wizard.instance.checkout import Instance
from wizard.instance.compose.problems import docker_failed, docker_missing, too_slow
from wizard.system.detached import run_detached
from wizard.system.programs import Completed, run, tied_to_us

# Compose draws progress with cursor movements and offers menus, even without a terminal.
_PLAIN = {
    "COMPOSE_ANSI": "never",
    "COMPOSE_PROGRESS": "plain",
    "COMPOSE_MENU": "false",
    "DOCKER_CLI_HINTS": "false",
}
# The kernel kills a program when the thread that started it ends, so those
# that stream are started from this one, which lasts as long as we do.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="docker")


@dataclass(frozen=True, slots=True)
class DockerResult:
    """How a short command ended: exit status, its output, its complaints."""

    status: int
    output: bytes
    complaints: str


class Docker:
    """The `docker` command in the folder of one instance.

    Its environment is ours without `AWS_*` and without what `.env` defines:
    Compose lets exported variables win over `.env`, while `bw-dev` lets
    `.env` win, and the two must see the same.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    def environment(self) -> dict[str, str]:
        """Return what the commands get. Raises `Problem` where `.env` cannot be read."""
        settled = set(self.instance.env_file().names()) - {"PATH", "HOME"}
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in settled and not name.startswith("AWS_")
        }
        return kept | _PLAIN

    def ask(self, argv: Sequence[str], given: bytes = b"", seconds: float = 60) -> DockerResult:
        """Run a short command to its end; blocks, whatever its exit status.

        `given` is its standard input. Raises `Problem` where docker is not
        installed, or does not answer within `seconds`.
        """
        try:
            done = subprocess.run(
                self._started(argv),
                cwd=self.instance.folder,
                env=self.environment(),
                input=given,
                capture_output=True,
                timeout=seconds,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            raise too_slow(argv, seconds) from error
        return DockerResult(
            done.returncode, done.stdout, done.stderr.decode(errors="replace").strip()
        )

    def answer(self, argv: Sequence[str], given: bytes = b"", seconds: float = 60) -> bytes:
        """Return the output of a short command. Raises `Problem` where it fails."""
        answer = self.ask(argv, given, seconds)
        if answer.status != 0:
            raise docker_failed(argv, answer.complaints, self.environment())
        return answer.output

    def answer_json(self, argv: Sequence[str]) -> Any:
        """Return the output of a short command that prints one JSON document."""
        return json.loads(self.answer(argv))

    def answer_lines(self, argv: Sequence[str]) -> list[str]:
        """Return the lines that a short command printed."""
        return self.answer(argv).decode(errors="replace").split("\n")[:-1]

    def stream(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a command with all three streams open; the caller ends it."""
        start = _starter.submit(
            subprocess.Popen,
            tied_to_us(self._started(argv)),
            cwd=self.instance.folder,
            env=self.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        return start.result()

    async def run(
        self,
        argv: Sequence[str],
        on_line: Callable[[str], None],
        given: str = "",
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Completed:
        """Run a long command, its output line by line; see `wizard.system.programs.run`.

        `more` goes into its environment.
        """
        try:
            return await run(
                self._started(argv),
                folder=self.instance.folder,
                env={**self.environment(), **more},
                on_line=on_line,
                stdin=given,
            )
        except FileNotFoundError as error:
            raise docker_missing() from error

    async def run_detached(
        self,
        argv: Sequence[str],
        on_line: Callable[[str], None],
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Completed:
        """Run what changes the running site: it continues to its end whatever becomes of us.

        See `wizard.system.detached`; `more` goes into its environment.
        """
        try:
            return await run_detached(
                self._started(argv),
                folder=self.instance.folder,
                env={**self.environment(), **more},
                on_line=on_line,
            )
        except FileNotFoundError as error:
            raise docker_missing() from error

    async def asked(self, argv: Sequence[str], seconds: float = 60) -> DockerResult:
        """Run `ask` in a thread."""
        return await asyncio.to_thread(self.ask, argv, b"", seconds)

    def _started(self, argv: Sequence[str]) -> list[str]:
        if argv[0] == "docker" and shutil.which("docker") is None:
            raise docker_missing()
        return list(argv)
