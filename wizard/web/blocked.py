"""Why a browser does not use a file, in words, each with its remedy."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from wizard.core.message import NOTHING, Message, marked, msg, plural, sentences, verbatim
from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.web.caches import cache_marks
from wizard.web.csp import Refusal
from wizard.web.origins import origin_of
from wizard.web.page import Cors, Kind, PageFile
from wizard.web.problems import sentence_of
from wizard.web.visitor import Hop, VisitorResponse


def among(problem: Problem, blocked: int, of: int) -> Problem:
    """Return the first of several problems of a page's files, with how many there are."""
    if blocked == 1:
        return problem
    how_many = plural(
        "This applies to {blocked} of {n} such file.",
        "This applies to {blocked} of {n} such files.",
        of,
        blocked=blocked,
    )
    return Problem(
        verbatim(problem.what),
        sentences(how_many, problem.why),
        *problem.remedies,
        raw=problem.raw,
        field=problem.field,
        decision=problem.decision,
        code=problem.code,
    )


def unstyled(problem: Problem, what: Message) -> Problem:
    """Return the `Problem` of a page without its style, for the reason that `problem` gives."""
    return Problem(
        what,
        sentences(sentence_of(problem), problem.why),
        *problem.remedies,
        TRY_AGAIN,
        raw=problem.raw,
        field=problem.field,
        code="page-without-style",
    )


def not_readable(url: str, status: int) -> Problem:
    """Return the `Problem` of a file that the public does not get."""
    return Problem(
        msg("The public cannot load {url} (HTTP {status}).", url=url, status=str(status)),
        msg(
            "It is not there, the bucket does not let the public read it, or the custom domain "
            "leads elsewhere."
        ),
        Remedy(msg("Do the step “Provider” again: it finds out which."), Action.EDIT_PROVIDER),
        raw=f"GET {url}: HTTP {status}",
        field="custom_domain",
        code="file-not-public",
    )


def by_policy(file: PageFile, found: Refusal) -> Problem:
    """Return the `Problem` of a file that a Content-Security-Policy does not name."""
    host = origin_of(found.url)
    redirected = msg("{url} redirects there.", url=file.url) if found.url != file.url else NOTHING
    return Problem(
        msg("The site's Content-Security-Policy keeps browsers from loading {url}", url=found.url),
        sentences(
            msg("The policy says “{policy}”.", policy=found.text),
            redirected,
            msg(
                "Where a page has several policies, such as one of BookWyrm and one of a proxy in "
                "front of it, each of them must allow a file."
            ),
        ),
        msg(
            "If your web server or a proxy adds this policy, add {host} to its {directive} there, "
            "or let BookWyrm's own policy do.",
            host=host,
            directive=found.directive,
        ),
        msg(
            "If it is BookWyrm's own, add {host} to CSP_ADDITIONAL_HOSTS in .env and restart.",
            host=host,
        ),
        Remedy(msg("Then try again."), Action.RETRY),
        raw=f"Content-Security-Policy: {found.text}",
        code="blocked-by-csp",
    )


def as_mixed(origin: str, url: str, *, redirected: bool) -> Problem:
    """Return the `Problem` of a file over http on a page over https."""
    return Problem(
        msg("Browsers block {url} on {origin}, since it is not https.", url=url, origin=origin),
        sentences(
            msg("A page that comes over https may load only what comes over https."),
            msg("A redirect leads to http there.")
            if redirected
            else msg("The files are served over http."),
            msg("Every page would be without style, icons and covers."),
        ),
        msg(
            "Serve the files over https: with the storage's own https address, or with a proxy or "
            "a CDN of yours in front of the bucket that has a certificate."
        ),
        Remedy(msg("Then choose https for the custom domain."), Action.EDIT_PROVIDER),
        field="url_protocol",
        code="mixed-content",
    )


