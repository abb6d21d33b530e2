"""Step 2: copy what the public may see of the media into the bucket."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wizard.access.probe import require_keys
from wizard.access.public_address import other_bytes
from wizard.copying.misplaced import (
    about_misplaced,
    ask_again_about_misplaced,
    check_misplaced,
    settle_misplaced,
)
from wizard.copying.object_headers import CACHE_CONTROL, content_type
from wizard.copying.outcome import describe_link
from wizard.copying.outside_links import links_never_asked
from wizard.copying.settle_public import (
    MOST_NAMED,
    about_public,
    copied_beyond_the_list,
    settle_public,
)
from wizard.copying.sources import copies_nothing, media_of
from wizard.copying.upload import (
    Comparison,
    CopyOutcome,
    compare_media,
    copy_media,
    count_media,
)
from wizard.core.events import Check, Note, failed, later, passed, remark
from wizard.core.message import NOTHING, Message, msg, plural, sentences, separated
from wizard.core.plan import Plan, PlanItem, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import count_files, describe_size, name_some
from wizard.core.settings import MigrationPath
from wizard.core.states import ResultState
from wizard.journal.public_files import never_asked
from wizard.media.public import HeldBack
from wizard.media.source import PREFIX, Media
from wizard.step import ALWAYS, Applicability, Applies, Context, Fact, Finding, TypedStep
from wizard.storage.bucket import Bucket
from wizard.web.browser import Onlooker
from wizard.web.page import Kind, PageFile
from wizard.web.visitor import MOST_BYTES, VisitorResponse, address

_SAMPLES = 3
_PUBLIC_READ = "media-readable"
_LINE_BREAKS = "line-breaks-in-names"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared(Finding):
    """What was seen, with both sides compared."""

    compared: Comparison


class CopyMedia(TypedStep[CopyOutcome]):
    """Copies every public media file, and compares both sides key by key."""

    name = "copy_media"
    title = msg("Copy media")
    purpose = msg(
        "Copies every cover and avatar to the bucket; the originals stay where they are, and "
        "your instance keeps using them until the restart."
    )

    def applies(self, context: Context) -> Applicability:
        """Apply only where there can be media: not on a new instance."""
        if context.settings.path == MigrationPath.FRESH:
            return Applicability(Applies.NO, msg("A fresh install has no media yet."))
        if copies_nothing(context):
            reason = msg("Only the public address changes: the files stay in their bucket.")
            return Applicability(Applies.NO, reason)
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
        media = await media_of(context, as_verified=True)
        verified, _ = context.journal.verified_count(context.settings.destination)
        if not verified:
            found = await count_media(context, media)
            return Finding(not found.files, _facts(context, media.label, found.files, found.size))
        compared, is_copied = await compare_media(context, media), self._is_copied(context)
        facts = (
            *_facts(context, media.label, compared.files, compared.size),
            *_verified(compared),
            *(_new(compared) if is_copied else ()),
        )
        gone = _gone(compared, verified)
        if not gone and compared.new and _is_switched(context):
            gone = _left_on_disk(compared.new)
        if is_copied:
            gone = gone or _never_asked(context, media, compared)
        readable = compared.unreadable <= compared.harmless
        complete = readable and (is_copied or not compared.new)
        return _Compared(complete and not gone, facts, gone, compared=compared)

    async def plan(self, context: Context) -> Plan:
        """Return how many files, what is sent with each, and what is held back."""
        media = await media_of(context)
        found = await count_media(context, media)
        settings = context.settings
        items: list[PlanItem] = [
            Sentence(
                msg(
                    "To be copied: {files}, {size}, from {source} to {target}",
                    files=count_files(found.files),
                    size=describe_size(found.size),
                    source=media.label,
                    target=f"s3://{settings.bucket or 'BUCKET'}/{PREFIX}",
                )
            ),
            Sentence(_headers(settings.acl)),
            *_about_moving(context),
        ]
        items += [
            _held_back(kind, *found.held_back[kind])
            for kind in HeldBack
            if kind in found.held_back and kind is not HeldBack.OUTSIDE
        ]
        out_of_the_ordinary = await about_public(context, media, found)
        out_of_the_ordinary = [*out_of_the_ordinary, *await about_misplaced(context)]
        items += [Sentence(text, warning=True) for text in out_of_the_ordinary]
        if found.failures:
            text = plural(
                "{n} file or folder cannot be read as it is now; it will be listed after the copy.",
                "{n} files or folders cannot be read as they are now; they will be listed after "
                "the copy.",
                found.failures,
            )
            items.append(Sentence(text, warning=True))
        return Plan(tuple(items), _SAFE if context.old_storage is None else _SAFE_MOVING)

    async def plan_after(self, context: Context, finding: Finding) -> Plan:
        """Return the same, with how much of it is there already."""
        plan = await self.plan(context)
        if not isinstance(finding, _Compared) or not finding.compared.same:
            return plan
        there = plural(
            "{n} of them is verified already and is not sent again.",
            "{n} of them are verified already and are not sent again.",
            finding.compared.same,
        )
        to_copy, *others = plan.items
        return replace(plan, items=(to_copy, Sentence(there), *others))

    async def apply(self, context: Context) -> CopyOutcome:
        """Copy what is not verified. Raises `Problem` where a file is not accounted for."""
        context.settings.require("endpoint", "bucket")
        require_keys(context)
        await settle_misplaced(context)
        await settle_public(context)
        outcome = await copy_media(context, await media_of(context))
        context.report(Note(_summary(outcome)))
        if outcome.failed:
            raise not_copied(outcome)
        if outcome.misplaced_conflicting:
            ask_again_about_misplaced(context)
            raise _misplaced_conflicts(outcome)
        if outcome.conflicting:
            raise conflicting_keys(outcome)
        return outcome

    async def verify(self, context: Context, found: CopyOutcome) -> Sequence[Check]:
        """Look at how both sets compared at the copy's end, and read some files as a visitor."""
        media = await media_of(context)
        compared = found.comparison or await compare_media(context, media)
        checks = [_same(compared)]
        context.report(checks[0])
        beyond = [*copied_beyond_the_list(context.journal), *await check_misplaced(context)]
        for check in (*_remarks(compared), *beyond, *await _with_controls(context, compared)):
            context.report(check)
            checks.append(check)
        for check in await _as_visitor(context, compared):
            context.report(check)
            checks.append(check)
        return checks

    def _is_copied(self, context: Context) -> bool:
        """Tell whether the copy there was finished: one that was interrupted copies what is left.

        So does one to a bucket that had the files of an earlier migration.
        """
        result = context.journal.result(self.name)
        if result is None or result.state is not ResultState.DONE:
            return False
        return dict(result.inputs) == dict(self.inputs(context))


