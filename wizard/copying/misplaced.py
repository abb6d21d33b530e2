"""Files below `BUCKET/images/`: found in the bucket in use, and offered to be copied to `images/`.

While `.env` names an endpoint with the bucket's name in it, BookWyrm's storage puts the name in
front of each key a second time. With the right endpoint, nobody finds these files any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.copying.sources import old_context
from wizard.core.events import Check, passed, remark
from wizard.core.message import Message, msg, plural, sentences
from wizard.core.problem import Problem
from wizard.core.quantities import count_files, describe_size
from wizard.core.settings import MigrationPath
from wizard.journal.misplaced import copies_misplaced, forget_misplaced, note_misplaced
from wizard.media.source import PREFIX
from wizard.step import Question
from wizard.storage.bucket import Bucket, is_folder_marker

if TYPE_CHECKING:
    from wizard.core.settings import Settings
    from wizard.step import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """How many files there are, and their bytes, below the prefix `place`."""

    place: str
    files: int
    size: int


async def find_misplaced(context: Context) -> Misplaced | None:
    """Count them in the bucket that the site uses now; None where there are none.

    Neither where that bucket cannot be asked: the copy itself says why.
    """
    try:
        return await asyncio.to_thread(_find, context)
    except Problem:
        return None


async def about_misplaced(context: Context) -> list[Message]:
    """Return what the plan says of them."""
    found = await find_misplaced(context)
    if found is None:
        return []
    return [sentences(_where(found), _PLANNED[copies_misplaced(context.journal, _in_use(context))])]


async def settle_misplaced(context: Context) -> None:
    """Ask whether they are to be copied, unless the admin said that already."""
    storage = _in_use(context)
    if copies_misplaced(context.journal, storage) is not None:
        return
    found = await find_misplaced(context)
    if found is not None:
        note_misplaced(context.journal, storage, copied=await context.ask(question_about(found)))


def misplaced_declined(context: Context) -> bool:
    """Tell whether the admin wants them left where they are."""
    return copies_misplaced(context.journal, _in_use(context)) is False


def ask_again_about_misplaced(context: Context) -> None:
    """Have the next copy ask again: some of them differ, or the admin wants that."""
    forget_misplaced(context.journal, _in_use(context))


async def check_misplaced(context: Context) -> list[Check]:
    """Return what became of them, where there are any."""
    found = await find_misplaced(context)
    if found is None:
        return []
    asked, code = msg("Is there anything below {place}?", place=found.place), "misplaced-files"
    files = count_files(found.files)
    if copies_misplaced(context.journal, _in_use(context)):
        seen = msg("{files}; copied to images/ too, and left there as well", files=files)
        return [passed(asked, seen, code=code)]
    seen = msg(
        "{files}; left there: BookWyrm does not find them with the right endpoint", files=files
    )
    return [remark(asked, seen, code=code)]


def _find(context: Context) -> Misplaced | None:
    old = context.old_storage
    if old is None and not _is_on_s3(context):
        return None
    where = context if old is None else old_context(context, old)
    place = f"{where.settings.bucket}/{PREFIX}"
    files = size = 0
    for found in Bucket(where.settings, where.keys).list_objects(place):
        if not is_folder_marker(found.key, found.size):
            files += 1
            size += found.size
    return Misplaced(place=place, files=files, size=size) if files else None


def _is_on_s3(context: Context) -> bool:
    settings = context.settings
    named = bool(settings.endpoint and settings.bucket and context.keys)
    return named and settings.path != MigrationPath.FRESH and context.instance.uses_s3()


def _in_use(context: Context) -> Settings:
    return context.old_storage or context.settings


def _where(found: Misplaced) -> Message:
    return plural(
        "{n} file ({size}) is below {place}: it was stored there while the endpoint in .env "
        "contained the bucket's name. BookWyrm looks for files below images/.",
        "{n} files ({size}) are below {place}: they were stored there while the endpoint in .env "
        "contained the bucket's name. BookWyrm looks for files below images/.",
        found.files,
        size=describe_size(found.size),
        place=found.place,
    )


_COPIED_TOO = msg(
    "They are copied to images/ too, where there is no file of that name. None is moved or deleted."
)
_LEFT = msg("They are left there: you decided against it (the key a, or --ask-again, asks again).")
_OFFERED = msg(
    "They are copied to images/ too where you agree: you will be asked first, and --yes agrees. "
    "None is moved or deleted."
)


# What is planned, by what the admin said.
_PLANNED: Mapping[bool | None, Message] = {True: _COPIED_TOO, False: _LEFT, None: _OFFERED}


def question_about(found: Misplaced) -> Question:
    """Return what is asked where there are any."""
    return Question(
        text=sentences(
            _where(found),
            msg(
                "Should they be copied to images/ too? No file that is there already is replaced, "
                "and none is moved or deleted."
            ),
        ),
        yes=msg("Copy them too"),
        no=msg("Leave them there"),
    )
