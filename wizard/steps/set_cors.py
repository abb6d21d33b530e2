"""Step 5: let the instance's pages use the bucket's fonts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from wizard.access.canaries import Canaries
from wizard.access.policy import as_text
from wizard.access.probe import require_keys
from wizard.assets.cors_rules import covers, merged, without
from wizard.assets.samples import find_font
from wizard.core.events import Check, Note, failed, passed, remark
from wizard.core.plan import Document, Plan, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import count
from wizard.journal.entries import Entry, json_entry
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.storage.bucket import Bucket, CorsRule
from wizard.storage.providers import preset
from wizard.system.files import write_atomically
from wizard.web.visitor import address, fetch_until

# Of each bucket by its place: the rules that are ours.
_ADDED: Entry[list[CorsRule]] = json_entry("set_cors.added", list)
# Cloudflare documents 30 s until rules are in force; others are quicker.
_SECONDS_TO_APPLY = 30


class SetCors(TypedStep[None]):
    """Merges one rule for each of the site's origins into the bucket's CORS rules."""

    name = "set_cors"
    title = "CORS"
    purpose = (
        "Browsers use a font from another host only if that host allows it. "
        "CORS rules in the bucket allow it for your domain."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return the origins of the pages, and the bucket."""
        settings = context.settings
        return {
            "endpoint": settings.endpoint,
            "bucket": settings.bucket,
            "origins": " ".join(context.instance.origins),
        }

    async def inspect(self, context: Context) -> Finding:
        """Look whether the bucket lets every origin in, by its rules or without any."""
        wanted = context.instance.origins
        facts: tuple[Fact, ...] = (Fact("origins", ", ".join(wanted)),)
        bucket = await _bucket(context)
        try:
            rules = await asyncio.to_thread(bucket.get_cors)
        except Problem as problem:
            open_to_all = await _let_in_anyway(context, bucket, wanted, canary=False)
            return Finding(open_to_all, facts, "" if open_to_all else problem.what)
        missing = [origin for origin in wanted if not covers(rules, origin)]
        lost = bool(missing) and context.journal.remembers(_ADDED.of(bucket.place))
        facts = (*facts, Fact("rules", str(len(rules))))
        return Finding(not missing, facts, "the bucket's CORS rules are gone" if lost else "")

    async def plan(self, context: Context) -> Plan:
        """Return the rules as they will be sent."""
        wanted = context.instance.origins
        rules, why_not = await _read(await _bucket(context))
        new = merged(rules, wanted)
        safe = "Rules that are there already stay, and this can be taken back."
        if why_not:
            text = f"The rules of the bucket cannot be read now: {why_not}"
            shown = Document("CORS rules", as_text({"CORSRules": new}))
            return Plan((Sentence(text, warning=True), shown), safe)
        if new == rules:
            return Plan((Sentence("Nothing: the bucket lets your pages in already."),), safe)
        added = count(len(new) - len(rules), "rule is", "rules are")
        stay = count(len(rules), "rule stays", "rules stay")
        text = f"{added} added{f'; {stay} as before' if rules else ''}."
        return Plan((Sentence(text), Document("CORS rules", as_text({"CORSRules": new}))), safe)

    async def apply(self, context: Context) -> None:
        """Merge our rules into those of the bucket."""
        bucket, wanted = await _bucket(context), context.instance.origins
        try:
            await asyncio.to_thread(_merge, context, bucket, wanted)
        except Problem as problem:
            if await _let_in_anyway(context, bucket, wanted):
                text = "The storage takes no CORS rules, and lets every origin in by itself."
                context.report(Note(text))
                return
            raise _by_hand(context, merged([], wanted), problem) from problem

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        """Read the rules back, and fetch a font as a browser on each origin would."""
        bucket, wanted = await _bucket(context), context.instance.origins
        checks = [await _read_back(bucket, wanted)]
        context.report(checks[0])
        answers = await _fetch_for(context, bucket, wanted)
        for origin, let_in in answers.items():
            asked = f"May a page on {origin} use the bucket's fonts?"
            check = passed(asked, "yes") if let_in else failed(asked, _not_in_force(origin))
            context.report(check)
            checks.append(check)
        return checks

    async def undo(self, context: Context) -> bool:
        """Take our rules out again; those that others set stay."""
        bucket = await _bucket(context)
        added = context.journal.recall(_ADDED.of(bucket.place))
        if not added:
            return False
        rules = await asyncio.to_thread(bucket.get_cors)
        await asyncio.to_thread(bucket.put_cors, without(rules, added))
        context.journal.forget(_ADDED.of(bucket.place))
        return True


