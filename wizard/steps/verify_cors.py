"""Step 7: what a visitor's browser gets, from the bucket and from the site."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from wizard.access.probe import require_keys
from wizard.assets.cors_rules import origins
from wizard.assets.samples import FONTS, IMAGES, STYLESHEETS, find
from wizard.core.events import Check, Verdict, failed, later, passed, remark
from wizard.core.plan import Plan, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.settings import MigrationPath
from wizard.core.states import ResultState
from wizard.journal.journal import StepResult
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.storage.bucket import Bucket
from wizard.web.visitor import SiteView, address, fetch, look_at_site, preflight

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
            "origins": " ".join(origins(context.instance)),
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
        wanted = " and ".join(origins(context.instance))
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
    font = await asyncio.to_thread(find, bucket, "static/", FONTS)
    if font is None:
        return [_nothing_there(context, "a font", "static/")]
    url = address(context.settings, font)
    checks: list[Check] = []
    for origin in origins(context.instance):
        checks.append(await _preflight_check(url, origin))
        checks.append(await _font_check(url, origin))
    checks.append(await _foreign_check(url))
    return checks


async def _preflight_check(url: str, origin: str) -> Check:
    """Check as the documentation does; browsers send no preflight for fonts: it decides nothing."""
    asked = f"Does the preflight for {origin} succeed?"
    seen = await preflight(url, origin)
    if seen.status in (200, 204) and seen.headers.get("access-control-allow-origin"):
        return passed(asked, f"yes ({seen.words})")
    return remark(asked, f"no ({seen.words}); browsers ask for fonts without it")


async def _font_check(url: str, origin: str) -> Check:
    asked = f"May a page on {origin} use the font {url.rpartition('/')[2]}?"
    seen = await fetch(url, origin=origin)
    if seen.lets_in(origin):
        allowed = seen.headers.get("access-control-allow-origin")
        return passed(asked, f"yes: Access-Control-Allow-Origin: {allowed}")
    if not seen.ok:
        return failed(asked, seen.error or _not_readable(url, seen.status))
    return failed(asked, _no_cors(url, origin, seen.headers.get("access-control-allow-origin", "")))


async def _foreign_check(url: str) -> Check:
    asked = "Are pages of other sites kept from using it?"
    seen = await fetch(url, origin=_FOREIGN)
    if seen.lets_in(_FOREIGN):
        return remark(asked, "no, every site may; that is harmless for public files")
    return passed(asked, "yes")


async def _files(context: Context, bucket: Bucket) -> list[Check]:
    """Fetch a stylesheet and images, without any origin, as `<link>` and `<img>` load them."""
    wanted = [("a stylesheet", "static/", STYLESHEETS), ("an image", "static/", IMAGES)]
    if context.settings.path == MigrationPath.EXISTING:
        wanted.append(("a cover or an avatar", "images/", IMAGES))
    checks = []
    for what, prefix, endings in wanted:
        key = await asyncio.to_thread(find, bucket, prefix, endings)
        if key is None:
            checks.append(_nothing_there(context, what, prefix))
        else:
            url = address(context.settings, key)
            checks.append(await _load_check(f"Does {what} load for a stranger?", url))
    return checks


async def _load_check(asked: str, url: str) -> Check:
    seen = await fetch(url)
    if seen.ok and seen.body_start:
        return passed(asked, f"yes: {url}")
    return failed(asked, seen.error or _not_readable(url, seen.status))


async def _site(context: Context, bucket: Bucket) -> list[Check]:
    """Check the instance's own first page, and what it loads."""
    view = await look_at_site(context.settings, context.instance.domain)
    if not view.own_page or not view.points_to_bucket:
        return [_site_not_ready(context, view)]
    asked = "Does the site's own page point to the bucket?"
    checks = [passed(asked, f"yes: {view.stylesheets[0]}")]
    for sheet in view.stylesheets[:5]:
        name = sheet.rpartition("/")[2].partition("?")[0]
        checks.append(await _load_check(f"Does the site's stylesheet {name} load?", sheet))
    checks += await _site_image(context, view)
    if view.untrusted:
        text = "no; visitors get a warning, unless they know its authority"
        checks.append(remark("Is the site's certificate trusted?", text))
    return checks


async def _site_image(context: Context, view: SiteView) -> list[Check]:
    """Check one image of the page that is in the bucket; caches may still name local ones."""
    base = context.settings.public_base
    mine = next((url for url in view.images if url.startswith(base)), None)
    if mine is None:
        return []
    return [await _load_check("Does an image of the site's page load?", mine)]


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


def _nothing_there(context: Context, what: str, prefix: str) -> Check:
    asked = f"Does {what} load for a stranger?"
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


def _not_readable(url: str, status: int) -> Problem:
    return Problem(
        f"A stranger cannot load {url} (HTTP {status}).",
        "The object is there, but the bucket does not let strangers read it, or the custom "
        "domain leads elsewhere.",
        Remedy("Do the step “Provider” again: it finds out which.", Action.EDIT_PROVIDER),
        raw=f"GET {url}: HTTP {status}",
        field="custom_domain",
    )


def _no_cors(url: str, origin: str, allowed: str) -> Problem:
    seen = f"It allows {allowed} instead." if allowed else "It names no origin at all."
    return Problem(
        f"Browsers on {origin} may not use the bucket's fonts.",
        f"{seen} Icons would show as empty boxes.",
        Remedy("Do the step “CORS” again.", Action.RETRY),
        "If a CDN or a proxy stands before the bucket, let it pass on Origin and the CORS headers.",
        raw=f"GET {url} with Origin: {origin}: Access-Control-Allow-Origin: {allowed or '(none)'}",
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
