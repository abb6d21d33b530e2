"""Content-Security-Policy: what a page's policies let it load, as browsers decide it.

After W3C's Content Security Policy Level 3 (https://w3c.github.io/webappsec-csp/, sections 2.2,
6.7.2 and 6.8); the sections' names stand beside what follows them. Where the text and Chromium
differ, Chromium is followed and that is said. What pages of BookWyrm do not have is left out:
scripts that scripts add, digests of scripts within the page, workers, frames.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from wizard.web.integrity import digests
from wizard.web.origins import USUAL_PORTS
from wizard.web.page import Kind, PageFile

# "Get fetch directive fallback list".
_DIRECTIVES: Mapping[Kind, tuple[str, ...]] = {
    Kind.STYLESHEET: ("style-src-elem", "style-src", "default-src"),
    Kind.SCRIPT: ("script-src-elem", "script-src", "default-src"),
    Kind.FONT: ("font-src", "default-src"),
    Kind.IMAGE: ("img-src", "default-src"),
    Kind.OTHER: ("connect-src", "default-src"),
}
_WITH_NONCE = (Kind.STYLESHEET, Kind.SCRIPT)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# The underscore is not in the text's grammar; Chromium takes it, since hosts have it.
_HOST = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?"
    r"(?P<host>\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)"
    r"(?::(?P<port>\d+|\*))?(?P<path>/[^?#]*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: its directives by name, each with its sources; the first of a name counts."""

    directives: Mapping[str, tuple[str, ...]]

    def directive_for(self, kind: Kind) -> str:
        """Return the name of the directive that decides about a kind of file; "" for none."""
        return next((name for name in _DIRECTIVES[kind] if name in self.directives), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What keeps a page from loading something: the policy, its directive and the address."""

    policy: Policy
    directive: str
    url: str

    @property
    def text(self) -> str:
        """The directive as it was sent."""
        return " ".join((self.directive, *self.policy.directives[self.directive]))


def parse(*serialized: str) -> tuple[Policy, ...]:
    """Return the policies of some header values; each value may hold several, behind commas."""
    texts = (text for value in serialized for text in value.split(","))
    policies = (Policy(_directives(text)) for text in texts)
    return tuple(policy for policy in policies if policy.directives)


def _directives(text: str) -> Mapping[str, tuple[str, ...]]:
    """Follow "Parse a serialized CSP"."""
    found: dict[str, tuple[str, ...]] = {}
    for token in text.split(";"):
        words = token.split()
        if words:
            found.setdefault(words[0].lower(), tuple(words[1:]))
    return found


def upgrades(policies: Iterable[Policy]) -> bool:
    """Tell whether a page asks over https for all that it names over http."""
    return any("upgrade-insecure-requests" in policy.directives for policy in policies)


def lets_base(policies: Iterable[Policy], url: str, *, origin: str) -> bool:
    """Tell whether a page of `origin` may have its relative addresses start from this one.

    Follows "Is base allowed for document?": `default-src` does not stand in for `base-uri`.
    """
    lists = [p.directives["base-uri"] for p in policies if "base-uri" in p.directives]
    return all(any(_matches(s, url, urlsplit(origin), 0) for s in sources) for sources in lists)


def refusal(
    policies: Iterable[Policy], file: PageFile, urls: Sequence[str], *, origin: str
) -> Refusal | None:
    """Return the first policy that keeps a page of `origin` from loading a file; None for none.

    `urls` are the address that is asked and all that it is redirected to, in order: every policy
    has to let in every one of them.
    """
    for policy in policies:
        directive = policy.directive_for(file.kind)
        if not directive:
            continue
        sources = policy.directives[directive]
        if _is_named(file, sources):
            continue
        for redirects, url in enumerate(urls):
            if not _let_in(sources, file.kind, url, origin=origin, redirects=redirects):
                return Refusal(policy=policy, directive=directive, url=url)
    return None


def _is_named(file: PageFile, sources: Sequence[str]) -> bool:
    """Tell whether a file is let in by its element's nonce, or a script by all of its digests."""
    if file.kind in _WITH_NONCE and file.nonce and f"'nonce-{file.nonce}'" in sources:
        return True
    known = digests(file.integrity) if file.kind is Kind.SCRIPT else ()
    return bool(known) and set(known) <= set(digests(" ".join(s.strip("'") for s in sources)))


def _let_in(sources: Sequence[str], kind: Kind, url: str, *, origin: str, redirects: int) -> bool:
    """Follow "Does url match source list in origin with redirect count?"."""
    if kind is Kind.SCRIPT and any(s.lower() == "'strict-dynamic'" for s in sources):
        # Only scripts with a nonce, and those that they add: a page's own markup adds none.
        return False
    return any(_matches(s, url, urlsplit(origin), redirects) for s in sources)


def _matches(source: str, url: str, page: SplitResult, redirects: int) -> bool:
    """Follow "Does url match expression in origin with redirect count?"."""
    parts = urlsplit(url)
    if source == "*":
        return parts.scheme in ("http", "https", page.scheme)
    if source.lower() == "'self'":
        return _is_self(parts, page)
    if scheme := _SCHEME.fullmatch(source):
        return _scheme_matches(scheme[1], parts.scheme)
    host = _HOST.fullmatch(source)
    return host is not None and _host_source_matches(host, parts, page, redirects)


def _host_source_matches(
    source: re.Match[str], parts: SplitResult, page: SplitResult, redirects: int
) -> bool:
    path = source["path"] or ""
    return (
        _scheme_matches(source["scheme"] or page.scheme, parts.scheme)
        and _host_matches(source["host"], parts.hostname or "")
        and _port_matches(source["port"], parts)
        # A path counts for the page's own address only: what a redirect leads to is not told.
        and (redirects > 0 or _path_matches(path, parts.path))
    )


def _is_self(parts: SplitResult, page: SplitResult) -> bool:
    if (parts.hostname or "").lower() != (page.hostname or "").lower():
        return False
    ports = _port(parts), _port(page)
    usual = ports == (USUAL_PORTS.get(parts.scheme), USUAL_PORTS.get(page.scheme))
    if ports[0] != ports[1] and not usual:
        return False
    return parts.scheme in ("https", page.scheme)


def _scheme_matches(wanted: str, scheme: str) -> bool:
    """Tell whether a scheme is the one that is wanted, or its secure form."""
    wanted = wanted.lower()
    return wanted == scheme or (wanted, scheme) == ("http", "https")


def _host_matches(pattern: str, host: str) -> bool:
    """Tell whether a host fits. The text lets in no IP addresses; Chromium compares them too."""
    pattern, host = pattern.lower(), host.lower()
    if pattern == "*":
        return True
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _port_matches(wanted: str | None, parts: SplitResult) -> bool:
    if wanted == "*":
        return True
    port, usual = _port(parts), USUAL_PORTS.get(parts.scheme)
    if wanted is None:
        return port == usual
    # Chromium lets the port of http stand for that of https, as the scheme does.
    return int(wanted) == port or (int(wanted), port, parts.scheme) == (80, 443, "https")


def _port(parts: SplitResult) -> int | None:
    return parts.port or USUAL_PORTS.get(parts.scheme)


def _path_matches(wanted: str, path: str) -> bool:
    """Tell whether a path is the one that is wanted, or below it where that ends in a slash."""
    if not wanted or (wanted == "/" and not path):
        return True
    pieces, there = wanted.split("/"), path.split("/")
    if wanted.endswith("/"):
        pieces = pieces[:-1]
        if len(there) <= len(pieces):
            return False
        there = there[: len(pieces)]
    return [unquote(piece) for piece in pieces] == [unquote(piece) for piece in there]
