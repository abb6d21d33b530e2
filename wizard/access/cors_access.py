"""Which pages may use the bucket's fonts, and waiting until rules set by hand allow them to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.access.canaries import Canaries
from wizard.access.console_wait import succeeds, wait_for_console
from wizard.core.events import passed
from wizard.core.message import NOTHING, Message, listed, msg, sentences, verbatim
from wizard.core.problem import Action, Problem, Remedy
from wizard.system.files import write_atomically
from wizard.web.visitor import address, ask_until, fetch

if TYPE_CHECKING:
    from wizard.step import Context
    from wizard.storage.bucket import Bucket


async def origins_let_in(
    context: Context, bucket: Bucket, wanted: Sequence[str], seconds: float
) -> dict[str, bool]:
    """Return which origins a browser lets use a font, within so many seconds.

    Each time it is another test file, since what is in front of the bucket may keep an answer.
    """
    canaries = Canaries(bucket, context.journal)

    async def ask_all() -> dict[str, bool]:
        return {o: await _lets_in_new_font(context, canaries, o) for o in wanted}

    try:
        return await ask_until(seconds, ask_all, lambda answers: all(answers.values()))
    finally:
        await asyncio.to_thread(canaries.try_to_remove)


async def _lets_in_new_font(context: Context, canaries: Canaries, origin: str) -> bool:
    acl = context.settings.acl
    canary = await asyncio.to_thread(canaries.put, "static/", acl, suffix="woff")
    return (await fetch(address(context.settings, canary.key), origin=origin)).lets_in(origin)


async def lets_in_anyway(context: Context, bucket: Bucket) -> bool:
    """Tell whether browsers on all of the site's origins are let in, whatever the rules are."""
    try:
        answers = await origins_let_in(context, bucket, context.instance.origins, seconds=0)
    except Problem:
        return False
    return all(answers.values())


async def allow_by_hand(
    context: Context,
    bucket: Bucket,
    *,
    document: str,
    refused: Problem | None,
    again: Callable[[], None],
) -> None:
    """Wait until somebody has set the rules that cannot be set from here.

    `document` has them in the form that the console takes; `refused` is what was said to ours,
    None where we did not try. `again` tries ours, for keys that get the missing right in the
    meantime. Raises `Problem` where nothing of it was done in time.
    """
    asked, code = _asked(context), "cors-fonts"
    if await lets_in_anyway(context, bucket):
        context.report(passed(asked, msg("yes, as the storage is set up already"), code=code))
        return
    path = await asyncio.to_thread(_write_file, context, document)
    advice = context.service.advice("cors", context.settings)
    ready = msg("The rules are ready in {path}.", path=str(path))
    now = msg("Set them in the provider's console: {advice}", advice=advice)
    settable = False

    async def is_allowed() -> bool:
        nonlocal settable
        if refused is not None and refused.code == "right-missing":
            settable = await succeeds(again)
        return settable or await lets_in_anyway(context, bucket)

    allowed = await wait_for_console(
        context,
        asked,
        sentences(_in_words(refused), ready, now),
        waiting=msg("Waiting until browsers are allowed to use the bucket's fonts"),
        code=code,
        look=is_allowed,
    )
    if not allowed:
        raise _not_set(advice, ready, refused)
    if settable:
        asked, code = msg("Can CORS rules be read and set?"), "cors-settable"
    context.report(passed(asked, msg("yes"), code=code))


def _asked(context: Context) -> Message:
    return msg(
        "May pages on {origins} use the bucket's fonts?", origins=listed(context.instance.origins)
    )


def _in_words(refused: Problem | None) -> Message:
    """Say what was refused, and what else would help: the right that the keys lack."""
    if refused is None:
        return NOTHING
    return refused.in_short() if refused.code == "right-missing" else verbatim(refused.what)


def _not_set(advice: Message, ready: Message, refused: Problem | None) -> Problem:
    """Return the `Problem` of rules that nobody has set by hand in time."""
    why = msg("They have to be set in the provider's console.")
    return Problem(
        msg("The CORS rules could not be set."),
        sentences(refused.what, refused.why) if refused else why,
        advice,
        ready,
        Remedy(msg("Then try again: once browsers are allowed, this step is done."), Action.RETRY),
        raw=refused.raw if refused else "",
        decision=True,
        code="cors-not-set",
    )


def _write_file(context: Context, document: str) -> Path:
    path = context.journal.folder / "cors.json"
    try:
        write_atomically(path, f"{document}\n".encode(), 0o644, context.instance.folder)
    except OSError as error:
        raise Problem(
            msg("{path} cannot be written.", path=str(path)),
            msg("The disk is full, or the folder belongs to another user."),
            msg("Make room (df -h shows where), then try again."),
            raw=str(error),
            code="file-not-writable",
        ) from error
    return path
