"""Letting the public read media and static assets with a bucket policy, and closing it again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from wizard.access.canaries import Canaries
from wizard.access.earlier_buckets import note_closed, note_opened, was_opened
from wizard.access.policy import (
    PREFIXES,
    as_text,
    blocking,
    exposure,
    is_opened,
    opening_policy,
    unblocked,
)
from wizard.access.public_address import accepts_other_bytes, public_problem
from wizard.core.events import Check, Verdict, failed, passed, remark
from wizard.core.plan import Document, PlanItem, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.journal.public_files import public_files
from wizard.step import Context, Question
from wizard.storage.bucket import Bucket, Policy
from wizard.storage.providers import preset
from wizard.web.visitor import address, fetch

# Policies take a moment to reach all of a service's servers.
_SECONDS_TO_OPEN = 30


async def policy_plan(context: Context, bucket: Bucket, *, there: bool) -> list[PlanItem]:
    """Return the policy as it would be sent, unless the canaries have shown that none is needed."""
    if not _is_planned(context):
        return []
    try:
        current = await asyncio.to_thread(bucket.get_policy) if there else None
    except Problem as problem:
        return [Sentence(f"The bucket's policy cannot be read: {problem.what}", warning=True)]
    if is_opened(bucket.name, current):
        return []
    text = (
        "If the test files show that strangers cannot read, the bucket gets this policy. It lets "
        "everybody read images/* and static/*, and nothing else; you are asked before."
    )
    items: list[PlanItem] = [Sentence(text)]
    items.append(Document("bucket policy", as_text(opening_policy(bucket.name, current))))
    on = blocking(await asyncio.to_thread(bucket.public_access_block)) if there else ()
    if on:
        text = f"For it, Block Public Access is relaxed: {' and '.join(on)} are turned off."
        items.append(Sentence(text, warning=True))
    return items


def _is_planned(context: Context) -> bool:
    """Tell whether the plan shows the policy: not where ACLs were seen to do."""
    return not (context.settings.acl_known and context.settings.acl)


async def open_to_public(context: Context, bucket: Bucket) -> None:
    """Have a bucket policy let the public read; all as before where that does not work."""
    before = await asyncio.to_thread(bucket.get_policy)
    switches = await asyncio.to_thread(bucket.public_access_block)
    await _ask_to_open(context, bucket, opening_policy(bucket.name, before))
    await _ask_to_unblock(context, switches)
    note_opened(context, switches)
    try:
        if blocking(switches):
            await asyncio.to_thread(bucket.put_public_access_block, unblocked(switches))
        await asyncio.to_thread(bucket.put_policy, opening_policy(bucket.name, before))
        await _check_opened(context, bucket)
    except BaseException:
        await asyncio.to_thread(_put_back, bucket, before, switches)
        note_closed(context, context.settings)
        raise
    context.report(passed("Does the bucket policy let strangers read?", "yes"))


async def public_read_check(context: Context, canaries: Canaries, prefix: str) -> Check:
    """Check that the public gets a new canary below `prefix`, stored as BookWyrm stores files."""
    settings = context.settings
    asked = f"Can a stranger read what is stored below {prefix}, through {settings.custom_domain}?"
    problem = await public_problem(
        context,
        canaries,
        prefix,
        acl=settings.acl,
        seconds=_SECONDS_TO_OPEN,
        at_endpoint=False,
    )
    if problem is not None:
        return failed(asked, problem)
    changed = accepts_other_bytes(context)
    return passed(asked, "yes, with changes that you accepted" if changed else "yes, byte for byte")


async def others_closed(bucket: Bucket, canaries: Canaries) -> Check:
    """Check that what is outside of the two folders is closed to the public."""
    asked = "Is everything outside of images/ and static/ closed to strangers?"
    canary = await asyncio.to_thread(canaries.put, "")
    for url in (address(bucket.settings, canary.key), f"{bucket.place}/{canary.key}"):
        seen = await fetch(url)
        if seen.ok and seen.body_start == canary.body:
            return remark(asked, "no, the whole bucket is public: keep nothing else in it")
    return passed(asked, "yes")


def lost_policy(context: Context, bucket: Bucket) -> bool:
    """Tell whether the policy that we put is no longer in force."""
    return was_opened(context) and not is_opened(bucket.name, bucket.get_policy())


async def _ask_to_open(context: Context, bucket: Bucket, policy: Policy) -> None:
    lies_there = await asyncio.to_thread(exposure, bucket, public_files(context.journal))
    if lies_there.private:
        raise _private_files(bucket.name, lies_there.private)
    text = (
        "The bucket gets the policy of the plan, which lets everybody read images/* and static/*."
    )
    if not _is_planned(context):
        text = "The bucket gets this policy, which lets everybody read images/* and static/*:"
        text = f"{text}\n{as_text(policy)}"
    if lies_there.count:
        text += f"\n{lies_there.words} objects are there already; strangers will read them too."
    refused = Problem(
        "The bucket stays closed to strangers.",
        "The policy that would let them read was declined, and the files' own ACLs have no effect.",
        Remedy("Use another bucket.", Action.EDIT_PROVIDER),
        preset(context.settings.provider).advice("public", context.settings),
        decision=True,
    )
    question = Question(text=text, yes="Put this policy", no="Leave the bucket closed")
    await context.agree(question, refused)


async def _ask_to_unblock(context: Context, switches: Mapping[str, bool]) -> None:
    """Ask about what of Amazon's Block Public Access stands against a public policy."""
    on = blocking(switches)
    if not on:
        return
    text = (
        f"Block Public Access is on for this bucket. {' and '.join(on)} must be turned off, or "
        "no policy can let strangers read; the two switches about ACLs stay as they are."
    )
    refused = Problem(
        "Block Public Access keeps strangers out of the bucket.",
        "It was left on, and no bucket policy can let strangers read as long as it is.",
        preset(context.settings.provider).advice("public", context.settings),
        decision=True,
    )
    await context.agree(Question(text=text, yes="Turn them off", no="Leave them on"), refused)


async def _check_opened(context: Context, bucket: Bucket) -> None:
    """Raise a `Problem` unless the policy lets the public in and does not lock our own keys out."""
    canaries = Canaries(bucket, context.journal)
    try:
        for prefix in PREFIXES:
            check = await public_read_check(context, canaries, prefix)
            if check.verdict is Verdict.FAIL and check.problem is not None:
                raise check.problem
        await asyncio.to_thread(bucket.ask)
    finally:
        await asyncio.to_thread(canaries.try_to_remove)


def _put_back(bucket: Bucket, before: Policy | None, switches: Mapping[str, bool]) -> None:
    """Put policy and switches back, silently: a problem of this would hide the one on its way."""
    try:
        bucket.put_policy(before)
        if blocking(switches):
            bucket.put_public_access_block(switches)
    except Problem:
        return


def _private_files(bucket: str, keys: Sequence[str]) -> Problem:
    some = ", ".join(keys[:5]) + (" …" if len(keys) > 5 else "")
    return Problem(
        f"{len(keys):,} objects below images/ in {bucket} are not for strangers.",
        "BookWyrm's own web server never hands out such files: they may be exports of whole "
        "accounts. The bucket policy would let everybody read them.",
        f"Move them out of images/ or delete them, if nobody needs them: {some}",
        Remedy("Use another bucket.", Action.EDIT_PROVIDER),
        raw="\n".join(keys[:1000]),
        field="bucket",
        decision=True,
    )
