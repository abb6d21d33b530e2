"""Waiting for `web` to come up, and telling slow from broken."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from wizard.core.events import Output, Report, Waiting
from wizard.core.message import Message, msg
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import describe_duration
from wizard.core.secrets import Masker
from wizard.instance.compose.docker import Docker
from wizard.instance.compose.project import WEB, ComposeProject
from wizard.instance.problems import Advice, command_failed

_POLL_SECONDS = 2.0
_LAST_LINES = 20

# What to do about an image or a service, without touching the others.
ADVICE = Advice(
    packages=(
        msg("The image of web lacks a package that this version of BookWyrm needs."),
        msg("Build it again, as after every update: docker compose build"),
    ),
    services=(
        msg("BookWyrm could not reach its database or Redis."),
        msg(
            "See which one does not run, and start it: docker compose ps --all; "
            "docker compose start db redis_activity redis_broker"
        ),
    ),
    permission=(
        msg("The container is not allowed to write where BookWyrm has to."),
        msg(
            "See which folders of this server it mounts, and whose they are: "
            "docker compose config; ls -ldZ FOLDER"
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebState:
    """What the engine says of `web`: `status` "" where there is no container.

    `restarts` counts how often the engine has started it again by itself since
    the watch began;
    `works` is true while the entrypoint still prepares the start.
    """

    id: str = ""
    status: str = ""
    health: str = ""
    restarts: int = 0
    exit_code: int = 0
    works: bool = False

    @property
    def is_up(self) -> bool:
        """Whether it serves; without a health check: whether its entrypoint is through."""
        if self.status != "running":
            return False
        return self.health == "healthy" if self.health else not self.works

    @property
    def may_serve(self) -> bool:
        """Whether its check gave up, though its entrypoint is through.

        BookWyrm's check allows a page one second, and a busy machine takes longer.
        """
        return self.status == "running" and self.health == "unhealthy" and not self.works

    @property
    def is_down(self) -> bool:
        """Whether it ended, perhaps to be started again and again."""
        return self.status in ("exited", "dead", "restarting") or self.restarts > 0


@dataclass(slots=True, kw_only=True)
class WebWatch:
    """Follows `web` after a start: its log onto the screen, its signs of life.

    collectstatic asks about each file, one after the other, and prints nothing
    in the meantime: what shows that it lives is what goes over its network. Without
    any for `quiet_seconds` it is given up. `beside` names a container other
    than the project's own that serves beside it.
    """

    docker: Docker
    project: ComposeProject
    report: Report
    masker: Masker
    quiet_seconds: float
    beside: str = ""
    _stamp: str = field(default="", init=False)
    _last_lines: list[str] = field(default_factory=list, init=False)
    _restarts_before: dict[str, int] = field(default_factory=dict, init=False)

    def begin(self) -> None:
        """Note how it is now: a crash of last month says nothing about the new settings."""
        state = self.state()
        self._restarts_before = {state.id: state.restarts}

    async def until_asked(self) -> None:
        """Wait until its page can be asked for, which says more than its check.

        Raises `Problem` where `web` ended or shows no sign of life.
        """
        started = alive = time.monotonic()
        signs = ""
        while True:
            state = await asyncio.to_thread(self.state)
            new_signs = await asyncio.to_thread(self._signs, state)
            if state.is_up or state.may_serve:
                return
            if state.is_down or not state.id:
                raise self.ended(state)
            now = time.monotonic()
            if new_signs != signs:
                signs, alive = new_signs, now
            if now - alive > self.quiet_seconds:
                raise self._silent(now - started)
            self.report(Waiting(msg("web is preparing to start"), now - started))
            await asyncio.sleep(_POLL_SECONDS)

    def state(self) -> WebState:
        """Return how `web` is now. Raises `Problem` where docker does not answer."""
        data = self._inspected(self.beside or self._own())
        if not data:
            return WebState()
        id_, state = data["Id"], data["State"]
        return WebState(
            id=id_,
            status=state.get("Status", ""),
            health=(state.get("Health") or {}).get("Status", ""),
            restarts=data.get("RestartCount", 0) - self._restarts_before.get(id_, 0),
            exit_code=state.get("ExitCode", 0),
            works=self._works(id_),
        )

    def ended(self, state: WebState) -> Problem:
        """Return the problem for a `web` that does not stay up, with its last words."""
        self._read_log(state)
        likely = command_failed((), state.exit_code, self._last_lines, ADVICE)
        return Problem(
            msg("BookWyrm's web container does not come up."),
            likely.why if state.id else msg("Its container is gone."),
            *likely.remedies,
            *self._log_advice(),
            raw="\n".join(self._last_lines),
            code="web-ended",
        )

    def _silent(self, seconds: float) -> Problem:
        return Problem(
            msg("BookWyrm's web container does not become ready."),
            msg(
                "It has been running for {running}, and has neither logged nor sent anything "
                "for {quiet}.",
                running=describe_duration(seconds),
                quiet=describe_duration(self.quiet_seconds),
            ),
            Remedy(msg("Check that the server can reach the S3 service."), Action.EDIT_PROVIDER),
            *self._log_advice(),
            raw="\n".join(self._last_lines),
            code="web-not-ready",
        )

    def _log_advice(self) -> list[Message]:
        """Return the advice to read the log, where no last words of it are shown."""
        text = msg("See whether it says anything: docker compose logs {service}", service=WEB)
        return [] if self._last_lines else [text]

    def _own(self) -> str:
        containers = self.project.containers(self.docker)
        return next((c.id for c in containers if c.service == WEB), "")

    def _inspected(self, id_: str) -> dict[str, Any]:
        if not id_:
            return {}
        found = self.docker.ask(["docker", "inspect", "--type", "container", id_])
        data: list[dict[str, Any]] = json.loads(found.output or b"[]")
        return data[0] if data else {}

    def _works(self, id_: str) -> bool:
        """Tell whether the entrypoint is still at its `manage.py` commands."""
        top = self.docker.ask(["docker", "top", id_, "-eo", "pid,args"])
        return b"manage.py" in top.output

    def _signs(self, state: WebState) -> str:
        """Return what changes as long as `web` does something: its log, its traffic."""
        self._read_log(state)
        traffic = self.docker.ask(["docker", "exec", state.id, "cat", "/proc/net/dev"])
        lines = [line for line in traffic.output.splitlines() if b"lo:" not in line]
        return f"{state.id} {self._stamp} {lines}"

    def _read_log(self, state: WebState) -> None:
        """Report the lines of its log that are new."""
        since = ["--since", self._stamp] if self._stamp else ["--tail", str(_LAST_LINES)]
        argv = ["docker", "logs", "--timestamps", *since, state.id]
        answer = self.docker.ask(argv) if state.id else None
        if answer is None or answer.status != 0:
            return
        said = answer.output.decode(errors="replace") + "\n" + answer.complaints
        for line in sorted(line for line in said.splitlines() if line[:1].isdigit()):
            stamp, _, text = line.partition(" ")
            if stamp > self._stamp:
                self._stamp = stamp
                self._last_lines = [*self._last_lines, self.masker(text)][-_LAST_LINES:]
                self.report(Output(f"{WEB}: {self._last_lines[-1]}"))
