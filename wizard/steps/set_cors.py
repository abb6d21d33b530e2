"""Step 5: let the instance's pages use the bucket's fonts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from urllib.parse import quote
from uuid import uuid4

from wizard.access.console_wait import minutes_to_wait
from wizard.access.cors_access import allow_by_hand, lets_in_anyway, origins_let_in
from wizard.access.policy import as_text
from wizard.access.probe import require_keys
from wizard.assets.added_rules import put_rules_in, rules_were_added, take_rules_out
from wizard.assets.cors_rules import covers, document_by_hand, merged
from wizard.assets.samples import all_fonts, find_font
from wizard.core.events import Check, failed, passed, remark
from wizard.core.message import NOTHING, Message, listed, msg, plural, sentences, verbatim
from wizard.core.plan import Document, Plan, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import count_files
from wizard.core.states import ResultState
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.storage.bucket import Bucket, CorsRule
from wizard.storage.problems import will_pass
from wizard.storage.providers import CorsSetting
from wizard.web.blocked import among, kept_without_cors
from wizard.web.browser import Onlooker
from wizard.web.caches import cache_marks
from wizard.web.page import Kind, PageFile
from wizard.web.visitor import address, fetch

# Cloudflare documents 30 s until rules are in force; others are quicker.
_SECONDS_TO_APPLY = 30


class SetCors(TypedStep[None]):
    """Merges one rule for each of the site's origins into the bucket's CORS rules."""

    name = "set_cors"
    title = msg("CORS")
    purpose = msg(
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
        facts: tuple[Fact, ...] = (Fact(msg("origins"), ", ".join(wanted)),)
        bucket = await _bucket(context)
        try:
            rules = await asyncio.to_thread(bucket.get_cors)
        except Problem:
            let_in = await _lets_in_a_font(bucket, wanted)
            closed = msg("browsers are not allowed to use the bucket's fonts")
            return Finding(let_in, facts, NOTHING if let_in else closed)
        facts = (*facts, Fact(msg("rules"), str(len(rules))))
        if not _missing(context, rules):
            return Finding(True, facts)
        if rules_were_added(context, bucket.place):
            return Finding(False, facts, msg("the bucket's CORS rules are gone"))
        # It was done without any rule where the service lets every origin in by itself.
        result = context.journal.result(self.name)
        done = result is not None and result.state is ResultState.DONE
        return Finding(done and await _lets_in_a_font(bucket, wanted), facts)

    async def plan(self, context: Context) -> Plan:
        """Return the rules as they will be sent, or as they have to be set by hand."""
        wanted = context.instance.origins
        if context.service.cors is not CorsSetting.API:
            return _plan_by_hand(context)
        rules, why_not = await _read(await _bucket(context))
        new = merged(rules, wanted, joined=_joined(context))
        safe = msg("Existing rules are kept, and this step can be undone.")
        document = Document(msg("CORS rules"), as_text({"CORSRules": new}))
        if why_not:
            text = msg("The rules of the bucket cannot be read now: {why}", why=why_not)
            return Plan((Sentence(text, warning=True), document), safe)
        if new == rules:
            text = msg("Nothing to do: the bucket already allows your pages.")
            return Plan((Sentence(text),), safe)
        added = plural("{n} rule is added.", "{n} rules are added.", len(new) - len(rules))
        stay = plural("{n} rule stays as before.", "{n} rules stay as before.", len(rules))
        text = sentences(added, stay if rules else NOTHING)
        return Plan((Sentence(text), document), safe)

    async def apply(self, context: Context) -> None:
        """Merge our rules into those of the bucket, or wait until somebody has set them by hand."""
        bucket, service = await _bucket(context), context.service
        allowed = service.cors is not CorsSetting.API and await lets_in_anyway(context, bucket)
        refused: Problem | None = None
        if service.cors is not CorsSetting.CONSOLE and not allowed:
            try:
                await asyncio.to_thread(_merge, context, bucket)
            except Problem as problem:
                if will_pass(problem):
                    raise
                refused = problem
            else:
                return
        await allow_by_hand(
            context,
            bucket,
            document=document_by_hand(context),
            refused=refused,
            again=partial(_merge, context, bucket),
        )

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        """Read the rules back, and fetch fonts as a browser on each origin would.

        The site's own fonts come last, once a new file has shown that the rules are in force: a
        cache in front of the bucket keeps the first answer, for a day perhaps.
        """
        bucket, wanted = await _bucket(context), context.instance.origins
        checks = [await _read_back(context, bucket)]
        context.report(checks[0])
        answers = await origins_let_in(context, bucket, wanted, _SECONDS_TO_APPLY)
        for origin, let_in in answers.items():
            check = _fonts_check(origin, let_in=let_in)
            context.report(check)
            checks.append(check)
        if answers[wanted[0]]:
            checks += await _own_fonts(context, bucket)
        return checks

    async def undo(self, context: Context) -> bool:
        """Take our rules out again; those that others set stay."""
        bucket = await _bucket(context)
        return await asyncio.to_thread(take_rules_out, context, bucket)


def _plan_by_hand(context: Context) -> Plan:
    """Return the plan for a service that takes no rules from here."""
    service = context.service
    safe = msg("This step changes nothing by itself.")
    if service.cors is CorsSetting.OPEN:
        text = msg("The storage allows every origin by itself; this step checks that.")
        return Plan((Sentence(text),), safe)
    advice = service.advice("cors", context.settings)
    text = msg(
        "Unless browsers are allowed already, you will have to set these rules in the provider's"
        " console; bw-s3 waits for it. {advice}",
        advice=advice,
    )
    if not minutes_to_wait(context):
        text = msg(
            "Unless browsers are allowed already, bw-s3 ends there: set these rules in the "
            "provider's console, then start bw-s3 again. {advice}",
            advice=advice,
        )
    document = Document(msg("CORS rules"), document_by_hand(context))
    return Plan((Sentence(text, warning=True), document), safe)


async def _bucket(context: Context) -> Bucket:
    context.settings.require("endpoint", "bucket", "custom_domain")
    require_keys(context)
    return await asyncio.to_thread(Bucket, context.settings, context.keys)


async def _read(bucket: Bucket) -> tuple[list[CorsRule], Message]:
    """Return the rules, and why they cannot be read."""
    try:
        return await asyncio.to_thread(bucket.get_cors), NOTHING
    except Problem as problem:
        return [], verbatim(problem.what)


def _joined(context: Context) -> bool:
    """Tell whether the server puts all origins of a rule into one header."""
    return context.service.cors_joins_origins


def _missing(context: Context, rules: Sequence[CorsRule]) -> list[str]:
    """Return the site's origins that the rules do not let in."""
    joined = _joined(context)
    return [o for o in context.instance.origins if not covers(rules, o, joined=joined)]


