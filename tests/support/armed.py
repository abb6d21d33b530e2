"""An instance whose next step is the restart, and processes that play bw-s3 on it."""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tests.support.demo_scene import DemoScene
from wizard.journal.journal import Journal
from wizard.switch.files import SwitchFiles
from wizard.switch.state import SwitchState
from wizard.web.visitor import SiteView, look_at_site

SLOW = "sh -c 'sleep 2; ./site restart'"
# Returns at once; the site is down for some seconds more.
LATER = shlex.join(["sh", "-c", "./site stop; sh -c 'sleep 4; ./site restart' > later.log 2>&1 &"])
# Restarts the site, which then does not come up.
BROKEN = {"AWS_S3_CUSTOM_DOMAIN": None}


def at_stage(state: SwitchState) -> bool:
    """Whether the services are being restarted."""
    return state.stage == "restart" and state.runner_lives


def waits_for_site(state: SwitchState) -> bool:
    """Whether the services were restarted, and the site is awaited."""
    return state.stage == "restart" and state.doing.startswith("Waiting for")


def over(state: SwitchState) -> bool:
    """Whether it came to an end, and nobody has the journal any more."""
    return state.over and not state.runner_lives


@dataclass
class Armed:
    """An instance whose next step is the restart, and what plays bw-s3 on it."""

    scene: DemoScene
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def files(self) -> SwitchFiles:
        """The switch's."""
        return SwitchFiles(self.scene.folder / ".bw-s3")

    @property
    def state(self) -> SwitchState:
        """How the switch stands; there must be one."""
        state = self.files.read()
        assert state
        return state

    def restart_with(self, command: str) -> None:
        """Have the instance restarted by another command."""
        settings = replace(self.scene.context.settings, restart_command=command)
        with self.journal() as journal:
            journal.save_settings(settings)

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """The journal, for as long as the block."""
        journal = Journal.open(self.scene.folder / ".bw-s3", self.scene.folder)
        try:
            yield journal
        finally:
            journal.close()

    @contextmanager
    def reading(self) -> Iterator[Journal]:
        """The journal, while another may have it."""
        journal = Journal.read(self.scene.folder / ".bw-s3")
        assert journal
        try:
            yield journal
        finally:
            journal.close()

    def start(
        self, answer: str = "yes", *, patience: float = 60, terminal: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a bw-s3 in a session of its own, on a terminal where one is given."""
        log = (self.scene.demo.root / f"output-{len(self.started)}").open("wb")
        process = subprocess.Popen(
            # Whoever runs the tests under nohup hands an ignored SIGHUP on.
            ["env", "--default-signal=HUP", sys.executable, "-m", "tests.support.restarting",
             str(self.scene.folder), answer, str(patience)],
            stdin=subprocess.DEVNULL if terminal is None else terminal,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        log.close()
        self.started.append(process)
        return process

    def call(self, command: str) -> subprocess.CompletedProcess[str]:
        """Call `bw-s3 COMMAND FOLDER` to its end."""
        argv = [sys.executable, "-m", "screens", command, str(self.scene.folder)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=180, check=False)

    def said(self, number: int = -1) -> str:
        """What one of them said."""
        number %= len(self.started)
        return (self.scene.demo.root / f"output-{number}").read_text()

    def end(self) -> dict[str, str]:
        """Wait for the last one's end; how it ended."""
        self.started[-1].wait(180)
        return dict(json.loads(self.said().splitlines()[-1]))

    async def until(self, wanted: Callable[[SwitchState], bool], seconds: float = 120) -> None:
        """Wait for the switch."""
        deadline = time.monotonic() + seconds
        while (state := self.files.read()) is None or not wanted(state):
            assert time.monotonic() < deadline, f"it stayed {state}; {self.said()}"
            await asyncio.sleep(0.05)

    async def view(self) -> SiteView:
        """What the site shows."""
        context = self.scene.context
        return await look_at_site(context.settings, context.instance.domain)

    async def check_on_s3(self) -> None:
        """The site runs with S3, and `.env` says so."""
        view = await self.view()
        assert (view.own_page, view.points_to_bucket) == (True, True)
        assert self.scene.context.instance.uses_s3()

    async def check_as_before(self) -> None:
        """The site runs without S3, and `.env` says so."""
        view = await self.view()
        assert (view.own_page, view.points_to_bucket) == (True, False)
        assert not self.scene.context.instance.uses_s3()