def _about_moving(context: Context) -> Sequence[Sentence]:
    """Say where the files of a moving instance come from, and how."""
    old = context.old_storage
    if old is None:
        return ()
    both = msg(
        "Files that are only in the old bucket or only on this server's disk are all copied. "
        "Where both have a file of the same name, the one in the old bucket is copied: it is "
        "the one that visitors see."
    )
    if old.is_same_service(context.settings):
        how = msg(
            "Both buckets are at {host}, which copies the files itself if the new bucket's "
            "keys are allowed to read the old one; otherwise they pass through this machine.",
            host=old.endpoint_host,
        )
    else:
        how = msg(
            "The files pass through this machine, from {old} to {new}.",
            old=old.endpoint_host,
            new=context.settings.endpoint_host,
        )
    public = msg(
        "Each file of the old bucket is asked for without keys first: what the public cannot read "
        "there is held back."
    )
    return (Sentence(both), Sentence(how), Sentence(public))


_SAFE_MOVING = msg(
    "The old bucket stays as it is. bw-s3 overwrites nothing in the new one that it did not put "
    "there. You can stop at any time: what is verified is not sent again."
)


_SAFE = msg(
    "The originals stay where they are. bw-s3 overwrites nothing in the bucket that it did not "
    "put there. You can stop at any time: what is verified is not sent again."
)


