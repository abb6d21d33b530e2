"""Where the wizard's migration comes from: an instance, or the demo built for it."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from wizard.core.events import Note, Output, Waiting
from wizard.core.language import shown
from wizard.core.message import NOTHING, Message, msg, sentences

if TYPE_CHECKING:
    from wizard.core.events import Event, Report
    from wizard.demo.build import DemoInstance
    from wizard.opening.opening import Opened, Opening
    from wizard.step import Ask


class Source(ABC):
    """Opens the migration.

    `kept` says whether anything is left when the wizard has ended. `opening_text` is shown
    while it opens, `hint` then and afterwards.
    """

    hint: Message = NOTHING
    kept = True
    opening_text: Message = msg("Inspecting the instance…")
    seconds_to_close = 2.0

    @abstractmethod
    async def open(self, report: Report, ask: Ask, answers: Mapping[str, str]) -> Opened:
        """Return the migration, with the `answers` that were given on a screen.

        Raises `Problem`.
        """

    def close(self) -> None:
        """Remove what was built for the migration. May take `seconds_to_close`."""
        return


class InstanceSource(Source):
    """A BookWyrm instance in a folder.

    `opening` is called when the engine is imported, which the first screen does not wait for.
    """

    def __init__(self, opening: Callable[[], Opening]) -> None:
        self._opening = opening

    async def open(self, report: Report, ask: Ask, answers: Mapping[str, str]) -> Opened:
        """Find out about the instance, with the answers in place of what is not clear."""
        await _import_engine()
        from wizard.opening.opening import open_migration

        opening = self._opening()
        overrides = {**(opening.overrides or {}), **answers}
        return await open_migration(replace(opening, overrides=overrides), report, ask)


class DemoSource(Source):
    """A throwaway instance with a real S3 server, gone when the wizard is."""

    opening_text = msg("Building the demo: a small instance with covers, and an S3 server…")
    seconds_to_close = 20.0

    def __init__(self, covers: int, *, keep: bool) -> None:
        self._covers = covers
        self.kept = keep
        self.hint = sentences(
            msg("This is a demo: a throwaway instance and a real S3 server, both on this machine."),
            msg("Nothing of yours is touched, and the demo stays when you quit.")
            if keep
            else msg("Nothing of yours is touched, and the demo is deleted when you quit."),
        )
        self._demo: DemoInstance | None = None

    async def open(self, report: Report, ask: Ask, answers: Mapping[str, str]) -> Opened:
        """Build the demo at the first call, and open it."""
        await _import_engine()
        from wizard.demo.build import build
        from wizard.opening.opening import Opening, open_migration

        if self._demo is None:
            demo = build(None, covers=self._covers, keep=self.kept, report=report)
            self._demo = await demo.__aenter__()
        settled = {k: v for k, v in self._demo.settings.to_dict().items() if v}
        opening = Opening(
            folder=self._demo.folder,
            state=None,
            overrides={**settled, **answers},
            keys=self._demo.keys,
        )
        return await open_migration(opening, report, ask)

    def close(self) -> None:
        """Stop the server and remove the instance."""
        if self._demo is not None:
            # The screen is gone by now: the terminal shows where a demo that is kept is.
            self._demo.report = _print
            self._demo.__exit__(None, None, None)


def _print(event: Event) -> None:
    if isinstance(event, Note | Output | Waiting):
        with contextlib.suppress(OSError):  # the terminal may be gone, too
            print(shown(event.text), flush=True)


async def _import_engine() -> None:
    """Import the engine in a thread: its libraries take longer than the first screen may."""

    def load() -> None:
        from wizard.cli import commands  # noqa: F401

    await asyncio.to_thread(load)
