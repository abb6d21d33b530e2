"""The buckets that bw-s3 let the public read: what was changed for it, and closing them again.

Remembered bucket by bucket, so that one which is open still is not forgotten
when another one is chosen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from wizard.access.bucket_acl import lets_everybody_read, put_acl_back
from wizard.access.policy import SID, blocking, closing_policy, is_opened
from wizard.core.events import Check, passed, remark
from wizard.core.message import NOTHING, Message, msg
from wizard.core.plan import PlanItem, Sentence
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.instance.checkout import is_true
from wizard.journal.entries import flag_entry, json_entry
from wizard.step import Context, Question
from wizard.storage.bucket import Bucket, BucketAcl


@dataclass(frozen=True, slots=True)
class OpenedBucket:
    """How a bucket was before we opened it: its region, and Amazon's Block Public Access.

    `acl` is the bucket's own ACL, where that was changed; None where a policy opened it.
    """

    region: str
    switches: Mapping[str, bool]
    acl: BucketAcl | None = None


# Of each bucket by its place: that we opened it, and that the site ever ran with it.
_OPENED = json_entry("configure_provider.policy-before", lambda data: OpenedBucket(**data), asdict)
_USED = flag_entry("restart.used")
# Of the check whether an earlier bucket is closed.
_CLOSED = "earlier-bucket-closed"


def note_opened(
    context: Context, switches: Mapping[str, bool], acl: BucketAcl | None = None
) -> None:
    """Remember, before it is done, that we open this bucket; `switches` and `acl` as they were.

    Where it was opened before, what it was then counts.
    """
    entry = _OPENED.of(context.settings.bucket_place)
    opened = context.journal.recall(entry)
    if opened is None:
        opened = OpenedBucket(context.settings.region, dict(switches), acl)
    elif opened.acl is None:
        opened = replace(opened, acl=acl)
    context.journal.remember(entry, opened)


def note_closed(context: Context, settings: Settings) -> None:
    """Note that what opened this bucket is not in force any more."""
    context.journal.forget(_OPENED.of(settings.bucket_place))


def note_used(context: Context) -> None:
    """Note that the site runs with this bucket: pages point to it from now on."""
    context.journal.remember(_USED.of(context.settings.bucket_place), True)


def is_used(context: Context) -> bool:
    """Tell whether the site ever ran with the bucket of these settings."""
    return context.journal.remembers(_USED.of(context.settings.bucket_place))


def was_opened(context: Context) -> bool:
    """Tell whether we opened the bucket of these settings."""
    return context.journal.remembers(_OPENED.of(context.settings.bucket_place))


def lost_opening(context: Context, bucket: Bucket) -> Message:
    """Say what we opened this bucket with and is no longer in force, "" where nothing is gone."""
    opened = context.journal.recall(_OPENED.of(context.settings.bucket_place))
    if opened is None:
        return NOTHING
    if opened.acl is not None:
        gone = not lets_everybody_read(bucket.get_acl())
        return (
            msg("the bucket no longer has the ACL that lets the public read") if gone else NOTHING
        )
    if is_opened(bucket.name, bucket.get_policy()):
        return NOTHING
    return msg("the bucket policy that lets the public read is gone")


def close_again(context: Context, settings: Settings) -> bool:
    """Put a bucket's policy and ACL back, where we changed them. Raises `Problem`."""
    opened = context.journal.recall(_OPENED.of(settings.bucket_place))
    if opened is None:
        return False
    bucket = Bucket(settings, context.keys)
    if bucket.exists():
        if opened.acl is not None:
            put_acl_back(bucket, opened.acl)
        else:
            _close_policy(bucket, opened.switches)
    note_closed(context, settings)
    return True


def _close_policy(bucket: Bucket, switches: Mapping[str, bool]) -> None:
    current = bucket.get_policy()
    closed = closing_policy(current)
    if closed != current:
        bucket.put_policy(closed)
    if blocking(switches):
        bucket.put_public_access_block(switches)


def earlier_plan(context: Context) -> list[PlanItem]:
    """Return what the plan says of other buckets that we opened."""
    return [_said_of(context, earlier) for earlier in _earlier(context)]


def _said_of(context: Context, earlier: Settings) -> Sentence:
    if _why_open(context, earlier):
        text = msg(
            "The bucket {bucket}, which bw-s3 opened to the public before, is still open; it stays"
            " open, since pages may point to it.",
            bucket=earlier.bucket,
        )
    else:
        text = msg(
            "The bucket {bucket}, which bw-s3 opened to the public before, is still open; you will"
            " be asked whether to close it.",
            bucket=earlier.bucket,
        )
    return Sentence(text, warning=True)


async def settle_earlier(context: Context) -> None:
    """Offer to close the buckets that were opened before another was chosen, or say why not.

    To be called before `.env` names the new one.
    """
    for earlier in _earlier(context):
        context.report(await _settle(context, earlier))


def _by_hand(context: Context, earlier: Settings) -> Message:
    """Say how a bucket is closed in its service's console."""
    opened = context.journal.recall(_OPENED.of(earlier.bucket_place))
    endpoint = earlier.endpoint_host
    if opened is not None and opened.acl is not None:
        return msg("To close it, make it private at {endpoint}", endpoint=endpoint)
    return msg(
        "To close it, take the statement {statement} out of its policy at {endpoint}",
        statement=SID,
        endpoint=endpoint,
    )


async def _settle(context: Context, earlier: Settings) -> Check:
    asked = msg("Is the earlier bucket {bucket} closed to the public again?", bucket=earlier.bucket)
    by_hand = _by_hand(context, earlier)
    if why := _why_open(context, earlier):
        return remark(asked, msg("no: {why}. {by_hand}", why=why, by_hand=by_hand), code=_CLOSED)
    text = msg(
        "Before, bw-s3 let the public read the bucket {bucket}. You have chosen another one, and"
        " the site never used that. Close it to the public again?",
        bucket=earlier.bucket,
    )
    if not await context.ask(Question(text=text, yes=msg("Close it"), no=msg("Leave it open"))):
        seen = msg("no, you left it open. {by_hand}", by_hand=by_hand)
        return remark(asked, seen, code=_CLOSED)
    try:
        await asyncio.to_thread(close_again, context, earlier)
    except Problem as problem:
        seen = msg("no: {what} {by_hand}", what=problem.what, by_hand=by_hand)
        return remark(asked, seen, code=_CLOSED)
    return passed(asked, msg("yes"), code=_CLOSED)


def _why_open(context: Context, earlier: Settings) -> Message | None:
    """Return why a bucket is not to be closed from here, None where it is."""
    env = context.instance.env_file()
    armed = is_true(env.get("USE_S3")) and env.get("AWS_STORAGE_BUCKET_NAME") == earlier.bucket
    if armed:
        # Whatever restarted the services in the meantime has switched the site to it.
        context.journal.remember(_USED.of(earlier.bucket_place), True)
    if context.journal.remembers(_USED.of(earlier.bucket_place)):
        # Translators: follows "no: ", as the reason why a bucket is still open to the public.
        return msg("the site uses it or did, and pages here and elsewhere may still point to it")
    if earlier.endpoint != context.settings.endpoint:
        return msg("it is at another service, whose keys bw-s3 does not have any more")
    return None


def _earlier(context: Context) -> Iterator[Settings]:
    """Yield the other buckets that we opened, as settings that lead there."""
    for place, opened in context.journal.recall_all(_OPENED).items():
        if place != context.settings.bucket_place:
            endpoint, _, bucket = place.rpartition("/")
            yield replace(context.settings, endpoint=endpoint, bucket=bucket, region=opened.region)
