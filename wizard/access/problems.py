"""What the answers to a probe mean: checks, and the problems behind those that fail."""

from __future__ import annotations

import re
import time
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wizard.core.events import Check, failed, passed, remark
from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.storage.providers import preset
from wizard.web.visitor import VisitorResponse

if TYPE_CHECKING:
    from wizard.core.settings import Settings

_TAGS = re.compile(r"<[^>]*>")
# S3 refuses what was signed more than 15 minutes off.
_SKEW_REFUSED, _SKEW_ODD = 15 * 60, 2 * 60


class ReadAccess(StrEnum):
    """How the public gets to read what BookWyrm stores."""

    UNKNOWN = "unknown"
    OPEN = "open"  # they can already, without an ACL
    ACL = "acl"  # each object is stored with the ACL public-read
    POLICY = "policy"  # a bucket policy has to be put


def is_missing_bucket(check: Check) -> bool:
    """Tell whether this is the check that found no bucket."""
    return check.problem is not None and check.problem.decision and check.problem.field == "bucket"


def wrong_domain(settings: Settings, seen: VisitorResponse, *, at_endpoint: bool) -> Problem:
    """Return the `Problem` of a custom domain that does not lead to the files."""
    if seen.error is not None:
        return seen.error
    if refusal := not_published(settings, seen):
        return refusal
    what = f"Through {settings.custom_domain} strangers do not get the bucket's files."
    expected = preset(settings.provider).custom_domain_for(settings)
    if seen.ok:
        why = "Something answers there, but not with the file that was just stored."
    elif at_endpoint:
        why = f"It answers with HTTP {seen.status}, while the bucket itself lets strangers read."
    else:
        why = f"It answers with HTTP {seen.status}."
    return Problem(
        what,
        why,
        Remedy(f"The usual custom domain would be {expected}", Action.EDIT_PROVIDER)
        if expected and expected != settings.custom_domain
        else preset(settings.provider).advice("public", settings),
        "If it is a proxy or a CDN of your own, let it lead to this bucket.",
        raw=f"GET {seen.url}: HTTP {seen.status} {seen.text[:500]}",
        field="custom_domain",
    )


def not_published(settings: Settings, seen: VisitorResponse) -> Problem | None:
    """Return the `Problem` of an account that may not publish anything; None for others.

    Wasabi's words ("Public use of objects is not allowed by this account"), for trial accounts
    and some that pay.
    """
    if not re.search(r"public (?:use|access)\b.* not allowed", seen.text[:2000], re.IGNORECASE):
        return None
    return Problem(
        "Your account at this provider may not publish files.",
        "The storage answers the public with: " + " ".join(_TAGS.sub(" ", seen.text[:500]).split()),
        "Ask the provider's support to allow public use for your account; trial accounts usually "
        "have to be paid for first. No bucket policy or ACL changes that.",
        Remedy("Or use another provider.", Action.EDIT_PROVIDER),
        raw=f"GET {seen.url}: HTTP {seen.status} {seen.text[:500]}",
        field="bucket",
    )


def endpoint_check(seen: VisitorResponse, settings: Settings) -> Check:
    """Check that the endpoint answers at all, and in the protocol that was asked."""
    asked = f"Does {settings.endpoint} answer?"
    if seen.error is not None:
        return failed(asked, seen.error)
    target = seen.headers.get("location", "")
    if settings.endpoint.startswith("http:") and target.startswith(
        f"https://{urlsplit(settings.endpoint).hostname}"
    ):
        return failed(asked, wants_https(settings.endpoint))
    return passed(asked, "yes")


def tls_check(settings: Settings) -> Check:
    """Check that others on the way cannot read along; connecting has checked the certificate."""
    asked = "Is the connection to the storage safe?"
    if settings.endpoint.startswith("https:"):
        return passed(asked, "yes, its certificate is trusted")
    return remark(asked, "no, it is plain http: use it on your own machine or network only")


