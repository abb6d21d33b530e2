"""Copies what the site's pages need beside a switch, so that no visitor misses a picture.

While the running services are switched, some pages point to the other storage already, and show
covers that were uploaded to the first one a moment ago. Waiting for the end of the switch would
leave those pictures missing for minutes. The runner does this itself: it is there whatever becomes
of the wizard, and there is one of it at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from wizard.copying.upload import BroughtBack, bring_back_media, copy_new_media
from wizard.core.problem import Problem
from wizard.step import Context
from wizard.switch.site_watch import Awaited

_SECONDS_A_LOOK = 0.2
_SECONDS_BETWEEN_PASSES = 1.0
# Of many files a pass takes long, and the services that start need the processors more.
_SHARE_OF_THE_TIME = 1 / 4
# Before pages change, and without a rest after it; on a busy site each pass finds what was
# uploaded during the one before.
_MOST_PASSES = 3


class SwitchCopies:
    """Copies towards the storage that pages will point to, in the background of `async with`.

    `shows` tells what the site's pages showed last, `note` hears how many files the bucket was
    given so far, `copied` of them by a runner before this one. `log` takes errors that nobody
    foresaw.
    """

    def __init__(
        self,
        context: Context,
        shows: Callable[[Awaited], bool],
        *,
        copied: int,
        note: Callable[[int], None],
        log: Callable[[Exception], None],
    ) -> None:
        # What is done beside a stage is what whoever follows reads; all is told by the last pass.
        self._context = replace(context, report=lambda event: None)
        self._shows, self._note, self._log = shows, note, log
        self._copied = copied
        self._toward: Awaited | None = None
        self._brought = BroughtBack()
        # A pass has a list of what is here and there, in a file of its own name.
        self._one_pass = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def go_toward(self, toward: Awaited) -> None:
        """Copy towards that storage from now on; a pass towards the other is given up.

        That is not waited for: visitors may see errors now.
        """
        self._give_up()
        self._toward = toward
        self._tasks.append(asyncio.create_task(self._copy_on()))

    async def stop(self) -> None:
        """Copy nothing any more; returns when no pass is under way."""
        self._give_up()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _give_up(self) -> None:
        self._toward = None
        for task in self._tasks:
            # A second time would end the wait for a pass that cannot be ended in the middle.
            if not task.cancelling():
                task.cancel()

    @property
    def wanted(self) -> bool:
        """Whether anything is to be copied now."""
        return self._toward is not None

    async def before_pages_change(self) -> None:
        """Copy until nothing new is found, while pages still point to the storage of before.

        Not where the site is down or its pages have changed: then nobody is helped by waiting.
        """
        for _ in range(_MOST_PASSES):
            if self._toward is None or not self._shows(_OTHER[self._toward]):
                return
            if not await self._pass():
                return

    def take_brought_back(self) -> BroughtBack:
        """Return what was copied back until now, for whoever tells of it."""
        brought, self._brought = self._brought, BroughtBack()
        return brought

    async def _copy_on(self) -> None:
        """Copy again and again while pages point there; never ends by itself.

        Uploads that were under way when the pages changed arrive within the next seconds.
        """
        soon = _MOST_PASSES
        while True:
            rest = _SECONDS_A_LOOK
            if self._toward and self._shows(self._toward):
                began = time.monotonic()
                await self._pass()
                took = time.monotonic() - began
                share = 0.0 if soon > 0 else took / _SHARE_OF_THE_TIME - took
                rest, soon = max(_SECONDS_BETWEEN_PASSES, share), soon - 1
            await asyncio.sleep(rest)

    async def _pass(self) -> int:
        """Do one pass; returns how many files that were.

        If it fails, of whatever, nobody is told, and neither the switch nor the passes after it end
        with that: the one after the switch will fail too, and say why.
        """
        async with self._one_pass:
            try:
                if self._toward is Awaited.BUCKET:
                    return await self._copy()
                if self._toward is Awaited.LOCAL:
                    return await self._bring_back()
            except Problem:
                pass
            except Exception as error:  # noqa: BLE001 (the site matters more than one pass)
                self._log(error)
        return 0

    async def _copy(self) -> int:
        sent = (await copy_new_media(self._context)).sent
        if sent:
            self._copied += sent
            self._note(self._copied)
        return sent

    async def _bring_back(self) -> int:
        brought = BroughtBack()
        try:
            await bring_back_media(self._context, brought)
        finally:
            self._brought.add(brought)
        return brought.files


_OTHER = {Awaited.BUCKET: Awaited.LOCAL, Awaited.LOCAL: Awaited.BUCKET}
