"""What visitors and browsers see: anonymous reads, CORS, the instance's own pages."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.metadata import version
from typing import TypeVar
from urllib.parse import quote, urljoin, urlsplit

import httpx

from wizard.core.message import Message, msg, sentences, verbatim
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.settings import Settings
from wizard.web.challenges import challenge_in, challenged_site
from wizard.web.csp import Policy, lets_base, parse
from wizard.web.integrity import Digest, IntegrityDigester
from wizard.web.origins import as_https, origin_of, site_origins
from wizard.web.page import Kind, PageFile, read_page
from wizard.web.problems import sentence_of, unreachable
from wizard.web.trust import known_to_browsers, trusted, trusting

# How long an answer may take; browsers wait longer.
SECONDS_TO_ANSWER = 20
_TIMEOUT = httpx.Timeout(SECONDS_TO_ANSWER, connect=10)
# How much of an answer is kept.
MOST_BYTES = 2_000_000
_MOST_REDIRECTS = 20
_FIRST_PAUSE = 0.5
# A server may not reach itself under its public address, and nothing depends on it.
_SECONDS_OUTSIDE = 5
# BookWyrm translates its error page.
_LANGUAGE = {"Accept-Language": "en"}
# Files are asked for as a browser does it: what is in front of a bucket may treat others otherwise.
_AS_BROWSER = {"User-Agent": "Mozilla/5.0 (compatible; bw-s3)", **_LANGUAGE}
# The instance's own site is asked as a plain program: Anubis, which is part of BookWyrm's nginx
# set-up, challenges whoever says "Mozilla".
_AS_PROGRAM = {"User-Agent": f"bw-s3/{version('bw-s3')}", **_LANGUAGE}
_Answer = TypeVar("_Answer")
_SERVER_ERROR = ("Server Error", "Something went wrong! Sorry about that.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One address on the way to an answer, and what came from it; headers as in the answer.

    `origin` is the `Origin` that was sent there, "" for none.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    origin: str = ""

    def lets_in(self, page: str, *, cookies: bool = False) -> bool:
        """Tell whether a browser on a page of this origin may use what came from here.

        `cookies`: it was to send those that it has (`crossorigin="use-credentials"`).
        """
        allowed = self.headers.get("access-control-allow-origin", "")
        if self.origin == page == origin_of(self.url):
            return True
        if cookies:
            with_them = self.headers.get("access-control-allow-credentials") == "true"
            return with_them and bool(self.origin) and allowed == self.origin
        return bool(self.origin) and allowed in ("*", self.origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorResponse:
    """What a visitor got. `status` is 0 where there was no answer at all, see `error`.

    `headers` have lower-case names; `body_start` is the first part of the body, `digest` that of
    the whole, where it was asked for. `hops` are all the addresses on the way, the last one that
    of the answer itself. `untrusted`: there is no answer because the certificate was not accepted;
    `late`: because it took too long.
    """

    url: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body_start: bytes = b""
    digest: Digest | None = None
    error: Problem | None = None
    untrusted: bool = False
    late: bool = False
    hops: tuple[Hop, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the visitor got what was asked for."""
        return self.status in (200, 206)

    @property
    def content_type(self) -> str:
        """What `Content-Type` says it is, in lower case and without parameters; "" for nothing."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body's start as text."""
        return self.body_start.decode(errors="replace")

    @property
    def words(self) -> Message:
        """What was seen, in a few words."""
        return verbatim(self.error.what if self.error else f"HTTP {self.status}")

    def lets_in(self, origin: str, *, cookies: bool = False) -> bool:
        """Tell whether a browser on a page of `origin` may use this answer, asked for with CORS."""
        return self.ok and all(hop.lets_in(origin, cookies=cookies) for hop in self.hops)