def clock_check(seen: VisitorResponse) -> Check:
    """Check how far this machine's clock is from the storage's."""
    asked = "Is this machine's clock right?"
    skew = _skew(seen)
    if skew is None:
        return remark(asked, "the storage does not say what time it is")
    if abs(skew) < _SKEW_ODD:
        return passed(asked, "yes")
    words = f"{abs(skew) / 60:,.0f} minutes {'ahead of' if skew > 0 else 'behind'} the storage's"
    if abs(skew) < _SKEW_REFUSED:
        return remark(asked, f"it is {words}; from 15 on, the storage refuses every request")
    return failed(
        asked,
        Problem(
            f"This machine's clock is {words}.",
            "The storage refuses what was signed more than 15 minutes ago or ahead.",
            "Set the clock: sudo timedatectl set-ntp true; then compare: date -u",
            TRY_AGAIN,
        ),
    )


def _skew(seen: VisitorResponse) -> float | None:
    """Return by how many seconds our clock is ahead of the server's; None where it is not said."""
    try:
        return time.time() - parsedate_to_datetime(seen.headers.get("date", "")).timestamp()
    except (ValueError, TypeError):
        return None


def acl_check(read_access: ReadAccess) -> Check:
    """Check what the ACL public-read did."""
    asked = "Does the ACL public-read open a file to strangers?"
    if read_access is ReadAccess.ACL:
        return passed(asked, "yes: BookWyrm will store each file with it")
    if read_access is ReadAccess.OPEN:
        return passed(asked, "not needed: strangers can read without it")
    return passed(asked, "no, it is accepted without effect")


def wants_https(endpoint: str) -> Problem:
    return Problem(
        "The endpoint wants https.",
        "It sends everybody who comes with http to https.",
        Remedy(f"Use {endpoint.replace('http:', 'https:', 1)}", Action.EDIT_PROVIDER),
        field="endpoint",
    )


def listable(settings: Settings, url: str) -> Problem:
    """Return the `Problem` of a bucket whose list of files everybody can see."""
    return Problem(
        "Everybody can list the bucket's files.",
        "The bucket itself is public. Strangers would see the names of all files, exports of "
        "accounts included, where only those who know a name should get a file.",
        "Make the bucket private, or let strangers read objects but not list them: "
        + preset(settings.provider).advice("public", settings),
        Remedy("Then try again.", Action.RETRY),
        raw=f"GET {url}",
        field="bucket",
    )


def closed(settings: Settings, problem: Problem) -> Problem:
    """Return the `Problem` of a bucket that neither ACLs nor a policy can open from here."""
    return Problem(
        "Strangers cannot read the bucket, and it cannot be opened from here.",
        f"The ACL public-read does not open its files, and for a bucket policy: {problem.what}",
        preset(settings.provider).advice("public", settings),
        Remedy("Then try again.", Action.RETRY),
        raw=problem.raw,
        field="bucket",
    )


def not_replaced(key: str) -> Problem:
    """Return the `Problem` of an object that reads as before after it was replaced."""
    return Problem(
        "What was replaced in the bucket reads as before.",
        "The bucket locks its objects, or a cache stands before the endpoint.",
        "Turn object lock (retention) off, or use another bucket.",
        "If the endpoint is a CDN, use the storage's own address as the endpoint.",
        raw=key,
        field="bucket",
    )


def needs_newer_bookwyrm(version: str, refusal: Problem) -> Problem:
    """Return the `Problem` of a storage without ACLs under a BookWyrm that always sends one."""
    return Problem(
        f"The storage refuses the ACL public-read, and BookWyrm {version} always sends it.",
        "Since version 0.8.0 BookWyrm lets one choose (AWS_DEFAULT_ACL); yours does not.",
        "Update BookWyrm to 0.8.0 or newer first, then start again.",
        "Or allow ACLs for this bucket in your provider's console, or use another provider.",
        raw=refusal.raw,
        field="provider",
    )


def question_behind(problem: Problem, before: str) -> str:
    """Return what was being asked when a problem came up, by the setting that it is about."""
    questions = {
        "access_key_id": "Does the storage accept the keys?",
        "secret_access_key": "Does the storage accept the keys?",
        "bucket": "Is the bucket there?",
        "region": "Is the region right?",
    }
    return questions.get(problem.field or "", f"After “{before}”")
