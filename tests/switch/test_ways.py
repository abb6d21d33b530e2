"""Which way of switching is taken, and what is said where a better one cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.screens.kit import KitSource, StillDeployment, make_instance
from wizard.core.events import Report
from wizard.core.plan import Command
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.instance.switching import Switch, SwitchOffer, SwitchStage, SwitchWay
from wizard.step import Context, Question
from wizard.switch.ways import choose


class Named(Switch):
    """A way that is only chosen."""

    def __init__(self, way: SwitchWay) -> None:
        self.way = way

    def stages(self) -> Sequence[SwitchStage]:
        return ()

    def downtime(self) -> str:
        return ""

    async def carry_out(self, stage: SwitchStage, report: Report) -> None:
        raise AssertionError(stage)

    async def undo(self, report: Report) -> None:
        raise AssertionError


class Offering(StillDeployment):
    """A deployment with three ways, the best of which cannot be had."""

    async def switches(self) -> Sequence[SwitchOffer]:
        return (
            SwitchOffer(Named(SwitchWay.STANDBY), "There is too little memory."),
            SwitchOffer(Named(SwitchWay.NO_DEPS)),
            SwitchOffer(Named(SwitchWay.UP)),
        )


class Restarting(StillDeployment):
    """A deployment that can only be restarted."""

    async def restart_commands(self) -> Sequence[Command]:
        return (Command(("./site", "restart")),)


async def context_of(folder: Path, kind: type[StillDeployment], settings: Settings) -> Context:
    """A context with such a deployment."""

    async def ask(question: Question) -> bool:
        raise AssertionError(question)

    source = KitSource(make_instance(folder / "bookwyrm"), {}, settings=settings)
    opened = await source.open(lambda event: None, ask, {})
    return replace(opened.migration.context, deployment=kind(settings))


@pytest.mark.parametrize("wish", ["", "best"])
async def test_the_best_that_can_be_had_is_taken(tmp_path: Path, wish: str) -> None:
    choice = await choose(await context_of(tmp_path, Offering, Settings(switch_way=wish)))
    assert choice.switch.way is SwitchWay.NO_DEPS
    assert choice.obstacles == ("There is too little memory.",)


async def test_the_admin_may_choose(tmp_path: Path) -> None:
    choice = await choose(await context_of(tmp_path, Offering, Settings(switch_way="up")))
    assert choice.switch.way is SwitchWay.UP


async def test_what_cannot_be_had_is_not_taken_in_silence(tmp_path: Path) -> None:
    context = await context_of(tmp_path, Offering, Settings(switch_way="standby"))
    with pytest.raises(Problem) as caught:
        await choose(context)
    assert caught.value.why == "There is too little memory."
    assert caught.value.decision


async def test_a_way_of_another_deployment_is_a_usage_error(tmp_path: Path) -> None:
    context = await context_of(tmp_path, Offering, Settings(switch_way="reload"))
    with pytest.raises(Problem) as caught:
        await choose(context)
    assert caught.value.usage
    assert "standby, no-deps, up" in caught.value.why


async def test_what_was_begun_one_way_is_finished_so(tmp_path: Path) -> None:
    """Also where it cannot be begun any more: halfway, the memory is taken already."""
    context = await context_of(tmp_path, Offering, Settings(switch_way="up"))
    assert (await choose(context, "standby")).switch.way is SwitchWay.STANDBY


async def test_without_a_better_way_all_is_restarted(tmp_path: Path) -> None:
    settings = Settings(restart_command="./site restart")
    choice = await choose(await context_of(tmp_path, Restarting, settings))
    (stage,) = choice.switch.stages()
    assert choice.switch.way is SwitchWay.COMMAND
    assert [command.argv for command in stage.commands] == [("./site", "restart")]
    assert choice.switch.downtime()
