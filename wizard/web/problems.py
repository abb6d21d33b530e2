"""Why an address could not be reached, in words: names, networks, TLS, time-outs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from wizard.core.message import Message, msg, with_full_stop
from wizard.core.problem import TRY_AGAIN, Problem, Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """A connection to `address` that failed. `other` is the address with the other scheme.

    `raw` is what was said of it, `field` the setting that holds the address.
    """

    host: str
    address: str
    other: str
    raw: str
    field: str | None

    def problem(
        self, what: Message, why: Message, *remedies: Remedy | Message, code: str
    ) -> Problem:
        """Return the `Problem` in these words."""
        return Problem(what, why, *remedies, raw=self.raw, field=self.field, code=code)


def _not_trusted(failure: _Failure) -> Problem:
    return failure.problem(
        msg("The certificate of {host} is not trusted.", host=failure.host),
        msg(
            "It is self-signed or comes from a certificate authority of its own. Visitors' "
            "browsers will refuse it just as this program does."
        ),
        msg(
            "Give {host} a certificate that everybody trusts, such as one from Let's Encrypt.",
            host=failure.host,
        ),
        msg(
            "If it comes from a certificate authority of your own, start bw-s3 with --ca-file "
            "and the path of that authority's certificate."
        ),
        code="certificate-not-trusted",
    )


def _not_valid_now(failure: _Failure) -> Problem:
    return failure.problem(
        msg("The certificate of {host} is not valid now.", host=failure.host),
        msg("It has expired or is not valid yet, or this machine's clock is wrong."),
        msg("Compare the clock: date -u. If it is right, have the certificate renewed."),
        code="certificate-not-valid-now",
    )


def _for_another_name(failure: _Failure) -> Problem:
    return failure.problem(
        msg("The certificate of {host} is for another name.", host=failure.host),
        msg(
            "The address is mistyped, or the certificate does not cover this name: a name with "
            "dots in the bucket's part is not covered by a provider's certificate."
        ),
        *_remedies_for_name(failure),
        code="certificate-for-another-name",
    )


def _remedies_for_name(failure: _Failure) -> tuple[Message, ...]:
    dots = msg("If the bucket's name has dots, take one without, or a custom domain of your own.")
    if failure.field != "custom_domain":
        return msg("Correct the address."), dots
    cname = msg(
        "If {host} only leads to your provider by DNS (CNAME), the provider's certificate cannot "
        "cover it: put a proxy or a CDN with a certificate for {host} in front, or use the "
        "provider's own address.",
        host=failure.host,
    )
    return msg("Correct the address."), cname, dots


def _no_https(failure: _Failure) -> Problem:
    return failure.problem(
        msg("{host} does not speak https on this port.", host=failure.host),
        msg("The address says https, and the server answers in plain http."),
        msg("Use {address}", address=failure.other),
        code="no-https",
    )


def _tls_refused(failure: _Failure) -> Problem:
    return failure.problem(
        msg("A secure connection to {host} could not be established.", host=failure.host),
        msg("Its certificate or its version of TLS is not accepted."),
        msg("Look at it with: openssl s_client -connect {host}", host=failure.host),
        msg("Ask the storage's provider."),
        code="tls-refused",
    )


def _no_name_server(failure: _Failure) -> Problem:
    return failure.problem(
        msg("The name {host} cannot be resolved now.", host=failure.host),
        msg("No name server answers: this machine is offline, or its DNS settings are wrong."),
        msg("See whether other names are found: getent hosts example.org"),
        msg("Look at the name servers in /etc/resolv.conf."),
        TRY_AGAIN,
        code="no-name-server",
    )


def _no_host(failure: _Failure) -> Problem:
    return failure.problem(
        msg("There is no host {host}.", host=failure.host),
        msg("The name is mistyped, or this machine asks a name server that does not know it."),
        msg("If the domain is new, add its DNS record, then wait until name servers know it.")
        if failure.field == "custom_domain"
        else msg("Compare it with your provider's documentation."),
        msg("See whether other names are found: getent hosts example.org"),
        code="host-not-found",
    )


def _proxy(failure: _Failure) -> Problem:
    return failure.problem(
        msg("The proxy did not let the connection to {host} through.", host=failure.host),
        msg("This machine's environment names a proxy (HTTP_PROXY, HTTPS_PROXY)."),
        msg("Correct the proxy or name {host} in NO_PROXY.", host=failure.host),
        code="proxy-refused",
    )


def _nobody_listens(failure: _Failure) -> Problem:
    return failure.problem(
        msg("Nothing answers on {host}.", host=failure.host),
        msg(
            "The machine is there, but no service listens on that port: the port is wrong, or the "
            "service does not run."
        ),
        msg("Compare the port, and http with https."),
        TRY_AGAIN,
        code="connection-refused",
    )


def _no_network(failure: _Failure) -> Problem:
    return failure.problem(
        msg("There is no network route to {host}.", host=failure.host),
        msg("This machine is offline, or a firewall is in between."),
        msg("See whether it reaches others: curl -I https://example.org"),
        TRY_AGAIN,
        code="network-unreachable",
    )


def _timed_out(failure: _Failure) -> Problem:
    return failure.problem(
        msg("{host} did not answer in time.", host=failure.host),
        msg("The service is overloaded, the network is slow, or a firewall drops what is sent."),
        TRY_AGAIN,
        msg("See whether it answers at all: curl -I {address}", address=failure.address),
        code="timed-out",
    )


def _closed(failure: _Failure) -> Problem:
    return failure.problem(
        msg("{host} closed the connection without an answer.", host=failure.host),
        msg(
            "The service is restarting, or something other than S3 listens there: an https "
            "port addressed with http, for example."
        ),
        TRY_AGAIN,
        msg("If it happens again, try {address}", address=failure.other),
        code="connection-closed",
    )


def _otherwise(failure: _Failure) -> Problem:
    return failure.problem(
        msg("{host} could not be reached.", host=failure.host),
        msg("The network or the service refused; its message gives the reason."),
        TRY_AGAIN,
        code="unreachable",
    )


def _said(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)


# What is looked for in all that the error and its causes say; the first one that fits counts. The
# words are those of OpenSSL, of the C library, of urllib3, httpx and of AWS's C runtime.
_CAUSES: tuple[tuple[re.Pattern[str], Callable[[_Failure], Problem]], ...] = (
    (_said(r"self.signed certificate|unable to get (?:local )?issuer|unknown ca\b"), _not_trusted),
    (
        _said(r"certificate has expired|certificate is not yet valid|cert_has_expired"),
        _not_valid_now,
    ),
    (
        _said(r"hostname mismatch|IP address mismatch|doesn't match|not valid for"),
        _for_another_name,
    ),
    (
        _said(
            r"wrong.version.number|record layer failure|http request|unexpected message"
            r"|packet length too long|UNKNOWN_PROTOCOL"
        ),
        _no_https,
    ),
    (
        _said(
            r"TLS_ERROR_NEGOTIATION|CERTIFICATE_VERIFY_FAILED|tlsv1|sslv3|handshake|\bSSL\b|\bTLS\b"
        ),
        _tls_refused,
    ),
    (_said(r"temporary failure in name resolution|Errno -3\b"), _no_name_server),
    (
        _said(
            r"name or service not known|nodename nor servname|no address associated|getaddrinfo"
            r"|name resolution|DNS_|failed to resolve"
        ),
        _no_host,
    ),
    (_said(r"proxy"), _proxy),
    (_said(r"connection refused|connect_?ion_refused|Errno 111\b"), _nobody_listens),
    (
        _said(r"network is unreachable|no route to host|network_down|no network|NO_ROUTE"),
        _no_network,
    ),
    (_said(r"timed out|timeout|time.?out"), _timed_out),
    (
        _said(
            r"reset by peer|aborted|closed|bad ?status ?line|disconnected|broken pipe|incomplete"
        ),
        _closed,
    ),
)


def unreachable(error: BaseException, address: str, field: str | None = "endpoint") -> Problem:
    """Return the `Problem` behind a failed connection to `address` (a URL).

    `field` is the setting that holds the address.
    """
    said = " | ".join(_all_that_was_said(error))
    # By hand: urlsplit raises for what may be exactly the mistake.
    scheme, _, rest = address.partition("://")
    host = rest.partition("/")[0]
    failure = _Failure(
        host=host or address,
        address=address,
        other=f"{'http' if scheme == 'https' else 'https'}://{host}",
        raw=said[:2000],
        field=field,
    )
    explain = next((cause for pattern, cause in _CAUSES if pattern.search(said)), _otherwise)
    return explain(failure)


def sentence_of(problem: Problem) -> Message:
    """Return what happened as a whole sentence: without a full stop ends what ends in a URL."""
    return with_full_stop(problem.what)


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
