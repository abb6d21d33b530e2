"""What a restart of the containers would change beside the settings: other code, and the database.

Compose recreates a container from the image that its name stands for now, whoever built or
pulled that since, and BookWyrm's entrypoint applies the migrations that wait (since v0.8.5).
"""

from __future__ import annotations

from wizard.core.message import NOTHING, Message, msg, plural
from wizard.core.problem import Problem
from wizard.instance.compose.project import Container
from wizard.instance.compose.site_services import SITE, Scene, SiteServices


async def update_waiting(site: SiteServices) -> Message:
    """Say which update the next restart would begin as well; "" where there is none.

    Raises `Problem` where Docker does not answer.
    """
    scene = await site.look()
    newer = await newer_images(site, scene)
    if newer:
        return newer
    if scene.web is None or not scene.web.runs:
        return NOTHING
    return await migrations_wait(site, scene.web)


async def newer_images(site: SiteServices, scene: Scene) -> Message:
    """Say which services run from an image that is not the one of that name now; "" for none.

    Which one a container was made from, Compose notes; its older versions did not.
    """
    news: dict[str, list[str]] = {}
    services = scene.project.services
    for container in (c for c in scene.containers if c.service in SITE and c.service in services):
        image = await site.image(services[container.service].image)
        known = ("", container.image, container.built_from)
        if container.built_from and image not in known:
            news.setdefault(_short(image), []).append(container.service)
    if not news:
        return NOTHING
    return msg(
        "A newer image was built or pulled since the services were started ({images}).",
        images="; ".join(f"{', '.join(names)}: {image}" for image, names in news.items()),
    )


async def migrations_wait(site: SiteServices, web: Container) -> Message:
    """Say whether the code that `web` would start with has migrations that were not applied.

    Asked in the running container, which sees the checkout as the next one will.
    Where nobody can tell, as with a database that does not answer, it is tried.
    """
    argv = ["docker", "exec", web.id, "python", "manage.py", "showmigrations", "--plan"]
    try:
        answer = await site.docker.asked(argv)
    except Problem:
        return NOTHING
    lines = answer.output.decode(errors="replace").splitlines()
    waiting = [line.split()[-1] for line in lines if line.startswith("[ ]")]
    if answer.status != 0 or not waiting:
        return NOTHING
    return plural(
        "BookWyrm was updated but not restarted since: {n} migration is pending ({first}).",
        "BookWyrm was updated but not restarted since: {n} migrations are pending ({first}).",
        len(waiting),
        first=waiting[0],
    )


def _short(image: str) -> str:
    return image.removeprefix("sha256:")[:12]
