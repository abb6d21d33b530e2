"""Whether a real browser agrees with our own judgement of what a page may load."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.servers.browser import Chromium
from tests.servers.caching_proxy import CachingProxy
from tests.servers.front import Change, in_front, with_headers
from tests.servers.internet import Internet, Page, redirect
from tests.servers.refusing import Refusing, Reply, Request, always
from tests.support.contexts import Listener, carry_out, storage_context
from tests.support.parts import need
from tests.web.test_visitor import PAGE
from wizard.access.policy import opening_policy
from wizard.assets.cors_rules import rule_for
from wizard.core.events import Verdict
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings
from wizard.demo.font import woff
from wizard.demo.pictures import avatar
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.set_cors import SetCors
from wizard.steps.verify_cors import VerifyCors
from wizard.storage.bucket import Bucket
from wizard.web.browser import Onlooker, load_page, style_problem
from wizard.web.origins import origin_of
from wizard.web.page import Kind
from wizard.web.trust import trusted
from wizard.web.visitor import address, fetch, look_at_site, quoted

_CSS = """@font-face { font-family: icons; src: url(old.eot) format("embedded-opentype"),
  url("a.woff?x#y") format("woff"); } p { color: rgb(1, 2, 3); font-family: icons }"""
_HTML = """<!DOCTYPE html><title>A page</title>
<link rel="stylesheet" href="{files}/a.css"{nonce}><script src="{files}/a.js"{nonce}></script>
<img src="{files}/{image}"><p>\ue900</p>"""
_WEBP = '<source type="image/webp" srcset="{files}/a.webp">'
_ICON = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
# What of the page's four files can be used, as the page itself sees it.
_USABLE = """(async () => ({
  stylesheet: getComputedStyle(document.querySelector("p")).color === "rgb(1, 2, 3)",
  script: window.ran === true,
  image: document.images[0].naturalWidth > 0,
  font: await document.fonts.load("1em icons", "\\ue900").then(f => f.length > 0, () => false),
}))()"""
_ALL = frozenset(Kind) - {Kind.OTHER}
_CORS = ("Access-Control-Allow-Origin", "*")
CSP = "Content-Security-Policy"


@dataclass(frozen=True)
class Case:
    """A page and its files, and what of them no browser uses.

    `page` are the page's headers, `files` what is not as usual; `%p` and `%f` stand for the hosts
    of the page and of the files.
    """

    name: str
    blocked: Collection[Kind] = ()
    page: Sequence[tuple[str, str]] = ()
    files: Callable[[str], dict[str, Page]] = lambda host: {}
    html: str = _HTML
    nonce: str = ""
    image: str = "a.png"
    scheme: str = "https"


def typed(
    kind: str, *headers: tuple[str, str], name: str = "a.css"
) -> Callable[[str], dict[str, Page]]:
    """One of the files, with another type and more headers."""
    body = _FILES[name].body
    return lambda host: {f"{host}/{name}": Page(body, kind, (_CORS, *headers))}


def led(name: str, to: str, *headers: tuple[str, str]) -> Callable[[str], dict[str, Page]]:
    """One of the files, which another host has, after a redirect."""
    return lambda host: {
        f"{host}/{name}": redirect(f"{to}/{name}", _CORS),
        f"{to}/{name}": replace(_FILES[name], headers=headers),
    }


_FILES = {
    "a.css": Page(_CSS.encode(), "text/css", (_CORS,)),
    "a.js": Page(b"window.ran = true", "text/javascript", (_CORS,)),
    "a.png": Page(avatar(1), "image/png", (_CORS,)),
    "a.webp": Page(avatar(1), "image/webp", (_CORS,)),
    "a.svg": Page(_ICON, "image/svg+xml", (_CORS,)),
    "a.woff": Page(woff(), "font/woff", (_CORS,)),
    "long.css": Page(_CSS.encode() + b" " * 3_000_000, "text/css", (_CORS,)),
    "long.js": Page(b"window.ran = true" + b" " * 3_000_000, "text/javascript", (_CORS,)),
}


def sri(name: str, algorithm: str = "sha384") -> str:
    """The digest of one of the files, as `integrity` has it."""
    digest = hashlib.new(algorithm, _FILES[name].body).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


def with_attributes(css: str = "", script: str = "", image: str = "", html: str = _HTML) -> str:
    """The page, with more attributes at its elements."""
    html = html.replace("<link ", f"<link {css} ").replace("<script ", f"<script {script} ")
    return html.replace("<img ", f"<img {image} ")


def with_base(*bases: str) -> str:
    """The page, with names that are relative to these."""
    elements = "".join(f'<base href="{base}">' for base in bases)
    return _HTML.replace("{files}/", "").replace("<title>", f"{elements}<title>")


def long_files(more: bytes = b"") -> Callable[[str], dict[str, Page]]:
    """Stylesheet and script of some megabytes, with something at their end."""
    return lambda host: {
        f"{host}/a.{kind}": replace(page, body=page.body + more)
        for kind in ("css", "js")
        for page in [_FILES[f"long.{kind}"]]
    }


def in_picture(*sources: str) -> str:
    """The page, its image in a `<picture>` with these sources."""
    return _HTML.replace("<img ", f"<picture>{''.join(sources)}<img ").replace(
        "<p>", "</picture><p>"
    )


def missing(*names: str) -> Callable[[str], dict[str, Page]]:
    """Some of the files are not there."""
    return lambda host: {f"{host}/{name}": Page(b"", status=404) for name in names}


def answering(headers: Sequence[tuple[str, str]], *names: str) -> Callable[[str], dict[str, Page]]:
    """Some of the files, with these headers and no others."""
    return lambda host: {f"{host}/{n}": replace(_FILES[n], headers=headers) for n in names}


def kept_as(name: str) -> Callable[[str], dict[str, Page]]:
    """The picture, under a name that is quoted where it has to be."""
    return lambda host: {f"{host}/{quoted(name)}": _FILES["a.png"]}


_NOSNIFF = ("X-Content-Type-Options", "nosniff")
_CORP = "Cross-Origin-Resource-Policy"
_OTHER = "https://other.example.com"
_ORIGIN = ("Access-Control-Allow-Origin", "https://%p")
_CREDENTIALS = ("Access-Control-Allow-Credentials", "true")
_PLAIN = _HTML.replace("{files}", "http://{host}")
_UPGRADE = (CSP, "upgrade-insecure-requests")
_FROM_FILES = "default-src https://%f"
_NO_BASE = f'<meta http-equiv="{CSP}" content="base-uri \'none\'">'


def digested(style: str, script: str, cors: str = "crossorigin") -> str:
    """The page, with digests for two of its files."""
    return with_attributes(f'integrity="{style}" {cors}', f'integrity="{script}" {cors}')


_RIGHT, _RIGHT_JS = sri("a.css"), sri("a.js")
_WRONG = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
CASES = [
    Case("no policy at all"),
    # Content-Security-Policy
    Case("bookwyrm's own", page=[(CSP, "default-src 'self' https://%f; script-src 'self' https://%f")]),
    Case("nothing but itself", _ALL, [(CSP, "default-src 'self'")]),
    Case("one kind forgotten", [Kind.IMAGE], [(CSP, "default-src https://%f; img-src 'self'")]),
    Case("a proxy adds another", _ALL, [(CSP, "default-src %f"), (CSP, "default-src 'self'")]),
    Case("a proxy adds one that fits", page=[(CSP, "default-src %f"), (CSP, "img-src https:")]),
    Case("both in one line", [Kind.FONT], [(CSP, "default-src *, font-src 'none'")]),
    Case("report only", page=[(f"{CSP}-Report-Only", "default-src 'none'")]),
    Case("the host without scheme", page=[(CSP, "default-src %f")]),
    Case("a wildcard", page=[(CSP, "default-src https://*.example.net")]),
    Case("a wildcard is not the host itself", [Kind.SCRIPT], [(CSP, "script-src *.%f")]),
    Case("http covers https", page=[(CSP, "default-src http://%f")]),
    Case("http's port covers https's", page=[(CSP, "default-src http://%f:80")]),
    Case("another port", [Kind.STYLESHEET, Kind.FONT], [(CSP, "style-src https://%f:8443")]),
    Case("any port", page=[(CSP, "default-src https://%f:*")]),
    Case("capitals", page=[(CSP, "Default-Src HTTPS://%F")]),
    Case("a path with a slash", page=[(CSP, "default-src https://%f/")]),
    Case("a path without", _ALL, [(CSP, "default-src https://%f/books")]),
    Case("one file by its path", [Kind.SCRIPT], [(CSP, "script-src https://%f/a.css")]),
    Case("the first of a name counts", page=[(CSP, "img-src *; img-src 'none'")]),
    Case("an empty list", [Kind.IMAGE], [(CSP, "img-src")]),
    Case("data only", [Kind.FONT], [(CSP, "font-src data:")]),
    Case("style-src-elem goes before", page=[(CSP, "style-src 'none'; style-src-elem https:")]),
    Case("a nonce", [Kind.FONT, Kind.IMAGE], [(CSP, "default-src 'nonce-abc'")], nonce="abc"),
    Case("another nonce", _ALL, [(CSP, "default-src 'nonce-abc'")], nonce="abd"),
    Case("strict-dynamic", [Kind.SCRIPT], [(CSP, "script-src https: 'strict-dynamic'")]),
    Case("strict-dynamic with a nonce", page=[(CSP, "script-src 'strict-dynamic' 'nonce-a'")],
         nonce="a"),
    Case(
        "in the page itself",
        [Kind.IMAGE],
        html='<!DOCTYPE html><meta http-equiv="content-security-policy" content="img-src \'self\'">'
        + _HTML.removeprefix("<!DOCTYPE html>"),
    ),
    Case("a redirect that it allows", page=[(CSP, f"img-src https://%f {_OTHER}")],
         files=led("a.png", _OTHER)),
    Case("a redirect that it forbids", [Kind.IMAGE], [(CSP, "img-src https://%f")],
         led("a.png", _OTHER)),
    Case("a path after a redirect", page=[(CSP, f"img-src https://%f {_OTHER}/elsewhere/")],
         files=led("a.png", _OTHER)),
    # Mixed content
    Case("a redirect to http", [Kind.SCRIPT], files=led("a.js", "http://plain.example.com")),
    Case("a picture redirected to http", [Kind.IMAGE],
         files=led("a.png", "http://plain.example.com")),
    Case("all over http", [Kind.STYLESHEET, Kind.SCRIPT, Kind.FONT], html=_HTML.replace("{files}", "http://{host}")),
    Case("http on http", html=_HTML.replace("{files}", "http://{host}"), scheme="http"),
    # Cross-Origin-Resource-Policy
    Case("for the same origin", [Kind.IMAGE],
         files=typed("image/png", (_CORP, "same-origin"), name="a.png")),
    Case("for the same site", [Kind.SCRIPT],
         files=typed("text/javascript", (_CORP, "same-site"), name="a.js")),
    Case("for everybody", files=typed("image/png", (_CORP, "cross-origin"), name="a.png")),
    Case("a value that means nothing", files=typed("image/png", (_CORP, "same"), name="a.png")),
    Case("fonts go by CORS", files=typed("font/woff", (_CORP, "same-origin"), name="a.woff")),
    Case("the redirect says so", [Kind.IMAGE], files=lambda host: {
        f"{host}/a.png": redirect(f"{_OTHER}/a.png", (_CORP, "same-origin")),
        f"{_OTHER}/a.png": _FILES["a.png"]}),
    Case("the page wants it", [Kind.STYLESHEET, Kind.SCRIPT, Kind.IMAGE],
         [("Cross-Origin-Embedder-Policy", "require-corp")]),
    # Types
    Case("css as text", [Kind.STYLESHEET], files=typed("text/plain")),
    Case("css as bytes", [Kind.STYLESHEET], files=typed("binary/octet-stream")),
    Case("css without a type", files=typed("")),
    Case("css without a type, strict", [Kind.STYLESHEET], files=typed("", _NOSNIFF)),
    Case("css with a charset, strict", files=typed("text/css; charset=utf-8", _NOSNIFF)),
    Case("script as text", files=typed("text/plain", name="a.js")),
    Case("script as text, strict", [Kind.SCRIPT], files=typed("text/plain", _NOSNIFF, name="a.js")),
    Case("script as bytes", files=typed("binary/octet-stream", name="a.js")),
    Case("script as bytes, strict", [Kind.SCRIPT],
         files=typed("application/octet-stream", _NOSNIFF, name="a.js")),
    Case("script of old, strict", files=typed("application/x-javascript", _NOSNIFF, name="a.js")),
    Case("script as a picture", [Kind.SCRIPT], files=typed("image/png", name="a.js")),
    Case("script as a table", [Kind.SCRIPT], files=typed("text/csv", name="a.js")),
    Case("picture as bytes", files=typed("binary/octet-stream", name="a.png")),
    Case("picture as bytes, strict", files=typed("binary/octet-stream", _NOSNIFF, name="a.png")),
    Case("picture as text", files=typed("text/plain", name="a.png")),
    Case("picture as text, strict", [Kind.IMAGE],
         files=typed("text/plain", _NOSNIFF, name="a.png")),
    Case("picture as html, strict", [Kind.IMAGE], files=typed("text/html", _NOSNIFF, name="a.png")),
    Case("picture as json, strict", [Kind.IMAGE],
         files=typed("application/json", _NOSNIFF, name="a.png")),
    Case("picture as another", files=typed("image/webp", _NOSNIFF, name="a.png")),
    Case("svg", image="a.svg"),
    Case("svg as bytes", [Kind.IMAGE], image="a.svg",
         files=typed("binary/octet-stream", name="a.svg")),
    Case("svg as xml", [Kind.IMAGE], image="a.svg", files=typed("text/xml", name="a.svg")),
    Case("font as bytes, strict", files=typed("binary/octet-stream", _NOSNIFF, name="a.woff")),
    # CORS
    Case("no rules", [Kind.FONT], files=lambda host: {
        f"{host}/a.woff": replace(_FILES["a.woff"], headers=())}),
    Case("for this very page", files=lambda host: {f"{host}/a.woff": replace(
        _FILES["a.woff"], headers=[("Access-Control-Allow-Origin", "https://%p")])}),
    Case("for another page", [Kind.FONT], files=lambda host: {f"{host}/a.woff": replace(
        _FILES["a.woff"], headers=[("Access-Control-Allow-Origin", "https://www.%p")])}),
    Case("for the page with a slash", [Kind.FONT], files=lambda host: {f"{host}/a.woff": replace(
        _FILES["a.woff"], headers=[("Access-Control-Allow-Origin", "https://%p/")])}),
    Case("for the page over http", [Kind.FONT],
         files=answering([("Access-Control-Allow-Origin", "http://%p")], "a.woff")),
    Case("for another port of it", [Kind.FONT],
         files=answering([("Access-Control-Allow-Origin", "https://%p:8443")], "a.woff")),
    Case("for two pages in one header", [Kind.FONT],
         files=answering([("Access-Control-Allow-Origin", "https://%p, https://*.%p")], "a.woff")),
    Case("for null", [Kind.FONT],
         files=answering([("Access-Control-Allow-Origin", "null")], "a.woff")),
    Case("said twice", [Kind.FONT], files=lambda host: {
        f"{host}/a.woff": replace(_FILES["a.woff"], headers=[_CORS, _CORS])}),
    Case("a redirect to another host", [Kind.FONT], files=led(
        "a.woff", _OTHER, ("Access-Control-Allow-Origin", "https://%p"))),
    Case("a redirect, and everybody let in", files=led("a.woff", _OTHER, _CORS)),
    Case("a redirect, and null let in", files=led(
        "a.woff", _OTHER, ("Access-Control-Allow-Origin", "null"))),
    Case("a redirect that lets nobody in", [Kind.FONT], files=lambda host: {
        f"{host}/a.woff": redirect(f"{_OTHER}/a.woff"), f"{_OTHER}/a.woff": _FILES["a.woff"]}),
    Case("a redirect on the same host", files=lambda host: {
        f"{host}/a.woff": redirect(f"{host}/b.woff", ("Access-Control-Allow-Origin", "https://%p")),
        f"{host}/b.woff": replace(
            _FILES["a.woff"], headers=[("Access-Control-Allow-Origin", "https://%p")])}),
    Case("gone", [Kind.FONT, Kind.IMAGE], files=lambda host: {
        f"{host}/{name}": Page(b"gone", "text/plain", (_CORS,), 404)
        for name in ("a.woff", "a.png")}),
    # The attribute `crossorigin`
    Case("asked with cors", html=with_attributes("crossorigin", "crossorigin", "crossorigin")),
    Case("a stylesheet asked with cors, no rules", [Kind.STYLESHEET],
         html=with_attributes(css="crossorigin"), files=answering((), "a.css")),
    Case("a script asked with cors, no rules", [Kind.SCRIPT],
         html=with_attributes(script='crossorigin="anonymous"'), files=answering((), "a.js")),
    Case("a picture asked with cors, no rules", [Kind.IMAGE],
         html=with_attributes(image='crossorigin="whatever"'), files=answering((), "a.png")),
    Case("asked with cors, for its own host", html=with_attributes(image="crossorigin"),
         files=answering([_CORS, (_CORP, "same-origin")], "a.png")),
    Case("with credentials, for everybody", [Kind.IMAGE],
         html=with_attributes(image='crossorigin="use-credentials"'),
         files=answering([_CORS, _CREDENTIALS], "a.png")),
    Case("with credentials, which are not let in", [Kind.SCRIPT],
         html=with_attributes(script='crossorigin="USE-CREDENTIALS"'),
         files=answering([_ORIGIN], "a.js")),
    Case("with credentials, let in", html=with_attributes(script='crossorigin="use-credentials"'),
         files=answering([_ORIGIN, _CREDENTIALS], "a.js")),
    # Subresource Integrity
    Case("right digests", html=digested(_RIGHT, sri("a.js", "sha512"))),
    Case("wrong digests", [Kind.STYLESHEET, Kind.SCRIPT], html=digested(_WRONG, _WRONG)),
    Case("one digest of two", html=digested(f"{_WRONG} {sri('a.css', 'sha256')}",
                                            f"{sri('a.js', 'sha256')}\n{_WRONG}")),
    Case("the longest digest counts", [Kind.SCRIPT], html=digested(
        f"{_WRONG} {_RIGHT}", f"{sri('a.js', 'sha256')} {_WRONG.replace('256', '512')}")),
    Case("unknown digests", [Kind.SCRIPT], html=digested("md5-AA sha1-BB no", f"md5-AA {_WRONG}")),
    Case("unknown digests without cors", html=digested("md5-AA", "sha256-!!!!", cors="")),
    Case("no digests", html=digested("", " ", cors="")),
    Case("digests that cannot be", [Kind.SCRIPT], html=digested("sha256-!! sha384-", "sha256-AA")),
    Case("digests otherwise written", html=digested(
        sri("a.css", "sha256").rstrip("=") + "?ct=text/css",
        _RIGHT_JS.replace("384", "-384").replace("+", "-").replace("/", "_"))),
    Case("digests wrong, otherwise written", [Kind.SCRIPT], html=digested(
        _WRONG.replace("sha", "Sha"), _WRONG.replace("sha", "sha-"))),
    Case("right digests without cors", [Kind.STYLESHEET, Kind.SCRIPT],
         html=digested(_RIGHT, _RIGHT_JS, cors="")),
    Case("a right digest with cors, no rules", [Kind.SCRIPT],
         html=digested(_RIGHT, _RIGHT_JS), files=answering((), "a.js")),
    Case("pictures have no digests", html=with_attributes(image=f'integrity="{_WRONG}"')),
    Case("one byte more than the digest says", [Kind.STYLESHEET], html=digested(_RIGHT, _RIGHT_JS),
         files=lambda host: {
             f"{host}/a.css": replace(_FILES["a.css"], body=_FILES["a.css"].body + b"\n")}),
    Case("right digests of long files", html=digested(sri("long.css"), sri("long.js")),
         files=long_files()),
    Case("wrong digests at the end of long files", [Kind.STYLESHEET, Kind.SCRIPT],
         html=digested(sri("long.css"), sri("long.js")), files=long_files(b" ")),
    Case("a digest that the policy names", page=[(CSP, f"script-src '{_RIGHT_JS}' 'self'")],
         html=digested(_RIGHT, _RIGHT_JS)),
    Case("two digests, of which the policy names one", [Kind.SCRIPT],
         page=[(CSP, f"script-src '{_RIGHT_JS}'")],
         html=digested(_RIGHT, f"{_RIGHT_JS} {_WRONG}")),
    # upgrade-insecure-requests, block-all-mixed-content
    Case("http made https", page=[_UPGRADE], html=_PLAIN),
    Case("http made https by the page itself", html=_PLAIN.replace(
        "<title>", f'<meta http-equiv="{CSP}" content="{_UPGRADE[1]}"><title>')),
    Case("http made https on a page over http", page=[_UPGRADE], html=_PLAIN, scheme="http",
         files=lambda host: {f"{host}/a.png".replace("https:", "http:"): Page(b"", status=404)}),
    Case("http made https, where nothing is", [Kind.SCRIPT], page=[_UPGRADE], html=_PLAIN,
         files=lambda host: {f"https://{host.partition('//')[2]}/a.js": Page(b"", status=404)}),
    Case("a redirect made https", page=[_UPGRADE], files=lambda host: {
        f"{host}/a.js": redirect("http://plain.example.com/a.js"),
        "https://plain.example.com/a.js": _FILES["a.js"]}),
    Case("another port made https", page=[_UPGRADE],
         html=_HTML.replace("{files}/{image}", "http://{host}:8080/{image}"),
         files=lambda host: {
             f"https://{host.partition('//')[2]}:8080/a.png": _FILES["a.png"]}),
    Case("made https before a policy decides", page=[(CSP, f"{_UPGRADE[1]}; script-src https://%f")],
         html=_PLAIN),
    Case("made https by report only", [Kind.STYLESHEET, Kind.SCRIPT, Kind.FONT],
         page=[(f"{CSP}-Report-Only", _UPGRADE[1])], html=_PLAIN),
    Case("no mixed content at all", [Kind.STYLESHEET, Kind.SCRIPT, Kind.FONT],
         page=[(CSP, "block-all-mixed-content")], html=_PLAIN),
    Case("a picture from an address over http", [Kind.IMAGE],
         html=_HTML.replace("{files}/{image}", "http://203.0.113.7/{image}"),
         files=lambda host: {"http://203.0.113.7/a.png": _FILES["a.png"]}),
    Case("a picture over http asked with cors", html=with_attributes(
        image="crossorigin", html=_HTML.replace("{files}/{image}", "http://{host}/{image}"))),
    # Names as BookWyrm's pages have them: as they are
    *(Case(f"named {name}", blocked, image=name, files=kept_as(name)) for name, blocked in (
        ("a #1.png", [Kind.IMAGE]), ("a?.png", [Kind.IMAGE]), ("50%20off.png", [Kind.IMAGE]),
        ("100%.png", [Kind.IMAGE]), ("a (1) – é.png", ()), ("a'~!*.png", ()))),
    # <picture>, as BookWyrm's covers are one where thumbnails are made
    Case("a thumbnail", html=in_picture(_WEBP), files=missing("a.png")),
    Case("a thumbnail that is not there", [Kind.IMAGE], html=in_picture(_WEBP),
         files=missing("a.webp")),
    Case("a thumbnail elsewhere", [Kind.IMAGE], [(CSP, "img-src https://%f")],
         html=in_picture(_WEBP.replace("{files}", _OTHER))),
    Case("a thumbnail of a type that nobody knows", files=missing("a.webp"),
         html=in_picture(_WEBP.replace("image/webp", "image/x-thumbnail"))),
    Case("the first thumbnail counts", html=in_picture(_WEBP, _WEBP.replace("webp", "jpg")),
         files=missing("a.jpg", "a.png")),
    Case("a thumbnail in two sizes", files=missing("a.png"),
         html=in_picture(_WEBP.replace("a.webp", "a.webp 1x,\n {files}/a.webp?large 2x"))),
    Case("a thumbnail behind the image counts for nothing", html=in_picture("").replace(
        "</picture>", f"{_WEBP}</picture>"), files=missing("a.webp")),
    Case("an image in several sizes", html=_HTML.replace(
        "<img ", '<img srcset="{files}/a.webp 1x, {files}/a.png 2x" ')),
    # <base>
    Case("a base", html=with_base("{files}/")),
    Case("the first base counts", html=with_base("{files}/", "https://other.example.com/")),
    Case("the second base counts for nothing", _ALL,
         html=with_base("https://nothing.example.com/", "{files}/")),
    # `base-uri`: where it forbids a base, names are the page's own, which this policy forbids.
    Case("a base that is allowed", page=[(CSP, f"{_FROM_FILES}; base-uri 'self' https://%f")],
         html=with_base("{files}/")),
    Case("a base elsewhere", _ALL, [(CSP, f"{_FROM_FILES}; base-uri 'self'")],
         html=with_base("{files}/")),
    Case("no base at all", _ALL, [(CSP, f"{_FROM_FILES}; base-uri 'none'")],
         html=with_base("{files}/")),
    Case("no sources for a base", _ALL, [(CSP, f"{_FROM_FILES}; base-uri")],
         html=with_base("{files}/")),
    Case("a base and a path", _ALL, [(CSP, f"{_FROM_FILES}; base-uri https://%f/static/")],
         html=with_base("{files}/")),
    Case("a base and a nonce", _ALL, [(CSP, f"{_FROM_FILES}; base-uri 'nonce-abc'")],
         html=with_base("{files}/").replace("<base ", "<base nonce=abc ")),
    Case("default-src says nothing of a base", page=[(CSP, _FROM_FILES)],
         html=with_base("{files}/")),
    Case("a base that one of two policies forbids", _ALL,
         [(CSP, f"{_FROM_FILES}; base-uri https:"), (CSP, "base-uri 'self'")],
         html=with_base("{files}/")),
    Case("a base that is reported only",
         page=[(CSP, _FROM_FILES), (f"{CSP}-Report-Only", "base-uri 'none'")],
         html=with_base("{files}/")),
    Case("a base forbidden before it", _ALL, [(CSP, _FROM_FILES)],
         html=with_base("{files}/").replace("<base", f"{_NO_BASE}<base")),
    Case("a base forbidden after it", page=[(CSP, _FROM_FILES)],
         html=with_base("{files}/").replace("<title>", f"{_NO_BASE}<title>")),
    Case("the second base does not stand in for one forbidden", _ALL,
         [(CSP, f"{_FROM_FILES}; base-uri https://%f")],
         html=with_base(f"{_OTHER}/", "{files}/")),
]  # fmt: skip
_numbers = itertools.count()


@pytest.fixture(scope="module")
def internet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    """All hosts that the pages of these tests name."""
    with Internet(tmp_path_factory.mktemp("internet")) as server:
        yield server


@pytest.fixture(scope="module")
def chromium(internet: Internet) -> Iterator[Chromium]:
    """One browser for all."""
    need("chromium")
    with Chromium(internet.proxy) as browser:
        yield browser


@pytest.fixture(scope="module")
def online(internet: Internet) -> Iterator[Internet]:
    """Our own requests go to the same internet, and trust it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            patch.setenv(name, internet.proxy)
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1,localhost")
        patch.setenv("SSL_CERT_FILE", str(internet.authority.certificate))
        trusted.cache_clear()
        yield internet
    trusted.cache_clear()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_browser_and_we_agree(case: Case, chromium: Chromium, online: Internet) -> None:
    host, files = f"p{next(_numbers)}.example.org", f"f{next(_numbers)}.example.net"
    put(online, case, host, files)

    seen = chromium.says_on(f"{case.scheme}://{host}/", _USABLE)
    usable = {Kind(name) for name, good in seen.items() if good}
    # What a stylesheet names is loaded only with it.
    unknown = {Kind.FONT} - usable if Kind.STYLESHEET in case.blocked else set()
    assert usable | unknown == _ALL - (set(case.blocked) - unknown), "as the browser does it"

    settings = Settings(site_url=f"{case.scheme}://{host}", custom_domain=files)
    view = await look_at_site(settings, host)
    loaded = await load_page(Onlooker.of(view, f"{case.scheme}://{host}"), view)
    ours = {one.file.kind for one in loaded} - {one.file.kind for one in loaded if one.problem}
    assert ours | unknown == usable | unknown, [one.problem for one in loaded]