def _merge(context: Context, bucket: Bucket) -> None:
    rules = bucket.get_cors()
    new = merged(rules, context.instance.origins, joined=_joined(context))
    added = [rule for rule in new if rule not in rules]
    if not added:
        return
    put_rules_in(context, bucket, new, added)


async def _read_back(context: Context, bucket: Bucket) -> Check:
    asked, code = msg("Does the bucket have rules for your pages?"), "cors-rules"
    wanted = context.instance.origins
    rules, why_not = await _read(bucket)
    missing = _missing(context, rules)
    if not missing:
        return passed(asked, msg("yes, for {origins}", origins=listed(wanted)), code=code)
    lacks = msg("not for {origins}; the next check decides", origins=listed(missing))
    return remark(asked, why_not or lacks, code=code)


def _fonts_check(origin: str, *, let_in: bool) -> Check:
    asked, code = msg("May a page on {origin} use the bucket's fonts?", origin=origin), "cors-fonts"
    if let_in:
        return passed(asked, msg("yes"), code=code)
    return failed(asked, _not_in_force(origin), code=code)


async def _lets_in_a_font(bucket: Bucket, wanted: Sequence[str]) -> bool:
    """Tell whether every origin is let in at one of the fonts that are there.

    At the endpoint, as MinIO does by default, or through the public address, as where somebody
    set the rules by hand and they cannot be read. There the address is one that nobody asked for
    before: what is in front of the bucket would keep its first answer.
    """
    try:
        font = await asyncio.to_thread(find_font, bucket)
    except Problem:
        return False
    if font is None:
        return False
    new = f"{address(bucket.settings, font)}?{uuid4().hex}"
    for url in (f"{bucket.place}/{quote(font)}", new):
        if all([(await fetch(url, origin=origin)).lets_in(origin) for origin in wanted]):
            return True
    return False


async def _own_fonts(context: Context, bucket: Bucket) -> list[Check]:
    """Check that a browser on the site's main origin uses each font among the static assets."""
    fonts = await asyncio.to_thread(all_fonts, bucket)
    if not fonts:
        return []
    asked, code = msg("Do the site's own fonts load on its pages?"), "site-fonts"
    browser = Onlooker(origin=context.instance.origins[0])
    problems = [await _font_problem(browser, address(context.settings, font)) for font in fonts]
    blocked = [problem for problem in problems if problem]
    check = passed(asked, msg("yes, {files}", files=count_files(len(fonts))), code=code)
    if blocked:
        check = failed(asked, among(blocked[0], len(blocked), len(fonts)), code=code)
    context.report(check)
    return [check]


async def _font_problem(browser: Onlooker, url: str) -> Problem | None:
    """Return what keeps a font from pages, where a new one was let in just now."""
    file = PageFile(kind=Kind.FONT, url=url)
    seen = await browser.load(file)
    refusing = [hop for hop in seen.hops if not hop.lets_in(browser.origin)]
    if seen.ok and len(seen.hops) == 1 and refusing:
        marks = cache_marks(seen.headers) or msg("a new file beside it is allowed")
        return kept_without_cors(file, browser.origin, refusing[0], marks)
    return browser.obstacle(file, seen)


def _not_in_force(origin: str) -> Problem:
    return Problem(
        msg("Browsers on {origin} are not allowed to use the bucket's fonts.", origin=origin),
        msg(
            "The storage's answer lacks Access-Control-Allow-Origin for it. Icons would show "
            "as empty boxes. Rules can take up to a minute to take effect; a CDN or a proxy in "
            "front of the bucket may also cache answers without the header, or drop it."
        ),
        Remedy(msg("Wait a minute and try again."), Action.RETRY),
        msg(
            "If a CDN or a proxy is in front of the bucket, let it pass on Origin and the CORS "
            "headers."
        ),
        code="cors-not-in-force",
    )
