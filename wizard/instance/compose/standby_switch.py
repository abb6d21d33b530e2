"""Switching with a second container of `web` beside the first: no visitor notices.

It is started with the new settings and serves while the project's own `web` is
recreated; then it is removed. Everything is told from what runs, so
that any stage can be repeated after a kill.
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from wizard.core.events import Report
from wizard.core.message import Message, msg
from wizard.core.plan import Command
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.instance.compose.nginx import Nginx
from wizard.instance.compose.project import WEB, Container
from wizard.instance.compose.site_services import (
    JOBS,
    STANDBY,
    UP_NAMED,
    WORKERS,
    Scene,
    SiteServices,
)
from wizard.instance.compose.standby_loss import kept_up, lost_too_early
from wizard.instance.switching import (
    BeforePagesChange,
    Switch,
    SwitchStage,
    SwitchWay,
    nothing_before,
)

_STOP = ("stop", "-t", "60")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbySwitch(Switch):
    """The switch of the project `project`; `existing` are its services that have a container."""

    site: SiteServices
    project: str
    nginx: Nginx
    existing: tuple[str, ...]

    way = SwitchWay.STANDBY
    pages_change_at = "use_standby"

    @property
    def standby(self) -> str:
        """The name of the container that serves for the time being."""
        return f"{self.project}-web-standby-{self.site.journal_id[:8]}"

    def stages(self) -> Sequence[SwitchStage]:
        """Return the nine stages; only the fourth touches the project's own `web`."""
        web = f"{self.project}-{WEB}-1"
        return (
            SwitchStage(
                "standby",
                msg(
                    "A temporary web container starts with the new settings and is checked; "
                    "the site does not use it yet."
                ),
                (Command(self._run_argv()),),
            ),
            SwitchStage(
                "pause",
                msg("Background jobs are paused; pending jobs wait in Redis."),
                self._commands(self._services(JOBS), self._stop_argv),
            ),
            SwitchStage(
                "use_standby",
                msg("nginx passes visitors to the temporary web container."),
                (Command(self.nginx.use_argv(self.standby)),),
            ),
            SwitchStage(
                "stop_web",
                msg("The old web container finishes what it is doing and stops."),
                (Command(self._stop_web_argv()),),
            ),
            SwitchStage(
                "renew_web",
                msg("web starts with the new settings, under its own name."),
                (Command((*UP_NAMED, WEB)),),
            ),
            SwitchStage(
                "use_web",
                msg("nginx passes visitors to web again."),
                (Command(self.nginx.use_argv(web)),),
            ),
            SwitchStage(
                "resume",
                msg("Background jobs start again, with the new settings."),
                self._commands(self._services(WORKERS), lambda names: (*UP_NAMED, *names)),
            ),
            SwitchStage(
                "remove_standby",
                msg("The temporary web container finishes what it is doing and is removed."),
                (Command(self._remove_argv(self.standby)),),
            ),
            SwitchStage("check", msg("The site is checked as a visitor sees it.")),
        )

    def downtime(self) -> Message:
        """Return that there is none, with the one exception."""
        return msg(
            "Visitors notice nothing; only an upload that takes longer than a minute may fail. "
            "It takes about a minute and a half, and some 300 MB of memory in the meantime."
        )

    async def carry_out(self, stage: SwitchStage, report: Report) -> None:
        """See `Switch.carry_out`."""
        await self.site.wait_for_earlier(report)
        await self._doing()[stage.name](await self.site.look(), report)

    async def touched(self) -> bool:
        """See `Switch.touched`; what stands beside the site's own containers is not of it."""
        return await self.site.touched(self.existing)

    async def undo(self, report: Report, before: BeforePagesChange = nothing_before) -> None:
        """See `Switch.undo`."""
        await self.site.wait_for_earlier(report)
        scene = await self.site.look()
        if scene.web and scene.has_storage(scene.web) and await self.site.page.serves(scene.web):
            await before()
            await self._use(scene.web, report)
            await self._resume_untouched(scene, report)
            await self._remove_standby(scene, report)
            return
        await self.carry_out_all(report, before)

    def _doing(self) -> Mapping[str, Callable[[Scene, Report], Awaitable[None]]]:
        return {
            "standby": self._start_standby,
            "pause": self._pause,
            "use_standby": self._use_standby,
            "stop_web": self._stop_web,
            "renew_web": self._renew_web,
            "use_web": self._use_web,
            "resume": self._resume,
            "remove_standby": self._remove_standby,
            "check": self._check,
        }

    async def _start_standby(self, scene: Scene, report: Report) -> None:
        if scene.is_current(scene.web):
            return
        web_serves = scene.web is not None and await self.site.page.serves(scene.web)
        kept = await self._standby_to_keep(scene, web_serves=web_serves)
        others = [c for c in scene.standbys if c != kept]
        if scene.web and web_serves and others:
            await self._use(scene.web, report)
        await self._remove(others, report)
        if kept is None:
            await self.site.run(self._run_argv(), report)
            scene = await self.site.look()
            kept = next((c for c in scene.standbys if c.name == self.standby), None)
        if kept is None:
            raise _vanished()
        if scene.is_current(kept):
            watch = self.site.watch(scene, report, kept.id)
            watch.begin()
            await watch.until_asked()
            await self.site.page.until_right(kept)
        # Compose gives it none; a reboot in the middle must not take the site away.
        await self.site.docker.asked(["docker", "update", "--restart=unless-stopped", kept.id])

    async def _standby_to_keep(self, scene: Scene, *, web_serves: bool) -> Container | None:
        """Return one that was made for these settings, or that alone keeps the site up."""
        running = [c for c in scene.standbys if c.runs]
        if current := next((c for c in running if scene.is_current(c)), None):
            return current
        if web_serves:
            return None
        for standby in running:
            if await self.site.page.serves(standby):
                return standby
        return None

    async def _pause(self, scene: Scene, report: Report) -> None:
        names = [name for name in JOBS if self._is_old(scene, name)]
        if names:
            await self.site.run(self._stop_argv(names), report)

    async def _use_standby(self, scene: Scene, report: Report) -> None:
        standby = _running(scene)
        if standby and not scene.is_current(scene.web):
            await self._use(standby, report)

    async def _stop_web(self, scene: Scene, report: Report) -> None:
        if scene.web is None or not self._is_old(scene, WEB):
            return
        standby = _running(scene)
        if standby is None or not await self.site.page.serves(standby):
            await self._use(scene.web, report)
            raise lost_too_early()
        await self.site.run(self._stop_web_argv(), report)

    async def _renew_web(self, scene: Scene, report: Report) -> None:
        watch = self.site.watch(scene, report)
        watch.begin()
        standby, web_runs = _running(scene), scene.web is not None and scene.web.runs
        alone = standby is not None or not web_runs
        guard = kept_up(self.site, standby, self._use, report) if alone else nullcontext()
        async with guard:
            if not scene.is_current(scene.web):
                await self.site.run((*UP_NAMED, WEB), report)
                scene = await self.site.look()
            await watch.until_asked()
        if scene.web is None:
            raise _vanished()
        await self.site.page.until_right(scene.web)

    async def _use_web(self, scene: Scene, report: Report) -> None:
        if scene.web is None:
            raise _vanished()
        await self._use(scene.web, report)

    async def _use(self, container: Container, report: Report) -> None:
        await self.site.reload(self.nginx, self.nginx.use_argv(container.name), report)

    async def _resume(self, scene: Scene, report: Report) -> None:
        names = scene.existing(WORKERS)
        if any(not scene.is_current(scene.of(name)) for name in names):
            await self.site.start(names, report)
            await self._check_workers(names)

    async def _resume_untouched(self, scene: Scene, report: Report) -> None:
        """Start the jobs again as they were, or recreate those with other settings by now."""
        names = scene.existing(WORKERS)
        if not all(scene.has_storage(scene.of(name)) for name in names):
            await self.site.start(names, report)
        elif stopped := [c.service for c in scene.containers if c.service in JOBS and not c.runs]:
            await self.site.run(("docker", "compose", "start", *stopped), report)

    async def _check_workers(self, names: Sequence[str]) -> None:
        scene = await self.site.look()
        for name in names:
            if not scene.is_current(scene.of(name)):
                raise Problem(
                    msg("{service} does not run with the new settings.", service=name),
                    msg("The site itself is up; its background jobs are waiting."),
                    msg("See what it says: docker compose logs --tail 50 {service}", service=name),
                    TRY_AGAIN,
                    code="jobs-not-running",
                )

    async def _remove_standby(self, scene: Scene, report: Report) -> None:
        await self._remove(scene.standbys, report)

    async def _remove(self, standbys: Sequence[Container], report: Report) -> None:
        for standby in standbys:
            await self.site.run(self._remove_argv(standby.name), report)

    async def _check(self, scene: Scene, report: Report) -> None:
        await self.site.page.until_public(report)

    def _is_old(self, scene: Scene, service: str) -> bool:
        """Tell whether a service runs with other settings than those of `.env`."""
        container = scene.of(service)
        return container is not None and container.runs and not scene.is_current(container)

    def _services(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in self.existing]

    def _commands(
        self, names: list[str], argv: Callable[[Sequence[str]], tuple[str, ...]]
    ) -> tuple[Command, ...]:
        return (Command(argv(names)),) if names else ()

    def _run_argv(self) -> tuple[str, ...]:
        return (
            *("docker", "compose", "run", "-d", "--no-deps", "--use-aliases"),
            *("--label", f"{STANDBY}={self.site.journal_id}", "--name", self.standby, WEB),
        )

    def _stop_argv(self, names: Sequence[str]) -> tuple[str, ...]:
        return ("docker", "compose", *_STOP, *names)

    def _stop_web_argv(self) -> tuple[str, ...]:
        """Return one command that stops web and has nginx forget its address."""
        stop = shlex.join(("docker", "compose", *_STOP, WEB))
        return ("sh", "-c", f"{stop}; {shlex.join(self.nginx.reload_argv)}")

    def _remove_argv(self, name: str) -> tuple[str, ...]:
        stop, remove = (shlex.join(("docker", *words, name)) for words in (_STOP, ("rm",)))
        return ("sh", "-c", f"{stop}; {shlex.join(self.nginx.reload_argv)}; {remove}")


def _running(scene: Scene) -> Container | None:
    """Return the temporary container, if it runs."""
    return next((c for c in scene.standbys if c.runs), None)


def _vanished() -> Problem:
    return Problem(
        msg("A container that was just started is gone."),
        msg("Somebody else removed it."),
        msg(
            "See what there is: docker compose ps --all; docker ps --filter label={label}",
            label=STANDBY,
        ),
        TRY_AGAIN,
        code="container-gone",
    )
