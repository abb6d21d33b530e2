"""In which order tests run, and in which worker: so that none waits for another one's work.

The longest come first, and the many short ones last, so that all workers end at the same time. What
one server does for all stays in one worker. Two workers use the Docker Engine: half of that work is
one module.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.tiers import TIERS, tier_of

_ORDER = ("docker", "slow", "server", "screens", "unit")
assert sorted(_ORDER) == sorted(TIERS)

# What stands in a module whose tests share a worker with those of other such modules.
_SHARED = {
    "docker": re.compile(r"from tests\.(standin|servers\.docker|servers\.machine)\b|mark\.docker"),
    "ceph": re.compile(r"\bceph(_storage)?\b"),
}
_LONGEST = "tests/instance/compose/test_switch.py"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring tests of one tier together; within a tier they stay as they were."""
    items.sort(key=lambda item: _ORDER.index(tier_of(item)))


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    """Hand out the tests of a module together, and of all that share a server."""
    return _SharedServers(config, log) if config.getvalue("dist") == "loadscope" else None


class _SharedServers(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.endswith("test_pictures.py"):
            return nodeid  # a picture needs no other
        return file if file == _LONGEST else _shared_by(self.config.rootpath / file) or file


@cache
def _shared_by(file: Path) -> str:
    text = file.read_text()
    return next((name for name, what in _SHARED.items() if what.search(text)), "")
