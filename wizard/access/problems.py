"""What the answers to a probe mean: checks, and the problems behind those that fail."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wizard.core.events import Check, failed, passed, remark
from wizard.core.message import Message, msg, plural, sentences
from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.storage.addresses import service_of
from wizard.web.visitor import VisitorResponse

if TYPE_CHECKING:
    from wizard.core.settings import Settings

_TAGS = re.compile(r"<[^>]*>")
KEYS_ACCEPTED = msg("Does the storage accept the keys?")
# S3 refuses what was signed more than 15 minutes off.
_SKEW_REFUSED, _SKEW_ODD = 15 * 60, 2 * 60


class ReadAccess(StrEnum):
    """How the public gets to read what BookWyrm stores."""

    UNKNOWN = "unknown"
    OPEN = "open"  # they can already, without an ACL
    ACL = "acl"  # each object is stored with the ACL public-read
    CLOSED = "closed"  # the bucket has to be opened (`openings.py`)


def is_missing_bucket(check: Check) -> bool:
    """Tell whether this is the check that found no bucket."""
    problem = check.problem
    return problem is not None and problem.decision and problem.code == "bucket-not-found"


def wrong_domain(settings: Settings, seen: VisitorResponse, *, at_endpoint: bool) -> Problem:
    """Return the `Problem` of a custom domain that does not lead to the files."""
    if seen.error is not None:
        return seen.error
    if refusal := not_published(settings, seen) or _other_bucket(settings, seen):
        return refusal
    expected = service_of(settings).custom_domain_for(settings)
    usual = msg("The usual custom domain would be {domain}", domain=expected)
    return Problem(
        msg(
            "The public cannot read the bucket's files through {domain}.",
            domain=settings.custom_domain,
        ),
        _not_the_file(seen, at_endpoint=at_endpoint),
        Remedy(usual, Action.EDIT_PROVIDER)
        if expected and expected != settings.custom_domain
        else service_of(settings).advice("public", settings),
        msg("If it is a proxy or a CDN of your own, point it to this bucket."),
        raw=f"GET {seen.url}: HTTP {seen.status} {seen.text[:500]}",
        field="custom_domain",
        code="custom-domain-wrong",
    )


def _other_bucket(settings: Settings, seen: VisitorResponse) -> Problem | None:
    """Return the `Problem` of a domain at which the service looks for a bucket that is not there.

    S3 takes the bucket's name from the `Host` that it is asked for: a domain that leads to it by
    DNS alone is taken for a bucket of that name ("Virtual hosting of buckets" in AWS's user
    guide). None for other answers.
    """
    if seen.ok or "<Code>NoSuchBucket</Code>" not in seen.text:
        return None
    own = service_of(settings).custom_domain_for(settings)
    host = settings.custom_domain_host
    passes_on = msg(
        "Put a proxy or a CDN in front of the bucket, and let it ask the storage for {own} "
        "instead of {host}.",
        own=own or settings.endpoint_host,
        host=host,
    )
    named = msg("Or use a bucket called {host}, where your provider allows that.", host=host)
    return Problem(
        msg("At {domain} the storage looks for another bucket.", domain=settings.custom_domain),
        msg(
            "It answers there that the bucket does not exist: it takes the bucket's name from the "
            "address that visitors ask for, and that is not {bucket}.",
            bucket=settings.bucket,
        ),
        *((Remedy(msg("Use {domain}", domain=own), Action.EDIT_PROVIDER),) if own else ()),
        passes_on,
        named,
        raw=f"GET {seen.url}: HTTP {seen.status} {seen.text[:500]}",
        field="custom_domain",
        code="custom-domain-of-another-bucket",
    )


def _not_the_file(seen: VisitorResponse, *, at_endpoint: bool) -> Message:
    if seen.ok:
        return msg("Something answers there, but not with the file that was just stored.")
    if at_endpoint:
        return msg(
            "It answers with HTTP {status}, while the bucket itself lets the public read.",
            status=str(seen.status),
        )
    return msg("It answers with HTTP {status}.", status=str(seen.status))


def not_published(settings: Settings, seen: VisitorResponse) -> Problem | None:
    """Return the `Problem` of an account that may not publish anything; None for others.

    Wasabi's words ("Public use of objects is not allowed by this account"), for trial accounts
    and some that pay.
    """
    if not re.search(r"public (?:use|access)\b.* not allowed", seen.text[:2000], re.IGNORECASE):
        return None
    return Problem(
        msg("Your account at this provider is not allowed to publish files."),
        msg(
            "The storage answers the public with: {answer}",
            answer=" ".join(_TAGS.sub(" ", seen.text[:500]).split()),
        ),
        msg(
            "Ask the provider's support to allow public use for your account; trial accounts "
            "usually have to be paid for first. No bucket policy or ACL changes that."
        ),
        Remedy(msg("Or use another provider."), Action.EDIT_PROVIDER),
        raw=f"GET {seen.url}: HTTP {seen.status} {seen.text[:500]}",
        field="bucket",
        code="publishing-not-allowed",
    )


def endpoint_check(seen: VisitorResponse, settings: Settings) -> Check:
    """Check that the endpoint answers at all, and in the protocol that was asked."""
    asked, code = msg("Does {endpoint} answer?", endpoint=settings.endpoint), "endpoint-answers"
    if seen.error is not None:
        return failed(asked, seen.error, code=code)
    target = seen.headers.get("location", "")
    if settings.endpoint.startswith("http:") and target.startswith(
        f"https://{urlsplit(settings.endpoint).hostname}"
    ):
        return failed(asked, wants_https(settings.endpoint), code=code)
    return passed(asked, msg("yes"), code=code)


def tls_check(settings: Settings) -> Check:
    """Check that others on the way cannot read along; connecting has checked the certificate."""
    asked, code = msg("Is the connection to the storage secure?"), "endpoint-https"
    if settings.endpoint.startswith("https:"):
        if settings.ca_file:
            return passed(asked, msg("yes, with the authorities in your CA file"), code=code)
        return passed(asked, msg("yes, its certificate is trusted"), code=code)
    seen = msg("no, it is plain http: use it on your own machine or network only")
    return remark(asked, seen, code=code)


def clock_check(seen: VisitorResponse) -> Check:
    """Check how far this machine's clock is from the storage's."""
    asked, code = msg("Is this machine's clock right?"), "clock"
    skew = _skew(seen)
    if skew is None:
        return remark(asked, msg("the storage does not say what time it is"), code=code)
    if abs(skew) < _SKEW_ODD:
        return passed(asked, msg("yes"), code=code)
    if abs(skew) < _SKEW_REFUSED:
        return remark(asked, _clock_nearly_wrong(skew), code=code)
    problem = Problem(
        _clock_wrong(skew),
        msg("The storage refuses what was signed more than 15 minutes ago or ahead."),
        msg("Set the clock: sudo timedatectl set-ntp true; then compare: date -u"),
        TRY_AGAIN,
        code="clock-wrong",
    )
    return failed(asked, problem, code=code)


def _clock_nearly_wrong(skew: float) -> Message:
    minutes = round(abs(skew) / 60)
    if skew > 0:
        return plural(
            "it is {n} minute ahead of the storage's; from 15 on, the storage refuses every"
            " request",
            "it is {n} minutes ahead of the storage's; from 15 on, the storage refuses every"
            " request",
            minutes,
        )
    return plural(
        "it is {n} minute behind the storage's; from 15 on, the storage refuses every request",
        "it is {n} minutes behind the storage's; from 15 on, the storage refuses every request",
        minutes,
    )


def _clock_wrong(skew: float) -> Message:
    minutes = round(abs(skew) / 60)
    if skew > 0:
        return plural(
            "This machine's clock is {n} minute ahead of the storage's.",
            "This machine's clock is {n} minutes ahead of the storage's.",
            minutes,
        )
    return plural(
        "This machine's clock is {n} minute behind the storage's.",
        "This machine's clock is {n} minutes behind the storage's.",
        minutes,
    )


def _skew(seen: VisitorResponse) -> float | None:
    """Return by how many seconds our clock is ahead of the server's; None where it is not said."""
    try:
        return time.time() - parsedate_to_datetime(seen.headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        return None


def acl_check(read_access: ReadAccess) -> Check:
    """Check what the ACL public-read did."""
    asked, code = msg("What does the ACL public-read do?"), "acl-effective"
    if read_access is ReadAccess.ACL:
        return passed(
            asked, msg("it lets the public read: BookWyrm will store each file with it"), code=code
        )
    if read_access is ReadAccess.OPEN:
        return passed(asked, msg("nothing more: the public can read without it"), code=code)
    return passed(asked, msg("nothing: it is accepted but has no effect"), code=code)


def wants_https(endpoint: str) -> Problem:
    return Problem(
        msg("The endpoint wants https."),
        msg("It redirects every http request to https."),
        Remedy(
            msg("Use {endpoint}", endpoint=endpoint.replace("http:", "https:", 1)),
            Action.EDIT_PROVIDER,
        ),
        field="endpoint",
        code="endpoint-wants-https",
    )


def listable(settings: Settings, url: str) -> Problem:
    """Return the `Problem` of a bucket whose list of files everybody can see."""
    return Problem(
        msg("Everybody can list the bucket's files."),
        msg(
            "The bucket itself is public. The public would see the names of all files, exports of "
            "accounts included, where only those who know a name should get a file."
        ),
        msg(
            "Make the bucket private, or let the public read objects but not list them: {advice}",
            advice=service_of(settings).advice("public", settings),
        ),
        Remedy(msg("Then try again."), Action.RETRY),
        raw=f"GET {url}",
        field="bucket",
        code="bucket-listable",
    )


def closed(settings: Settings, problem: Problem | None) -> Problem:
    """Return the `Problem` of a bucket that nobody has opened in the console in time.

    `problem` is why it cannot be opened from here, None where only the console can.
    """
    service = service_of(settings)
    why = msg("Only its provider's console can open it.")
    if problem is not None:
        why = sentences(msg("The ACL public-read does not make its files public."), problem.what)
    return Problem(
        msg("The public cannot read the bucket, and it cannot be opened from here."),
        why,
        service.advice("public", settings),
        Remedy(msg("Then try again."), Action.RETRY),
        raw=problem.raw if problem else "",
        decision=True,
        code="bucket-closed",
    )


def account_blocks(settings: Settings, problem: Problem) -> Problem:
    """Return the `Problem` of a public policy that is refused, though the bucket does not block it.

    Amazon has the same Block Public Access for the account as well, which S3's calls for a
    bucket do not show. Its older words for it are those for keys that lack the right.
    """
    what = msg("The account's Block Public Access keeps the public out of all its buckets.")
    why, code = (
        msg("The bucket's own Block Public Access does not prevent it."),
        "public-access-blocked-by-account",
    )
    if problem.code == "right-missing":
        what = msg("The storage refuses the bucket policy that would let the public read.")
        why, code = (
            msg(
                "Either the account's Block Public Access is on (the bucket's own does not "
                "prevent it), or the keys lack the right s3:PutBucketPolicy."
            ),
            "bucket-policy-refused",
        )
    return Problem(
        what,
        why,
        service_of(settings).advice("public", settings),
        Remedy(msg("Then try again."), Action.RETRY),
        raw=problem.raw,
        decision=True,
        code=code,
    )


def not_replaced(key: str) -> Problem:
    """Return the `Problem` of an object that reads as before after it was replaced."""
    return Problem(
        msg("A file replaced in the bucket still has its old content."),
        msg("The bucket locks its objects, or a cache is in front of the endpoint."),
        msg("Turn object lock (retention) off, or use another bucket."),
        msg("If the endpoint is a CDN, use the storage's own address as the endpoint."),
        raw=key,
        field="bucket",
        code="objects-not-replaced",
    )


def needs_newer_bookwyrm(version: str, refusal: Problem) -> Problem:
    """Return the `Problem` of a storage without ACLs under a BookWyrm that always sends one."""
    return Problem(
        msg(
            "The storage refuses the ACL public-read, and BookWyrm {version} always sends it.",
            version=version,
        ),
        msg("Since version 0.8.0 BookWyrm lets you choose (AWS_DEFAULT_ACL); yours does not."),
        msg("Update BookWyrm to 0.8.0 or newer first, then start again."),
        msg("Or allow ACLs for this bucket in your provider's console, or use another provider."),
        raw=refusal.raw,
        field="provider",
        code="acl-refused",
    )


def failed_between(problem: Problem, before: str) -> Check:
    """Return the check that failed when a problem came up, by the setting that it is about.

    `before` is what was asked last.
    """
    match problem.field:
        case "access_key_id" | "secret_access_key":
            return failed(KEYS_ACCEPTED, problem, code="keys-accepted")
        case "bucket":
            return failed(msg("Is the bucket there?"), problem, code="bucket-exists")
        case "region":
            return failed(msg("Is the region right?"), problem, code="region")
    return failed(msg("After “{question}”", question=before), problem, code="storage-answers")
