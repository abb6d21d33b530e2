"""Step 2: copy what the public may see of the media into the bucket."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence

from wizard.access.probe import require_keys
from wizard.access.public_address import other_bytes
from wizard.copying.object_headers import CACHE_CONTROL, content_type
from wizard.copying.outside_links import media_of
from wizard.copying.settle_public import (
    MOST_NAMED,
    about_public,
    copied_beyond_the_list,
    settle_public,
)
from wizard.copying.upload import (
    Comparison,
    CopyOutcome,
    compare_media,
    copy_media,
    count_media,
)
from wizard.core.events import Check, Note, failed, later, passed, remark
from wizard.core.message import msg
from wizard.core.plan import Plan, PlanItem, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import count, describe_size, name_some
from wizard.core.settings import MigrationPath
from wizard.core.states import ResultState
from wizard.media.public import HeldBack
from wizard.media.source import PREFIX
from wizard.step import ALWAYS, Applicability, Applies, Context, Fact, Finding, TypedStep
from wizard.storage.bucket import Bucket
from wizard.web.browser import Onlooker
from wizard.web.page import Kind, PageFile
from wizard.web.visitor import MOST_BYTES, VisitorResponse, address

_SAMPLES = 3


class CopyMedia(TypedStep[CopyOutcome]):
    """Copies every public media file, and compares both sides key by key."""

    name = "copy_media"
    title = "Copy media"
    purpose = (
        "Every cover and avatar goes to the bucket; the originals stay where they are, "
        "and your instance keeps using them."
    )

    def applies(self, context: Context) -> Applicability:
        """Apply only where there can be media: not on a new instance."""
        if context.settings.path == MigrationPath.FRESH:
            return Applicability(Applies.NO, "A new instance has no media yet.")
        return ALWAYS

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return where to copy, and how the public reaches it."""
        settings = context.settings
        return {
            "endpoint": settings.endpoint,
            "bucket": settings.bucket,
            "custom_domain": settings.custom_domain,
            "acl": settings.acl,
        }

    async def inspect(self, context: Context) -> Finding:
        """Count what is here; where something was verified, ask the bucket if it is still so."""
        media = await media_of(context)
        verified, size = context.journal.verified_count(context.settings.destination)
        if not verified:
            found = await count_media(context, media)
            return Finding(not found.files, _facts(context, media.label, found.files, found.size))
        compared = await compare_media(context, media)
        facts = (
            *_facts(context, media.label, compared.files, compared.size),
            Fact("proven", f"{verified:,} files, {describe_size(size)}"),
            *_new(compared),
        )
        gone = _gone(compared, verified)
        if not gone and compared.new and _is_switched(context):
            gone = _left_on_disk(compared.new)
        readable = compared.unreadable <= compared.harmless
        return Finding(readable and not gone, facts, gone)

    async def plan(self, context: Context) -> Plan:
        """Return how many files, what is sent with each, and what is held back."""
        media = await media_of(context)
        found = await count_media(context, media)
        settings = context.settings
        items: list[PlanItem] = [
            Sentence(
                f"To be copied: {count(found.files, 'file')}, {describe_size(found.size)}, from "
                f"{media.label} to s3://{settings.bucket or 'BUCKET'}/{PREFIX}"
            ),
            Sentence(_headers(settings.acl)),
        ]
        items += [
            _held_back(kind, *found.held_back[kind])
            for kind in HeldBack
            if kind in found.held_back and kind is not HeldBack.OUTSIDE
        ]
        out_of_the_ordinary = await about_public(context, media, found)
        items += [Sentence(text, warning=True) for text in out_of_the_ordinary]
        if found.failures:
            which = count(found.failures, "file or folder", "files or folders")
            text = f"{which} cannot be read as they are now; they are named after the copy."
            items.append(Sentence(text, warning=True))
        return Plan(tuple(items), _SAFE)

    async def apply(self, context: Context) -> CopyOutcome:
        """Copy what is not verified. Raises `Problem` where a file is not accounted for."""
        context.settings.require("endpoint", "bucket")
        require_keys(context)
        await settle_public(context)
        outcome = await copy_media(context, await media_of(context))
        context.report(Note(_summary(outcome)))
        if outcome.failed:
            raise not_copied(outcome)
        if outcome.conflicting:
            raise conflicting_keys(outcome)
        return outcome

    async def verify(self, context: Context, found: CopyOutcome) -> Sequence[Check]:
        """Look at how both sets compared at the copy's end, and read some files as a visitor."""
        media = await media_of(context)
        compared = found.comparison or await compare_media(context, media)
        checks = [_same(compared)]
        context.report(checks[0])
        beyond = copied_beyond_the_list(context.journal)
        for check in (*_remarks(compared), *beyond, *await _with_controls(context, compared)):
            context.report(check)
            checks.append(check)
        for check in await _as_visitor(context, compared):
            context.report(check)
            checks.append(check)
        return checks


