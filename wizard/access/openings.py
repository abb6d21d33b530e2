"""The ways in which the public is let in to read, where objects' own ACLs do not: one by one.

Each is shown and agreed to first; one that does not work is undone, and the next is tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from wizard.access.bucket_acl import PUBLIC_READ, put_acl_back
from wizard.access.canaries import Canaries
from wizard.access.console_wait import minutes_to_wait, wait_for_console
from wizard.access.earlier_buckets import note_opened
from wizard.access.policy import as_text, blocking, is_opened, opening_policy
from wizard.access.problems import closed
from wizard.access.public_address import is_answer
from wizard.access.public_read import (
    Undo,
    by_policy,
    is_policy_planned,
    listing_check,
    stays_closed,
    still_closed,
    unless_it_passes,
    what_lies_there,
)
from wizard.core.events import passed
from wizard.core.message import Message, listed, msg, plural, sentences
from wizard.core.plan import Document, PlanItem, Sentence
from wizard.core.problem import Problem
from wizard.step import Question
from wizard.storage.addresses import service_of
from wizard.storage.providers import PublicReadWay
from wizard.web.visitor import address, fetch

if TYPE_CHECKING:
    from wizard.step import Context
    from wizard.storage.bucket import Bucket


async def first_way(context: Context, bucket: Bucket) -> tuple[PublicReadWay, Problem | None]:
    """Return the first way that the service knows, and why the ones before it are none.

    Changes nothing.
    """
    why_not: Problem | None = None
    for way in context.service.ways:
        look = {
            PublicReadWay.POLICY: bucket.get_policy,
            PublicReadWay.BUCKET_ACL: bucket.get_acl,
        }.get(way)
        if look is None:
            return way, why_not
        try:
            await asyncio.to_thread(look)
        except Problem as problem:
            why_not = unless_it_passes(problem)
        else:
            return way, why_not
    return PublicReadWay.CONSOLE, why_not


async def opening_plan(context: Context, bucket: Bucket, *, there: bool) -> list[PlanItem]:
    """Return what is planned for it, unless canaries have shown that nothing is needed.

    `there`: the bucket exists.
    """
    settings = context.settings
    if is_policy_planned(context):
        return await _policy_plan(bucket, there=there)
    if settings.acl_known:
        return []
    service = service_of(settings)
    if service.ways[0] is PublicReadWay.BUCKET_ACL:
        text = msg(
            "If the test files show that the public cannot read, the bucket's own ACL is set "
            "to public-read, since this service cannot open single folders or files. That "
            "opens the whole bucket; you will be asked first."
        )
        return [Sentence(text, warning=True)]
    advice = service.advice("public", settings)
    text = msg(
        "If the test files show that the public cannot read, you will have to allow it in the"
        " provider's console; bw-s3 waits for it. {advice}",
        advice=advice,
    )
    if not minutes_to_wait(context):
        text = msg(
            "If the test files show that the public cannot read, bw-s3 ends there: allow it in "
            "the provider's console, then start bw-s3 again. {advice}",
            advice=advice,
        )
    return [Sentence(text, warning=True)]


async def _policy_plan(bucket: Bucket, *, there: bool) -> list[PlanItem]:
    try:
        current = await asyncio.to_thread(bucket.get_policy) if there else None
    except Problem as problem:
        text = msg("The bucket's policy cannot be read: {what}", what=problem.what)
        return [Sentence(text, warning=True)]
    if is_opened(bucket.name, current):
        return []
    text = msg(
        "If the test files show that the public cannot read, the bucket gets this policy. It lets "
        "everybody read images/* and static/*, and nothing else; you will be asked first."
    )
    items: list[PlanItem] = [Sentence(text)]
    items.append(Document(msg("bucket policy"), as_text(opening_policy(bucket.name, current))))
    switches = await asyncio.to_thread(bucket.public_access_block) if there else {}
    on = blocking(switches or {})
    if on:
        text = plural(
            "For it, Block Public Access is relaxed: {switches} is turned off.",
            "For it, Block Public Access is relaxed: {switches} are turned off.",
            len(on),
            switches=listed(on),
        )
        items.append(Sentence(text, warning=True))
    return items


async def open_to_public(context: Context, bucket: Bucket) -> None:
    """Let the public read in the first way that works. Raises `Problem` where none does."""
    why_not: Problem | None = None
    for way in context.service.ways:
        if way is PublicReadWay.CONSOLE:
            await _by_console(context, bucket, why_not)
            return
        why_not = await _OURS[way](context, bucket)
        if why_not is None:
            return


async def _by_bucket_acl(context: Context, bucket: Bucket) -> Problem | None:
    """Have the bucket's own ACL let the public read; all as before where that does not work.

    Returns why it does not, such as that everybody could list the bucket, too.
    """
    try:
        before = await asyncio.to_thread(bucket.get_acl)
    except Problem as problem:
        return unless_it_passes(problem)
    await _ask_to_open_all(context, bucket)
    undo = Undo(context, partial(put_acl_back, bucket, before))
    note_opened(context, {}, before)
    async with undo.unless_kept():
        why_not = await _refusal(bucket)
        why_not = why_not or await still_closed(context, bucket)
        why_not = why_not or (await listing_check(bucket)).problem
        undo.kept = why_not is None
    if why_not is not None:
        return why_not
    asked = msg("Does the bucket's own ACL let the public read?")
    context.report(passed(asked, msg("yes"), code="bucket-acl"))
    return None


_OURS: Mapping[PublicReadWay, Callable[[Context, Bucket], Awaitable[Problem | None]]] = (
    MappingProxyType({PublicReadWay.POLICY: by_policy, PublicReadWay.BUCKET_ACL: _by_bucket_acl})
)


async def _refusal(bucket: Bucket) -> Problem | None:
    try:
        await asyncio.to_thread(bucket.put_acl, PUBLIC_READ)
    except Problem as problem:
        return unless_it_passes(problem)
    return None


async def _ask_to_open_all(context: Context, bucket: Bucket) -> None:
    lies_there = await what_lies_there(context, bucket)
    folders, loose = await asyncio.to_thread(bucket.top)
    text = msg(
        "This sets the bucket's own ACL to public-read, which lets everybody read every file "
        "in the bucket, whatever its folder. This service cannot open single folders or files. "
        "bw-s3 then checks whether everybody could list the bucket as well; if so, it undoes "
        "this."
    )
    others = [name for name in (*folders, *loose) if name not in ("images/", "static/")]
    if others:
        found = msg("Already there, and would become public: {names}", names=listed(others[:9]))
        text = msg("{text}\n{found}", text=text, found=found)
    if lies_there.count:
        text = msg("{text}\n{found}", text=text, found=lies_there.words)
    why = msg(
        "The ACL that would let the public read was declined, and the files' own ACLs have no"
        " effect."
    )
    question = Question(text=text, yes=msg("Open the bucket"), no=msg("Leave the bucket closed"))
    await context.agree(question, stays_closed(context, why, code="bucket-acl-declined"))


async def _by_console(context: Context, bucket: Bucket, why_not: Problem | None) -> None:
    """Wait until somebody has opened the bucket in the console. Raises `Problem` else."""
    settings = context.settings
    canaries = Canaries(bucket, context.journal)

    async def is_read() -> bool:
        # A new one each time: what is in front of the bucket may keep an answer.
        canary = await asyncio.to_thread(canaries.put, "images/", settings.acl)
        seen = await fetch(address(settings, canary.key))
        await asyncio.to_thread(canaries.remove)
        return is_answer(canary, seen)

    try:
        opened = await wait_for_console(
            context,
            msg("Can the public read through {domain}?", domain=settings.custom_domain),
            _todo(context, why_not),
            waiting=msg("Waiting until the public can read"),
            code="public-read",
            look=is_read,
        )
    finally:
        await asyncio.to_thread(canaries.try_to_remove)
    if not opened:
        raise closed(settings, why_not)
    problem = await still_closed(context, bucket) or (await listing_check(bucket)).problem
    if problem is not None:
        raise problem


def _todo(context: Context, why_not: Problem | None) -> Message:
    advice = context.service.advice("public", context.settings)
    now = msg("Allow it in the provider's console: {advice}", advice=advice)
    return sentences(why_not.what, now) if why_not else now
