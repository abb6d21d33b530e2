"""What visitors uploaded while the site ran with S3, copied back where it runs without again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.core.events import passed
from wizard.core.message import Message, msg, plural
from wizard.core.quantities import count_failed, count_files, describe_size
from wizard.journal.entries import Entry, flag_entry
from wizard.step import Context
from wizard.switch.moving import leads_to_bucket
from wizard.switch.problems import left_behind, uploads_left

if TYPE_CHECKING:
    from wizard.copying.upload import BroughtBack

_EXPECTED = flag_entry("restart.uploads_in_bucket")
_ASKED = msg("Is what was uploaded to the bucket in the meantime on this server too?")


def expect_uploads(context: Context) -> None:
    """Note that visitors may upload to the bucket from now on."""
    context.journal.remember(_of(context), True)


def expect_no_uploads(context: Context) -> None:
    """Note that nobody uploaded to the bucket, or that all of it is on this server."""
    context.journal.forget(_of(context))


def uploads_are_missing(context: Context) -> bool:
    """Tell whether files may be in the bucket only, while the site is to run without it."""
    return context.journal.recall(_of(context)) is True and not leads_to_bucket(context)


async def bring_uploads_back(
    context: Context, before: BroughtBack | None = None, *, may_refuse: bool = False
) -> None:
    """Copy back what only the bucket has, and report it as a check, with what was `before`.

    Raises `Problem` where anything of it stays in the bucket only; then it can be tried again.
    `may_refuse`: it was agreed to that what cannot be a file here stays there.
    """
    # Imported here: what goes forward does not need it.
    from wizard.copying.upload import bring_back_media

    result = await bring_back_media(context)
    if left := result.left_count + (0 if may_refuse else result.refused_count):
        raise uploads_left(left, [failure.line for failure in (*result.left, *result.refused)])
    if before:
        result.add(before)
    context.report(passed(_ASKED, _seen(result), code="uploads-brought-back"))
    expect_no_uploads(context)


async def send_uploads(context: Context) -> None:
    """Copy to the bucket what came to the disk while the site was to leave it.

    Raises `Problem` where anything of it stays here only.
    """
    from wizard.copying.upload import copy_new_media

    outcome = await copy_new_media(context)
    if outcome.failed or outcome.conflicts:
        which = count_failed(outcome.failed + outcome.conflicting, outcome.failed_folders)
        paths = [f.path for f in outcome.failures if not f.harmless]
        raise left_behind(which, [*paths, *outcome.conflicts])


def _of(context: Context) -> Entry[bool]:
    return _EXPECTED.true_of(context.settings.storage)


def _seen(result: BroughtBack) -> Message:
    if not result.files:
        return msg("yes: the bucket has no file that is not here")
    if not result.by_size:
        return plural(
            "{n} file copied back ({size}), with the size and MD5 given by the bucket",
            "{n} files copied back ({size}), each with the size and MD5 given by the bucket",
            result.files,
            size=describe_size(result.size),
        )
    return plural(
        "{n} file copied back ({size}); {unsure} could be checked by size only",
        "{n} files copied back ({size}); {unsure} could be checked by size only",
        result.files,
        size=describe_size(result.size),
        unsure=count_files(result.by_size),
    )
