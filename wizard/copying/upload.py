"""Copies the media into the bucket and verifies it: what `copy_media` and `restart` call."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from wizard.copying.bring_back import BackSurvey, BroughtBack
from wizard.copying.comparison import Comparison
from wizard.copying.copy_run import CopyRun
from wizard.copying.outcome import CopyOutcome, FileFailure, MediaCount
from wizard.copying.outside_links import own_media_of
from wizard.copying.sources import copies_nothing, media_of, moves_address_only, uploads_since
from wizard.core.copy_control import CopyControl
from wizard.media.source import MediaFailure, Reason

if TYPE_CHECKING:
    from wizard.core.settings import Settings
    from wizard.media.source import Media
    from wizard.step import Context

__all__ = [
    "BackSurvey",
    "BroughtBack",
    "Comparison",
    "CopyControl",
    "CopyOutcome",
    "FileFailure",
    "MediaCount",
    "bring_all_media_back",
    "bring_back_media",
    "compare_media",
    "copy_media",
    "copy_new_media",
    "count_media",
    "survey_back",
    "withdraw_private",
]

# Below the instance's own processes; the I/O priority follows (ioprio_set(2)).
_NICE = 10

_Result = TypeVar("_Result")


async def count_media(context: Context, media: Media) -> MediaCount:
    """Walk the media and count them; reports progress."""
    return await _in_thread(context, media, CopyRun.count)


async def copy_media(context: Context, media: Media) -> CopyOutcome:
    """Copy all public media, and compare both sets at the end.

    What the journal has as verified and the listing confirms is not sent again. Raises
    `Problem` where the copy as a whole cannot continue; failures of single files
    are in the outcome. Cancelling it stops within seconds; what is verified
    until then is in the journal.
    """
    return await _in_thread(context, media, CopyRun.copy_all)


async def copy_new_media(context: Context) -> CopyOutcome:
    """Copy what appeared or changed here since; one pass, without listing the bucket.

    Never overwrites a key that the journal does not say we put there.
    """
    if copies_nothing(context):
        return CopyOutcome(sent=0, sent_bytes=0, already=0, failures=(), conflicts=())
    return await _in_thread(context, await media_of(context), CopyRun.catch_up)


async def withdraw_private(context: Context) -> bool:
    """Remove what was made private in the old bucket since it was copied from there.

    Asks for every file of it again, without keys. Tells whether there was any.
    """
    return await _in_thread(context, await media_of(context), CopyRun.withdraw)


async def bring_back_media(context: Context, brought: BroughtBack | None = None) -> BroughtBack:
    """Copy into the instance's own media what only the bucket has; nothing here is replaced.

    All of it is counted in `brought`, even where it is cancelled in the middle. Raises `Problem`
    where the copy as a whole cannot continue.
    """
    counted = brought or BroughtBack()
    if context.old_storage is not None:
        return await _send_back(context, context.old_storage, counted)
    media = await own_media_of(context)
    return await _in_thread(context, media, lambda run: run.bring_back(counted, whole=False))


async def _send_back(context: Context, old: Settings, counted: BroughtBack) -> BroughtBack:
    """Copy into the bucket that the instance comes from what only the new one has."""
    if moves_address_only(context):
        return counted
    before, media = uploads_since(context, old)
    outcome = await _in_thread(before, media, CopyRun.catch_up)
    counted.files += outcome.sent
    counted.size += outcome.sent_bytes
    counted.left_count += outcome.failed + outcome.conflicting
    counted.left += [f for f in outcome.failures if not f.harmless]
    for path in outcome.withheld:
        counted.take(MediaFailure(path=path.encode(), reason=Reason.PRIVATE))
    return counted


async def bring_all_media_back(context: Context, *, all_public: bool) -> BroughtBack:
    """Do the same, and find out as well what differs here and there, and what is private there.

    `all_public`: the bucket's policy lets everybody read all media. Raises `Problem` as above.
    """

    def work(run: CopyRun) -> BroughtBack:
        return run.bring_back(BroughtBack(), whole=True, all_public=all_public)

    return await _in_thread(context, await own_media_of(context), work)


async def survey_back(context: Context) -> BackSurvey:
    """Count what only the bucket has, in one walk and one listing; nothing is copied."""
    return await _in_thread(context, await own_media_of(context), CopyRun.survey_back)


async def compare_media(context: Context, media: Media) -> Comparison:
    """Compare both sets as they are now, in one walk and one listing; nothing is sent."""
    return await _in_thread(context, media, CopyRun.compare_only)


async def _in_thread(context: Context, media: Media, work: Callable[[CopyRun], _Result]) -> _Result:
    """Run `work` in a thread of its own with low priority, which its own threads inherit."""
    stop = threading.Event()
    future: Future[_Result] = Future()

    def run() -> None:
        if context.control.gentle:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        try:
            with media.in_use(stop):
                result = work(CopyRun(context, media, stop))
            future.set_result(result)
        except BaseException as error:  # noqa: BLE001 (raised again by whoever awaits)
            future.set_exception(error)

    threading.Thread(target=run, name="copy", daemon=True).start()
    waiting = asyncio.wrap_future(future)
    try:
        return await asyncio.shield(waiting)
    except asyncio.CancelledError:
        stop.set()
        done, _ = await asyncio.wait([waiting], timeout=15)
        for ended in done:
            # Looked at, or asyncio tells on standard error that nobody did.
            ended.exception()
        raise
