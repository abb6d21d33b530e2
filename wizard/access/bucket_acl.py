"""A bucket's own ACL, which opens the whole of it, where a service has nothing finer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.storage.bucket import Bucket, BucketAcl

_EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
PRIVATE, PUBLIC_READ = "private", "public-read"


def lets_everybody_read(acl: BucketAcl) -> bool:
    """Tell whether an ACL has a grant for everybody."""
    return any(
        grant.get("Grantee", {}).get("URI") == _EVERYBODY
        and grant.get("Permission") in ("READ", "FULL_CONTROL")
        for grant in acl.get("Grants", ())
    )


def put_acl_back(bucket: Bucket, before: BucketAcl) -> None:
    """Give a bucket the ACL that it had. Raises `Problem`.

    As a canned one where that says the same: Backblaze, for one, takes no others.
    """
    bucket.put_acl(_canned(before) or before)


def _canned(acl: BucketAcl) -> str:
    """Return the canned ACL that says the same, "" where none does."""
    owner = acl.get("Owner", {}).get("ID")
    others = [g for g in acl.get("Grants", ()) if g.get("Grantee", {}).get("ID") != owner]
    if not others:
        return PRIVATE
    only_everybody = len(others) == 1 and others[0].get("Permission") == "READ"
    return PUBLIC_READ if only_everybody and lets_everybody_read(acl) else ""
