"""Switching by recreating the containers in their place: the site is down in the meantime."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wizard.core.events import Note, Report
from wizard.core.message import Message, msg, sentences
from wizard.core.plan import Command
from wizard.core.problem import Problem
from wizard.instance.checkout import Instance
from wizard.instance.compose.problems import is_collision, is_docker_failure, is_unhealthy
from wizard.instance.compose.project import WEB
from wizard.instance.compose.site_services import NGINX, SITE, UP_NAMED, SiteServices
from wizard.instance.compose.web_watch import WebWatch
from wizard.instance.switching import (
    BeforePagesChange,
    Switch,
    SwitchStage,
    SwitchWay,
    nothing_before,
)
from wizard.system.programs import Completed

# `up -d` gives up when `web` is not healthy in time (about 78 s); with S3 its
# collectstatic may need longer, and is through when it is called again.
_STARTS = 4
_SECONDS_TO_STEP_BACK = 5
# nginx asks for the address of `web` when it starts. It is not restarted
# with the others, and would answer 502 for hours where `web` got another address.
_RELOAD = Command(
    ("docker", "compose", "exec", "-T", NGINX, "nginx", "-s", "reload"),
    note=msg("nginx finds the new containers, without an interruption"),
)
_SOMEBODY_ELSE = msg("Somebody else is starting the containers too: running ./bw-dev up -d again.")
_NOT_READY = msg("web is not ready yet: waiting for it, then running ./bw-dev up -d again.")
_DOWNTIME = {
    SwitchWay.NO_DEPS: msg(
        "The site is down while web collects the static assets: for 10 to 15 seconds on an idle "
        "server, for a minute or more on a busy one, or with a slow S3 service."
    ),
    SwitchWay.UP: msg(
        "./bw-dev up -d recreates every container whose settings changed, and web collects the "
        "static assets before it answers: the site is down for about 45 seconds on an idle "
        "server, for two minutes or more on a busy one, or with a slow S3 service."
    ),
}


@dataclass(frozen=True, slots=True)
class PlainSwitch(Switch):
    """`up -d` for all services, or without the database and Redis (`NO_DEPS`).

    `existing` are the services that have a container.
    """

    site: SiteServices
    way: SwitchWay
    existing: tuple[str, ...]

    pages_change_at = "recreate"

    def stages(self) -> Sequence[SwitchStage]:
        """Return the three stages."""
        words = msg(
            "The containers whose settings changed are recreated; the site is down until web has "
            "started."
        )
        return (
            SwitchStage("recreate", words, (Command(self.argv),)),
            SwitchStage("reload", msg("nginx looks up where web is now."), (_RELOAD,)),
            SwitchStage("check", msg("The site is checked as a visitor sees it.")),
        )

    def downtime(self) -> Message:
        """Return how long, as it was measured."""
        return _DOWNTIME[self.way]

    @property
    def argv(self) -> tuple[str, ...]:
        """What recreates the containers."""
        if self.way is SwitchWay.UP:
            return up_argv(self.site.instance)
        names = [name for name in SITE if name in self.existing]
        return (*UP_NAMED, *names)

    async def carry_out(self, stage: SwitchStage, report: Report) -> None:
        """See `Switch.carry_out`."""
        await self.site.wait_for_earlier(report)
        doing = {
            "recreate": self._recreate,
            "reload": self._reload,
            "check": self.site.page.until_public,
        }
        await doing[stage.name](report)

    async def touched(self) -> bool:
        """See `Switch.touched`."""
        return await self.site.touched(self.existing)

    async def undo(self, report: Report, before: BeforePagesChange = nothing_before) -> None:
        """Start again as `.env` says now; what runs so already is left alone."""
        await self.carry_out_all(report, before)

    async def _recreate(self, report: Report) -> None:
        watch = self.site.watch(await self.site.look(), report)
        await asyncio.to_thread(watch.begin)
        for _ in range(_STARTS):
            ended = await self.site.run_once(self.argv, report)
            if ended.status == 0:
                await watch.until_asked()
                return
            if not await self._is_worth_another(ended, watch, report):
                await self._start_others(report)
                return
        raise self.site.failed(ended)

    async def _is_worth_another(self, ended: Completed, watch: WebWatch, report: Report) -> bool:
        """Wait until web serves after a command that failed; tell whether to run it again.

        Not where only a check failed. Raises `Problem` where something else did.
        """
        if is_docker_failure(ended.status, ended.output):
            if not is_collision(ended.output):
                raise self.site.failed(ended)
            report(Note(_SOMEBODY_ELSE))
            await asyncio.sleep(_SECONDS_TO_STEP_BACK)
            return True
        state = await asyncio.to_thread(watch.state)
        if state.is_down:
            raise watch.ended(state)
        if state.is_up and is_unhealthy(ended.output):
            return False
        if state.status != "running" or state.is_up:
            raise self.site.failed(ended)
        report(Note(_NOT_READY))
        await watch.until_asked()
        return (await asyncio.to_thread(watch.state)).is_up

    async def _start_others(self, report: Report) -> None:
        """Start what Compose left out because of a check. Raises `Problem`.

        On a busy machine a check fails as long as it is busy, while visitors get their pages.
        What they get is looked at when all is started.
        """
        names: Iterable[str] = self.existing
        if self.way is SwitchWay.UP:
            names = (await self.site.look()).project.services
        await self.site.start([name for name in names if name != WEB], report)

    async def _reload(self, report: Report) -> None:
        """Reload nginx; whether the site is back, others judge: web may have its old address."""
        nginx = self.site.nginx(await self.site.look())
        if nginx is None:
            return
        try:
            await self.site.reload(nginx, nginx.reload_argv, report)
        except Problem as problem:
            report(Note(sentences(problem.what, problem.why), warning=True))


def up_argv(instance: Instance) -> tuple[str, ...]:
    """Return `./bw-dev up -d`, or the same without it where it is for Compose version 1."""
    script = instance.folder / "bw-dev"
    try:
        usable = "docker compose" in script.read_text(errors="replace")
    except OSError:
        usable = False
    usable = usable and os.access(script, os.X_OK)
    return ("./bw-dev", "up", "-d") if usable else ("docker", "compose", "up", "-d")