class ServedFrom(StrEnum):
    """What a running site serves its files from, seen from outside.

    ELSEWHERE is another bucket, or the same one under another address.
    """

    THIS_SERVER = "this server"
    THIS_BUCKET = "this bucket"
    ELSEWHERE = "elsewhere"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """The instance's first page as a visitor sees it.

    `url` is where it was found, after redirects. `own_page`: it is BookWyrm's page, and
    not its error page, which comes with status 200 too. `points_to_bucket`: all its
    stylesheets come from the bucket.
    `files` are all that it names, `policies` its Content-Security-Policies, `embedding` what
    it says of files from elsewhere (`Cross-Origin-Embedder-Policy`). `problem` says what is wrong
    where it was not reached (`status` 0) or is not its own page. `untrusted`: the site's
    certificate is not one that browsers trust. `challenge` is whose challenge answers in place
    of the site, "" where none does. `late`: its answer took too long to be waited for.
    """

    status: int
    own_page: bool
    points_to_bucket: bool
    files: tuple[PageFile, ...] = ()
    policies: tuple[Policy, ...] = ()
    embedding: str = ""
    html: str = ""
    problem: Problem | None = None
    untrusted: bool = False
    url: str = ""
    challenge: str = ""
    late: bool = False

    @property
    def stylesheets(self) -> tuple[str, ...]:
        """The addresses of its stylesheets."""
        return tuple(f.url for f in self.files if f.kind is Kind.STYLESHEET)

    @property
    def shown_instead(self) -> Message:
        """What it shows in place of its own page, as a whole sentence."""
        if self.problem:
            return sentence_of(self.problem)
        return msg("The site answers with HTTP {status}.", status=str(self.status))

    def served_from(self, domain: str) -> ServedFrom:
        """Tell what the site of this domain serves its static assets from."""
        if not self.own_page:
            return ServedFrom.UNKNOWN
        if self.points_to_bucket:
            return ServedFrom.THIS_BUCKET
        hosts = {urlsplit(sheet).netloc for sheet in self.stylesheets}
        own = {urlsplit(self.url).netloc, domain, *map(_host_of, site_origins(domain))}
        return ServedFrom.THIS_SERVER if hosts <= own else ServedFrom.ELSEWHERE


def style_host(view: SiteView) -> str:
    """Return the host of the page's stylesheets where that is another than the page's; "" else."""
    own = urlsplit(view.url).netloc
    hosts = [urlsplit(sheet).netloc for sheet in view.stylesheets]
    return next((host for host in hosts if host and host != own), "")


def address(settings: Settings, key: str) -> str:
    """Return where the public finds an object."""
    return f"{settings.public_base}/{quoted(key)}"


def quoted(key: str) -> str:
    """Return an object's key as django-storages writes it into addresses.

    It leaves it to Django's `filepath_to_uri` (`storages/backends/s3.py`: `S3Storage.url`).
    """
    return quote(key, safe="/~!*()'")


async def fetch(
    url: str,
    *,
    origin: str = "",
    field: str | None = "custom_domain",
    upgrade: bool = False,
    digest_bits: int = 0,
) -> VisitorResponse:
    """GET a URL as the public does: no credentials, redirects followed. Never raises.

    With `origin`, as a browser would for a font on a page of that origin.
    `field` is the setting that the address comes from, for the `Problem`.
    `upgrade`: every address over http is asked over https (`upgrade-insecure-requests`).
    `digest_bits`: of which length its digest is wanted; the whole body is read for that.
    """
    asked = as_https if upgrade else str
    headers = _with_origin(_AS_BROWSER, origin)
    return await _request(
        "GET", asked(url), headers, field=field, follow=asked, digest_bits=digest_bits
    )


async def fetch_endpoint(endpoint: str) -> VisitorResponse:
    """Ask a storage's endpoint for nothing in particular; a redirect is an answer. Never raises."""
    return await _request("GET", endpoint, field="endpoint", follow=None)


async def preflight(url: str, origin: str) -> VisitorResponse:
    """Send the OPTIONS request that BookWyrm's documentation asks for. Never raises."""
    headers = {**_AS_BROWSER, "Access-Control-Request-Method": "GET"}
    # A browser takes no redirect for an answer here.
    return await _request("OPTIONS", url, _with_origin(headers, origin), follow=None)


