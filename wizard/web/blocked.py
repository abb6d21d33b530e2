"""Why a browser does not use a file, in words, each with its remedy."""

from __future__ import annotations

from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.web.caches import cache_marks
from wizard.web.csp import Refusal
from wizard.web.origins import origin_of
from wizard.web.page import Cors, Kind, PageFile
from wizard.web.visitor import Hop, VisitorResponse


def among(problem: Problem, blocked: int, of: int) -> Problem:
    """Return the first of several problems of a page's files, with how many there are."""
    if blocked == 1:
        return problem
    return Problem(
        problem.what,
        f"So it is with {blocked} of {of} such files. {problem.why}",
        *problem.remedies,
        raw=problem.raw,
        field=problem.field,
        decision=problem.decision,
    )


def unstyled(problem: Problem, what: str) -> Problem:
    """Return the `Problem` of a page without its style, for the reason that `problem` gives."""
    return Problem(
        what,
        f"{problem.what} {problem.why}",
        *problem.remedies,
        TRY_AGAIN,
        raw=problem.raw,
        field=problem.field,
    )


def not_readable(url: str, status: int) -> Problem:
    """Return the `Problem` of a file that the public does not get."""
    return Problem(
        f"A stranger cannot load {url} (HTTP {status}).",
        "It is not there, the bucket does not let strangers read it, or the custom domain leads "
        "elsewhere.",
        Remedy("Do the step “Provider” again: it finds out which.", Action.EDIT_PROVIDER),
        raw=f"GET {url}: HTTP {status}",
        field="custom_domain",
    )


def by_policy(file: PageFile, found: Refusal) -> Problem:
    """Return the `Problem` of a file that a Content-Security-Policy does not name."""
    host = origin_of(found.url)
    redirected = f" {file.url} leads there." if found.url != file.url else ""
    return Problem(
        f"The site's Content-Security-Policy keeps browsers from loading {found.url}",
        f"The policy says “{found.text}”.{redirected} Where a page has several policies, such as "
        "one of BookWyrm and one of a proxy in front of it, each of them must allow a file.",
        f"If your web server or a proxy adds this policy, add {host} to its {found.directive} "
        "there, or let BookWyrm's own policy do.",
        f"If it is BookWyrm's own, add {host} to CSP_ADDITIONAL_HOSTS in .env and restart.",
        Remedy("Then try again.", Action.RETRY),
        raw=f"Content-Security-Policy: {found.text}",
    )


def as_mixed(origin: str, url: str, *, redirected: bool) -> Problem:
    """Return the `Problem` of a file over http on a page over https."""
    how = "A redirect leads to http there." if redirected else "The files are served over http."
    return Problem(
        f"Browsers block {url} on {origin}, since it is not https.",
        f"A page that comes over https may load only what comes over https. {how} Every page would "
        "be without style, icons and covers.",
        "Serve the files over https: with the storage's own https address, or with a proxy or a "
        "CDN of yours in front of the bucket that has a certificate.",
        Remedy("Then choose https for what visitors use.", Action.EDIT_PROVIDER),
        field="url_protocol",
    )


def as_foreign(file: PageFile, hop: Hop, origin: str) -> Problem:
    """Return the `Problem` of a file that is kept for pages of its own host."""
    wanted = hop.headers.get("cross-origin-resource-policy", "")
    said = (
        f"It comes with “Cross-Origin-Resource-Policy: {wanted}”, so browsers keep it from pages "
        f"of {origin}."
        if wanted
        else "The site's pages say “Cross-Origin-Embedder-Policy: require-corp”, so browsers take "
        "only files with a Cross-Origin-Resource-Policy."
    )
    return Problem(
        f"Browsers do not use {file.url} on your pages.",
        said,
        f"Let what serves {origin_of(hop.url)} send “Cross-Origin-Resource-Policy: cross-origin”"
        + (", or no such header." if wanted else ", or remove that header from the pages."),
        TRY_AGAIN,
        raw=f"GET {hop.url}: Cross-Origin-Resource-Policy: {wanted or '(none)'}",
        field="custom_domain",
    )


def by_type(file: PageFile, url: str, given: str, *, strict: bool) -> Problem:
    """Return the `Problem` of a file with a type that browsers do not take for its kind."""
    also = ", and “X-Content-Type-Options: nosniff” forbids to look closer" if strict else ""
    return Problem(
        f"Browsers do not take {url} for {_A[file.kind]}.",
        f"It comes as “{given or 'nothing at all'}”{also}.",
        "If a CDN or a proxy is in front of the bucket, let it pass on the Content-Type as the "
        "bucket has it.",
        "Otherwise do the step that stores it again: “Static assets” or “Copy media”.",
        TRY_AGAIN,
        raw=f"GET {url}: Content-Type: {given or '(none)'}",
        field="custom_domain",
    )


_A = {
    Kind.STYLESHEET: "a stylesheet",
    Kind.SCRIPT: "a script",
    Kind.FONT: "a font",
    Kind.IMAGE: "an image",
    Kind.OTHER: "a file",
}


