"""Letting the public read media and static assets with a bucket policy, and checking that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from wizard.access.canaries import Canaries
from wizard.access.console_wait import succeeds, wait_for_console
from wizard.access.earlier_buckets import note_closed, note_opened, was_opened
from wizard.access.policy import (
    PREFIXES,
    Exposure,
    as_text,
    blocking,
    exposure,
    opening_policy,
    unblocked,
)
from wizard.access.problems import account_blocks, listable
from wizard.access.public_address import accepts_other_bytes, is_answer, public_problem
from wizard.core.events import Check, Verdict, failed, passed, remark
from wizard.core.message import Message, listed, msg, plural, sentences
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import name_some
from wizard.journal.public_files import public_files
from wizard.step import Context, Question
from wizard.storage.addresses import service_of
from wizard.storage.bucket import Bucket, Policy
from wizard.storage.problems import will_pass
from wizard.storage.providers import PublicReadWay, ServiceKind
from wizard.web.visitor import VisitorResponse, address, fetch

# Policies take a moment to reach all of a service's servers.
_SECONDS_TO_OPEN = 30


def is_policy_planned(context: Context) -> bool:
    """Tell whether the plan shows the policy: where it is the next way, and ACLs did not do."""
    settings = context.settings
    ways = service_of(settings).ways
    return ways[0] is PublicReadWay.POLICY and not (settings.acl_known and settings.acl)


class Undo:
    """Puts a bucket back as it was, by `put_back`, unless what was changed is `kept`.

    To be made before `note_opened`: a bucket that was opened before stays remembered.
    """

    def __init__(self, context: Context, put_back: Callable[[], None]) -> None:
        self.kept = False
        self._context, self._put_back = context, put_back
        self._opened_before = was_opened(context)

    @asynccontextmanager
    async def unless_kept(self) -> AsyncIterator[None]:
        """Run what changes the bucket."""
        try:
            yield
        finally:
            if not self.kept:
                await asyncio.to_thread(self._undo)

    def _undo(self) -> None:
        """Put it back silently: a problem of this would hide the one on its way."""
        try:
            self._put_back()
        except Problem:
            return  # what could not be put back stays remembered
        if not self._opened_before:
            note_closed(self._context, self._context.settings)


async def by_policy(context: Context, bucket: Bucket) -> Problem | None:
    """Have a bucket policy let the public read; all as before where that does not work.

    Returns why it does not; raises `Problem` where no other way would help.
    """
    try:
        before = await asyncio.to_thread(bucket.get_policy)
    except Problem as problem:
        return unless_it_passes(problem)
    switches = await asyncio.to_thread(bucket.public_access_block)
    await _ask_to_open(context, bucket, opening_policy(bucket.name, before))
    await _ask_to_unblock(context, switches or {})
    undo = Undo(context, partial(_put_back, bucket, before, switches or {}))
    note_opened(context, switches or {})
    async with undo.unless_kept():
        why_not = await _refusal(context, bucket, before, switches)
        why_not = why_not or await still_closed(context, bucket)
        undo.kept = why_not is None
    if why_not is not None:
        return why_not
    asked = msg("Does the bucket policy let the public read?")
    context.report(passed(asked, msg("yes"), code="bucket-policy"))
    return None


async def _refusal(
    context: Context, bucket: Bucket, before: Policy | None, switches: Mapping[str, bool] | None
) -> Problem | None:
    """Put the policy; return why the storage refuses it, None where it does not."""
    put = partial(bucket.put_policy, opening_policy(bucket.name, before))
    try:
        if switches and blocking(switches):
            await asyncio.to_thread(bucket.put_public_access_block, unblocked(switches))
        await asyncio.to_thread(put)
    except Problem as problem:
        blocks = context.service.public_access_block
        if problem.code == "public-access-blocked" or (blocks and problem.code == "right-missing"):
            # Where the bucket's own cannot be seen, nobody knows which of the two it is.
            if switches is None:
                raise
            await _wait_for_account(context, put, account_blocks(context.settings, problem))
            return None
        return unless_it_passes(problem)
    return None


async def _wait_for_account(context: Context, put: Callable[[], None], blocked: Problem) -> None:
    """Wait until the account lets the policy be set, and set it. Raises `blocked` else."""
    advice = context.service.advice("public", context.settings)
    asked, code = msg("Does the storage accept the bucket policy?"), "bucket-policy-accepted"
    accepted = await wait_for_console(
        context,
        asked,
        sentences(blocked.what, blocked.why, advice),
        waiting=msg("Waiting until the storage accepts the bucket policy"),
        code=code,
        look=partial(succeeds, put),
    )
    if not accepted:
        raise blocked
    context.report(passed(asked, msg("yes"), code=code))


def unless_it_passes(problem: Problem) -> Problem:
    """Return a refusal that stays one; raise it where the storage is only busy or down."""
    if will_pass(problem):
        raise problem
    return problem


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


async def what_lies_there(context: Context, bucket: Bucket) -> Exposure:
    """Return what the public will read at once. Raises `Problem` where it must not."""
    lies_there = await asyncio.to_thread(exposure, bucket, public_files(context.journal))
    if lies_there.private:
        raise _private_files(bucket.name, lies_there.private)
    return lies_there


async def _ask_to_open(context: Context, bucket: Bucket, policy: Policy) -> None:
    lies_there = await what_lies_there(context, bucket)
    text = msg(
        "The bucket gets the policy of the plan, which lets everybody read images/* and static/*."
    )
    if not is_policy_planned(context):
        text = msg(
            "The bucket gets this policy, which lets everybody read images/* and static/*:"
            "\n{policy}",
            policy=as_text(policy),
        )
    if context.service.kind is ServiceKind.OTHER:
        named = msg(
            "At a few services, such as Scaleway, a policy shuts out every key that it does not "
            "name, including yours. If {endpoint} leads to such a service, leave the bucket "
            "closed and choose the service by its name.",
            endpoint=context.settings.endpoint_host,
        )
        text = msg("{policy}\n{objects}", policy=text, objects=named)
    if lies_there.count:
        text = msg("{policy}\n{objects}", policy=text, objects=lies_there.words)
    why = msg(
        "The policy that would let the public read was declined, and the files' own ACLs have"
        " no effect."
    )
    question = Question(text=text, yes=msg("Set this policy"), no=msg("Leave the bucket closed"))
    await context.agree(question, stays_closed(context, why, code="policy-declined"))


def stays_closed(context: Context, why: Message, *, code: str) -> Problem:
    """Return the `Problem` of a way in that was declined."""
    return Problem(
        msg("The bucket stays closed to the public."),
        why,
        Remedy(msg("Use another bucket."), Action.EDIT_PROVIDER),
        context.service.advice("public", context.settings),
        decision=True,
        code=code,
    )


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
        context.service.advice("public", context.settings),
        decision=True,
        code="public-access-blocked",
    )
    question = Question(text=text, yes=msg("Turn them off"), no=msg("Leave them on"))
    await context.agree(question, refused)


async def still_closed(context: Context, bucket: Bucket) -> Problem | None:
    """Return what keeps the public out, after what should have let it in; None for nothing.

    Raises `Problem` where the bucket is open and the public address is wrong, or where our own
    keys are locked out.
    """
    canaries = Canaries(bucket, context.journal)
    try:
        for prefix in PREFIXES:
            check = await public_read_check(context, canaries, prefix)
            if check.verdict is not Verdict.FAIL or check.problem is None:
                continue
            if await _is_open_at_endpoint(context, canaries, prefix):
                raise check.problem
            return check.problem
        await asyncio.to_thread(bucket.ask)
    finally:
        await asyncio.to_thread(canaries.try_to_remove)
    return None


async def _is_open_at_endpoint(context: Context, canaries: Canaries, prefix: str) -> bool:
    canary = await asyncio.to_thread(canaries.put, prefix, context.settings.acl)
    return is_answer(canary, await fetch(f"{canaries.bucket.place}/{canary.key}"))


def _put_back(bucket: Bucket, before: Policy | None, switches: Mapping[str, bool]) -> None:
    bucket.put_policy(before)
    if blocking(switches):
        bucket.put_public_access_block(switches)


async def listing_check(bucket: Bucket) -> Check:
    """Check that the public cannot list the bucket, at the endpoint and beside it."""
    asked, code = msg("Is the list of files hidden from the public?"), "list-hidden"
    base = bucket.settings.public_base
    for url in (f"{bucket.place}?list-type=2&max-keys=1", f"{base}/?list-type=2"):
        seen = await fetch(url)
        if _is_listing(seen):
            return failed(asked, listable(bucket.settings, url), code=code)
    return passed(asked, msg("yes"), code=code)


def _is_listing(seen: VisitorResponse) -> bool:
    """Tell whether an answer lists a bucket: S3's, or that of Swift's own API.

    Swift's is text, JSON or XML of its own, "204 No Content" where the bucket is empty, and has
    this header in any case (OpenStack's API reference, "Show container details and list objects").
    """
    if "x-container-object-count" in seen.headers:
        return True
    return seen.ok and "<ListBucketResult" in seen.text


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
