"""An instance that is armed for the switch, for the tests that start it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.support.armed import Armed
from tests.support.demo_scene import DemoScene, demo_scene
from wizard.copying.upload import copy_media
from wizard.demo.seaweedfs import SeaweedFS
from wizard.journal.entries import text_entry


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    tmp_path_factory: pytest.TempPathFactory, seaweedfs: SeaweedFS
) -> AsyncIterator[DemoScene]:
    """An instance with all done that comes before the restart."""
    async with demo_scene(tmp_path_factory.mktemp("runner"), seaweedfs) as scene:
        scene.open_bucket()
        await copy_media(scene.context, await scene.context.deployment.media())
        scene.enable_s3()
        await scene.context.deployment.collect_static(lambda event: None)
        scene.context.journal.close()
        yield scene


@pytest.fixture
def armed(scene: DemoScene) -> Iterator[Armed]:
    """The same before each test: the site runs without S3, `.env` is armed, nobody is at work."""
    scene.set_env(USE_S3="false")
    scene.demo.site("restart")
    scene.enable_s3()
    found = Armed(scene)
    subprocess.run(["rm", "-rf", found.files.folder], check=True)
    found.restart_with(scene.demo.settings.restart_command)
    with found.journal() as journal:
        for name in (
            *("restart.switched", "restart.caught_up", "restart.uploads_in_bucket"),
            "enable_s3.lines",
        ):
            journal.forget(text_entry(name))
        journal.forget_result("restart")
    yield found
    for process in found.started:
        process.kill()
        process.wait()
    state = found.files.read()
    if state and state.runner_lives:
        os.kill(state.pid, signal.SIGKILL)
    scene.enable_s3()
