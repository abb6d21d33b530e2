"""Why an address could not be reached, in words: names, networks, TLS, time-outs."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from wizard.core.problem import TRY_AGAIN, Problem, Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """`pattern` is looked for in all that the error and its causes say."""

    pattern: re.Pattern[str]
    what: str
    why: str
    remedies: tuple[str | Remedy, ...]


def _cause(pattern: str, what: str, why: str, *remedies: str | Remedy) -> _Cause:
    return _Cause(
        pattern=re.compile(pattern, re.IGNORECASE | re.DOTALL),
        what=what,
        why=why,
        remedies=remedies,
    )


# The first one that fits counts. {host}, {address} and {other} (the address with
# the other scheme) are filled in. The words are those of OpenSSL, of the C
# library, of urllib3, httpx and of AWS's C runtime.
_CAUSES = (
    _cause(
        r"self.signed certificate|unable to get (?:local )?issuer|unknown ca\b",
        "The certificate of {host} is not trusted.",
        "It is self-signed or comes from an authority of its own. Visitors' browsers will refuse "
        "it just as this program does.",
        "Give {host} a certificate that everybody trusts, such as one from Let's Encrypt.",
    ),
    _cause(
        r"certificate has expired|certificate is not yet valid|cert_has_expired",
        "The certificate of {host} is not valid now.",
        "It has expired or begins later, or this machine's clock is wrong.",
        "Compare the clock: date -u. If it is right, have the certificate renewed.",
    ),
    _cause(
        r"hostname mismatch|IP address mismatch|doesn't match|not valid for",
        "The certificate of {host} is for another name.",
        "The address is mistyped, or the certificate does not cover this name: a name with dots "
        "in the bucket's part is not covered by a provider's certificate.",
        "Correct the address.",
        "If the bucket's name has dots, take one without, or a custom domain of your own.",
    ),
    _cause(
        r"wrong.version.number|record layer failure|http request|unexpected message"
        r"|packet length too long|UNKNOWN_PROTOCOL",
        "{host} does not speak https on this port.",
        "The address says https, and the server answers in plain http.",
        "Use {other}",
    ),
    _cause(
        r"TLS_ERROR_NEGOTIATION|CERTIFICATE_VERIFY_FAILED|tlsv1|sslv3|handshake|\bSSL\b|\bTLS\b",
        "No safe connection to {host} came about.",
        "Its certificate or its version of TLS is not accepted.",
        "Look at it with: openssl s_client -connect {host}",
        "Ask the storage's provider.",
    ),
    _cause(
        r"temporary failure in name resolution|Errno -3\b",
        "The name {host} cannot be looked up now.",
        "No name server answers: this machine is offline, or its DNS settings are wrong.",
        "See whether other names are found: getent hosts example.org",
        "Look at the name servers in /etc/resolv.conf.",
        TRY_AGAIN,
    ),
    _cause(
        r"name or service not known|nodename nor servname|no address associated|getaddrinfo"
        r"|name resolution|DNS_|failed to resolve",
        "There is no host {host}.",
        "The name is mistyped, or this machine asks a name server that does not know it.",
        "Compare it with your provider's documentation.",
        "See whether other names are found: getent hosts example.org",
    ),
    _cause(
        r"proxy",
        "The proxy did not let the connection to {host} through.",
        "This machine's environment names a proxy (HTTP_PROXY, HTTPS_PROXY).",
        "Correct the proxy or name {host} in NO_PROXY.",
    ),
    _cause(
        r"connection refused|connect_?ion_refused|Errno 111\b",
        "Nothing answers on {host}.",
        "The machine is there, but no service listens on that port: the port is wrong, or the "
        "service does not run.",
        "Compare the port, and http with https.",
        TRY_AGAIN,
    ),
    _cause(
        r"network is unreachable|no route to host|network_down|no network|NO_ROUTE",
        "The network does not lead to {host}.",
        "This machine is offline, or a firewall stands between.",
        "See whether it reaches others: curl -I https://example.org",
        TRY_AGAIN,
    ),
    _cause(
        r"timed out|timeout|time.?out",
        "{host} did not answer in time.",
        "The service is overloaded, the network is slow, or a firewall drops what is sent.",
        TRY_AGAIN,
        "See whether it answers at all: curl -I {address}",
    ),
    _cause(
        r"reset by peer|aborted|closed|bad ?status ?line|disconnected|broken pipe|incomplete",
        "{host} closed the connection without an answer.",
        "The service restarts, or something else than S3 listens there: a port for https is "
        "addressed with http, for example.",
        TRY_AGAIN,
        "If it happens again, try {other}",
    ),
)
_OTHERWISE = _cause(
    "",
    "{host} could not be reached.",
    "The network or the service refused, for a reason that its message tells best.",
    TRY_AGAIN,
)


def unreachable(error: BaseException, address: str, field: str | None = "endpoint") -> Problem:
    """Return the `Problem` behind a failed connection to `address` (a URL).

    `field` is the setting that holds the address.
    """
    said = " | ".join(_all_that_was_said(error))
    cause = next((c for c in _CAUSES if c.pattern.search(said)), _OTHERWISE)
    # By hand: urlsplit raises for what may be exactly the mistake.
    scheme, _, rest = address.partition("://")
    host = rest.partition("/")[0]
    places = {
        "{host}": host or address,
        "{address}": address,
        "{other}": f"{'http' if scheme == 'https' else 'https'}://{host}",
    }
    remedies = (_with_places(r, places) for r in cause.remedies)
    what, why = _put(cause.what, places), _put(cause.why, places)
    return Problem(what, why, *remedies, raw=said[:2000], field=field)


def _all_that_was_said(error: BaseException) -> list[str]:
    """Return the texts of an error and of what caused it, each once, the outermost first."""
    said: list[str] = []
    link: BaseException | None = error
    while link is not None and len(said) < 10:
        text = str(link) or type(link).__name__
        # How the library gave up tells nobody anything.
        if not isinstance(link, asyncio.CancelledError) and not any(text in s for s in said):
            said.append(text)
        link = link.__cause__ or link.__context__
    return said


def _with_places(remedy: str | Remedy, places: dict[str, str]) -> Remedy:
    if isinstance(remedy, Remedy):
        return remedy
    return Remedy(_put(remedy, places))


def _put(text: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        text = text.replace(place, value)
    return text