_SAFE = (
    "The originals stay where they are. Nothing in the bucket is overwritten that bw-s3 did not "
    "put there. You may stop at any time: what is proven is not sent again."
)


def conflicting_keys(outcome: CopyOutcome) -> Problem:
    """Return the `Problem` of keys that hold something else: only a person may decide."""
    names = "\n".join(outcome.conflicts[:MOST_NAMED])
    return Problem(
        f"{count(outcome.conflicting, 'key in the bucket holds', 'keys in the bucket hold')} "
        "other bytes than your media.",
        "Something else wrote them: bw-s3 never overwrites what it did not put there.",
        "Look at them. Where yours are right, delete the object in the bucket, then start again.",
        "Or use an empty bucket.",
        raw=names,
        decision=True,
    )


def _facts(context: Context, source: str, files: int, size: int) -> tuple[Fact, ...]:
    return (
        Fact("from", f"{source}  {count(files, 'file')}  {describe_size(size)}"),
        Fact("to", f"s3://{context.settings.bucket}/{PREFIX}"),
    )


def _new(compared: Comparison) -> tuple[Fact, ...]:
    """Say how many files came since: they are copied after the switch, not before."""
    if not compared.new:
        return ()
    return (Fact("new since", f"{count(compared.new, 'file')}; copied after the switch"),)


def _is_switched(context: Context) -> bool:
    result = context.journal.result("restart")
    return result is not None and result.state is ResultState.DONE


def _left_on_disk(number: int) -> str:
    return (
        f"{count(number, 'file was', 'files were')} written to this server's disk after the site"
        " was switched: perhaps by a worker that was not restarted"
    )


def _gone(compared: Comparison, verified: int) -> str:
    """Say what is no longer as it was verified; new files are none of that."""
    if not compared.lost:
        return ""
    if not compared.same and verified:
        return "nothing of what was proven is in the bucket any more"
    return (
        f"{count(compared.lost, 'file that was', 'files that were')} proven"
        f" {'is' if compared.lost == 1 else 'are'} missing in the bucket or other than proven"
    )


def _headers(acl: str) -> str:
    sent = f"Each gets its Content-Type by its name (such as {content_type('cover.jpg')})"
    access = f", Cache-Control: {CACHE_CONTROL} and the ACL {acl}." if acl else ""
    return sent + (access or f" and Cache-Control: {CACHE_CONTROL}; no ACL is sent.")


def _held_back(kind: HeldBack, number: int, size: int) -> Sentence:
    return Sentence(
        msg(
            "Held back, never uploaded: {kind}: {number}, {size}.",
            kind=kind.words,
            number=number,
            size=describe_size(size),
        )
    )


def _summary(outcome: CopyOutcome) -> str:
    return (
        f"{count(outcome.sent, 'file')} sent ({describe_size(outcome.sent_bytes)}); "
        f"there already: {outcome.already:,}."
    )


def not_copied(outcome: CopyOutcome) -> Problem:
    """Return the `Problem` of files and folders not accounted for, each with its reason."""
    shown = [f for f in outcome.failures if not f.harmless][:MOST_NAMED]
    lines: list[str] = [failure.line for failure in shown]
    if outcome.failed > len(shown):
        lines.append(f"… and {outcome.failed - len(shown):,} more")
    return Problem(
        _what_failed(outcome),
        "The reason stands with each; all the others are copied and proven.",
        Remedy("Mend what can be mended, then try just these again.", Action.RETRY),
        *_remedies_for_folders(outcome),
        raw="\n".join(lines),
    )


def _what_failed(outcome: CopyOutcome) -> str:
    folders = outcome.failed_folders
    files = outcome.failed - folders
    parts = [f"{files:,} of {count(outcome.total, 'file')} could not be copied"] if files else []
    parts += [f"{count(folders, 'folder')} could not be opened"] if folders else []
    return ", and ".join(parts) + "."


def _remedies_for_folders(outcome: CopyOutcome) -> tuple[str, ...]:
    if not outcome.failed_folders:
        return ()
    return (
        "Nothing in a folder that could not be opened is copied: run bw-s3 as the user that "
        "BookWyrm runs as, or with sudo.",
    )


