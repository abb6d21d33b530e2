"""How long a container's page is waited for; what it is, is seen in `test_switch.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.checkout import make_checkout
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.instance.checkout import open_instance
from wizard.instance.compose import served_page
from wizard.instance.compose.docker import Docker
from wizard.instance.compose.project import Container
from wizard.instance.compose.served_page import ServedPage
from wizard.web.visitor import SiteView

pytestmark = pytest.mark.unit

_NONE = SiteView(status=0, own_page=False, points_to_bucket=False)
_WRONG = SiteView(status=200, own_page=False, points_to_bucket=False)


async def _waited(views: list[SiteView], folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many looks it takes, a tenth of a second apart, until a wrong page is given up."""
    looks: Iterator[SiteView] = iter(views)
    seen = 0

    async def look(page: ServedPage, container: Container) -> SiteView:
        nonlocal seen
        seen += 1
        return next(looks)

    monkeypatch.setattr(ServedPage, "look", look)
    for name, seconds in (
        ("_POLL_SECONDS", 0.1),
        ("_SECONDS_TO_SERVE", 0.0),
        ("_SECONDS_WITHOUT_ANSWER", 3600.0),
    ):
        monkeypatch.setattr(served_page, name, seconds)
    instance = open_instance(make_checkout(folder))
    page = ServedPage(instance, Docker(instance), Settings())
    with pytest.raises(Problem) as raised:
        await page.until_right(Container(id="0123456789ab", service="web", state="running"))
    assert raised.value.code == "first-page-wrong"
    return seen


async def test_a_page_that_does_not_come_is_waited_for_longer_than_a_wrong_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await _waited([_WRONG, _WRONG], tmp_path / "wrong", monkeypatch) == 1
    assert await _waited([_NONE, _NONE, _WRONG], tmp_path / "slow", monkeypatch) == 3
