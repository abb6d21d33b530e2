"""Which way of switching is taken, and what is said where a better one cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.kit import KitSource, make_instance
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.instance.switching import SwitchWay
from wizard.step import Context, Question
from wizard.switch.ways import choose


async def context_of(folder: Path, settings: Settings) -> Context:
    """A context of a deployment with three ways, the best of which cannot be had."""

    async def ask(question: Question) -> bool:
        raise AssertionError(question)

    source = KitSource(make_instance(folder / "bookwyrm"), {}, settings=settings)
    opened = await source.open(lambda event: None, ask, {})
    return opened.migration.context.with_settings(settings)


@pytest.mark.parametrize("wish", ["", "best"])
async def test_the_best_that_can_be_had_is_taken(tmp_path: Path, wish: str) -> None:
    choice = await choose(await context_of(tmp_path, Settings(switch_way=wish)))
    assert choice.switch.way is SwitchWay.NO_DEPS
    assert choice.obstacles == ("There is too little memory.",)
    assert [other.way for other in choice.others] == [SwitchWay.UP]


async def test_the_admin_may_choose(tmp_path: Path) -> None:
    choice = await choose(await context_of(tmp_path, Settings(switch_way="up")))
    assert choice.switch.way is SwitchWay.UP


async def test_what_cannot_be_had_is_not_taken_in_silence(tmp_path: Path) -> None:
    context = await context_of(tmp_path, Settings(switch_way="standby"))
    with pytest.raises(Problem) as caught:
        await choose(context)
    assert caught.value.why == "There is too little memory."
    assert caught.value.decision


async def test_a_way_of_another_deployment_is_a_usage_error(tmp_path: Path) -> None:
    context = await context_of(tmp_path, Settings(switch_way="reload"))
    with pytest.raises(Problem) as caught:
        await choose(context)
    assert caught.value.usage
    assert "standby, no-deps, up" in caught.value.why


async def test_what_was_begun_one_way_is_finished_so(tmp_path: Path) -> None:
    """Also where it cannot be begun any more: halfway, the memory is taken already."""
    context = await context_of(tmp_path, Settings(switch_way="up"))
    assert (await choose(context, "standby")).switch.way is SwitchWay.STANDBY
