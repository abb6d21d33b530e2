"""Where the media are that are copied: on the disk, and for a moving instance in a bucket too."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from wizard.copying.old_bucket import BucketMedia, Wanted
from wizard.copying.outside_links import own_media_of
from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.core.states import ResultState
from wizard.journal.misplaced import copies_misplaced
from wizard.journal.moving import moving_from
from wizard.media.source import FolderMedia
from wizard.storage.in_env import env_of, keys_in, names_bucket_twice

if TYPE_CHECKING:
    from wizard.core.settings import Settings
    from wizard.media.source import Media
    from wizard.step import Context

# The step with which the old bucket was read for the last time.
_LAST_STEP = "restart"
# What a deployment says where there is no disk with media at all: they are in the bucket, then.
_NO_DISK = ("media-volume-missing", "media-volume-empty")


async def media_of(context: Context, *, as_verified: bool = False) -> Media:
    """Return the media that are to be in the bucket: the instance's own, or those of its move.

    `as_verified`: of a move that is over, the old bucket is not asked any more; it may be gone.
    """
    old = context.old_storage
    if old is None or moves_address_only(context):
        return await _own_media_of(context, as_verified=as_verified)
    disk = await _disk_of(context)
    before = old_context(context, old)
    if as_verified and _is_over(context):
        journal, place = context.journal, context.settings.destination
        return BucketMedia(before, disk, known=lambda: journal.verified_files(place))
    wanted = Wanted.ALL if copies_misplaced(context.journal, old) is True else Wanted.PLACED
    by_service = old.is_same_service(context.settings)
    return BucketMedia(before, disk, copied_by_service=by_service, wanted=wanted)


async def _own_media_of(context: Context, *, as_verified: bool) -> Media:
    """Return the instance's own media, with what is misplaced in its bucket where that is wanted.

    `as_verified`: all of that is where it belongs by now.
    """
    over = as_verified and _is_over(context)
    if over or not copies_misplaced(context.journal, context.settings):
        return await own_media_of(context)
    disk = await _disk_of(context)
    return BucketMedia(context, disk, copied_by_service=True, wanted=Wanted.MISPLACED)


def moves_address_only(context: Context) -> bool:
    """Tell whether a moving instance stays with its bucket, under another public address."""
    old = context.old_storage
    return old is not None and old.destination == context.settings.destination


def copies_nothing(context: Context) -> bool:
    """Tell whether a moving instance has no file to copy: all are where they belong.

    Not where the bucket's name was part of the endpoint: then they may be misplaced.
    """
    if not moves_address_only(context):
        return False
    old = context.old_storage
    found = env_of(old, context.instance.env_file(), context.journal.shown_folder) if old else None
    doubled = found is not None and names_bucket_twice(found)
    return not (doubled or copies_misplaced(context.journal, context.settings))


def uploads_since(context: Context, old: Settings) -> tuple[Context, Media]:
    """Return what leads to the old bucket, and the media that only the new one has by now."""
    before = old_context(context, old)
    return before, BucketMedia(context, None, besides=before)


async def only_in_old(context: Context, most: int) -> tuple[int, list[str]] | None:
    """Return how many files only the bucket has that the site moved from, and the first `most`.

    None where it did not move. Raises `Problem` where that bucket cannot be asked any more.
    """
    old = moving_from(context.journal)
    if old is None or old.destination == context.settings.destination:
        return None
    media = BucketMedia(old_context(context, old), None, besides=context)
    disk, stop = await own_media_of(context), threading.Event()

    def count() -> tuple[int, list[str]]:
        with media.in_use(stop):
            return media.only_here(disk, most)

    try:
        return await asyncio.to_thread(count)
    finally:
        stop.set()


def old_context(context: Context, old: Settings) -> Context:
    """Return the context of the storage that the instance comes from, with its keys.

    Raises `Problem` where these are neither in `.env` nor in its backups.
    """
    found = env_of(old, context.instance.env_file(), context.journal.shown_folder)
    keys = keys_in(found) if found else None
    if not keys:
        raise Problem(
            msg("The keys of the old bucket {bucket} are not known any more.", bucket=old.bucket),
            msg("They are neither in .env nor in the backups that bw-s3 keeps of it."),
            msg(
                "Copy a .env that has these keys into {folder}, under the name "
                "env-00000000-000000-00.bak.",
                folder=str(context.journal.shown_folder),
            ),
            code="old-keys-missing",
        )
    context.masker.add_keys(keys)
    settings = replace(context.settings.with_storage_of(old), path=MigrationPath.EXISTING.value)
    return replace(context.with_settings(settings), keys=keys)


async def _disk_of(context: Context) -> Media | None:
    """Return the instance's own media; None where it has none, since it always was on S3."""
    try:
        media = await own_media_of(context)
    except Problem as problem:
        if problem.code in _NO_DISK:
            return None
        raise
    if isinstance(media, FolderMedia) and not media.root.exists():
        return None
    return media


def _is_over(context: Context) -> bool:
    result = context.journal.result(_LAST_STEP)
    if result is None or result.state is not ResultState.DONE:
        return False
    now = context.settings.storage
    return {name: result.inputs.get(name) for name in now} == now
