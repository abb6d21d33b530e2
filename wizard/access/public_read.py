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
from wizard.core.message import listed, msg, plural
from wizard.core.plan import Document, PlanItem, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import name_some
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
    on = blocking(await asyncio.to_thread(bucket.public_access_block)) if there else ()
    if on:
        text = plural(
            "For it, Block Public Access is relaxed: {switches} is turned off.",
            "For it, Block Public Access is relaxed: {switches} are turned off.",
            len(on),
            switches=listed(on),
        )
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
    asked = msg("Does the bucket policy let the public read?")
    context.report(passed(asked, msg("yes"), code="bucket-policy"))


async def public_read_check(context: Context, canaries: Canaries, prefix: str) -> Check:
    """Check that the public gets a new canary below `prefix`, stored as BookWyrm stores files."""
    settings = context.settings
    asked = msg(
        "Can the public read what is stored below {folder}, through {domain}?",
        folder=prefix,
        domain=settings.custom_domain,
    )
    code = f"public-read-{prefix.rstrip('/')}"
    problem = await public_problem(
        context,
        canaries,
        prefix,
        acl=settings.acl,
        seconds=_SECONDS_TO_OPEN,
        at_endpoint=False,
    )
    if problem is not None:
        return failed(asked, problem, code=code)
    if accepts_other_bytes(context):
        return passed(asked, msg("yes, with changes that you accepted"), code=code)
    return passed(asked, msg("yes, byte for byte"), code=code)


async def others_closed(bucket: Bucket, canaries: Canaries) -> Check:
    """Check that what is outside of the two folders is closed to the public."""
    asked = msg("Is everything outside of images/ and static/ closed to the public?")
    code = "others-closed"
    canary = await asyncio.to_thread(canaries.put, "")
    for url in (address(bucket.settings, canary.key), f"{bucket.place}/{canary.key}"):
        seen = await fetch(url)
        if seen.ok and seen.body_start == canary.body:
            seen_there = msg("no, the whole bucket is public: keep nothing else in it")
            return remark(asked, seen_there, code=code)
    return passed(asked, msg("yes"), code=code)


def lost_policy(context: Context, bucket: Bucket) -> bool:
    """Tell whether the policy that we put is no longer in force."""
    return was_opened(context) and not is_opened(bucket.name, bucket.get_policy())


async def _ask_to_open(context: Context, bucket: Bucket, policy: Policy) -> None:
    lies_there = await asyncio.to_thread(exposure, bucket, public_files(context.journal))
    if lies_there.private:
        raise _private_files(bucket.name, lies_there.private)
    text = msg(
        "The bucket gets the policy of the plan, which lets everybody read images/* and static/*."
    )
    if not _is_planned(context):
        text = msg(
            "The bucket gets this policy, which lets everybody read images/* and static/*:"
            "\n{policy}",
            policy=as_text(policy),
        )
    if lies_there.count:
        text = msg("{policy}\n{objects}", policy=text, objects=lies_there.words)
    refused = Problem(
        msg("The bucket stays closed to the public."),
        msg(
            "The policy that would let the public read was declined, and the files' own ACLs have"
            " no effect."
        ),
        Remedy(msg("Use another bucket."), Action.EDIT_PROVIDER),
        preset(context.settings.provider).advice("public", context.settings),
        decision=True,
        code="policy-declined",
    )
    question = Question(text=text, yes=msg("Set this policy"), no=msg("Leave the bucket closed"))
    await context.agree(question, refused)


async def _ask_to_unblock(context: Context, switches: Mapping[str, bool]) -> None:
    """Ask about what of Amazon's Block Public Access stands against a public policy."""
    on = blocking(switches)
    if not on:
        return
    text = msg(
        "Block Public Access is on for this bucket. {switches} must be turned off, or no policy can"
        " let the public read; the two switches about ACLs stay as they are.",
        switches=listed(on),
    )
    refused = Problem(
        msg("Block Public Access keeps the public out of the bucket."),
        msg("It was left on, and no bucket policy can let the public read as long as it is."),
        preset(context.settings.provider).advice("public", context.settings),
        decision=True,
        code="public-access-blocked",
    )
    question = Question(text=text, yes=msg("Turn them off"), no=msg("Leave them on"))
    await context.agree(question, refused)


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
    return Problem(
        plural(
            "{n} object below images/ in {bucket} is not for the public.",
            "{n} objects below images/ in {bucket} are not for the public.",
            len(keys),
            bucket=bucket,
        ),
        msg(
            "BookWyrm's own web server never hands out such files: they may be exports of whole "
            "accounts. The bucket policy would let everybody read them."
        ),
        msg(
            "Move them out of images/ or delete them, if nobody needs them: {keys}",
            keys=name_some(keys, 5),
        ),
        Remedy(msg("Use another bucket."), Action.EDIT_PROVIDER),
        raw="\n".join(keys[:1000]),
        field="bucket",
        decision=True,
        code="private-files-in-bucket",
    )
