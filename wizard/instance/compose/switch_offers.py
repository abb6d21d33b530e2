"""The ways of switching under Docker Compose, best first, and why one cannot be had."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from wizard.core.message import NOTHING, Message, listed, msg, plural, sentences
from wizard.core.quantities import describe_size
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
_MEMORY_NEEDED = 300_000_000
_BENEATH = msg(
    "A second web container would migrate the database while the first still runs the old code."
)
_TWO_VERSIONS = msg("Two versions would use one database at the same time.")
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


async def _against_standby(site: SiteServices, scene: Scene) -> Message:
    nginx = site.nginx(scene)
    if nginx is None:
        return msg("There is no running nginx container of this project in front of web.")
    against = _against_a_second(scene) or await _missing_in_compose(site) or await nginx.obstacle()
    # Halfway through it, the one beside `web` may be all that serves, and has its memory.
    if against or any(c.runs for c in scene.standbys):
        return against
    if scene.web is None or not await site.page.serves(scene.web):
        return msg("web does not serve the site at the moment, so there is no downtime to avoid.")
    if newer := await newer_images(site, scene):
        return sentences(newer, _TWO_VERSIONS)
    memory = await asyncio.to_thread(_short_of_memory, site)
    if memory:
        return memory
    waiting = await migrations_wait(site, scene.web)
    return sentences(waiting, _BENEATH) if waiting else waiting


def _against_a_second(scene: Scene) -> Message:
    if unique := scene.project.services[WEB].unique:
        return plural(
            "Two web containers cannot run side by side: {settings} is set for web.",
            "Two web containers cannot run side by side: {settings} are set for web.",
            len(unique),
            settings=listed(unique),
        )
    if sum(c.service == WEB for c in scene.containers) > 1:
        return msg("web runs in several containers already.")
    return NOTHING


async def _missing_in_compose(site: SiteServices) -> Message:
    answer = await site.docker.asked(["docker", "compose", "run", "--help"])
    if b"--use-aliases" in answer.output:
        return NOTHING
    version = await site.docker.asked(["docker", "compose", "version", "--short"])
    return msg(
        "This Docker Compose ({version}) cannot run --use-aliases.",
        version=version.output.decode().strip(),
    )


def _short_of_memory(site: SiteServices) -> Message:
    """Of another machine's memory nothing is known; then it is tried."""
    free = available_bytes() if is_local(site.docker) else None
    if free is None or free >= _MEMORY_NEEDED:
        return NOTHING
    return msg(
        "A second web container needs about {needed} of memory, and only {free} are free.",
        needed=describe_size(_MEMORY_NEEDED),
        free=describe_size(free),
    )


def _against_no_deps(scene: Scene) -> Message:
    if scene.web is None:
        return msg("There is no web container yet.")
    needed = [name for name in _NEEDED_BY_WEB if name in scene.project.services]
    running = {c.service for c in scene.containers if c.runs}
    down = [name for name in needed if name not in running]
    if not down:
        return NOTHING
    return plural(
        "{services} must run for that, since web needs it.",
        "{services} must run for that, since web needs them.",
        len(down),
        services=listed(down),
    )
