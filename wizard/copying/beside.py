"""Copies what is new again and again, beside something that must not be held up by it.

While the running services are switched, some of a visitor's pages point to the bucket already, and
show covers that were uploaded to the disk a moment ago. Waiting for the end of the switch would
leave those pictures missing for minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from wizard.copying.upload import copy_new_media
from wizard.core.events import Progress, Waiting
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.web.visitor import look_at_site

if TYPE_CHECKING:
    from wizard.core.events import Event
    from wizard.step import Context

_SECONDS_BETWEEN_LOOKS = 1.0
# Of many files a pass takes long, and the services that start need the processors more.
_SHARE_OF_THE_TIME = 1 / 4


class CopiesBeside:
    """The copies so far; `copied` is how many files they sent."""

    def __init__(self, context: Context) -> None:
        self.copied = 0
        # What is done beside this is what the reader follows; all is told by the pass after it.
        self._context = replace(context, report=lambda event: None)

    async def run(self) -> None:
        """Copy again and again while pages point to the bucket; never ends by itself."""
        while True:
            rest = _SECONDS_BETWEEN_LOOKS
            if await self._pages_need_it():
                began = time.monotonic()
                self.copied += await _copy_if_possible(self._context)
                took = time.monotonic() - began
                rest = max(rest, took / _SHARE_OF_THE_TIME - took)
            await asyncio.sleep(rest)

    async def _pages_need_it(self) -> bool:
        context = self._context
        if context.settings.path == MigrationPath.FRESH:
            return False
        view = await look_at_site(context.settings, context.instance.domain)
        return view.own_page and view.points_to_bucket


async def copy_before(context: Context) -> int:
    """Copy what is new in one pass, and return how many files it sent; told as a wait.

    The figures of this pass would stay on the screen for as long as the switch takes.
    """
    began = time.monotonic()

    def tell(event: Event) -> None:
        if isinstance(event, Progress):
            words = "Copying what was uploaded since the copy, before pages need it"
            context.report(Waiting(words, time.monotonic() - began))

    return await _copy_if_possible(replace(context, report=tell))


async def _copy_if_possible(context: Context) -> int:
    """Do one pass. If it fails nobody is told: the one after the switch will too, and say why."""
    try:
        return (await copy_new_media(context)).sent
    except Problem:
        return 0


@asynccontextmanager
async def copying_beside(context: Context) -> AsyncIterator[CopiesBeside]:
    """Copy new media while the site's pages point to the bucket, until the context is left."""
    copies = CopiesBeside(context)
    task = asyncio.create_task(copies.run())
    try:
        yield copies
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
