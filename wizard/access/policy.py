"""Who may read a bucket: the policy that opens media and static assets, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from wizard.core.message import Message, plural
from wizard.media.public import PUBLIC_SUFFIXES, PublicFiles

if TYPE_CHECKING:
    from wizard.storage.bucket import Bucket, Policy

# The two folders that BookWyrm's storages write to (`bookwyrm/settings.py`).
PREFIXES = ("images/", "static/")
SID = "BookWyrmPublicRead"
# The two switches of Amazon's Block Public Access that stand against a public policy;
# the other two are about ACLs, and may stay.
_IN_THE_WAY = ("BlockPublicPolicy", "RestrictPublicBuckets")


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is there already where the policy would let the public read.

    `private` are keys that BookWyrm's own web server would never hand out,
    such as an export of an account.
    """

    count: int
    more: bool
    private: tuple[str, ...]

    @property
    def words(self) -> Message:
        """How many objects the public will read, as far as they were counted, in a sentence."""
        if self.more:
            return plural(
                "More than {n} object is there already; the public will read it too.",
                "More than {n} objects are there already; the public will read them too.",
                self.count,
            )
        return plural(
            "{n} object is there already; the public will read it too.",
            "{n} objects are there already; the public will read them too.",
            self.count,
        )


def opening_policy(bucket: str, current: Policy | None) -> dict[str, Any]:
    """Return `current` with the statement that lets the public read images/* and static/*."""
    statement = {
        "Sid": SID,
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/{prefix}*" for prefix in PREFIXES],
    }
    policy = dict(current or {"Version": "2012-10-17"})
    kept = [s for s in _statements(current) if s.get("Sid") != SID]
    return {**policy, "Statement": [*kept, statement]}


def closing_policy(current: Policy | None) -> Policy | None:
    """Return `current` without our statement; None where nothing is left of it."""
    kept = [s for s in _statements(current) if s.get("Sid") != SID]
    return {**current, "Statement": kept} if current and kept else None


def is_opened(bucket: str, policy: Policy | None) -> bool:
    """Tell whether our statement is in the policy, as some services rewrite it too."""
    wanted = {f"arn:aws:s3:::{bucket}/{prefix}*" for prefix in PREFIXES}
    for statement in _statements(policy):
        resources = set(_listed(statement.get("Resource")))
        actions = {str(a).lower() for a in _listed(statement.get("Action"))}
        reads = actions & {"s3:getobject", "s3:get*", "s3:*", "*"}
        everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        if statement.get("Effect") == "Allow" and everybody and reads and wanted <= resources:
            return True
    return False


def refuses_anybody(policy: Policy | None) -> bool:
    """Tell whether a statement refuses something, which goes before all that allow it."""
    return any(statement.get("Effect") == "Deny" for statement in _statements(policy))


def blocking(switches: Mapping[str, bool]) -> tuple[str, ...]:
    """Return the switches of Block Public Access that stand against a public policy."""
    return tuple(name for name in _IN_THE_WAY if switches.get(name))


def unblocked(switches: Mapping[str, bool]) -> dict[str, bool]:
    """Block Public Access with just those switches off."""
    return {**switches, **dict.fromkeys(_IN_THE_WAY, False)}


def exposure(bucket: Bucket, public: PublicFiles, most: int = 200_000) -> Exposure:
    """Look through what lies below images/ and static/ already (at most `most` objects).

    `public` says which media the instance's own site hands out.
    """
    count, private = 0, []
    for prefix in PREFIXES:
        for found in islice(bucket.list_objects(prefix), most - count):
            count += 1
            if prefix == "images/" and not _is_public_media(found.key, public):
                private.append(found.key)
    return Exposure(count, count >= most, tuple(private))


def as_text(document: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> str:
    """Return a policy or CORS rules as an admin reads them."""
    return json.dumps(document, indent=2)


def _is_public_media(key: str, public: PublicFiles) -> bool:
    # A key that ends in a slash is what consoles store for an empty folder.
    if key.endswith("/") or key.rpartition(".")[2].lower() in PUBLIC_SUFFIXES:
        return True
    return public.has(key.removeprefix("images/").encode())


def _statements(policy: Policy | None) -> list[dict[str, Any]]:
    return [s for s in _listed((policy or {}).get("Statement")) if isinstance(s, dict)]


def _listed(value: Any) -> list[Any]:
    """Return a value as a list, since a policy may have just the item in place of a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
