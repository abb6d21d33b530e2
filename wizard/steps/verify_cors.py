"""Step 7: what a visitor's browser gets, from the bucket and from the site."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from wizard.access.probe import require_keys
from wizard.assets.samples import IMAGE, MEDIUM, STYLESHEET, find, find_font
from wizard.core.events import Check, Verdict, failed, later, passed, remark
from wizard.core.plan import Plan, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import count
from wizard.core.settings import MigrationPath
from wizard.core.states import ResultState
from wizard.journal.journal import StepResult
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.storage.bucket import Bucket
from wizard.web.blocked import among
from wizard.web.browser import Loaded, Onlooker, load_page
from wizard.web.caches import cache_marks
from wizard.web.origins import origin_of
from wizard.web.page import Kind, PageFile
from wizard.web.visitor import (
    SiteView,
    address,
    fetch,
    look_at_site,
    look_from_outside,
    preflight,
)

# A site that has nothing to do with the instance, and never exists (RFC 2606).
_FOREIGN = "https://elsewhere.invalid"


class VerifyCors(TypedStep[None]):
    """Looks at site and bucket as a visitor's browser does; changes nothing."""

    name = "verify_cors"
    title = "Verify"
    purpose = (
        "The site and its files are fetched as a visitor's browser does: "
        "pages, stylesheets, fonts, images."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return the origins of the pages, the bucket, and where visitors find both."""
        settings = context.settings
        return {
            **settings.storage,
            "site_url": settings.site_url,
            "origins": " ".join(context.instance.origins),
        }

    async def inspect(self, context: Context) -> Finding:
        """Look whether it was all verified, and the site still points to the bucket."""
        result = context.journal.result(self.name)
        verified = result is not None and result.state is ResultState.DONE
        waiting = verified and any(c.verdict is Verdict.LATER for c in result.checks)  # type: ignore[union-attr]
        view = await look_at_site(context.settings, context.instance.domain)
        facts = (Fact("site", _in_words(view)),)
        if waiting:
            return Finding(not view.own_page, facts, "the site runs now" if view.own_page else "")
        gone = "" if view.points_to_bucket or not verified else _in_words(view)
        return Finding(verified and view.points_to_bucket, facts, gone)

    def waits(self, result: StepResult) -> str:
        """Say which check waits until the instance runs."""
        later = [c.seen for c in result.checks if c.verdict is Verdict.LATER]
        return f"one check waits: {later[0]}" if later else ""

    async def plan(self, context: Context) -> Plan:
        """Return what is looked at."""
        wanted = " and ".join(context.instance.origins)
        text = (
            f"A font, a stylesheet and an image are fetched from {context.settings.public_base}, "
            f"as browsers on pages of {wanted} do, and the site's own first page."
        )
        return Plan((Sentence(text),), "Nothing is changed.")

    async def apply(self, context: Context) -> None:
        """Do nothing: this step only verifies."""
        context.settings.require("endpoint", "bucket", "custom_domain")

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        """Check the bucket's side first, then the site's own page and what it loads."""
        require_keys(context)
        bucket = await asyncio.to_thread(Bucket, context.settings, context.keys)
        checks: list[Check] = []
        for part in (_fonts, _files, _site):
            for check in await part(context, bucket):
                context.report(check)
                checks.append(check)
        return checks


async def _fonts(context: Context, bucket: Bucket) -> list[Check]:
    font = await asyncio.to_thread(find_font, bucket)
    if font is None:
        return [_nothing_there("a font", "static/")]
    url = address(context.settings, font)
    checks: list[Check] = []
    origins = context.instance.origins
    for origin in origins:
        checks.append(await _preflight_check(url, origin))
        checks.append(await _font_check(url, origin, origins[0]))
    checks += await _foreign_check(f"{bucket.place}/{quote(font)}")
    return checks


async def _preflight_check(url: str, origin: str) -> Check:
    """Check as the documentation does; browsers send no preflight for fonts: it decides nothing."""
    asked = f"Does the preflight for {origin} succeed?"
    seen = await preflight(url, origin)
    if seen.status in (200, 204) and seen.headers.get("access-control-allow-origin"):
        return passed(asked, f"yes ({seen.words})")
    return remark(asked, f"no ({seen.words}); browsers ask for fonts without it")


async def _font_check(url: str, origin: str, main: str) -> Check:
    asked = f"May a page on {origin} use the font {url.rpartition('/')[2]}?"
    browser, font = Onlooker(origin=origin), PageFile(kind=Kind.FONT, url=url)
    seen = await browser.load(font)
    problem = browser.obstacle(font, seen)
    if problem is not None and origin != main and cache_marks(seen.headers):
        # It keeps the main origin's answer; where the other name only leads there, all is well.
        text = f"no: {problem.what} It matters if pages are read under this name, too."
        return remark(asked, text)
    if problem is not None:
        return failed(asked, problem)
    allowed = seen.headers.get("access-control-allow-origin")
    return passed(asked, f"yes: Access-Control-Allow-Origin: {allowed}")


async def _foreign_check(url: str) -> list[Check]:
    """Ask at the endpoint: a cache in front of the bucket would keep the answer for everybody."""
    asked = "Are pages of other sites kept from using it?"
    seen = await fetch(url, origin=_FOREIGN)
    if not seen.ok:
        return []  # this endpoint has nothing for the public, so it says nothing of its rules
    if seen.lets_in(_FOREIGN):
        return [remark(asked, "no, every site may; that is harmless for public files")]
    return [passed(asked, "yes")]


async def _files(context: Context, bucket: Bucket) -> list[Check]:
    """Load a stylesheet and images, as a page of the site does."""
    wanted = [("a stylesheet", STYLESHEET), ("an image", IMAGE)]
    if context.settings.path == MigrationPath.EXISTING:
        wanted.append(("a cover or an avatar", MEDIUM))
    browser = Onlooker(origin=context.instance.origins[0])
    checks = []
    for what, sample in wanted:
        key = await asyncio.to_thread(find, bucket, sample)
        if key is None:
            checks.append(_nothing_there(what, sample.folders[-1]))
            continue
        file = PageFile(kind=sample.kind, url=address(context.settings, key))
        problem = browser.obstacle(file, await browser.load(file))
        asked = f"Does {what} load in a visitor's browser?"
        checks.append(failed(asked, problem) if problem else passed(asked, f"yes: {file.url}"))
    return checks


async def _site(context: Context, bucket: Bucket) -> list[Check]:
    """Check the instance's own first page, and all that it loads."""
    view = await look_at_site(context.settings, context.instance.domain)
    if not view.own_page or not view.points_to_bucket:
        return [_site_not_ready(context, view)]
    asked = "Does the site's own page point to the bucket?"
    checks = [passed(asked, f"yes: {view.stylesheets[0]}")]
    origin = context.instance.origins[0]
    outside = await look_from_outside(context.settings, context.instance.domain, origin)
    if outside is None and origin_of(context.settings.site_url) != origin:
        text = f"not known: {origin} shows no such page from here; the site was asked elsewhere"
        checks.append(remark("Does anything in front of the site add a policy?", text))
    loaded = await load_page(Onlooker.of(outside or view, origin), view)
    for kind in Kind:
        checks += _loaded_check(kind, [one for one in loaded if one.file.kind is kind])
    if view.untrusted:
        text = "no; visitors get a warning, unless they know its authority"
        checks.append(remark("Is the site's certificate trusted?", text))
    return checks


def _loaded_check(kind: Kind, loaded: Sequence[Loaded]) -> list[Check]:
    """Check that a browser uses each file of one kind that the page names."""
    if not loaded:
        return []
    asked = f"Do the {kind}s of the site's page load in a visitor's browser?"
    blocked = [one.problem for one in loaded if one.problem]
    if not blocked:
        return [passed(asked, f"yes, {count(len(loaded), 'file')}")]
    return [failed(asked, among(blocked[0], len(blocked), len(loaded)))]


def _site_not_ready(context: Context, view: SiteView) -> Check:
    asked = "Does the site's own page point to the bucket?"
    fresh = context.settings.path == MigrationPath.FRESH
    if fresh and not view.own_page:
        return later(asked, "once the instance runs; start bw-s3 again then")
    if view.problem is not None:
        return failed(asked, view.problem)
    if fresh and not context.instance.uses_s3():
        return later(asked, "once the instance was started with USE_S3=true")
    return failed(asked, _not_pointing(context, view))


def _nothing_there(what: str, prefix: str) -> Check:
    asked = f"Does {what} load in a visitor's browser?"
    if prefix == "images/":
        return remark(asked, f"the bucket holds no image below {prefix} yet")
    return failed(
        asked,
        Problem(
            f"The bucket holds no {what.partition(' ')[2]} below {prefix}.",
            "The static assets were not collected into it, or were removed.",
            Remedy("Do the step “Static assets” again.", Action.RETRY),
        ),
    )


def _not_pointing(context: Context, view: SiteView) -> Problem:
    return Problem(
        "The site runs, but its pages do not point to the bucket.",
        "It was not restarted since .env changed, or another process or machine answers. "
        f"Its stylesheet is {view.stylesheets[0] if view.stylesheets else 'missing'}; it should "
        f"begin with {context.settings.public_base}/static/",
        Remedy("Do the step “Restart” again.", Action.RETRY),
        "Say with --site-url where this very instance is reached from here.",
        field="site_url",
    )


def _in_words(view: SiteView) -> str:
    if view.points_to_bucket:
        return "its pages point to the bucket"
    if view.problem is not None:
        return view.problem.what
    return "its pages do not point to the bucket"