def as_foreign(file: PageFile, hop: Hop, origin: str) -> Problem:
    """Return the `Problem` of a file that is kept for pages of its own host."""
    wanted = hop.headers.get("cross-origin-resource-policy", "")
    host = origin_of(hop.url)
    if wanted:
        why = msg(
            "It comes with “Cross-Origin-Resource-Policy: {policy}”, so browsers keep it from "
            "pages of {origin}.",
            policy=wanted,
            origin=origin,
        )
        remedy = msg(
            "Let what serves {host} send “Cross-Origin-Resource-Policy: cross-origin”, or no such "
            "header.",
            host=host,
        )
    else:
        why = msg(
            "The site's pages say “Cross-Origin-Embedder-Policy: require-corp”, so browsers take "
            "only files with a Cross-Origin-Resource-Policy."
        )
        remedy = msg(
            "Let what serves {host} send “Cross-Origin-Resource-Policy: cross-origin”, or remove "
            "that header from the pages.",
            host=host,
        )
    return Problem(
        msg("Browsers do not use {url} on your pages.", url=file.url),
        why,
        remedy,
        TRY_AGAIN,
        raw=f"GET {hop.url}: Cross-Origin-Resource-Policy: {wanted or '(none)'}",
        field="custom_domain",
        code="blocked-by-corp",
    )


_WRONG_TYPE: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.STYLESHEET: marked("Browsers do not accept {url} as a stylesheet."),
        Kind.SCRIPT: marked("Browsers do not accept {url} as a script."),
        Kind.FONT: marked("Browsers do not accept {url} as a font."),
        Kind.IMAGE: marked("Browsers do not accept {url} as an image."),
        Kind.OTHER: marked("Browsers do not accept {url} as a file."),
    }
)


def by_type(file: PageFile, url: str, given: str, *, strict: bool) -> Problem:
    """Return the `Problem` of a file with a type that browsers do not take for its kind."""
    return Problem(
        Message(_WRONG_TYPE[file.kind], "", {"url": url}),
        sentences(
            msg("It comes as “{type}”.", type=given) if given else msg("It comes without a type."),
            msg("“X-Content-Type-Options: nosniff” forbids browsers to guess it.")
            if strict
            else NOTHING,
        ),
        msg(
            "If a CDN or a proxy is in front of the bucket, let it pass on the Content-Type as the "
            "bucket has it."
        ),
        msg("Otherwise do the step that stores it again: “Static assets” or “Copy media”."),
        TRY_AGAIN,
        raw=f"GET {url}: Content-Type: {given or '(none)'}",
        field="custom_domain",
        code="wrong-content-type",
    )


def by_digest(file: PageFile) -> Problem:
    """Return the `Problem` of a file with other bytes than those whose digest the page names."""
    return Problem(
        msg(
            "Browsers do not use {url}, since it is not the file that the page names.",
            url=file.url,
        ),
        msg(
            "The page says “integrity='{digest}'”, and the file has another digest.",
            digest=file.integrity,
        ),
        msg(
            "If a CDN or a proxy in front of the bucket changes files, such as by minifying them, "
            "turn that off."
        ),
        msg(
            "Otherwise do the step “Static assets” again, or correct your template that says this."
        ),
        TRY_AGAIN,
        raw=f"GET {file.url}: not {file.integrity}",
        field="custom_domain",
        code="digest-mismatch",
    )