def conflicting_keys(outcome: CopyOutcome) -> Problem:
    """Return the `Problem` of keys that hold something else: only a person may decide."""
    names = "\n".join(outcome.conflicts[:MOST_NAMED])
    return Problem(
        plural(
            "{n} object in the bucket differs from your media.",
            "{n} objects in the bucket differ from your media.",
            outcome.conflicting,
        ),
        msg("Something else wrote them: bw-s3 never overwrites what it did not put there."),
        msg(
            "Compare them. Where your file is the right one, delete the object in the bucket, "
            "then start again."
        ),
        msg("Or use an empty bucket."),
        raw=names,
        decision=True,
        code="keys-in-conflict",
    )


def _misplaced_conflicts(outcome: CopyOutcome) -> Problem:
    """Return the `Problem` of misplaced files that differ from those of their names."""
    return Problem(
        plural(
            "{n} misplaced file differs from the file of the same name below images/.",
            "{n} misplaced files differ from the files of the same names below images/.",
            outcome.misplaced_conflicting,
        ),
        msg("Both are in the bucket, so bw-s3 cannot tell which is right. It replaces neither."),
        msg(
            "Compare them, and delete in the bucket the one that is wrong. Then start again. Or "
            "leave the misplaced ones where they are: start again, and say no when asked."
        ),
        raw="\n".join(outcome.misplaced_conflicts[:MOST_NAMED]),
        decision=True,
        code="misplaced-files-differ",
    )


def _facts(context: Context, source: str, files: int, size: int) -> tuple[Fact, ...]:
    here = msg(
        "{source}  {files}  {size}",
        source=source,
        files=count_files(files),
        size=describe_size(size),
    )
    return (
        # Translators: the label of where files are copied from.
        Fact(msg("from"), here),
        # Translators: the label of where files are copied to.
        Fact(msg("to"), f"s3://{context.settings.bucket}/{PREFIX}"),
    )


def _verified(compared: Comparison) -> tuple[Fact, ...]:
    if not compared.same:
        return ()
    files, size = count_files(compared.same), describe_size(compared.same_bytes)
    return (Fact(msg("verified"), msg("{files}, {size}", files=files, size=size)),)


def _new(compared: Comparison) -> tuple[Fact, ...]:
    """Say how many files came since: they are copied after the switch, not before."""
    if not compared.new:
        return ()
    new = plural(
        "{n} file; copied after the switch", "{n} files; copied after the switch", compared.new
    )
    # Translators: the label of files that came since the copy.
    return (Fact(msg("new since"), new),)


def _is_switched(context: Context) -> bool:
    return context.journal.is_done("restart")


def _never_asked(context: Context, media: Media, compared: Comparison) -> Message:
    """Say what came since that the site may serve: after the switch it is late to ask."""
    if _is_switched(context) or context.old_storage is not None:
        return NOTHING
    kinds = never_asked(context.journal, compared.held_kinds)
    links = links_never_asked(context, media, compared.outside)
    new = [*map(str, kinds), *map(describe_link, links)]
    if not new:
        return NOTHING
    return msg(
        "your site has not been asked yet whether it serves {kinds}",
        kinds=name_some(new, MOST_NAMED),
    )


def _left_on_disk(number: int) -> Message:
    return plural(
        "{n} file was written to this server's disk after the site was switched: perhaps by a "
        "worker that was not restarted",
        "{n} files were written to this server's disk after the site was switched: perhaps by a "
        "worker that was not restarted",
        number,
    )


def _gone(compared: Comparison, verified: int) -> Message:
    """Say what is no longer as it was verified; new files are none of that."""
    if not compared.lost:
        return NOTHING
    if not compared.same and verified:
        return msg("none of the verified files are in the bucket any more")
    return plural(
        "{n} verified file is missing from the bucket or differs there",
        "{n} verified files are missing from the bucket or differ there",
        compared.lost,
    )


