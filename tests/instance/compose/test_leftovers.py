"""What a run of these tests leaves on the engine when it is killed, and the next run finds."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import ROOT
from tests.servers.docker import docker, remove_leftovers
from tests.standin.small import SmallProject


@contextmanager
def another_run(folder: Path) -> Iterator[str]:
    """The name of the project of a run that is killed when the context is left."""
    script = f"""
        import time
        from pathlib import Path
        from tests.servers.docker import docker
        from tests.standin.small import SmallProject
        project = SmallProject(Path({str(folder)!r}))
        project.up()
        docker("volume", "create", project.name + "-external")
        docker("tag", "bw-s3-standin:2", project.name + "-web")
        print(project.name, flush=True)
        time.sleep(600)
    """
    argv = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def left_of(name: str) -> list[str]:
    """Containers, volumes, networks and images of a project's name."""
    kinds = (("ps", "--all", "--format", "{{.Names}}"), ("volume", "ls", "--format", "{{.Name}}"))
    more = (("network", "ls", "--format", "{{.Name}}"), ("images", "--format", "{{.Repository}}"))
    found = [line for kind in (*kinds, *more) for line in docker(*kind).split()]
    return [line for line in found if line.startswith(name)]


@pytest.mark.whole_engine
def test_two_runs_at_once_and_one_that_was_killed(tmp_path: Path) -> None:
    """Each has its own project, though the folders have one name; only the dead one's goes."""
    with (
        another_run(tmp_path / "one" / "bookshelf") as name,
        SmallProject(tmp_path / "two" / "bookshelf") as project,
    ):
        project.up()
        remove_leftovers()
        assert len(left_of(name)) == 5, "its owner lives"
        assert project.container()
    assert len(left_of(name)) == 5, "it was killed"
    remove_leftovers()
    assert left_of(name) == []