async def ask_until(
    seconds: float, ask: Callable[[], Awaitable[_Answer]], good: Callable[[_Answer], bool]
) -> _Answer:
    """Repeat `ask` with growing pauses until its answer is `good` or the time is over.

    Policies and CORS rules take a moment to reach all of a service's servers. Whoever asks the
    public address does it with a new name each time, since what is in front may keep an answer.
    """
    deadline, pause = asyncio.get_running_loop().time() + seconds, _FIRST_PAUSE
    while True:
        answer = await ask()
        if good(answer) or asyncio.get_running_loop().time() + pause >= deadline:
            return answer
        await asyncio.sleep(pause)
        pause *= 2


async def is_trusted_by_all(url: str) -> bool:
    """Tell whether browsers accept a host's certificate, wherever they run.

    Neither the admin's own CA file counts nor what this machine was told to trust.
    """
    return not (await _request("HEAD", url, follow=None, trust=known_to_browsers)).untrusted


async def look_at_site(settings: Settings, domain: str) -> SiteView:
    """Fetch the instance's first page, past every cache. Never raises.

    Where `settings.site_url` says from where the instance is reached, that is
    asked for the pages of `domain`. A certificate that is not trusted is
    accepted here, and said: nothing secret is sent.
    """
    base, host = _site(settings, domain)
    # A new address and a session keep nginx and other caches out.
    url = f"{base}/?bw-s3={secrets.token_hex(6)}"
    headers = {**_AS_PROGRAM, "Cookie": "sessionid=x", **host}
    seen = await _request("GET", url, headers, field="site_url")
    untrusted = seen.untrusted
    if untrusted:
        seen = await _request("GET", url, headers, field="site_url", trust=trusting)
    # Where it is asked for past what is in front of it, it is still the page of its domain.
    asked_elsewhere = (
        bool(host) and domain != "localhost" and origin_of(seen.url) == origin_of(base)
    )
    origin = site_origins(domain)[0] if asked_elsewhere else ""
    return judge_site(seen, settings, untrusted=untrusted, origin=origin)


async def look_from_outside(settings: Settings, domain: str, origin: str) -> SiteView | None:
    """Look at the first page where the public finds it, where the site is asked elsewhere.

    What is in front of the site is seen only there. None where that is the same address, or no
    page of the site's own came from it in a few seconds.
    """
    if origin_of(settings.site_url) in ("", origin):
        return None
    try:
        async with asyncio.timeout(_SECONDS_OUTSIDE):
            view = await look_at_site(replace(settings, site_url=origin), domain)
    except TimeoutError:
        return None
    return view if view.own_page else None


def site_client(settings: Settings, domain: str) -> httpx.Client:
    """Return what asks the instance for files, with addresses such as `/images/covers/a.jpg`.

    Follows no redirects, and accepts any certificate: nothing secret is sent.
    """
    base, host = _site(settings, domain)
    headers = {**_AS_PROGRAM, **host}
    return httpx.Client(base_url=base, headers=headers, verify=trusting(), timeout=_TIMEOUT)


def bucket_client(base: str) -> httpx.Client:
    """Return what asks a bucket's public address for files, as `site_client` asks the instance."""
    return httpx.Client(base_url=base, headers=_AS_PROGRAM, verify=trusted(), timeout=_TIMEOUT)


def _site(settings: Settings, domain: str) -> tuple[str, dict[str, str]]:
    """Return where the instance is asked, and the headers that lead to it there."""
    base = settings.site_url or site_origins(domain)[0]
    headers = {}
    if settings.site_url and domain:
        headers = {"Host": _host_header(domain, base), "X-Forwarded-Proto": "https"}
    return base.rstrip("/"), headers


def _host_header(domain: str, base: str) -> str:
    """Return the host, with its port where a trial set-up on localhost is known by that too."""
    return urlsplit(base).netloc if domain == "localhost" else domain