def _headers(acl: str) -> Message:
    example = content_type("cover.jpg")
    if acl:
        return msg(
            "Each gets a Content-Type based on its name (such as {type}), Cache-Control: "
            "{cache} and the ACL {acl}.",
            type=example,
            cache=CACHE_CONTROL,
            acl=acl,
        )
    return msg(
        "Each gets a Content-Type based on its name (such as {type}) and Cache-Control: "
        "{cache}; no ACL is sent.",
        type=example,
        cache=CACHE_CONTROL,
    )


def _held_back(kind: HeldBack, number: int, size: int) -> Sentence:
    return Sentence(
        plural(
            "{n} file is held back, never uploaded ({size}): {kind}.",
            "{n} files are held back, never uploaded ({size}): {kind}.",
            number,
            kind=kind.words,
            size=describe_size(size),
        )
    )


def _summary(outcome: CopyOutcome) -> Message:
    return plural(
        "{n} file sent ({size}); there already: {already}.",
        "{n} files sent ({size}); there already: {already}.",
        outcome.sent,
        size=describe_size(outcome.sent_bytes),
        already=outcome.already,
    )


def not_copied(outcome: CopyOutcome) -> Problem:
    """Return the `Problem` of files and folders not accounted for, each with its reason."""
    shown = [f for f in outcome.failures if not f.harmless][:MOST_NAMED]
    lines: list[str] = [failure.line for failure in shown]
    if outcome.failed > len(shown):
        lines.append(plural("… and {n} more", "… and {n} more", outcome.failed - len(shown)))
    return Problem(
        _what_failed(outcome),
        msg("The reason is given with each; all the others are copied and verified."),
        Remedy(msg("Fix what can be fixed, then try just these again."), Action.RETRY),
        *_remedies_for_folders(outcome),
        raw="\n".join(lines),
        code="files-not-copied",
    )


def _what_failed(outcome: CopyOutcome) -> Message:
    folders = outcome.failed_folders
    files = outcome.failed - folders
    not_copied = plural(
        "{n} of {total} could not be copied.",
        "{n} of {total} could not be copied.",
        files,
        total=count_files(outcome.total),
    )
    not_opened = plural(
        "{n} folder could not be opened.", "{n} folders could not be opened.", folders
    )
    return sentences(not_copied if files else NOTHING, not_opened if folders else NOTHING)


def _remedies_for_folders(outcome: CopyOutcome) -> tuple[Message, ...]:
    if not outcome.failed_folders:
        return ()
    return (
        msg(
            "Nothing in a folder that could not be opened is copied: run bw-s3 as the user that "
            "BookWyrm runs as, or with sudo."
        ),
    )


def _same(compared: Comparison) -> Check:
    asked = msg("Is every public file in the bucket, with the same size and MD5?")
    code = "media-complete"
    if compared.complete:
        return passed(asked, _all_the_same(compared), code=code)
    lines = [
        f"{sign} {name}" for sign in "-*!" for name in compared.examples.get(sign, [])[:MOST_NAMED]
    ]
    problem = Problem(
        msg(
            "Missing from the bucket: {missing}; different there: {different}; not readable "
            "here: {unreadable}.",
            missing=count_files(compared.only_here),
            different=compared.different,
            unreadable=compared.unreadable - compared.harmless,
        ),
        msg(
            "Something changed files or objects since they were copied, or the files cannot be "
            "read here; they are listed below (- missing, * different, ! not readable)."
        ),
        Remedy(msg("Copy again: only these are sent."), Action.RETRY),
        raw="\n".join(lines),
        code="media-differ",
    )
    return failed(asked, problem, code=code)


def _all_the_same(compared: Comparison) -> Message:
    files, size = count_files(compared.same), describe_size(compared.same_bytes)
    if not compared.file:
        return msg("yes: {files}, {size}", files=files, size=size)
    return msg(
        "yes: {files}, {size}; line by line in {list}",
        files=files,
        size=size,
        list=str(compared.file),
    )


