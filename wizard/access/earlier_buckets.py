"""The buckets that bw-s3 let the public read: what was changed for it, and closing them again.

Remembered bucket by bucket, so that one which is open still is not forgotten
when another one is chosen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from wizard.access.policy import SID, blocking, closing_policy
from wizard.core.events import Check, passed, remark
from wizard.core.plan import PlanItem, Sentence
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.instance.checkout import is_true
from wizard.journal.entries import flag_entry, json_entry
from wizard.step import Context, Question
from wizard.storage.bucket import Bucket


@dataclass(frozen=True, slots=True)
class OpenedBucket:
    """How a bucket was before we opened it: its region, and Amazon's Block Public Access."""

    region: str
    switches: Mapping[str, bool]


# Of each bucket by its place: that we opened it, and that the site ever ran with it.
_OPENED = json_entry("configure_provider.policy-before", lambda data: OpenedBucket(**data), asdict)
_USED = flag_entry("restart.used")


def note_opened(context: Context, switches: Mapping[str, bool]) -> None:
    """Remember, before it is done, that we open this bucket; `switches` as they were."""
    if not was_opened(context):
        opened = OpenedBucket(context.settings.region, dict(switches))
        context.journal.remember(_OPENED.of(_place(context.settings)), opened)


def note_closed(context: Context, settings: Settings) -> None:
    """Note that our policy is not on this bucket any more."""
    context.journal.forget(_OPENED.of(_place(settings)))


def note_used(context: Context) -> None:
    """Note that the site runs with this bucket: pages point to it from now on."""
    context.journal.remember(_USED.of(_place(context.settings)), True)


def is_used(context: Context) -> bool:
    """Tell whether the site ever ran with the bucket of these settings."""
    return context.journal.remembers(_USED.of(_place(context.settings)))


def was_opened(context: Context) -> bool:
    """Tell whether we opened the bucket of these settings."""
    return context.journal.remembers(_OPENED.of(_place(context.settings)))


def close_again(context: Context, settings: Settings) -> bool:
    """Take our statement out of a bucket's policy, where we put it in. Raises `Problem`."""
    opened = context.journal.recall(_OPENED.of(_place(settings)))
    if opened is None:
        return False
    bucket = Bucket(settings, context.keys)
    if bucket.exists():
        current = bucket.get_policy()
        closed = closing_policy(current)
        if closed != current:
            bucket.put_policy(closed)
        if blocking(opened.switches):
            bucket.put_public_access_block(opened.switches)
    note_closed(context, settings)
    return True


def earlier_plan(context: Context) -> list[PlanItem]:
    """Return what the plan says of other buckets that we opened."""
    text = "The bucket {}, which bw-s3 opened to strangers before, is open still; {}."
    ends = {True: "it stays so, since pages may point to it", False: "you are asked about it"}
    return [
        Sentence(text.format(earlier.bucket, ends[bool(_why_open(context, earlier))]), warning=True)
        for earlier in _earlier(context)
    ]


async def settle_earlier(context: Context) -> None:
    """Offer to close the buckets that were opened before another was chosen, or say why not.

    To be called before `.env` names the new one.
    """
    for earlier in _earlier(context):
        context.report(await _settle(context, earlier))


async def _settle(context: Context, earlier: Settings) -> Check:
    asked = f"Is the bucket of before, {earlier.bucket}, closed to strangers again?"
    by_hand = f"To close it, take the statement {SID} out of its policy at {earlier.endpoint_host}"
    if why := _why_open(context, earlier):
        return remark(asked, f"no: {why}. {by_hand}")
    text = (
        f"Before, bw-s3 let strangers read the bucket {earlier.bucket}. You have chosen another"
        " one, and the site never used that. Close it to strangers again?"
    )
    if not await context.ask(Question(text=text, yes="Close it", no="Leave it open")):
        return remark(asked, f"no, you left it open. {by_hand}")
    try:
        await asyncio.to_thread(close_again, context, earlier)
    except Problem as problem:
        return remark(asked, f"no: {problem.what} {by_hand}")
    return passed(asked, "yes")


def _why_open(context: Context, earlier: Settings) -> str:
    """Return why a bucket is not to be closed from here, "" where it is."""
    env = context.instance.env_file()
    armed = is_true(env.get("USE_S3")) and env.get("AWS_STORAGE_BUCKET_NAME") == earlier.bucket
    if armed:
        # Whatever restarted the services in the meantime has switched the site to it.
        context.journal.remember(_USED.of(_place(earlier)), True)
    if context.journal.remembers(_USED.of(_place(earlier))):
        return "the site uses it or did, and pages here and elsewhere may still point to it"
    if earlier.endpoint != context.settings.endpoint:
        return "it is at another service, whose keys bw-s3 does not have any more"
    return ""


def _earlier(context: Context) -> Iterator[Settings]:
    """Yield the other buckets that we opened, as settings that lead there."""
    for place, opened in context.journal.recall_all(_OPENED).items():
        if place != _place(context.settings):
            endpoint, _, bucket = place.rpartition("/")
            yield replace(context.settings, endpoint=endpoint, bucket=bucket, region=opened.region)


def _place(settings: Settings) -> str:
    return f"{settings.endpoint}/{settings.bucket}"