async def _bucket(context: Context) -> Bucket:
    context.settings.require("endpoint", "bucket", "custom_domain")
    require_keys(context)
    return await asyncio.to_thread(Bucket, context.settings, context.keys)


async def _read(bucket: Bucket) -> tuple[list[CorsRule], str]:
    """Return the rules, and why they cannot be read."""
    try:
        return await asyncio.to_thread(bucket.get_cors), ""
    except Problem as problem:
        return [], problem.what


def _merge(context: Context, bucket: Bucket, wanted: Sequence[str]) -> None:
    rules = bucket.get_cors()
    new = merged(rules, wanted)
    added = new[len(rules) :]
    if not added:
        return
    before = context.journal.recall(_ADDED.of(bucket.place)) or []
    context.journal.remember(_ADDED.of(bucket.place), [*before, *added])
    bucket.put_cors(new)


async def _read_back(bucket: Bucket, wanted: Sequence[str]) -> Check:
    asked = "Does the bucket have rules for your pages?"
    rules, why_not = await _read(bucket)
    missing = [origin for origin in wanted if not covers(rules, origin)]
    if not missing:
        return passed(asked, f"yes, for {' and '.join(wanted)}")
    return remark(asked, why_not or f"not for {' and '.join(missing)}; what counts comes next")


async def _let_in_anyway(
    context: Context, bucket: Bucket, wanted: Sequence[str], *, canary: bool = True
) -> bool:
    """Tell whether browsers are let in without any rule of ours, as MinIO does by default."""
    try:
        if not canary and await asyncio.to_thread(find_font, bucket) is None:
            return False
        answers = await _fetch_for(context, bucket, wanted, seconds=0)
    except Problem:
        return False
    return all(answers.values())


async def _fetch_for(
    context: Context, bucket: Bucket, wanted: Sequence[str], seconds: float = _SECONDS_TO_APPLY
) -> dict[str, bool]:
    """Return which origins a browser lets use a font, or a canary where no font is there yet."""
    settings, canaries = context.settings, Canaries(bucket, context.journal)
    try:
        font = await asyncio.to_thread(find_font, bucket)
        if font is None:
            font = (await asyncio.to_thread(canaries.put, "static/", settings.acl)).key
        url = address(settings, font)
        return {o: (await fetch_until(url, seconds, origin=o)).lets_in(o) for o in wanted}
    finally:
        await asyncio.to_thread(canaries.try_to_remove)


def _by_hand(context: Context, rules: Sequence[CorsRule], problem: Problem) -> Problem:
    """Return the `Problem` of a storage that refuses the call: what to do in its console."""
    path = _write_file(context, rules)
    return Problem(
        "The CORS rules could not be set.",
        f"{problem.what} {problem.why}",
        preset(context.settings.provider).advice("cors", context.settings),
        f"The rules lie ready in {path}.",
        Remedy("Then try again: if browsers are let in, this step is done.", Action.RETRY),
        raw=problem.raw,
        field=problem.field,
    )


def _write_file(context: Context, rules: Sequence[CorsRule]) -> Path:
    path = context.journal.folder / "cors.json"
    text = as_text({"CORSRules": [dict(rule) for rule in rules]}) + "\n"
    try:
        write_atomically(path, text.encode(), 0o644, context.instance.folder)
    except OSError as error:
        raise Problem(
            f"{path} cannot be written.",
            "The disk is full, or the folder is not ours.",
            "Make room (df -h shows where), then try again.",
            raw=str(error),
        ) from error
    return path


def _not_in_force(origin: str) -> Problem:
    return Problem(
        f"Browsers on {origin} may not use the bucket's fonts.",
        "The storage's answer lacks Access-Control-Allow-Origin for it. Icons would show as "
        "empty boxes. Services take up to a minute until rules are in force; a CDN or a proxy "
        "before the bucket may also keep answers without the header, or drop it.",
        Remedy("Wait a minute and try again.", Action.RETRY),
        "If a CDN or a proxy stands before the bucket, let it pass on Origin and the CORS headers.",
    )
