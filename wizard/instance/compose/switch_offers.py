"""The ways of switching under Docker Compose, best first, and why one cannot be had."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wizard.instance.compose.media import is_local
from wizard.instance.compose.nginx import Nginx
from wizard.instance.compose.plain_switch import PlainSwitch
from wizard.instance.compose.project import WEB
from wizard.instance.compose.site_services import NGINX, SITE, Scene, SiteServices
from wizard.instance.compose.standby_switch import StandbySwitch
from wizard.instance.compose.updates import migrations_wait, newer_images
from wizard.instance.switching import SwitchOffer, SwitchWay
from wizard.system.memory import available_bytes

# What a second `web` took beside the first.
_MIB_NEEDED = 300
_BENEATH = "A second web would apply them beneath the first one, which still runs the old code."
_NEEDED_BY_WEB = ("db", "redis_activity", "redis_broker")


async def offers(site: SiteServices) -> Sequence[SwitchOffer]:
    """Return all ways. Raises `Problem` where Docker does not answer."""
    scene = await site.look()
    existing = tuple(scene.existing(SITE))
    container = scene.of(NGINX)
    nginx = Nginx(site.docker, container.name if container else f"{scene.project.name}-{NGINX}-1")
    standby = StandbySwitch(site=site, project=scene.project.name, nginx=nginx, existing=existing)
    no_deps = PlainSwitch(site, SwitchWay.NO_DEPS, existing)
    return (
        SwitchOffer(standby, await _against_standby(site, scene)),
        SwitchOffer(no_deps, _against_no_deps(scene)),
        SwitchOffer(PlainSwitch(site, SwitchWay.UP, existing)),
    )


async def _against_standby(site: SiteServices, scene: Scene) -> str:
    nginx = site.nginx(scene)
    if nginx is None:
        return "There is no running nginx container of this project in front of web."
    against = _against_a_second(scene) or await _missing_in_compose(site) or await nginx.obstacle()
    # Halfway through it, the one beside `web` may be all that serves, and has its memory.
    if against or any(c.runs for c in scene.standbys):
        return against
    if scene.web is None or not await site.page.serves(scene.web):
        return "web does not serve the site at the moment, so there is nothing to keep up."
    if newer := await newer_images(site, scene):
        return f"{newer} Two versions would use one database at the same time."
    memory = await asyncio.to_thread(_short_of_memory, site)
    if memory:
        return memory
    waiting = await migrations_wait(site, scene.web)
    return f"{waiting} {_BENEATH}" if waiting else ""


def _against_a_second(scene: Scene) -> str:
    if unique := scene.project.services[WEB].unique:
        return f"Two web containers cannot run side by side: {' and '.join(unique)} is set for web."
    if sum(c.service == WEB for c in scene.containers) > 1:
        return "web runs in several containers already."
    return ""


async def _missing_in_compose(site: SiteServices) -> str:
    answer = await site.docker.asked(["docker", "compose", "run", "--help"])
    if b"--use-aliases" in answer.output:
        return ""
    version = await site.docker.asked(["docker", "compose", "version", "--short"])
    return f"This Docker Compose ({version.output.decode().strip()}) cannot run --use-aliases."


def _short_of_memory(site: SiteServices) -> str:
    """Of another machine's memory nothing is known; then it is tried."""
    if not is_local(site.docker):
        return ""
    free = available_bytes()
    if free is None or free >= _MIB_NEEDED << 20:
        return ""
    return (
        f"A second web container needs about {_MIB_NEEDED} MiB of memory, and only "
        f"{free >> 20} MiB are free."
    )


def _against_no_deps(scene: Scene) -> str:
    if scene.web is None:
        return "There is no web container yet."
    needed = [name for name in _NEEDED_BY_WEB if name in scene.project.services]
    running = {c.service for c in scene.containers if c.runs}
    down = [name for name in needed if name not in running]
    return f"{' and '.join(down)} must run for that, since web needs it." if down else ""
