"""What the public address gives of objects that were just stored, as a browser on the site's page.

It may lawfully answer with other bytes: a CDN that compresses pictures, a cache of one's own. The
admin says whether that is meant; then type and status are checked there, and the bytes at the
endpoint.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from wizard.access.problems import wrong_domain
from wizard.core.message import Message, msg, plural, sentences
from wizard.core.problem import Action, Problem, Remedy
from wizard.journal.entries import Entry, flag_entry
from wizard.step import Question
from wizard.web.browser import Onlooker
from wizard.web.page import Kind, PageFile
from wizard.web.visitor import VisitorResponse, address, ask_until, fetch

if TYPE_CHECKING:
    from wizard.access.canaries import Canaries, Canary
    from wizard.step import Context
    from wizard.storage.bucket import Bucket

# How `run` is told so, in place of an answer.
ACCEPT_OTHER_BYTES = "--accept-other-bytes"
# Of each public address by its URL.
_ACCEPTED: Entry[bool] = flag_entry("public address may change bytes")
_KINDS = {"text/css": Kind.STYLESHEET, "image/svg+xml": Kind.IMAGE, "font/woff": Kind.FONT}


async def public_problem(
    context: Context,
    canaries: Canaries,
    prefix: str,
    *,
    acl: str,
    seconds: float,
    at_endpoint: bool,
) -> Problem | None:
    """Return what keeps a browser on the site's page from what BookWyrm stores below `prefix`.

    None for nothing. Waits so many seconds at most until the public is let in. `at_endpoint`: the
    endpoint itself was seen to do so. Asks the admin where other bytes come than were stored.
    """
    browser = Onlooker(origin=context.instance.origins[0])

    async def load_another() -> tuple[Canary, PageFile, VisitorResponse]:
        canary = await asyncio.to_thread(canaries.put, prefix, acl)
        kind = _KINDS[canary.content_type]
        file = PageFile(kind=kind, url=address(context.settings, canary.key))
        return canary, file, await browser.load(file)

    canary, file, seen = await ask_until(seconds, load_another, lambda answer: answer[2].ok)
    if not is_answer(canary, seen) or await _answers_everything(context, canary):
        return wrong_domain(context.settings, seen, at_endpoint=at_endpoint)
    if problem := browser.obstacle(file, seen):
        return problem
    return await other_bytes(context, canaries.bucket, seen, key=canary.key, stored=canary.body)


def is_answer(canary: Canary, seen: VisitorResponse) -> bool:
    """Tell whether an answer may be the canary: its bytes, or what a CDN made of them."""
    if not seen.ok:
        return False
    return canary.body == seen.body_start or canary.content_type == seen.content_type


async def other_bytes(
    context: Context, bucket: Bucket, seen: VisitorResponse, *, key: str, stored: bytes
) -> Problem | None:
    """Return the `Problem` of a public address that changes bytes, unless the admin accepts it.

    Then the bytes are compared at the endpoint.
    """
    if seen.body_start == stored:
        return None
    if not await _is_accepted(context, seen, stored):
        return _changed(seen, stored)
    there = await asyncio.to_thread(bucket.get, key)
    return None if there == stored else _changed_inside(key)


def accepts_other_bytes(context: Context) -> bool:
    """Tell whether the admin has said that the public address may change bytes."""
    return context.journal.recall(_ACCEPTED.of(context.settings.public_base)) is True


async def _is_accepted(context: Context, seen: VisitorResponse, stored: bytes) -> bool:
    if accepts_other_bytes(context):
        return True
    question = Question(
        text=sentences(
            _changed(seen, stored).what,
            _difference(seen, stored),
            msg(
                "Is that intended, as with a CDN that makes pictures smaller? Then type and "
                "status are checked there, and the bytes in the bucket itself."
            ),
        ),
        yes=msg("Yes, it may change the files"),
        no=msg("No, stop here"),
        only_a_person=True,
        option=ACCEPT_OTHER_BYTES,
    )
    agreed = await context.ask(question)
    if agreed:
        context.journal.remember(_ACCEPTED.of(context.settings.public_base), True)
    return agreed


async def _answers_everything(context: Context, canary: Canary) -> bool:
    """Tell whether a name that nothing was ever stored under is answered like a file, too."""
    folder, _, name = canary.key.rpartition("/")
    nothing = f"{folder}/nothing-{secrets.token_hex(8)}-{name}"
    return is_answer(canary, await fetch(address(context.settings, nothing)))


def _difference(seen: VisitorResponse, stored: bytes) -> Message:
    """Say in what way the answer differs from what was stored."""
    said = [
        f"{name.title()}: {seen.headers[name]}"
        for name in ("content-type", "content-encoding", "server", "via", "cf-polished")
        if name in seen.headers
    ]
    return msg(
        "{stored} stored, {received} received ({headers}).",
        stored=_bytes(stored),
        received=_bytes(seen.body_start),
        headers=", ".join(said),
    )


def _bytes(data: bytes) -> Message:
    return plural("{n} byte", "{n} bytes", len(data))


def _changed(seen: VisitorResponse, stored: bytes) -> Problem:
    return Problem(
        msg("{url} returns other bytes than were stored.", url=seen.url),
        sentences(
            _difference(seen, stored),
            msg(
                "The file is there and has the right type, so something in front of the bucket "
                "changes it: a CDN that makes files smaller, or a cache."
            ),
        ),
        msg(
            "If that is intended, try again and answer yes; bw-s3 run takes {option} for it.",
            option=ACCEPT_OTHER_BYTES,
        ),
        msg(
            "Otherwise turn off what changes files: minifying, image optimization, script "
            "injection."
        ),
        Remedy(msg("Then try again."), Action.RETRY),
        field="custom_domain",
        decision=True,
        code="files-changed-on-the-way",
    )


def _changed_inside(key: str) -> Problem:
    return Problem(
        msg("The bucket itself has other bytes under {key} than were stored.", key=key),
        msg("It is not the public address alone that changes files."),
        msg("Ask the storage's provider, or use another bucket."),
        raw=key,
        field="bucket",
        code="files-changed-in-bucket",
    )
