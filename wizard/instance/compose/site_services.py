"""The services of the running site, as every way of switching them sees and handles them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wizard.core.events import Note, Output, Report
from wizard.core.message import msg, verbatim
from wizard.core.problem import Problem
from wizard.core.secrets import Masker
from wizard.core.settings import Settings
from wizard.instance.checkout import Instance
from wizard.instance.compose.docker import Docker
from wizard.instance.compose.nginx import Nginx, refused
from wizard.instance.compose.problems import (
    docker_failed,
    is_collision,
    is_docker_failure,
    is_unhealthy,
    telling_line,
    telling_lines,
)
from wizard.instance.compose.project import WEB, ComposeProject, Container, variables
from wizard.instance.compose.served_page import ServedPage
from wizard.instance.compose.web_watch import WebWatch
from wizard.instance.problems import how_it_ended
from wizard.instance.unfinished_restart import let_it_end, mark
from wizard.system.programs import Completed

NGINX = "nginx"
# What works through the tasks that `web` leaves in Redis, and flower, which looks on.
JOBS = ("celery_beat", "celery_worker")
WORKERS = ("celery_worker", "celery_beat", "flower")
# What a switch recreates.
SITE = (WEB, *WORKERS)
# Starts services by name, and nothing that they depend on.
UP_NAMED = ("docker", "compose", "up", "-d", "--no-deps", "--no-build")
# A container of `web` that serves beside the project's own carries this, with the journal's id.
STANDBY = "bw-s3.switch"

_SOMEBODY_ELSE = msg("Somebody else is starting the containers too: trying again in a moment.")
_SLOW_CHECK = msg(
    "A container is too slow for its own health check: the others are started without waiting "
    "for it."
)
_STARTS = 4
_SECONDS_TO_STEP_BACK = 5
# How long a command that was left alone may still run.
_SECONDS_A_COMMAND = 180
_STORAGE = re.compile(r"AWS_|USE_S3")
# Docker itself may give these to every container.
_PROXY = re.compile(r"(?i)(http|https|ftp|no|all)_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What runs of the site at one moment.

    `containers` are the project's own, `standbys` those of `web` beside it;
    `given` holds what the image of each gives it anyway.
    """

    project: ComposeProject
    containers: Sequence[Container]
    standbys: Sequence[Container]
    given: Mapping[str, Mapping[str, str]] = field(repr=False)

    def of(self, service: str) -> Container | None:
        """Return the container of a service."""
        return next((c for c in self.containers if c.service == service), None)

    @property
    def web(self) -> Container | None:
        """The project's own `web`."""
        return self.of(WEB)

    def existing(self, services: Iterable[str]) -> list[str]:
        """Those of the services that have a container."""
        return [name for name in services if self.of(name)]

    def is_current(self, container: Container | None) -> bool:
        """Tell whether it runs with what `.env` says now.

        Not told by Compose's own hash: older versions leave `.env` out of what
        `config --hash` prints, and every version makes another one.
        """
        if container is None or not container.runs:
            return False
        wanted = self.project.services[container.service].environment
        given = self.given.get(container.image, {})
        return _plain(container.environment) == _plain({**given, **wanted})

    def has_storage(self, container: Container | None) -> bool:
        """Tell whether it was made for the storage that `.env` names now, running or not."""
        if container is None:
            return False
        wanted = self.project.services[container.service].environment
        return _storage(container.environment) == _storage(wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteServices:
    """Looks at the site's services and runs the commands that change them.

    The commands go on to their end when we are killed, and carry the journal's
    id, so that whoever comes next waits for them.
    """

    instance: Instance
    docker: Docker
    settings: Settings
    journal_id: str
    quiet_seconds: float

    @property
    def page(self) -> ServedPage:
        """What a container of `web` serves."""
        return ServedPage(self.instance, self.docker, self.settings)

    async def look(self) -> Scene:
        """Return how it is now. Raises `Problem`."""
        return await asyncio.to_thread(self._look)

    async def touched(self, services: Sequence[str]) -> bool:
        """Tell whether any of these services is stopped, gone, or runs as `.env` says now."""
        scene = await self.look()
        found = [scene.of(name) for name in services]
        return any(c is None or not c.runs or scene.is_current(c) for c in found)

    async def image(self, name: str) -> str:
        """Return the id that an image has now, "" where there is none."""
        argv = ["docker", "image", "inspect", "--format", "{{.Id}}", name]
        answer = await self.docker.asked(argv)
        return answer.output.decode().strip() if answer.status == 0 else ""

    def nginx(self, scene: Scene) -> Nginx | None:
        """Return the nginx that runs in front of `web`, if there is one."""
        container = scene.of(NGINX)
        return Nginx(self.docker, container.name) if container and container.runs else None

    async def wait_for_earlier(self, report: Report) -> None:
        """Let a command end that an interrupted switch had begun."""
        await let_it_end(self.journal_id, report, _SECONDS_A_COMMAND, ours=True)

    async def run(self, argv: Sequence[str], report: Report) -> None:
        """Run a command that changes the services. Raises `Problem` where it fails.

        Where somebody else does the same just now, it is tried again.
        """
        ended = await self._run_alone(argv, report)
        if ended.status:
            raise self.failed(ended)

    async def start(self, names: Sequence[str], report: Report) -> None:
        """Start these services as `.env` says now. Raises `Problem`.

        What their own checks say decides nothing: on a busy machine one fails for as long as
        it is busy, and Compose leaves out what waits for it.
        """
        if not names:
            return
        ended = await self._run_alone((*UP_NAMED, *names), report)
        if not ended.status:
            return
        if not is_unhealthy(ended.output):
            raise self.failed(ended)
        report(Note(_SLOW_CHECK))
        for name in names:
            await self.run((*UP_NAMED, name), report)

    async def _run_alone(self, argv: Sequence[str], report: Report) -> Completed:
        """Run it, again where somebody else was at the same; how it ended."""
        for left in reversed(range(_STARTS)):
            ended = await self.run_once(argv, report)
            if not left or not ended.status or not is_collision(ended.output):
                break
            report(Note(_SOMEBODY_ELSE))
            await asyncio.sleep(_SECONDS_TO_STEP_BACK)
        return ended

    async def run_once(self, argv: Sequence[str], report: Report) -> Completed:
        """Run a command that changes the services; how it ended."""
        masker = self.masker()
        return await self.docker.run_detached(
            argv, lambda line: report(Output(masker(line))), mark(self.journal_id)
        )

    async def reload(self, nginx: Nginx, argv: Sequence[str], report: Report) -> None:
        """Reload nginx by `argv`; returns when what was under way before is through.

        Raises `Problem` where it does not take it.
        """
        old = await nginx.workers()
        ended = await self.run_once(argv, report)
        if ended.status:
            raise refused(ended.output)
        await nginx.drain(old, report)

    def watch(self, scene: Scene, report: Report, beside: str = "") -> WebWatch:
        """Follows the start of `web`, or of the container `beside` it."""
        return WebWatch(
            docker=self.docker,
            project=scene.project,
            report=report,
            masker=self.masker(),
            quiet_seconds=self.quiet_seconds,
            beside=beside,
        )

    def failed(self, ended: Completed) -> Problem:
        """Return why a command that starts or stops containers failed."""
        said = self.masker()(ended.output)
        if "Failed to load configuration" in said:
            return Problem(
                msg("./bw-dev cannot read .env."),
                verbatim(telling_line(said)),
                msg(
                    "bash reads .env line by line: a value with spaces or special characters "
                    "must be in single quotes."
                ),
                raw=telling_lines(said),
                code="env-unreadable-for-bash",
            )
        if is_docker_failure(ended.status, said):
            return docker_failed(ended.argv, said, self.docker.environment())
        return Problem(
            msg("The containers could not be started."),
            verbatim(telling_line(said)) or how_it_ended(ended.argv, ended.status),
            msg("See which one fails: docker compose ps --all; docker compose logs --tail 50"),
            raw=telling_lines(said),
            code="containers-not-started",
        )

    def masker(self) -> Masker:
        """Hides the secrets that `.env` holds now."""
        return Masker(self.instance.env_file().secrets())

    def _look(self) -> Scene:
        project = ComposeProject.read(self.docker)
        containers = project.containers(self.docker)
        standbys = project.containers(self.docker, STANDBY)
        images = sorted(
            {c.image for c in (*containers, *standbys) if c.service in project.services}
        )
        return Scene(
            project=project,
            containers=containers,
            standbys=standbys,
            given={i: self._given(i) for i in images},
        )

    def _given(self, image: str) -> dict[str, str]:
        """Return the variables that an image has of its own."""
        argv = ["docker", "image", "inspect", "--format", "{{json .Config.Env}}", image]
        answer = self.docker.ask(argv)
        return variables(json.loads(answer.output)) if answer.status == 0 else {}


def _plain(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not _PROXY.fullmatch(name)}


def _storage(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if _STORAGE.match(name)}
