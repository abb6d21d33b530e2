"""What a browser would do with a file that a page names, as opposed to what HTTP says of it.

After WHATWG's Fetch (https://fetch.spec.whatwg.org/) and HTML, W3C's Content Security Policy and
Mixed Content; a test has a real Chromium decide the same cases (`tests/web/test_browser.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from wizard.core.hosts import is_ip_address
from wizard.core.problem import Problem
from wizard.web import blocked
from wizard.web.challenges import challenge_in, challenged_file
from wizard.web.csp import Policy, refusal, upgrades
from wizard.web.integrity import bits_that_count, digests
from wizard.web.origins import as_https, is_mixed, origin_of, same_site
from wizard.web.page import Cors, Kind, PageFile, fonts_of
from wizard.web.visitor import SiteView, VisitorResponse, fetch, same_place

_AT_ONCE = 8
_SCRIPT_TYPES = frozenset(
    f"{kind}/{name}"
    for kind in ("application", "text")
    for name in ("ecmascript", "javascript", "x-ecmascript", "x-javascript")
) | {"text/jscript", "text/livescript", *(f"text/javascript1.{n}" for n in range(6))}
# A script of these types is never run, whatever else is said of it.
_NEVER_SCRIPTS = ("audio/", "image/", "video/", "text/csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Onlooker:
    """A browser on a page: the page's origin, policies, and what it says of files from elsewhere.

    Without policies it is a browser that knows the page's origin only.
    """

    origin: str
    policies: tuple[Policy, ...] = ()
    embedding: str = ""

    @classmethod
    def of(cls, view: SiteView, origin: str) -> Onlooker:
        """Return a browser on the page of a site whose real origin this is."""
        return cls(origin=origin, policies=view.policies, embedding=view.embedding)

    async def load(self, file: PageFile) -> VisitorResponse:
        """Ask for a file as the browser does. Never raises."""
        url = file.url
        if file.kind is Kind.IMAGE and is_mixed(self.origin, url) and not _by_number(url):
            # Mixed Content Level 2: an image is asked for over https in place of http.
            url = as_https(url)
        origin = self.origin if _with_cors(file) else ""
        return await fetch(
            url,
            origin=origin,
            upgrade=upgrades(self.policies),
            digest_bits=bits_that_count(file.integrity),
        )

    def obstacle(self, file: PageFile, seen: VisitorResponse) -> Problem | None:
        """Return what keeps the browser from using what was answered; None for nothing."""
        # What gave no answer is no hop.
        urls = list(dict.fromkeys([*(hop.url for hop in seen.hops), seen.url]))
        return (
            self.kept_back(file, urls)
            or _no_answer(seen)
            or (self._refuses_cors(file, seen) if _with_cors(file) else self._foreign(file, seen))
            or _wrong_type(file, seen)
            or self._wrong_digest(file, seen)
        )

    def kept_back(self, file: PageFile, urls: Sequence[str]) -> Problem | None:
        """Return what the page itself has against these addresses."""
        mixed = next((url for url in urls if is_mixed(self.origin, url)), None)
        if mixed is not None:
            return blocked.as_mixed(self.origin, mixed, redirected=mixed != urls[0])
        found = refusal(self.policies, file, urls, origin=self.origin)
        return blocked.by_policy(file, found) if found else None

    def _refuses_cors(self, file: PageFile, seen: VisitorResponse) -> Problem | None:
        cookies = file.cors is Cors.CREDENTIALS
        if seen.lets_in(self.origin, cookies=cookies):
            return None
        return blocked.without_cors(file, self.origin, seen)

    def _wrong_digest(self, file: PageFile, seen: VisitorResponse) -> Problem | None:
        """Follow Subresource Integrity: bytes from elsewhere are compared with CORS only."""
        named = digests(file.integrity)
        if not named:
            return None
        own = all(origin_of(hop.url) == self.origin for hop in seen.hops)
        if not own and not _with_cors(file):
            return blocked.digest_without_cors(file)
        return None if seen.digest in named else blocked.by_digest(file)

    def _foreign(self, file: PageFile, seen: VisitorResponse) -> Problem | None:
        """Follow Fetch's "cross-origin resource policy check", at each address on the way."""
        for hop in seen.hops:
            there = origin_of(hop.url)
            wanted = hop.headers.get("cross-origin-resource-policy", "").strip()
            if there == self.origin:
                continue
            if not wanted and self.embedding.partition(";")[0].strip() == "require-corp":
                wanted = "same-origin"
            near = wanted == "same-site" and same_site(self.origin, there)
            if wanted in ("same-origin", "same-site") and not near:
                return blocked.as_foreign(file, hop, self.origin)
        return None


