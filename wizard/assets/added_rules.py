"""The CORS rules that bw-s3 added to a bucket, and taking them out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wizard.assets.cors_rules import without
from wizard.journal.entries import Entry, json_entry
from wizard.storage.bucket import CorsRule

if TYPE_CHECKING:
    from wizard.step import Context
    from wizard.storage.bucket import Bucket

# Of each bucket by its place: the rules that are ours.
_ADDED: Entry[list[CorsRule]] = json_entry("set_cors.added", list)


def rules_were_added(context: Context, place: str) -> bool:
    """Tell whether we added rules to the bucket of this place."""
    return context.journal.remembers(_ADDED.of(place))


def note_added_rules(context: Context, place: str, added: Sequence[CorsRule]) -> None:
    """Remember, before they are sent, that these rules are ours."""
    before = context.journal.recall(_ADDED.of(place)) or []
    context.journal.remember(_ADDED.of(place), [*before, *added])


def take_rules_out(context: Context, bucket: Bucket) -> bool:
    """Take our rules out again; those that others set stay. False for none. Raises `Problem`."""
    added = context.journal.recall(_ADDED.of(bucket.place))
    if not added:
        return False
    rules = bucket.get_cors()
    kept = without(rules, added)
    if kept != rules:
        bucket.put_cors(kept)
    context.journal.forget(_ADDED.of(bucket.place))
    return True
