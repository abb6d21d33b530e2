"""The ways of switching that a deployment offers, and the one that is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.core.events import Report
from wizard.core.plan import Command
from wizard.core.problem import Problem
from wizard.core.settings import DeploymentKind
from wizard.instance.switching import Switch, SwitchOffer, SwitchStage, SwitchWay
from wizard.step import Context
from wizard.web.visitor import look_at_site

BEST = "best"
_RESTART = "restart"


class RestartSwitch(Switch):
    """The deployment's own restart of everything, for what offers no better way."""

    def __init__(
        self, context: Context, way: SwitchWay, commands: Sequence[Command], downtime: str
    ) -> None:
        self.way = way
        self._context = context
        self._commands, self._downtime = tuple(commands), downtime
        # What ran before the restart; None where this process has not begun one.
        self._before: frozenset[object] | None = None

    def stages(self) -> Sequence[SwitchStage]:
        """Return one."""
        words = "The services are restarted."
        return (SwitchStage(_RESTART, words, self._commands),)

    def downtime(self) -> str:
        """Return as the deployment says it."""
        return self._downtime

    async def carry_out(self, stage: SwitchStage, report: Report) -> None:
        """Restart; once more where a killed runner may have done so already."""
        self._before = await self._context.deployment.services()
        await self._context.deployment.restart(report)

    async def touched(self) -> bool:
        """Tell whether any service runs that was not there before."""
        if self._before is None:
            return True
        return await self._context.deployment.services() != self._before

    async def undo(self, report: Report) -> None:
        """Restart with the old `.env`, unless the services never stopped running with it."""
        view = await look_at_site(self._context.settings, self._context.instance.domain)
        as_before = view.own_page and not view.points_to_bucket
        if not as_before or await self.touched():
            await self._context.deployment.restart(report)


@dataclass(frozen=True, slots=True)
class Choice:
    """The way that is taken, and why none of those before it is: a sentence for each."""

    switch: Switch
    obstacles: tuple[str, ...] = ()


async def choose(context: Context, begun: str = "") -> Choice:
    """Return the best way that can be had, or the one that the admin chose.

    `begun` is the way of a switch that is to be finished. Raises `Problem` where the way
    that was chosen cannot be had, or where it is not known what restarts the instance.
    """
    deployment = context.deployment
    offers = await deployment.switches() or [SwitchOffer(await _restart_of(context))]
    for offer in offers:
        if begun and offer.switch.way == begun:
            return Choice(offer.switch)
    wanted = context.settings.switch_way
    if wanted not in ("", BEST):
        return Choice(_wanted(offers, wanted))
    free = next((offer for offer in offers if not offer.obstacle), offers[-1])
    if free.obstacle:
        raise _no_way(free.obstacle)
    before = offers[: offers.index(free)]
    return Choice(free.switch, tuple(offer.obstacle for offer in before))


async def _restart_of(context: Context) -> RestartSwitch:
    deployment = context.deployment
    commands = await deployment.restart_commands()
    if deployment.kind is DeploymentKind.COMPOSE:
        way = SwitchWay.UP
    else:
        way = SwitchWay.COMMAND if context.settings.restart_command else SwitchWay.RESTART
    return RestartSwitch(context, way, commands, await deployment.interruption())


def _wanted(offers: Sequence[SwitchOffer], wanted: str) -> Switch:
    offer = next((offer for offer in offers if offer.switch.way == wanted), None)
    if offer is None:
        names = ", ".join(option_of(o.switch.way) for o in offers)
        raise Problem(
            f"This instance cannot be switched with --switch {option_of(wanted)}.",
            f"There are these ways for it: {names}.",
            "Choose one of them, or let bw-s3 take the best one: --switch best",
            field="switch_way",
            usage=True,
        )
    if offer.obstacle:
        raise _no_way(offer.obstacle)
    return offer.switch


def option_of(way: str) -> str:
    """Return the way's name on the command line."""
    return way.replace("_", "-")


def _no_way(obstacle: str) -> Problem:
    return Problem(
        "The services cannot be switched in this way.",
        obstacle,
        "Let bw-s3 take the best way that can be had: --switch best",
        field="switch_way",
        decision=True,
    )
