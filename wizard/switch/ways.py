"""The ways of switching that a deployment offers, and the one that is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.core.message import Message, msg
from wizard.core.problem import Problem
from wizard.instance.switching import Switch, SwitchOffer
from wizard.step import Context

BEST = "best"


@dataclass(frozen=True, slots=True)
class WayChoice:
    """The way that is taken, why none of those before it is, and the others that can be had."""

    switch: Switch
    obstacles: tuple[Message, ...] = ()
    others: tuple[Switch, ...] = ()


async def choose(context: Context, begun: str = "") -> WayChoice:
    """Return the best way that can be had, or the one that the admin chose.

    `begun` is the way of a switch that is to be finished. Raises `Problem` where the way
    that was chosen cannot be had, or where it is not known what restarts the instance.
    """
    offers = await context.deployment.switches()
    for offer in offers:
        if begun and offer.switch.way == begun:
            return WayChoice(offer.switch)
    wanted = context.settings.switch_way
    if wanted not in ("", BEST):
        taken = _wanted(offers, wanted)
        return WayChoice(taken, others=_others(offers, taken))
    free = next((offer for offer in offers if not offer.obstacle), offers[-1])
    if free.obstacle:
        raise _no_way(free.obstacle)
    before = offers[: offers.index(free)]
    obstacles = tuple(offer.obstacle for offer in before)
    return WayChoice(free.switch, obstacles, _others(offers, free.switch))


def _others(offers: Sequence[SwitchOffer], taken: Switch) -> tuple[Switch, ...]:
    return tuple(o.switch for o in offers if o.switch is not taken and not o.obstacle)


def _wanted(offers: Sequence[SwitchOffer], wanted: str) -> Switch:
    offer = next((offer for offer in offers if offer.switch.way == wanted), None)
    if offer is None:
        names = ", ".join(option_of(o.switch.way) for o in offers)
        raise Problem(
            msg("This instance cannot be switched with --switch {way}.", way=option_of(wanted)),
            msg("There are these ways for it: {ways}.", ways=names),
            msg("Choose one of them, or let bw-s3 take the best one: --switch best"),
            field="switch_way",
            usage=True,
            code="switch-way-unknown",
        )
    if offer.obstacle:
        raise _no_way(offer.obstacle)
    return offer.switch


def option_of(way: str) -> str:
    """Return the way's name on the command line."""
    return way.replace("_", "-")


def _no_way(obstacle: Message) -> Problem:
    return Problem(
        msg("The services cannot be switched in this way."),
        obstacle,
        msg("Let bw-s3 take the best way that is possible: --switch best"),
        field="switch_way",
        decision=True,
        code="switch-way-impossible",
    )
