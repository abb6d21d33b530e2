"""Switching by a restart of everything: nobody reaches the site in the meantime."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from wizard.core.events import Report
from wizard.core.message import Message, msg
from wizard.core.plan import Command
from wizard.instance.dockerless.services import Services
from wizard.instance.switching import (
    BeforePagesChange,
    Switch,
    SwitchStage,
    SwitchWay,
    nothing_before,
)
from wizard.system.processes import Process
from wizard.web.visitor import look_at_site

_DOWNTIME = {
    SwitchWay.RESTART: msg(
        "The site is down while its services stop and start again: usually 5 to 15 seconds, "
        "longer if a request in progress has to finish first."
    ),
    # Nothing is known of how it is done.
    SwitchWay.COMMAND: msg(
        "The site is down while its services restart, usually for less than a minute."
    ),
}
_WORDS = {
    SwitchWay.RESTART: msg("The services are restarted."),
    SwitchWay.COMMAND: msg("Your own command restarts the services."),
}


class RestartSwitch(Switch):
    """A restart of all units (`RESTART`) or the admin's own command (`COMMAND`).

    `argv` is what `restart` runs; `running` returns the instance's processes.
    """

    pages_change_at = "restart"

    def __init__(
        self,
        services: Services,
        way: SwitchWay,
        argv: tuple[str, ...],
        *,
        restart: Callable[[Report], Awaitable[None]],
        running: Callable[[], Awaitable[frozenset[Process]]],
    ) -> None:
        self.way = way
        self._services = services
        self._argv = argv
        self._restart, self._running = restart, running
        # What ran before; None where this process has not begun a restart.
        self._before: frozenset[Process] | None = None

    def stages(self) -> Sequence[SwitchStage]:
        """Return the one stage."""
        return (SwitchStage("restart", _WORDS[self.way], (Command(self._argv),)),)

    def downtime(self) -> Message:
        """Return for how long the site is down, as far as that can be said."""
        return _DOWNTIME[self.way]

    async def carry_out(self, stage: SwitchStage, report: Report) -> None:
        """Restart; again where one that was killed may have done so already."""
        self._before = await self._running()
        await self._restart(report)

    async def touched(self) -> bool:
        """Tell whether any process runs that was not there before."""
        return self._before is None or await self._running() != self._before

    async def undo(self, report: Report, before: BeforePagesChange = nothing_before) -> None:
        """Restart, unless the services never stopped running with what `.env` says again."""
        if await self.touched() or not await self._is_as_env_says():
            await before()
            await self._restart(report)

    async def _is_as_env_says(self) -> bool:
        services = self._services
        view = await look_at_site(services.settings, services.instance.domain)
        return view.own_page and view.points_to_bucket is services.instance.uses_s3()