def _same(compared: Comparison) -> Check:
    asked = "Is every public file in the bucket, with the same size and MD5?"
    if compared.complete:
        where = f"; line by line in {compared.file}" if compared.file else ""
        return passed(
            asked,
            f"yes: {count(compared.same, 'file')}, {describe_size(compared.same_bytes)}{where}",
        )
    lines = [
        f"{sign} {name}" for sign in "-*!" for name in compared.examples.get(sign, [])[:MOST_NAMED]
    ]
    return failed(
        asked,
        Problem(
            f"Missing in the bucket: {count(compared.only_here, 'file')}; different there: "
            f"{compared.different:,}; not readable here: "
            f"{compared.unreadable - compared.harmless:,}.",
            "Something changed files or objects since they were copied, or the files may not be "
            "read here; they are listed beneath (- missing, * different, ! not readable).",
            Remedy("Copy again: only these are sent.", Action.RETRY),
            raw="\n".join(lines),
        ),
    )


def _remarks(compared: Comparison) -> list[Check]:
    found = []
    if compared.only_there:
        asked = "Is there anything in the bucket that is not among your media?"
        found.append(remark(asked, f"{count(compared.only_there, 'object')}; left alone"))
    if compared.left_out:
        asked = "What was left out since no page can show it?"
        which = name_some(compared.left_out, MOST_NAMED, number=compared.harmless)
        found.append(remark(asked, f"{count(compared.harmless, 'file')}: {which}"))
    if compared.held_back:
        kinds = "; ".join(
            f"{kind.words}: {compared.held_back[kind][0]:,}"
            for kind in HeldBack
            if kind in compared.held_back
        )
        if compared.outside:
            number = compared.held_back[HeldBack.OUTSIDE][0]
            kinds += f" ({name_some(compared.outside, MOST_NAMED, number=number)})"
        found.append(remark("What was held back?", kinds))
    if compared.published:
        asked = "Did anything that links out of the media folder get into the bucket before?"
        names = name_some(compared.published, MOST_NAMED)
        found.append(remark(asked, f"look at these, and delete what is not public: {names}"))
    return found


async def _as_visitor(context: Context, compared: Comparison) -> list[Check]:
    """Read some files through the custom domain, without credentials."""
    if not compared.samples:
        return []
    if not context.settings.custom_domain:
        return [later("Can a stranger read the files?", "once the custom domain is known")]
    chosen = random.sample(compared.samples, min(_SAMPLES, len(compared.samples)))
    bucket = await asyncio.to_thread(Bucket, context.settings, context.keys)
    return [await _read_as_visitor(context, bucket, PREFIX + path) for path in chosen]


async def _with_controls(context: Context, compared: Comparison) -> list[Check]:
    """Say which names with a line break strangers cannot read: a policy may not match them."""
    if not (compared.with_controls and context.settings.custom_domain):
        return []
    browser = Onlooker(origin=context.instance.origins[0])
    urls = [address(context.settings, PREFIX + path) for path in compared.with_controls]
    refused = [
        url for url in urls if not (await browser.load(PageFile(kind=Kind.IMAGE, url=url))).ok
    ]
    asked = "Can a stranger read files with a line break in their names?"
    if not refused:
        return [passed(asked, count(len(urls), "file"))]
    words = "no; this service's policy does not match such names, and BookWyrm makes none"
    return [remark(asked, f"{words}: {', '.join(refused[:3])}")]


async def _read_as_visitor(context: Context, bucket: Bucket, key: str) -> Check:
    """Load one file as a page of the site does, and compare it with what is in the bucket."""
    file = PageFile(kind=Kind.IMAGE, url=address(context.settings, key))
    asked = f"Can a stranger read {file.url}?"
    browser = Onlooker(origin=context.instance.origins[0])
    seen = await browser.load(file)
    problem = browser.obstacle(file, seen)
    stored = b"" if problem else await asyncio.to_thread(bucket.get, key)
    if problem is None and len(stored) <= MOST_BYTES:
        problem = await other_bytes(context, bucket, seen, key=key, stored=stored)
    return failed(asked, problem) if problem else passed(asked, _description(seen, stored))


def _description(seen: VisitorResponse, stored: bytes) -> str:
    changed = "" if stored.startswith(seen.body_start) else ", with changes that you accepted"
    return f"yes, as {seen.headers.get('content-type', 'a file without a type')}{changed}"
