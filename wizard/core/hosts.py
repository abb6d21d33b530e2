"""Host names as they are written in addresses."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

import idna


def is_ip_address(host: str) -> bool:
    """Tell whether a host, with or without a port, is an IP address and no name."""
    return any(map(_is_plain_address, (host, host.rpartition(":")[0])))


def split_url(url: str) -> SplitResult | None:
    """Return the parts of a URL, None where it is none (such as with a port that is no number)."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def usual_scheme(address: str) -> str:
    """Return http or https for an address without a scheme: only this machine or an IP has http."""
    name = address.split("/", maxsplit=1)[0].rsplit(":", 1)[0]
    return "http" if name == "localhost" or is_ip_address(name) else "https"


def as_browsers_send(host: str) -> str:
    """Return a host, with or without a port, as browsers send it: in lower case and ASCII.

    Names with other letters become IDNA, in the way that browsers do it (UTS #46). Raises
    `ValueError` where that cannot be done.
    """
    if host.isascii():
        return host.lower()
    name, colon, port = host.partition(":")
    # Its error is a UnicodeError, and so a ValueError.
    return f"{idna.encode(name, uts46=True).decode()}{colon}{port}"


def is_this_machine(host: str) -> bool:
    """Tell whether a host without a port is the loopback, which browsers trust without TLS.

    "Potentially trustworthy" in W3C's Secure Contexts, section 3.1.
    """
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_plain_address(name) and ipaddress.ip_address(name).is_loopback


def _is_plain_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