def put(internet: Internet, case: Case, host: str, files: str) -> None:
    """Have the internet serve a case."""

    def named(text: str) -> str:
        return text.replace("%p", host).replace("%f", files).replace("%F", files.upper())

    def page(page: Page) -> Page:
        return replace(page, headers=[(name, named(value)) for name, value in page.headers])

    nonce = f' nonce="{case.nonce}"' if case.nonce else ""
    html = case.html.format(files=f"https://{files}", host=files, nonce=nonce, image=case.image)
    internet.pages[f"{case.scheme}://{host}/"] = page(Page(html.encode(), headers=[*case.page]))
    for scheme in ("http", "https"):
        base = f"{scheme}://{files}"
        served = {f"{base}/{name}": file for name, file in _FILES.items()} | case.files(base)
        internet.pages |= {url: page(file) for url, file in served.items()}


@pytest.mark.parametrize(
    ("policy", "good"), [("%f", True), ("%f 'unsafe-inline'; style-src 'self'", False)]
)
async def test_only_what_is_in_the_bucket_is_a_reason_to_put_the_site_back(
    policy: str, good: bool, online: Internet
) -> None:
    """A counter's script was refused before as well, and is nobody's style."""
    host, files = f"p{next(_numbers)}.example.org", f"f{next(_numbers)}.example.net"
    html = _HTML + '<script src="https://counter.example.com/count.js"></script>'
    put(online, Case("a counter", html=html, page=[(CSP, f"script-src {policy}")]), host, files)
    view = await look_at_site(Settings(site_url=f"https://{host}", custom_domain=files), host)
    browser = Onlooker.of(view, f"https://{host}")
    counter, *_ = [one for one in await load_page(browser, view) if "count.js" in one.file.url]
    assert counter.problem
    assert (await style_problem(browser, view, f"https://{files}") is None) is good


