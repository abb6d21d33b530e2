"""BookWyrm's nginx: it learns where `web` is only when it starts or reloads."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass

from wizard.core.events import Note, Report, Waiting
from wizard.core.message import NOTHING, Message, msg
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.instance.compose.docker import Docker

_POLL_SECONDS = 0.5
# How long its master may take to start new workers.
_SECONDS_TO_TAKE_IT = 15.0
# How long an answer or an upload that began before a reload may still run.
_SECONDS_TO_DRAIN = 60.0
_WORKER = re.compile(rb"^\s*(\d+)\s+nginx: worker process(.*)$", re.MULTILINE)
# While two containers are called `web`, the engine's name service gives both, and a
# container that is stopped while it is used lets go of what waits in its queue. So
# nginx reads the address of one from its own /etc/hosts, where it stays for as long
# as the reload takes. Where that cannot be written, it uses both.
_USE = (
    'a=$(getent hosts "$1" | cut -d" " -f1); h=$(grep -v "#bw-s3" /etc/hosts); '
    '[ -z "$a" ] || printf "%s\\n" "$h" "$a web #bw-s3" >/etc/hosts; '
    'nginx -s reload; s=$?; sleep 5; printf "%s\\n" "$h" >/etc/hosts; exit $s'
)
# As grep understands it.
_OF_WEB = r"^[^#]*(server[[:space:]]+web[:;[:space:]]|proxy_pass[[:space:]]+https?://web\>)"


@dataclass(frozen=True, slots=True)
class Nginx:
    """The running nginx container called `name`."""

    docker: Docker
    name: str

    @property
    def reload_argv(self) -> tuple[str, ...]:
        """What makes it look up the addresses of `web` again; no visitor notices."""
        return ("docker", "exec", self.name, "nginx", "-s", "reload")

    def use_argv(self, container: str) -> tuple[str, ...]:
        """Return what makes it pass all visitors to one container of `web`; no visitor notices."""
        return ("docker", "exec", self.name, "sh", "-c", _USE, "sh", container)

    async def obstacle(self) -> Message:
        """Return why a reload would not do here; "" where it would."""
        # Not `nginx -T`: it would make nginx's folders over for another configuration
        # than the one that runs, where that is not the default.
        argv = ["docker", "exec", self.name, "grep", "-RhE", _OF_WEB, "/etc/nginx"]
        answer = await self.docker.asked(argv)
        if answer.status == 0:
            return NOTHING
        return msg("nginx does not pass visitors on to the service “web”.")

    async def drain(self, old: Iterable[int], report: Report) -> None:
        """Wait for the old workers after a reload; cut off, a slow upload would get 502.

        `old` are the numbers of those before. Raises `Problem` where it keeps them.
        """
        began, old = time.monotonic(), set(old)
        while True:
            workers = await self.workers()
            left = workers.keys() & old
            seconds = time.monotonic() - began
            if not left:
                return
            if seconds > _SECONDS_TO_TAKE_IT and not all(workers[pid] for pid in left):
                raise refused()
            if seconds > _SECONDS_TO_DRAIN:
                words = msg("No longer waiting for a slow visitor.")
                report(Note(words, warning=True))
                return
            words = msg("Waiting for responses and uploads in progress to finish")
            report(Waiting(words, seconds))
            await asyncio.sleep(_POLL_SECONDS)

    async def workers(self) -> dict[int, bool]:
        """Return its workers' numbers, and whether each is on its way out."""
        answer = await self.docker.asked(["docker", "top", self.name, "-eo", "pid,args"])
        found = _WORKER.findall(answer.output)
        return {int(pid): b"shutting down" in rest for pid, rest in found}


def refused(said: str = "") -> Problem:
    """Say that nginx did not take a new configuration; `said` is what it wrote."""
    return Problem(
        msg("nginx did not load the new addresses of web."),
        msg("It runs as before: it no longer accepts its own configuration."),
        msg(
            "See what it says: docker compose exec nginx nginx -t; "
            "docker compose logs --tail 20 nginx"
        ),
        TRY_AGAIN,
        raw=said,
        code="nginx-not-reloaded",
    )