def _with_cors(file: PageFile) -> bool:
    return bool(file.cors) or file.kind is Kind.FONT


def _by_number(url: str) -> bool:
    return is_ip_address(urlsplit(url).hostname or "")


def _no_answer(seen: VisitorResponse) -> Problem | None:
    if seen.error is not None:
        return seen.error
    if whose := challenge_in(seen.url, seen.headers, seen.text):
        return challenged_file(whose, seen.url)
    return None if seen.ok else blocked.not_readable(seen.url, seen.status)


def _wrong_type(file: PageFile, seen: VisitorResponse) -> Problem | None:
    """Return the `Problem` of a file whose `Content-Type` is not one of its kind."""
    given = seen.headers.get("content-type", "")
    strict = seen.headers.get("x-content-type-options", "").partition(",")[0].strip().lower()
    takes = _TAKES.get(file.kind)
    if takes is None or takes(seen.content_type, seen.url, strict == "nosniff"):
        return None
    return blocked.by_type(file, seen.url, given, strict=strict == "nosniff")


def _as_stylesheet(essence: str, url: str, strict: bool) -> bool:
    """HTML: pages with a doctype take nothing else; what has no type at all is given a chance."""
    return essence == "text/css" or (not essence and not strict)


def _as_script(essence: str, url: str, strict: bool) -> bool:
    """Fetch: "should response to request be blocked due to nosniff", "… due to its MIME type"."""
    return essence in _SCRIPT_TYPES if strict else not essence.startswith(_NEVER_SCRIPTS)


def _as_image(essence: str, url: str, strict: bool) -> bool:
    """HTML finds out what an image is by its bytes, but for SVG, which goes by its type alone.

    Chromium's opaque response blocking keeps text from other hosts away where that is strict.
    """
    if urlsplit(url).path.lower().endswith(".svg"):
        return essence == "image/svg+xml"
    text = essence in (
        "text/html",
        "text/plain",
        "text/xml",
        "application/xml",
    ) or essence.endswith("json")
    return not (strict and text)


_TAKES = {Kind.STYLESHEET: _as_stylesheet, Kind.SCRIPT: _as_script, Kind.IMAGE: _as_image}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file that a page names, and what keeps a browser from using it; None for nothing."""

    file: PageFile
    problem: Problem | None


async def load_page(browser: Onlooker, view: SiteView, *, fonts: bool = True) -> list[Loaded]:
    """Load what a page names, and the fonts of its stylesheets, as a browser on it does.

    What the site itself serves is not asked for: it is as it was. Its policies count there too.
    """
    own = origin_of(view.url)
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(file: PageFile) -> tuple[Loaded, tuple[tuple[PageFile, ...], ...]]:
        if origin_of(file.url) == own:
            path = urlsplit(file.url)._replace(scheme="", netloc="").geturl()
            return Loaded(file, browser.kept_back(file, [browser.origin + path])), ()
        async with slots:
            seen = await browser.load(file)
        problem = browser.obstacle(file, seen)
        named = file.kind is Kind.STYLESHEET and problem is None
        return Loaded(file, problem), fonts_of(seen.text, seen.url) if named else ()

    found = await asyncio.gather(*(one(file) for file in view.files))
    faces = dict.fromkeys(face for _, named in found for face in named) if fonts else ()
    usable = [await first_usable(browser, face) for face in faces]
    return [loaded for loaded, _ in found] + usable


async def style_problem(browser: Onlooker, view: SiteView, base: str) -> Problem | None:
    """Return what keeps a browser from a page's stylesheets and scripts; None for nothing.

    Only from those below `base`: whatever others serve, such as the script of a counter, is as
    it was before the site pointed there.
    """
    wanted = [
        file
        for file in view.files
        if file.kind in (Kind.STYLESHEET, Kind.SCRIPT) and same_place(file.url, f"{base}/")
    ]
    loaded = await load_page(browser, replace(view, files=tuple(wanted)), fonts=False)
    return next((one.problem for one in loaded if one.problem), None)


async def first_usable(browser: Onlooker, files: Iterable[PageFile]) -> Loaded:
    """Try a font's files one after the other, as browsers do; return the first that can be used.

    Where none can, the first one.
    """
    tried: list[Loaded] = []
    for file in files:
        loaded = Loaded(file, browser.obstacle(file, await browser.load(file)))
        if loaded.problem is None:
            return loaded
        tried.append(loaded)
    return tried[0]