async def test_a_policy_that_is_added_in_front_is_seen_there(
    storage: tuple[Settings, Keys], tmp_path: Path, online: Internet
) -> None:
    """Where --site-url leads past the proxy that adds it."""
    settings, keys = storage
    own = "default-src 'self'; script-src 'self'"
    html = PAGE.format(static="/static/").encode()
    online.pages["https://books.example.org/"] = Page(
        html, headers=[(CSP, own), (CSP, "img-src 'self'")]
    )
    behind = Reply(200, html, {"Content-Type": "text/html", CSP: own})
    with Refusing(always(behind)) as site:
        existing = replace(settings, site_url=f"http://{site.host}", path=MigrationPath.EXISTING)
        with storage_context(tmp_path, existing, keys, Listener()) as context:
            with pytest.raises(Problem) as caught:
                await ConfigureProvider().plan(context)
            assert "img-src 'self'" in caught.value.why
            online.pages["https://books.example.org/"] = Page(html, headers=[(CSP, own)])
            await ConfigureProvider().plan(context)


DOMAINS = ("Books.Example.ORG", "BÜCHER.example:8443", "straße.example", "книги.example",
           "books.example.org:443", "Ⅷ.example", "日本語。example", "[2001:DB8::1]")  # fmt: skip


@pytest.mark.parametrize("domain", DOMAINS)
def test_origins_are_as_the_browser_writes_them(domain: str, chromium: Chromium) -> None:
    written = chromium.says(f"new URL('https://{domain}/').origin")
    assert origin_of(f"https://{domain}/") == written


