"""Someone who walks through the wizard: waits for what is on the screen, then acts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Static

from screens.app.wizard_app import WizardApp
from screens.base.step_screen import StepScreen
from screens.overlays.dialogs import ConfirmDialog
from screens.overlays.problem import ProblemScreen
from screens.state.phase import Phase
from screens.state.sources import InstanceSource
from screens.widgets.key_button import KeyButton
from tests.screens.kit import is_at_rest
from wizard.demo.build import DemoInstance
from wizard.opening.opening import Opening

# In seconds, on a machine that may be busy with other tests.
_PATIENCE = 60


@dataclass
class Walker:
    """Drives the app with the keyboard, or with the mouse alone."""

    app: WizardApp
    pilot: Pilot[int]
    mouse: bool = False

    @property
    def screen(self) -> Any:
        """What is on top."""
        return self.app.screen

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until it is so; a problem on the screen ends the waiting."""
        for _ in range(_PATIENCE * 20):
            await self.pilot.pause()
            if true():
                return
            if isinstance(self.screen, ProblemScreen):
                raise AssertionError(f"{self.screen.problem.what} {self.screen.problem.raw}")
            await asyncio.sleep(0.05)
        raise AssertionError(f"it never came to that, on {self.screen!r}:\n{self.words()}")

    async def obvious(self) -> None:
        """Do the obvious: Enter, or a click on the first button, once it stands still."""
        await self.until(lambda: is_at_rest(self.app, {"step"}))
        if not self.mouse:
            await self.pilot.press("enter")
        elif isinstance(self.screen, ConfirmDialog):
            await self.pilot.click("#yes")
        else:
            await self.pilot.click("#key-0")

    async def type(self, text: str) -> None:
        """Type a text, key by key."""
        await self.pilot.press(*text)

    async def paste(self, text: str) -> None:
        """Paste a text into the field that has the focus, as terminals do."""
        field = self.screen.focused
        self.app.post_message(Paste(text))
        await self.until(lambda: field.value == text)

    def here(self) -> str:
        """The name of the screen."""
        return str(getattr(self.screen, "route", ""))

    def label(self) -> str:
        """What the obvious key says, in English."""
        return str(self.screen.query_one("#key-0", KeyButton).said)

    def phase(self) -> Phase | None:
        """What there is to do on a step's screen."""
        return self.screen.phase if isinstance(self.screen, StepScreen) else None

    def words(self) -> str:
        """All the text of the body."""
        return "\n".join(str(w.visual) for w in self.screen.query(Static) if w.display)

    async def do_step(self, name: str) -> None:
        """Carry out the step on the screen, saying yes to what is asked."""
        form = "Continue: see what will change"

        def looked() -> bool:
            return self.phase() is not Phase.INSPECTING or self.label() == form

        await self.until(lambda: self.here() == name and looked())
        if self.label() == form:
            await self.obvious()
        await self.until(lambda: self.phase() in (Phase.READY, Phase.NOT_NOW))
        if self.phase() is Phase.NOT_NOW:
            return
        await self.obvious()
        while True:
            await self.until(lambda: isinstance(self.screen, ConfirmDialog) or self._over())
            if not isinstance(self.screen, ConfirmDialog):
                return
            asked = self.screen
            await self.obvious()
            # Another question may follow at once.
            await self.until(partial(self._is_gone, asked))

    def _is_gone(self, screen: object) -> bool:
        return self.screen is not screen

    def _over(self) -> bool:
        over = (Phase.DONE, Phase.NOT_NOW)
        return not self.app.session.running and self.phase() in over

    async def go_on(self) -> None:
        """To the next screen."""
        here = self.here()
        await self.obvious()
        await self.until(lambda: self.here() != here)

    def state(self, name: str) -> str:
        """Where a step stands."""
        migration = self.app.session.migration
        return str(migration.status(migration.step_named(name)).state)


@asynccontextmanager
async def walking(demo: DemoInstance, *, told: bool, mouse: bool = False) -> AsyncIterator[Walker]:
    """The wizard on a demo's instance; `told`: the storage is said on the command line."""
    settings = demo.settings.to_dict()
    names = settings if told else ("site_url", "restart_command")
    said = {name: settings[name] for name in names if settings[name]}
    opening = Opening(folder=demo.folder, state=None, overrides=said)
    if told:
        opening = Opening(folder=demo.folder, state=None, overrides=said, keys=demo.keys)
    app = WizardApp(InstanceSource(lambda: opening))
    async with app.run_test(size=(80, 24)) as pilot:
        walker = Walker(app, pilot, mouse)
        await walker.until(lambda: app.session.opened is not None)
        yield walker
    if app.session.opened is not None:
        app.session.opened.close()