def judge_site(
    seen: VisitorResponse, settings: Settings, *, untrusted: bool = False, origin: str = ""
) -> SiteView:
    """Return what an answer says of the site: whether BookWyrm's own page, and its styles.

    `origin` is that under which browsers know the page, where it was asked for elsewhere.
    """
    if not seen.status:
        away = _site_away(seen)
        return SiteView(
            status=0, own_page=False, points_to_bucket=False, problem=away, late=seen.late
        )
    given = parse(seen.headers.get("content-security-policy", ""))
    page = read_page(seen.text, seen.url, _judge_of_bases(given, seen.url, origin))
    static = f"{settings.public_base}/static/"
    sheets = [file.url for file in page.files if file.kind is Kind.STYLESHEET]
    challenge = challenge_in(seen.url, seen.headers, seen.text)
    problem = _challenged(seen, challenge) if challenge else _page_problem(seen, sheets)
    return SiteView(
        status=seen.status,
        own_page=problem is None,
        points_to_bucket=bool(sheets) and all(same_place(s, static) for s in sheets),
        files=page.files,
        policies=given + parse(*page.policies),
        embedding=seen.headers.get("cross-origin-embedder-policy", ""),
        html=seen.text,
        problem=problem,
        untrusted=untrusted,
        url=seen.url,
        challenge=challenge,
    )


def _judge_of_bases(
    given: Sequence[Policy], url: str, origin: str
) -> Callable[[str, Sequence[str]], bool]:
    """Return what tells whether a page found at `url` may name a `<base>`, for `read_page`."""
    found_at = origin_of(url)

    def may_be(base: str, in_page: Sequence[str]) -> bool:
        if origin and origin_of(base) == found_at:
            base = origin + urlsplit(base)._replace(scheme="", netloc="").geturl()
        return lets_base((*given, *parse(*in_page)), base, origin=origin or found_at)

    return may_be


def _challenged(seen: VisitorResponse, whose: str) -> Problem:
    asked = seen.hops[0].url if seen.hops else seen.url
    return challenged_site(whose, asked.partition("?")[0])


def _host_of(origin: str) -> str:
    return urlsplit(origin).netloc


def _site_away(seen: VisitorResponse) -> Problem:
    said = sentence_of(seen.error) if seen.error else msg("No answer.")
    address = seen.url.partition("?")[0]
    return Problem(
        msg("The site does not answer at {address}", address=address),
        sentences(
            said,
            msg("It may still be starting, or this machine cannot reach it at that address."),
        ),
        Remedy(msg("Wait a moment and try again."), Action.RETRY),
        msg(
            "If the instance is reached differently from here, specify it: "
            "--site-url http://127.0.0.1:PORT"
        ),
        raw=seen.error.raw if seen.error else "",
        field="site_url",
        code="site-not-answering",
    )


_READ_LOG = Remedy(msg("Read BookWyrm's own log for the reason."))


def _page_problem(seen: VisitorResponse, stylesheets: Sequence[str]) -> Problem | None:
    raw, status = seen.text[:1000], str(seen.status)
    if all(words in seen.text for words in _SERVER_ERROR) or _is_bare_error(seen.text):
        return Problem(
            msg("The site answers with its error page."),
            msg(
                "BookWyrm runs, but every page fails. Its error page comes with status "
                "{status}, so it looks healthy to most checks. With S3, the likely cause is a "
                "missing AWS_S3_CUSTOM_DOMAIN, or static files that are not in the bucket.",
                status=status,
            ),
            Remedy(
                msg("Put the old .env back, then restart the services yourself."), Action.DISARM
            ),
            _READ_LOG,
            raw=raw,
            code="site-error-page",
        )
    if seen.status in (502, 503, 504):
        return Problem(
            msg(
                "The web server answers, but BookWyrm behind it does not (HTTP {status}).",
                status=status,
            ),
            msg("It is still starting, or it failed to start."),
            Remedy(msg("Wait a moment and try again."), Action.RETRY),
            _READ_LOG,
            raw=raw,
            code="site-without-bookwyrm",
        )
    if seen.status != 200 or not stylesheets:
        return Problem(
            msg("What answers is not a page of BookWyrm (HTTP {status}).", status=status),
            msg("Another site answers on this address, or a proxy or a login is in front of it."),
            msg("Open {url} in a browser and compare.", url=seen.url),
            msg(
                "Use --site-url to specify the address at which this machine reaches the instance."
            ),
            raw=raw,
            field="site_url",
            code="site-not-bookwyrm",
        )
    return None


