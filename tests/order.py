"""In which order tests run, and in which worker: so that none waits for another one's work.

The longest come first, and those that need the Docker Engine one after the other in one worker:
they are run one at a time anyway (`tests/tiers.py`), and in several workers each would wait for the
others. The many short ones come last, so that all workers end at the same time.
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

# What stands in a module of which tests need the engine.
_USES_DOCKER = re.compile(r"from tests\.(standin|servers\.docker|servers\.machine)\b|mark\.docker")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring tests of one tier together; within a tier they stay as they were."""
    items.sort(key=lambda item: _ORDER.index(tier_of(item)))


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    """Hand out the tests of a module together, and all that need the engine to one worker."""
    return _OneForDocker(config, log) if config.getvalue("dist") == "loadscope" else None


class _OneForDocker(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        scope: str = super()._split_scope(nodeid)
        return "docker" if _uses_docker(str(self.config.rootpath / file)) else scope


@cache
def _uses_docker(file: str) -> bool:
    return bool(_USES_DOCKER.search(Path(file).read_text()))
