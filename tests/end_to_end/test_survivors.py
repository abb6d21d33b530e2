"""What outlives a bw-s3 that is killed: ended or waited for at the next start, the site left be."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.demo_scene import DemoScene, demo_scene
from tests.support.waiting import wait_until
from wizard.core.events import Event, Note
from wizard.demo.seaweedfs import SeaweedFS
from wizard.instance.dockerless.deployment import Dockerless
from wizard.system.processes import Process, services_in, with_variable

ID = "the-journals-id"
SCRIPT = """\
import asyncio, sys
from pathlib import Path
from wizard.instance.dockerless.deployment import Dockerless
from wizard.instance.checkout import open_instance
from wizard.core.settings import Settings
settings = Settings(restart_command=sys.argv[3])
deployment = Dockerless(open_instance(Path(sys.argv[1])), settings, sys.argv[2])
if sys.argv[3]:
    asyncio.run(deployment.restart(print))
else:
    asyncio.run(deployment.run_script("import time; time.sleep(60)", ""))
"""
# A Python that is no binary but a script, which does not hand itself over: pyenv's are such.
WRAPPER = '#!/bin/sh\n"{real}" "$@"\nexit $?\n'


@contextmanager
def killed(folder: Path, command: str, name: str, count: int) -> Iterator[None]:
    """A bw-s3 that was killed once `count` processes of its command ran."""
    arguments = [sys.executable, "-c", SCRIPT, str(folder), ID, command]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(with_variable(name, ID)) >= count)
    finally:
        process.kill()
        process.wait()
    yield


def deployment_of(scene: DemoScene) -> Dockerless:
    return Dockerless(scene.context.instance, scene.context.settings, ID)


def notes(events: list[Event]) -> str:
    return " ".join(event.text for event in events if isinstance(event, Note))


async def test_a_command_that_outlived_the_kill_is_ended(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs) as scene:
        python = scene.folder / "venv" / "bin" / "python3"
        real = python.rename(python.with_name("python3-real"))
        python.write_text(WRAPPER.format(real=real))
        python.chmod(0o755)
        site = scene.demo.site("status")
        with killed(scene.folder, "", "BW_S3_COMMAND", 2):
            assert with_variable("BW_S3_COMMAND", ID), "or this proves nothing"
            await deployment_of(scene).tidy_up(scene.events.append)
        assert with_variable("BW_S3_COMMAND", ID) == []
        assert "interrupted run had left" in notes(scene.events)
        assert scene.demo.site("status") == site


async def test_a_restart_that_outlived_the_kill_is_waited_for(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs) as scene:
        with killed(scene.folder, "sh -c 'sleep 4; exit'", "BW_S3_RESTART", 2):
            assert with_variable("BW_S3_RESTART", ID), "or this proves nothing"
            await deployment_of(scene).restart(scene.events.append)
        assert with_variable("BW_S3_RESTART", ID) == []
        assert "Waiting for the restart" in notes(scene.events)


async def test_a_site_that_the_restart_command_started_itself_survives(
    tmp_path: Path, seaweedfs: SeaweedFS, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.instance.dockerless.deployment._SECONDS_TO_END", 0.5)
    async with demo_scene(tmp_path, seaweedfs) as scene:
        with killed(scene.folder, "sh -c 'sleep 120 & sleep 5'", "BW_S3_RESTART", 3):
            started = [process for process, _ in with_variable("BW_S3_RESTART", ID)]
            deployment = deployment_of(scene)
            await deployment.tidy_up(scene.events.append)
            await deployment.restart(scene.events.append)
            left = [process for process in started if process.lives()]
        assert left
        for process in left:
            process.kill()


async def test_what_works_in_a_folder(tmp_path: Path) -> None:
    with subprocess.Popen(["sh", "-c", "sleep 30; exit"], cwd=tmp_path) as service:
        try:
            wait_until(lambda: len(list(children(service.pid))) == 1)
            assert services_in(tmp_path) == {Process.of(service.pid)}, "not its worker"
            before = services_in(tmp_path)
            (worker,) = children(service.pid)
            os.kill(worker, 9)
            service.wait()
            assert services_in(tmp_path) != before
        finally:
            service.kill()
    assert Process.of(service.pid) is None


def children(pid: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            yield int(folder.name)
