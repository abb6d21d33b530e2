"""Step 7: what a visitor's browser gets, from the bucket and from the site."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wizard.access.probe import require_keys
from wizard.assets.samples import IMAGE, MEDIUM, STYLESHEET, Sample, find, find_font
from wizard.core.events import Check, Verdict, failed, later, passed, remark
from wizard.core.message import NOTHING, Message, listed, marked, msg, plural, sentences, verbatim
from wizard.core.plan import Plan, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import count_files
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
    quoted,
)

# A site that has nothing to do with the instance, and never exists (RFC 2606).
_FOREIGN = "https://elsewhere.invalid"

_FONT_LOADS = msg("Does a font load in a visitor's browser?")
_POINTS = msg("Does the site's own page point to the bucket?")
_FILE_LOADS = "file-loads"
_SITE_POINTS = "site-points-to-bucket"

# What means something else in an address than in a name.
_MISREAD = ("#", "?", "%")

# What is asked of each kind of file that the page names.
_PAGE_FILES: Mapping[Kind, Message] = {
    Kind.STYLESHEET: msg("Do the stylesheets of the site's page load in a visitor's browser?"),
    Kind.SCRIPT: msg("Do the scripts of the site's page load in a visitor's browser?"),
    Kind.FONT: msg("Do the fonts of the site's page load in a visitor's browser?"),
    Kind.IMAGE: msg("Do the images of the site's page load in a visitor's browser?"),
    Kind.OTHER: msg("Do the other files of the site's page load in a visitor's browser?"),
}


class VerifyCors(TypedStep[None]):
    """Looks at site and bucket as a visitor's browser does; changes nothing."""

    name = "verify_cors"
    title = msg("Verify")
    purpose = msg(
        "Fetches the site and its files as a visitor's browser does: pages, stylesheets, "
        "fonts, images."
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
        facts = (Fact(msg("site"), _in_words(view)),)
        if waiting:
            gone = msg("the site runs now") if view.own_page else NOTHING
            return Finding(not view.own_page, facts, gone)
        gone = NOTHING if view.points_to_bucket or not verified else _in_words(view)
        return Finding(verified and view.points_to_bucket, facts, gone)

    def waits(self, result: StepResult) -> Message:
        """Say which check waits until the instance runs."""
        later = [c.seen for c in result.checks if c.verdict is Verdict.LATER]
        return msg("one check waits: {when}", when=later[0]) if later else NOTHING

    async def plan(self, context: Context) -> Plan:
        """Return what is looked at."""
        text = msg(
            "A font, a stylesheet and an image are fetched from {base}, as a browser on a page "
            "of {origins} would fetch them, and then the site's own first page.",
            base=context.settings.public_base,
            origins=listed(context.instance.origins),
        )
        return Plan((Sentence(text),), msg("Nothing is changed."))

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
        return [_nothing_there(_FONT_LOADS, marked("The bucket holds no font below {folder}."))]
    url = address(context.settings, font)
    checks: list[Check] = []
    origins = context.instance.origins
    for origin in origins:
        checks.append(await _preflight_check(url, origin))
        checks.append(await _font_check(url, origin, origins[0]))
    checks += await _foreign_check(f"{bucket.place}/{quoted(font)}")
    return checks


async def _preflight_check(url: str, origin: str) -> Check:
    """Check as the documentation does; browsers send no preflight for fonts: it decides nothing."""
    asked, code = msg("Does the preflight for {origin} succeed?", origin=origin), "cors-preflight"
    seen = await preflight(url, origin)
    if seen.status in (200, 204) and seen.headers.get("access-control-allow-origin"):
        return passed(asked, msg("yes ({answer})", answer=seen.words), code=code)
    words = msg("no ({answer}); browsers ask for fonts without it", answer=seen.words)
    return remark(asked, words, code=code)


async def _font_check(url: str, origin: str, main: str) -> Check:
    name, code = url.rpartition("/")[2], "cors-fonts"
    asked = msg("May a page on {origin} use the font {font}?", origin=origin, font=name)
    browser, font = Onlooker(origin=origin), PageFile(kind=Kind.FONT, url=url)
    seen = await browser.load(font)
    problem = browser.obstacle(font, seen)
    if problem is not None and origin != main and cache_marks(seen.headers):
        # It keeps the main origin's answer; where the other name only leads there, all is well.
        matters = msg("It matters if pages are read under this name, too.")
        text = msg("no: {why}", why=sentences(problem.what, matters))
        return remark(asked, text, code=code)
    if problem is not None:
        return failed(asked, problem, code=code)
    header = f"Access-Control-Allow-Origin: {seen.headers.get('access-control-allow-origin')}"
    return passed(asked, msg("yes: {seen}", seen=header), code=code)


async def _foreign_check(url: str) -> list[Check]:
    """Ask at the endpoint: a cache in front of the bucket would keep the answer for everybody."""
    asked, code = msg("Are other sites' pages kept from using it?"), "cors-other-sites"
    seen = await fetch(url, origin=_FOREIGN)
    if not seen.ok:
        return []  # this endpoint has nothing for the public, so it says nothing of its rules
    if seen.lets_in(_FOREIGN):
        text = msg("no, every site may; that is harmless for public files")
        return [remark(asked, text, code=code)]
    return [passed(asked, msg("yes"), code=code)]


async def _files(context: Context, bucket: Bucket) -> list[Check]:
    """Load a stylesheet and images, as a page of the site does."""
    checks = [
        await _sample_check(
            context,
            bucket,
            STYLESHEET,
            asked=msg("Does a stylesheet load in a visitor's browser?"),
            missing=marked("The bucket holds no stylesheet below {folder}."),
        ),
        await _sample_check(
            context,
            bucket,
            IMAGE,
            asked=msg("Does an image load in a visitor's browser?"),
            missing=marked("The bucket holds no image below {folder}."),
        ),
    ]
    if context.settings.path != MigrationPath.FRESH:
        asked = msg("Does a cover or an avatar load in a visitor's browser?")
        checks.append(await _sample_check(context, bucket, MEDIUM, asked=asked))
    return checks


async def _sample_check(
    context: Context, bucket: Bucket, sample: Sample, *, asked: Message, missing: str = ""
) -> Check:
    """Load one such file; media need not be there yet, where nothing is said of `missing`."""
    key = await asyncio.to_thread(find, bucket, sample)
    if key is None:
        return _nothing_there(asked, missing, sample.folders[-1])
    browser = Onlooker(origin=context.instance.origins[0])
    file = PageFile(kind=sample.kind, url=address(context.settings, key))
    problem = browser.obstacle(file, await browser.load(file))
    if problem:
        return failed(asked, problem, code=_FILE_LOADS)
    return passed(asked, msg("yes: {url}", url=file.url), code=_FILE_LOADS)


async def _site(context: Context, bucket: Bucket) -> list[Check]:
    """Check the instance's own first page, and all that it loads."""
    view = await look_at_site(context.settings, context.instance.domain)
    if not view.own_page or not view.points_to_bucket:
        return [_site_not_ready(context, view)]
    points = msg("yes: {url}", url=view.stylesheets[0])
    checks = [passed(_POINTS, points, code=_SITE_POINTS)]
    origin = context.instance.origins[0]
    outside = await look_from_outside(context.settings, context.instance.domain, origin)
    if outside is None and origin_of(context.settings.site_url) != origin:
        asked = msg("Does anything in front of the site add a policy?")
        text = msg(
            "not known: {origin} shows no such page from here; the site was asked elsewhere",
            origin=origin,
        )
        checks.append(remark(asked, text, code="site-policies"))
    browser = Onlooker.of(outside or view, origin)
    loaded = await load_page(browser, view)
    base = f"{context.settings.public_base}/"
    misread = [one for one in loaded if await _is_misread(browser, one.file, base)]
    for kind in Kind:
        of_kind = [one for one in loaded if one.file.kind is kind and one not in misread]
        checks += _loaded_check(kind, of_kind)
    if misread:
        checks.append(_misread_check(misread, base))
    if view.untrusted:
        asked = msg("Is the site's certificate trusted?")
        text = msg("no; visitors get a warning, unless they know its certificate authority")
        checks.append(remark(asked, text, code="site-certificate"))
    return checks


def _loaded_check(kind: Kind, loaded: Sequence[Loaded]) -> list[Check]:
    """Check that a browser uses each file of one kind that the page names."""
    if not loaded:
        return []
    asked, code = _PAGE_FILES[kind], "site-files-load"
    blocked = [one.problem for one in loaded if one.problem]
    if not blocked:
        return [passed(asked, msg("yes, {files}", files=count_files(len(loaded))), code=code)]
    return [failed(asked, among(blocked[0], len(blocked), len(loaded)), code=code)]


async def _is_misread(browser: Onlooker, file: PageFile, base: str) -> bool:
    """Tell whether a file is there, and only its name on the page is one that browsers misread.

    BookWyrm's templates write names as they are behind the media's address (v0.9.2,
    `snippets/book_cover.html`: `{% get_media_prefix %}{{ book.cover }}`), so a browser takes what
    follows a # or ? for something else, and a % for the beginning of a code.
    """
    name = file.url.removeprefix(base)
    if name == file.url or not any(sign in name for sign in _MISREAD):
        return False
    meant = replace(file, url=base + quoted(name))
    return browser.obstacle(meant, await browser.load(meant)) is None


def _misread_check(misread: Sequence[Loaded], base: str) -> Check:
    """Remark files whose names no address can have as they are."""
    name = misread[0].file.url.removeprefix(base)
    asked = msg("Do all files of the page have names that work in an address?")
    seen = plural(
        "no: {n} file is in the bucket, but is not shown, since browsers misread the {signs} in "
        "{name}. Upload that image again, and BookWyrm gives it another name.",
        "no: {n} files are in the bucket, but are not shown, since browsers misread the {signs} in "
        "names such as {name}. Upload those images again, and BookWyrm gives them other names.",
        len(misread),
        signs=" ".join(sign for sign in _MISREAD if sign in name),
        name=name,
    )
    return remark(asked, seen, code="file-names")


def _site_not_ready(context: Context, view: SiteView) -> Check:
    fresh = context.settings.path == MigrationPath.FRESH
    if fresh and not view.own_page:
        text = msg("once the instance runs; start bw-s3 again then")
        return later(_POINTS, text, code=_SITE_POINTS)
    if view.problem is not None:
        return failed(_POINTS, view.problem, code=_SITE_POINTS)
    if fresh and not context.instance.uses_s3():
        text = msg("once the instance has been started with USE_S3=true")
        return later(_POINTS, text, code=_SITE_POINTS)
    return failed(_POINTS, _not_pointing(context, view), code=_SITE_POINTS)


def _nothing_there(asked: Message, missing: str, folder: str = "static/") -> Check:
    if not missing:
        text = msg("the bucket holds no image below {folder} yet", folder=folder)
        return remark(asked, text, code=_FILE_LOADS)
    problem = Problem(
        Message(missing, "", {"folder": folder}),
        msg("The static assets were not collected into it, or were removed."),
        Remedy(msg("Do the step “Static assets” again."), Action.RETRY),
        code="static-files-missing",
    )
    return failed(asked, problem, code=_FILE_LOADS)


def _not_pointing(context: Context, view: SiteView) -> Problem:
    wanted = f"{context.settings.public_base}/static/"
    if view.stylesheets:
        sheet = msg(
            "Its stylesheet is {url}; it should begin with {wanted}",
            url=view.stylesheets[0],
            wanted=wanted,
        )
    else:
        sheet = msg("Its stylesheet is missing; it should begin with {wanted}", wanted=wanted)
    return Problem(
        msg("The site runs, but its pages do not point to the bucket."),
        sentences(
            msg(
                "It has not been restarted since .env changed, or another process or machine "
                "answers."
            ),
            sheet,
        ),
        Remedy(msg("Do the step “Restart” again."), Action.RETRY),
        msg(
            "Use --site-url to specify the address at which this machine reaches this very "
            "instance."
        ),
        field="site_url",
        code="site-not-on-bucket",
    )


def _in_words(view: SiteView) -> Message:
    if view.points_to_bucket:
        return msg("its pages point to the bucket")
    if view.problem is not None:
        return verbatim(view.problem.what)
    return msg("its pages do not point to the bucket")
