"""Origins, as browsers write them: scheme, host, and the port where it is not the usual one."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from wizard.core.hosts import as_browsers_send, is_ip_address, is_this_machine

USUAL_PORTS = {"http": 80, "https": 443}
# What two-letter domains sell names below, such as co.uk and com.br. Browsers have a list of
# thousands of such suffixes (publicsuffix.org); these are the ones where a site and its storage
# are likely to be mistaken for neighbours.
_BELOW_COUNTRIES = re.compile(
    r"(?:ac|co|com|edu|gob|gov|gv|go|ltd|mil|ne|net|nom|or|org|plc)\.[a-z]{2}"
)


def origin_of(url: str) -> str:
    """Return the origin of a URL; "" where it has none."""
    try:
        parts = urlsplit(url)
        host, port = as_browsers_send(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    shown = "" if port in (None, USUAL_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def site_origins(domain: str, port: str = "", *, secure: bool = True) -> tuple[str, ...]:
    """Return the origins of the instance's pages, as browsers send them, the main one first.

    BookWyrm is reached over https, but for the domain "localhost", where it is http with `PORT`
    (`bookwyrm/settings.py`), and where an old version was told so (`secure`).
    """
    if domain == "localhost":
        return (origin_of(f"http://{domain}:{port or 80}"),)
    scheme = "https" if secure else "http"
    if is_ip_address(domain) or "." not in domain:
        return (origin_of(f"{scheme}://{domain}"),)
    other = domain.removeprefix("www.") if domain.startswith("www.") else f"www.{domain}"
    return (origin_of(f"{scheme}://{domain}"), origin_of(f"{scheme}://{other}"))


def is_mixed(origin: str, url: str) -> bool:
    """Tell whether browsers block `url` on a page of `origin` as mixed content.

    W3C's Mixed Content: what an https page loads has to come over https, or from this machine.
    """
    if urlsplit(origin).scheme != "https":
        return False
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_this_machine(parts.hostname or "")


def as_https(url: str) -> str:
    """Return an address as browsers ask it over https in place of http; others as they are.

    W3C's Upgrade Insecure Requests: what is on this machine counts as secure and stays.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or is_this_machine(parts.hostname or ""):
        return url
    host = parts.netloc.removesuffix(":80")
    return parts._replace(scheme="https", netloc=host).geturl()


def same_site(page: str, other: str) -> bool:
    """Tell whether a file's origin is of the page's site for `Cross-Origin-Resource-Policy`.

    The registrable domains are compared; ports do not count, and a page that came over http is
    not of the site of a file that came over https (WHATWG's Fetch, section 3.8).
    """
    a, b = urlsplit(page), urlsplit(other)
    if (a.scheme, b.scheme) == ("http", "https"):
        return False
    return _registrable(a) == _registrable(b)


def _registrable(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    labels = host.split(".")
    if is_ip_address(host) or len(labels) < 3:
        return host
    ending = ".".join(labels[-2:])
    return ".".join(labels[-3:]) if _BELOW_COUNTRIES.fullmatch(ending) else ending