def _is_bare_error(text: str) -> bool:
    """Tell whether it is the error page without its frame: a title and nothing to style it."""
    return "Oops!" in text[:2000] and "Server Error" in text


def same_place(url: str, base: str) -> bool:
    """Tell whether `url` is below `base`, whichever of http and https a page wrote."""
    return url.partition("//")[2].startswith(base.partition("//")[2])


def _with_origin(headers: Mapping[str, str], origin: str) -> Mapping[str, str]:
    return {**headers, "Origin": origin} if origin else headers


async def _request(
    method: str,
    url: str,
    headers: Mapping[str, str] = _AS_BROWSER,
    *,
    field: str | None = "custom_domain",
    trust: Callable[[], ssl.SSLContext] = trusted,
    follow: Callable[[str], str] | None = str,
    digest_bits: int = 0,
) -> VisitorResponse:
    """Send a request. `follow` makes of a redirect's address what is asked; None: that is left."""
    # Reading all the authorities takes too long for the event loop.
    verify = await asyncio.to_thread(trust)
    sent, origin = headers, headers.get("Origin", "")
    hops: list[Hop] = []
    try:
        async with httpx.AsyncClient(verify=verify, timeout=_TIMEOUT) as client:
            while True:
                async with client.stream(method, url, headers=sent) as response:
                    hops.append(_hop(response, sent.get("Origin", "")))
                    after = _next_url(hops)
                    if not after or follow is None:
                        return await _response(hops, response, digest_bits)
                url = follow(after)
                sent = _sent_on(sent, hops, origin, url)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        problem = unreachable(error, url, field)
        return VisitorResponse(
            url=url,
            status=0,
            error=problem,
            untrusted=_refuses_certificate(error),
            late=isinstance(error, httpx.ReadTimeout),
            hops=tuple(hops),
        )


def _refuses_certificate(error: BaseException | None) -> bool:
    """Tell whether a certificate is what it comes from; httpx wraps what ssl raises."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error is not None


def _hop(response: httpx.Response, origin: str) -> Hop:
    # Several of a name come joined by commas, as HTTP has it.
    found = {name.lower(): value for name, value in response.headers.items()}
    url = str(response.request.url)
    return Hop(url=url, status=response.status_code, headers=found, origin=origin)


async def _response(
    hops: Sequence[Hop], response: httpx.Response, digest_bits: int
) -> VisitorResponse:
    last = hops[-1]
    digester = IntegrityDigester(digest_bits) if digest_bits else None
    return VisitorResponse(
        url=last.url,
        status=last.status,
        headers=last.headers,
        body_start=await _start_of(response, digester),
        digest=digester.digest() if digester else None,
        hops=tuple(hops),
    )


def _next_url(hops: Sequence[Hop]) -> str:
    """Return where the last answer redirects to, "" where it does not."""
    last = hops[-1]
    if last.status not in (301, 302, 303, 307, 308) or "location" not in last.headers:
        return ""
    if len(hops) > _MOST_REDIRECTS:
        raise httpx.TooManyRedirects("more redirects than a browser follows")
    return urljoin(last.url, last.headers["location"])


def _sent_on(
    sent: Mapping[str, str], hops: Sequence[Hop], origin: str, after: str
) -> dict[str, str]:
    """Return the headers for the address that one was redirected to, as browsers send them.

    From the second foreign host on `Origin` is "null" (WHATWG's Fetch: "redirect-tainted").
    """
    here = origin_of(hops[-1].url)
    if here == origin_of(after):
        return dict(sent)
    # What leads to the site, and the session, are meant for nobody else.
    meant = {name: v for name, v in sent.items() if name in (*_AS_BROWSER, "Origin")}
    if origin and here != origin:
        meant["Origin"] = "null"
    return meant


async def _start_of(response: httpx.Response, digester: IntegrityDigester | None) -> bytes:
    """Return the start of the body; all of it goes through `digester`, if there is one."""
    body = b""
    async for chunk in response.aiter_bytes():
        if digester:
            digester.add(chunk)
        if len(body) < MOST_BYTES:
            body += chunk
        elif digester is None:
            break
    return body[:MOST_BYTES]
