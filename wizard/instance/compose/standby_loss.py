"""The temporary web container may end while it alone serves: whoever answers first takes over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from wizard.core.events import Note, Report
from wizard.core.message import msg
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.instance.compose.project import Container
from wizard.instance.compose.site_services import SiteServices

_SECONDS_A_LOOK = 1.0

# Has nginx pass visitors on to a container.
Use = Callable[[Container, Report], Awaitable[None]]


@asynccontextmanager
async def kept_up(
    site: SiteServices, standby: Container | None, use: Use, report: Report
) -> AsyncIterator[None]:
    """Watch the temporary container, as long as the block lasts, while `web` is recreated.

    `standby` is None where it ended already. Where it ends, nginx is told of
    `web` as soon as that answers, and not only when it is ready in every
    respect; or of the temporary one, if Docker has started it again by then,
    under another address perhaps.
    """
    watching = asyncio.create_task(_keep_up(site, standby, use, report))
    try:
        yield
    finally:
        watching.cancel()
        # What goes wrong here, the switch itself meets as well, and says so.
        with suppress(asyncio.CancelledError, Problem):
            await watching


async def _keep_up(site: SiteServices, standby: Container | None, use: Use, report: Report) -> None:
    lost = False
    while True:
        if not lost and (standby is None or not await _still_runs(site, standby)):
            lost = True
            report(Note(_LOST, warning=True))
        if lost and await _taken_over(site, use, report):
            return
        await asyncio.sleep(_SECONDS_A_LOOK)


async def _taken_over(site: SiteServices, use: Use, report: Report) -> bool:
    scene = await site.look()
    for container in filter(None, (scene.web, *scene.standbys)):
        if await site.page.serves(container):
            await use(container, report)
            return True
    return False


async def _still_runs(site: SiteServices, container: Container) -> bool:
    """Tell whether it has run without an end since it was looked at."""
    form = "{{.State.Running}} {{.State.StartedAt}}"
    answer = await site.docker.asked(["docker", "inspect", "--format", form, container.id])
    return answer.output.decode().split() == ["true", container.started]


_LOST = msg(
    "The temporary web container exited by itself while it served the site. nginx passes "
    "visitors to web as soon as web answers."
)


def lost_too_early() -> Problem:
    """Return the `Problem` of one that ended before the old `web` was stopped."""
    return Problem(
        msg("The temporary web container does not serve the site any more."),
        msg(
            "It exited by itself, or something killed it, perhaps for lack of memory. nginx "
            "passes visitors to the old web container again, which was not stopped."
        ),
        msg("See whether the kernel killed it: dmesg | grep -i kill"),
        TRY_AGAIN,
        code="standby-ended",
    )