FONT = "static/css/fonts/icomoon.woff"
_ASKING = "new FontFace('icons', 'url({font})').load().then(() => true, () => false)"


@pytest.mark.parametrize("server", ["storage", "ceph_storage"])
async def test_the_rules_that_are_set_let_the_browser_in(
    server: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    chromium: Chromium,
    online: Internet,
) -> None:
    settings, keys = request.getfixturevalue(server)
    origin = "https://books.example.org"
    bucket = opened(settings, keys)
    bucket.put_cors([rule_for("https://elsewhere.example")])
    online.pages[f"{origin}/"] = Page(b"<!DOCTYPE html><title>asking</title>")
    asking = _ASKING.format(font=address(settings, FONT))
    assert chromium.says_on(f"{origin}/", asking) is False
    assert not (await fetch(address(settings, FONT), origin=origin)).lets_in(origin)

    known = replace(settings, acl_known=True)
    with storage_context(tmp_path, known, keys, Listener()) as context:
        await carry_out(SetCors(), context)
    assert chromium.says_on(f"{origin}/?again", asking) is True


# What `verify_cors` says of a font, and what the browser does with it ------------------------

WWW = "https://www.books.example.org"
BOOKS = "https://books.example.org"


def answered(*values: str) -> Change:
    """In front of the bucket: fonts have this Access-Control-Allow-Origin, or none."""
    return with_headers(".woff", {"Access-Control-Allow-Origin": "".join(values)})