def _remarks(compared: Comparison) -> list[Check]:
    found = []
    if compared.only_there:
        asked = msg("Is there anything in the bucket that is not among your media?")
        others = plural("{n} object; left alone", "{n} objects; left alone", compared.only_there)
        found.append(remark(asked, others, code="other-objects"))
    if compared.left_out:
        asked = msg("What was left out because no page can show it?")
        seen = msg(
            "{files}: {names}",
            files=count_files(compared.harmless),
            names=name_some(compared.left_out, MOST_NAMED, number=compared.harmless),
        )
        found.append(remark(asked, seen, code="media-left-out"))
    if compared.held_back:
        seen = _all_held_back(compared)
        found.append(remark(msg("What was held back?"), seen, code="media-held-back"))
    if compared.published:
        asked = msg("Were files from links out of the media folder copied to the bucket before?")
        seen = msg(
            "look at these, and delete what is not public: {names}",
            names=name_some(compared.published, MOST_NAMED),
        )
        found.append(remark(asked, seen, code="links-published"))
    return found


def _all_held_back(compared: Comparison) -> Message:
    """Return what was held back, by kind, and which links."""
    kinds = separated(
        [
            msg("{kind}: {number}", kind=kind.words, number=compared.held_back[kind][0])
            for kind in HeldBack
            if kind in compared.held_back
        ]
    )
    outside = [describe_link(link) for link in compared.outside]
    named = [(HeldBack.OUTSIDE, outside), (HeldBack.PRIVATE, compared.withheld)]
    number = sum(compared.held_back[kind][0] for kind, names in named if names)
    if not number:
        return kinds
    names = name_some([*outside, *compared.withheld], MOST_NAMED, number=number)
    return msg("{kinds} ({names})", kinds=kinds, names=names)


async def _as_visitor(context: Context, compared: Comparison) -> list[Check]:
    """Read some files through the custom domain, without credentials."""
    if not compared.samples:
        return []
    if not context.settings.custom_domain:
        asked, when = msg("Can the public read the files?"), msg("once the custom domain is known")
        return [later(asked, when, code=_PUBLIC_READ)]
    chosen = random.sample(compared.samples, min(_SAMPLES, len(compared.samples)))
    bucket = await asyncio.to_thread(Bucket, context.settings, context.keys)
    return [await _read_as_visitor(context, bucket, PREFIX + path) for path in chosen]


async def _with_controls(context: Context, compared: Comparison) -> list[Check]:
    """Say which names with a line break the public cannot read: a policy may not match them."""
    if not (compared.with_controls and context.settings.custom_domain):
        return []
    browser = Onlooker(origin=context.instance.origins[0])
    urls = [address(context.settings, PREFIX + path) for path in compared.with_controls]
    refused = [
        url for url in urls if not (await browser.load(PageFile(kind=Kind.IMAGE, url=url))).ok
    ]
    asked, code = msg("Can the public read files with a line break in their names?"), _LINE_BREAKS
    if not refused:
        return [passed(asked, count_files(len(urls)), code=code)]
    seen = msg(
        "no; this service's policy does not match such names, and BookWyrm makes none: {names}",
        names=", ".join(refused[:3]),
    )
    return [remark(asked, seen, code=code)]


async def _read_as_visitor(context: Context, bucket: Bucket, key: str) -> Check:
    """Load one file as a page of the site does, and compare it with what is in the bucket."""
    file = PageFile(kind=Kind.IMAGE, url=address(context.settings, key))
    asked = msg("Can the public read {url}?", url=file.url)
    browser = Onlooker(origin=context.instance.origins[0])
    seen = await browser.load(file)
    problem = browser.obstacle(file, seen)
    stored = b"" if problem else await asyncio.to_thread(bucket.get, key)
    if problem is None and len(stored) <= MOST_BYTES:
        problem = await other_bytes(context, bucket, seen, key=key, stored=stored)
    if problem:
        return failed(asked, problem, code=_PUBLIC_READ)
    return passed(asked, _description(seen, stored), code=_PUBLIC_READ)


def _description(seen: VisitorResponse, stored: bytes) -> Message:
    kind = seen.headers.get("content-type") or msg("a file without a type")
    if stored.startswith(seen.body_start):
        return msg("yes, as {type}", type=kind)
    return msg("yes, as {type}, with changes that you accepted", type=kind)