def digest_without_cors(file: PageFile) -> Problem:
    """Return the `Problem` of a digest that browsers cannot compare."""
    return Problem(
        msg(
            "Browsers do not use {url}, because they are not allowed to compare it with its "
            "digest.",
            url=file.url,
        ),
        msg(
            "The page says “integrity='{digest}'” of a file on another host. Browsers compare "
            "such a file only where the page says “crossorigin” of it as well.",
            digest=file.integrity,
        ),
        msg(
            'Add crossorigin="anonymous" to this element in your template, or remove its integrity.'
        ),
        TRY_AGAIN,
        raw=f"{file.url}: integrity without crossorigin",
        code="digest-without-cors",
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
    said = (
        msg("It allows {origin} instead.", origin=allowed)
        if allowed
        else msg("It names no origin at all.")
    )
    return Problem(
        _not_allowed(file, origin),
        sentences(said, _meaning(file)),
        Remedy(msg("Do the step “CORS” again."), Action.RETRY),
        msg(
            "If a CDN or a proxy is in front of the bucket, let it pass on Origin and the CORS "
            "headers."
        ),
        raw=_raw(hop, allowed),
        code="cors-origin-refused",
    )


def _not_allowed(file: PageFile, origin: str) -> Message:
    if file.kind is Kind.FONT:
        return msg("Browsers on {origin} are not allowed to use the bucket's fonts.", origin=origin)
    return msg("Browsers on {origin} are not allowed to use {url}.", origin=origin, url=file.url)


def _meaning(file: PageFile) -> Message:
    if file.kind is Kind.FONT:
        return msg("Icons would show as empty boxes.")
    return msg("The page says “crossorigin” of it, so browsers take it as they take fonts.")


def _with_cookies(file: PageFile, origin: str, hop: Hop) -> Problem:
    return Problem(
        _not_allowed(file, origin),
        msg(
            "The page says “crossorigin='use-credentials'” of it: then its host has to name this "
            "very origin and to send “Access-Control-Allow-Credentials: true”."
        ),
        msg(
            'Write crossorigin="anonymous" in your template: files for the public need no cookies.'
        ),
        TRY_AGAIN,
        raw=_raw(hop, hop.headers.get("access-control-allow-origin", "")),
        code="cors-with-cookies",
    )


def kept_without_cors(file: PageFile, origin: str, hop: Hop, marks: str) -> Problem:
    """Return the `Problem` of an answer that a cache keeps without the header, or for another."""
    host, allowed = origin_of(hop.url), hop.headers.get("access-control-allow-origin", "")
    return Problem(
        _kept(file, hop, allowed),
        msg(
            "The answer comes from the cache of {host} ({marks}), so browsers on {origin} are "
            "not allowed to use it, whatever the bucket's rules say. It may persist for a day.",
            host=host,
            marks=marks,
            origin=origin,
        ),
        msg("Purge the cache of {host}, at least everything below /static/.", host=host),
        msg(
            "Let it keep answers apart by Origin (as “Vary: Origin” says), and pass on Origin and "
            "the CORS headers."
        ),
        Remedy(msg("Then try again."), Action.RETRY),
        raw=_raw(hop, allowed),
        code="cached-without-cors",
    )


def _kept(file: PageFile, hop: Hop, allowed: str) -> Message:
    if file.kind is Kind.FONT:
        return (
            msg("A cache in front of the bucket keeps a font for {origin}.", origin=allowed)
            if allowed
            else msg("A cache in front of the bucket keeps a font without the CORS headers.")
        )
    if allowed:
        return msg(
            "A cache in front of the bucket keeps {url} for {origin}.", url=hop.url, origin=allowed
        )
    return msg("A cache in front of the bucket keeps {url} without the CORS headers.", url=hop.url)


def _from_nowhere(file: PageFile, origin: str, seen: VisitorResponse) -> Problem:
    first = seen.hops[0].url
    hop = next(hop for hop in seen.hops if hop.origin == "null")
    return Problem(
        _redirected(file, origin),
        msg(
            "{url} redirects to {host}. From there on browsers send “Origin: null” in place of "
            "the page's origin, and no rule lets that in.",
            url=first,
            host=origin_of(hop.url),
        ),
        msg(
            "Use {host} as the custom domain, if the files are there under the same paths.",
            host=origin_of(hop.url).partition("//")[2],
        ),
        msg("Or let the host in front fetch the files itself (a proxy) in place of redirecting."),
        Remedy(msg("Change the provider's settings."), Action.EDIT_PROVIDER),
        raw=_raw(hop, hop.headers.get("access-control-allow-origin", "")),
        field="custom_domain",
        code="cors-after-redirect",
    )


def _redirected(file: PageFile, origin: str) -> Message:
    if file.kind is Kind.FONT:
        return msg(
            "Browsers on {origin} are not allowed to use the bucket's fonts: a redirect leads to "
            "another host.",
            origin=origin,
        )
    return msg(
        "Browsers on {origin} are not allowed to use {url}: a redirect leads to another host.",
        origin=origin,
        url=file.url,
    )


def _raw(hop: Hop, allowed: str) -> str:
    sent = f"GET {hop.url} with Origin: {hop.origin}"
    return f"{sent}: Access-Control-Allow-Origin: {allowed or '(none)'}"
