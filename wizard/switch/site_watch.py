"""Watching the site while it restarts: is it back, as what, and how long was it away?"""

from __future__ import annotations

import asyncio
import contextlib
import time
from enum import StrEnum
from types import TracebackType
from typing import Self

from wizard.core.events import Report, Waiting
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.core.settings import Settings
from wizard.web.visitor import SiteView, look_at_site

_PAUSE = 0.5
# An error page does not go away by itself; this long, another worker may still answer.
_ERROR_PAGE_SECONDS = 10.0


class Awaited(StrEnum):
    """What the site's first page should be."""

    BUCKET = "a page of the site's own that points to the bucket"
    LOCAL = "a page of the site's own"


class SiteWatch:
    """Looks at the site twice a second; inside `async with` in the background."""

    def __init__(self, settings: Settings, domain: str, report: Report) -> None:
        self.settings = settings
        self.domain = domain
        self.report = report
        self.view = SiteView(status=0, own_page=False, points_to_bucket=False)
        self.away_seconds = 0.0
        self._away_since: float | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look_on())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def absence(self) -> str:
        """How long visitors got no page, in a sentence."""
        if self.away_seconds < 1:
            return "The site was away for less than a second."
        return f"The site was away for about {self.away_seconds:.0f} seconds."

    async def wait_for(self, awaited: Awaited, patience: float) -> SiteView:
        """Wait until the site is as awaited. Raises `Problem` when `patience` seconds are over."""
        started = time.monotonic()
        error_page_since: float | None = None
        while True:
            await self._look()
            if self._is(awaited):
                return self.view
            now = time.monotonic()
            error_page_since = (error_page_since or now) if self._is_error_page() else None
            stuck = error_page_since and now - error_page_since >= _ERROR_PAGE_SECONDS
            if stuck or now - started >= patience:
                raise self._gave_up(now - started)
            self.report(Waiting(f"Waiting for {awaited}", now - started))
            await asyncio.sleep(_PAUSE)

    async def stays(self, awaited: Awaited, seconds: float) -> bool:
        """Tell whether it is as awaited for so long from now on, and never was away before."""
        until = time.monotonic() + seconds
        while True:
            await self._look()
            if not self._is(awaited) or self.away_seconds:
                return False
            if time.monotonic() >= until:
                return True
            await asyncio.sleep(_PAUSE)

    async def _look_on(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(_PAUSE)

    async def _look(self) -> None:
        asked = time.monotonic()
        self.view = await look_at_site(self.settings, self.domain)
        if not self.view.own_page:
            self._away_since = self._away_since or asked
        elif self._away_since is not None:
            self.away_seconds += time.monotonic() - self._away_since
            self._away_since = None

    def _is(self, awaited: Awaited) -> bool:
        if not self.view.own_page:
            return False
        return self.view.points_to_bucket is (awaited is Awaited.BUCKET)

    def _is_error_page(self) -> bool:
        """Tell whether the site answers wrongly, other than 502 and the like, which pass."""
        return self.view.status == 200 and not self.view.own_page

    def _gave_up(self, seconds: float) -> Problem:
        view = self.view
        if view.problem:
            return Problem(
                view.problem.what,
                f"{view.problem.why} It was waited for {seconds:.0f} seconds.",
                *view.problem.remedies,
                raw=view.problem.raw,
                field=view.problem.field,
            )
        where = "this server" if view.stylesheets else "nowhere"
        return Problem(
            "The site answers, but its pages do not say what .env says.",
            f"Their style still comes from {where if not view.points_to_bucket else 'the bucket'}:"
            " the restart did not reach the process that answers, or a cache answers for it.",
            "Restart the site by hand and look at it.",
            TRY_AGAIN,
            raw="\n".join(view.stylesheets),
        )
