"""Watching the site while it is switched: what does it show, and was it ever down?"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from enum import StrEnum
from types import TracebackType
from typing import Self

from wizard.core.events import Report, Waiting
from wizard.core.message import Message, msg, plural, sentences, verbatim
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.core.settings import Settings
from wizard.switch.state import Downtime
from wizard.web.visitor import SiteView, look_at_site, style_host

# Between two looks; while the services are switched, as little as the site can bear: it makes
# its page for us for a third of the time at most.
_PAUSE, _LEAST_PAUSE, _PAUSE_A_LOOK = 0.5, 0.1, 2.0
_SECONDS_A_POLL = 0.1
# RFC 6585, and what nginx's `limit_req` answers unless it is told otherwise.
_ASKED_TOO_OFTEN = (429, 503)
# An error page does not go away by itself; this long, another worker may still answer.
_ERROR_PAGE_SECONDS = 10.0


class Awaited(StrEnum):
    """What the site's first page should be."""

    BUCKET = "bucket"
    LOCAL = "local"

    @property
    def waiting(self) -> Message:
        """What is said as long as it is not there."""
        if self is Awaited.BUCKET:
            return msg("Waiting for the site's own page to point to the bucket")
        return msg("Waiting for the site's own page")


def pause_after(took: float, *, closely: bool) -> float:
    """Return for how many seconds the site is left alone after a look that took so long."""
    return min(_PAUSE, max(_LEAST_PAUSE, _PAUSE_A_LOOK * took)) if closely else _PAUSE


class SiteWatch:
    """Looks at the site twice a second, in the background of `async with`; `closely` more often.

    Downtime is counted on from `downtime`; `note` is called whenever it changes but for
    the number of good looks.
    """

    def __init__(
        self,
        settings: Settings,
        domain: str,
        downtime: Downtime = Downtime(),  # noqa: B008 (it cannot be changed)
        note: Callable[[Downtime], None] = lambda downtime: None,
    ) -> None:
        self.view = SiteView(status=0, own_page=False, points_to_bucket=False)
        self.downtime = downtime
        self.closely = False
        self._settings, self._domain, self._note = settings, domain, note
        self._failures_before = downtime.failures
        # When the view was asked for; it says nothing about what happened since.
        self._asked = float("-inf")
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
    def never_failed(self) -> bool:
        """Whether each answer since the watch began was the site's own page."""
        return self.downtime.failures == self._failures_before

    async def look(self) -> SiteView:
        """Return what the site shows, asked for after this was called."""
        called = time.monotonic()
        while self._asked < called:
            if self._task is None or self._task.done():
                await self._look()
            else:
                await asyncio.sleep(_SECONDS_A_POLL)
        return self.view

    async def wait_for(self, awaited: Awaited, patience: float, report: Report) -> SiteView:
        """Wait until the site is as awaited. Raises `Problem` when `patience` seconds are over."""
        started = time.monotonic()
        error_page_since: float | None = None
        while True:
            await self.look()
            if self.shows(awaited):
                return self.view
            now = time.monotonic()
            error_page_since = (error_page_since or now) if self._is_error_page() else None
            stuck = error_page_since and now - error_page_since >= _ERROR_PAGE_SECONDS
            if stuck or now - started >= patience:
                raise self._gave_up(now - started)
            report(Waiting(awaited.waiting, now - started))

    async def stays(self, awaited: Awaited, seconds: float) -> bool:
        """Tell whether it is as awaited for so long from now on, and never was down before."""
        until = time.monotonic() + seconds
        while self.never_failed:
            await self.look()
            if not self.shows(awaited):
                return False
            if time.monotonic() >= until:
                return True
        return False

    def shows(self, awaited: Awaited) -> bool:
        """Tell whether the site showed that when it was last looked at."""
        if not self.view.own_page:
            return False
        return self.view.points_to_bucket is (awaited is Awaited.BUCKET)

    async def _look_on(self) -> None:
        while True:
            began = time.monotonic()
            await self._look()
            # What limits how often we may ask refuses at once, and never stops if we go on.
            closely = self.closely and self.view.status not in _ASKED_TOO_OFTEN
            await asyncio.sleep(pause_after(time.monotonic() - began, closely=closely))

    async def _look(self) -> None:
        asked, at = time.monotonic(), time.time()
        view = await look_at_site(self._settings, self._domain)
        before = self.downtime
        self.downtime = before.after(at, good=view.own_page, late=view.late)
        self.view, self._asked = view, asked
        if (before.failures, before.down_since) != (
            self.downtime.failures,
            self.downtime.down_since,
        ):
            self._note(self.downtime)

    def _is_error_page(self) -> bool:
        """Tell whether the site answers wrongly, other than 502 and the like, which pass."""
        return self.view.status == 200 and not self.view.own_page

    def _gave_up(self, seconds: float) -> Problem:
        view = self.view
        if view.problem:
            waited = plural(
                "bw-s3 waited for {n} second.", "bw-s3 waited for {n} seconds.", round(seconds)
            )
            return Problem(
                verbatim(view.problem.what),
                sentences(view.problem.why, waited),
                *view.problem.remedies,
                raw=view.problem.raw,
                field=view.problem.field,
                code=view.problem.code,
            )
        return Problem(
            msg("The site answers, but its pages do not match .env."),
            _still_from(view),
            msg("Restart the site by hand and look at it."),
            TRY_AGAIN,
            raw="\n".join(view.stylesheets),
            code="restart-without-effect",
        )


def _still_from(view: SiteView) -> Message:
    if view.points_to_bucket:
        return msg(
            "Their style still comes from the bucket: the restart did not reach the process that"
            " answers, or a cache answers for it."
        )
    if host := style_host(view):
        return msg(
            "Their style still comes from {host}: the restart did not reach the process that"
            " answers, or a cache answers for it.",
            host=host,
        )
    if view.stylesheets:
        return msg(
            "Their style still comes from this server: the restart did not reach the process that"
            " answers, or a cache answers for it."
        )
    return msg(
        "They still have no style: the restart did not reach the process that answers, or a cache"
        " answers for it."
    )