def by_digest(file: PageFile) -> Problem:
    """Return the `Problem` of a file with other bytes than those whose digest the page names."""
    return Problem(
        f"Browsers do not use {file.url}, since it is not the file that the page names.",
        f"The page says “integrity='{file.integrity}'”, and the file has another digest.",
        "If a CDN or a proxy in front of the bucket changes files, such as by minifying them, turn "
        "that off.",
        "Otherwise do the step “Static assets” again, or correct the template of yours that says "
        "this.",
        TRY_AGAIN,
        raw=f"GET {file.url}: not {file.integrity}",
        field="custom_domain",
    )


def digest_without_cors(file: PageFile) -> Problem:
    """Return the `Problem` of a digest that browsers cannot compare."""
    return Problem(
        f"Browsers do not use {file.url}, because they are not allowed to compare it with its "
        "digest.",
        f"The page says “integrity='{file.integrity}'” of a file on another host. Browsers compare "
        "such a file only where the page says “crossorigin” of it as well.",
        'Add crossorigin="anonymous" to this element in the template of yours, or remove its '
        "integrity.",
        TRY_AGAIN,
        raw=f"{file.url}: integrity without crossorigin",
    )


def without_cors(file: PageFile, origin: str, seen: VisitorResponse) -> Problem:
    """Return the `Problem` of a file whose host does not let pages of `origin` use it."""
    cookies = file.cors is Cors.CREDENTIALS
    hop = next(hop for hop in seen.hops if not hop.lets_in(origin, cookies=cookies))
    if hop.origin == "null":
        return _from_nowhere(file, origin, seen)
    allowed = hop.headers.get("access-control-allow-origin", "")
    if cookies and hop.lets_in(origin):
        return _with_cookies(file, origin, hop)
    if marks := cache_marks(hop.headers):
        return kept_without_cors(file, origin, hop, marks)
    said = f"It allows {allowed} instead." if allowed else "It names no origin at all."
    return Problem(
        f"Browsers on {origin} are not allowed to use {_those(file)}.",
        f"{said} {_meaning(file)}",
        Remedy("Do the step “CORS” again.", Action.RETRY),
        "If a CDN or a proxy is in front of the bucket, let it pass on Origin and the CORS "
        "headers.",
        raw=_raw(hop, allowed),
    )


def _those(file: PageFile) -> str:
    return "the bucket's fonts" if file.kind is Kind.FONT else file.url


def _meaning(file: PageFile) -> str:
    if file.kind is Kind.FONT:
        return "Icons would show as empty boxes."
    return "The page says “crossorigin” of it, so browsers take it as they take fonts."


def _with_cookies(file: PageFile, origin: str, hop: Hop) -> Problem:
    return Problem(
        f"Browsers on {origin} are not allowed to use {_those(file)}.",
        "The page says “crossorigin='use-credentials'” of it: then its host has to name this very "
        "origin and to send “Access-Control-Allow-Credentials: true”.",
        'Say crossorigin="anonymous" in the template of yours: files for the public need no '
        "cookies.",
        TRY_AGAIN,
        raw=_raw(hop, hop.headers.get("access-control-allow-origin", "")),
    )


def kept_without_cors(file: PageFile, origin: str, hop: Hop, marks: str) -> Problem:
    """Return the `Problem` of an answer that a cache keeps without the header, or for another."""
    host, allowed = origin_of(hop.url), hop.headers.get("access-control-allow-origin", "")
    kept = f"for {allowed}" if allowed else "without the CORS headers"
    return Problem(
        f"A cache in front of the bucket keeps {_A[file.kind]} {kept}.",
        f"The answer comes out of the cache of {host} ({marks}), so browsers on {origin} are not "
        "allowed to use it, whatever the bucket's rules say. It may stay so for a day.",
        f"Purge the cache of {host}, at least everything below /static/.",
        "Let it keep answers apart by Origin (as “Vary: Origin” says), and pass on Origin and the "
        "CORS headers.",
        Remedy("Then try again.", Action.RETRY),
        raw=_raw(hop, allowed),
    )


def _from_nowhere(file: PageFile, origin: str, seen: VisitorResponse) -> Problem:
    first = seen.hops[0].url
    hop = next(hop for hop in seen.hops if hop.origin == "null")
    return Problem(
        f"Browsers on {origin} are not allowed to use {_those(file)}: a redirect leads to another "
        "host.",
        f"{first} redirects to {origin_of(hop.url)}. From there on browsers send “Origin: null” in "
        "place of the page's origin, and no rule lets that in.",
        f"Use {origin_of(hop.url).partition('//')[2]} as the custom domain, if the files are there "
        "under the same paths.",
        "Or let the host in front fetch the files itself (a proxy) in place of redirecting.",
        Remedy("Change the provider's settings.", Action.EDIT_PROVIDER),
        raw=_raw(hop, hop.headers.get("access-control-allow-origin", "")),
        field="custom_domain",
    )


def _raw(hop: Hop, allowed: str) -> str:
    sent = f"GET {hop.url} with Origin: {hop.origin}"
    return f"{sent}: Access-Control-Allow-Origin: {allowed or '(none)'}"