def sent_on(*, allowed: bool) -> Change:
    """In front of the bucket: fonts are somewhere else on the same host."""

    def change(request: Request, reply: Reply) -> Reply:
        if not request.path.endswith(".woff") or "there=1" in request.raw_path:
            return reply
        cors = {"Access-Control-Allow-Origin": BOOKS} if allowed else {}
        return Reply(302, b"", {"Location": f"{request.raw_path}?there=1", **cors})

    return change


@dataclass(frozen=True)
class Situation:
    """What CORS rules a bucket has, what is in front of it, and on which pages its font loads."""

    name: str
    loads_on: tuple[str, ...]
    origins: tuple[str, ...] = (BOOKS, WWW)
    front: Change | None = None
    cached: bool = False


SITUATIONS = [
    Situation("a rule for each", (BOOKS, WWW)),
    Situation("one is missing", (BOOKS,), (BOOKS,)),
    Situation("another site's", (), ("https://elsewhere.example",)),
    Situation("everybody", (BOOKS, WWW), ("*",)),
    Situation("every name below it", (WWW,), ("https://*.books.example.org",)),
    Situation("http", (), ("http://books.example.org", "http://www.books.example.org")),
    Situation("another port", (), (f"{BOOKS}:8443",)),
    Situation("the port that is understood", (), (f"{BOOKS}:443",)),
    Situation("with a slash", (), (f"{BOOKS}/",)),
    Situation("the header is dropped", (), front=answered()),
    Situation("the header is always the same", (WWW,), front=answered(WWW)),
    Situation("origins joined", (), front=answered(f"{BOOKS}, {WWW}")),
    Situation("in capitals", (), front=answered(BOOKS.upper())),
    Situation("null", (), front=answered("null")),
    Situation("a redirect with the header", (BOOKS,), front=sent_on(allowed=True)),
    Situation("a redirect without", (), front=sent_on(allowed=False)),
    Situation("a cache that knows the answer for one", (BOOKS,), cached=True),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
async def test_verify_cors_gives_the_browser_s_verdict(
    situation: Situation,
    storage: tuple[Settings, Keys],
    tmp_path: Path,
    chromium: Chromium,
    online: Internet,
) -> None:
    settings, keys = storage
    opened(settings, keys).put_cors([rule_for(origin) for origin in situation.origins])
    with ExitStack() as stack:
        if situation.front:
            settings = stack.enter_context(in_front(settings, situation.front))
        if situation.cached:
            need("nginx")
            cdn = stack.enter_context(CachingProxy(tmp_path / "cdn", settings.endpoint))
            settings = replace(settings, custom_domain=f"{cdn.host}/{settings.bucket}")
        context = stack.enter_context(
            storage_context(tmp_path / "site", settings, keys, Listener())
        )
        checks = await VerifyCors().verify(context, None)
        judged = [c for c in checks if c.code == "cors-fonts" and "icomoon" in c.asked]
        ours = {o for o, c in zip((BOOKS, WWW), judged, strict=True) if c.verdict is Verdict.PASS}
        theirs = set()
        for number, origin in enumerate((BOOKS, WWW)):
            online.pages[f"{origin}/"] = Page(b"<!DOCTYPE html><title>asking</title>")
            # Another address for each page: what the browser keeps is of no use to the other.
            asking = _ASKING.format(font=f"{address(settings, FONT)}?{number}")
            if chromium.says_on(f"{origin}/?{next(_numbers)}", asking):
                theirs.add(origin)
    assert (ours, theirs) == (set(situation.loads_on), set(situation.loads_on))


def opened(settings: Settings, keys: Keys) -> Bucket:
    """A bucket with a font that the public can read."""
    bucket = Bucket(settings, keys)
    bucket.put_policy(opening_policy(bucket.name, None))
    bucket.put(FONT, woff(), content_type="font/woff")
    return bucket


# The code of the checks of what the site's page names.
_OF_PAGE = "site-files-load"


@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'self' https://media.example.net",
        "default-src https:; font-src 'none'",
        "default-src https:; img-src 'self'; script-src 'self'",
        "default-src 'self'",
    ],
)
async def test_verify_cors_goes_by_the_page_s_policies_as_the_browser_does(
    policy: str,
    storage: tuple[Settings, Keys],
    tmp_path: Path,
    chromium: Chromium,
    online: Internet,
) -> None:
    settings, keys = storage
    opened(settings, keys)
    public = replace(settings, custom_domain="media.example.net", url_protocol="https:")
    files = f"{public.public_base}/static"
    html = _HTML.format(files=files, nonce="", image="a.png").encode()
    online.pages[f"{BOOKS}/"] = Page(html, headers=[(CSP, policy)])
    online.pages |= {f"{files}/{name}": file for name, file in _FILES.items()}
    with storage_context(tmp_path, public, keys, Listener()) as context:
        checks = [c for c in await VerifyCors().verify(context, None) if c.code == _OF_PAGE]
    passed = {c.asked.split()[2] for c in checks if c.verdict is Verdict.PASS}
    seen = chromium.says_on(f"{BOOKS}/?{next(_numbers)}", _USABLE)
    usable = {f"{name}s" for name, good in seen.items() if good}
    # What a stylesheet names is not looked for where that is blocked.
    assert passed == usable, [check.seen for check in checks]
