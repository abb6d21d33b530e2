"""The CORS rules that bw-s3 added to a bucket, and taking them out again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wizard.assets.cors_rules import without
from wizard.core.problem import Problem
from wizard.journal.entries import Entry, json_entry
from wizard.storage.bucket import CorsRule
from wizard.storage.problems import will_pass

if TYPE_CHECKING:
    from wizard.journal.journal import Journal
    from wizard.step import Context
    from wizard.storage.bucket import Bucket

# Of each bucket by its place: the rules that are ours.
_ADDED: Entry[list[CorsRule]] = json_entry("set_cors.added", list)


def rules_were_added(context: Context, place: str) -> bool:
    """Tell whether we added rules to the bucket of this place."""
    return context.journal.remembers(_ADDED.of(place))


def put_rules_in(
    context: Context, bucket: Bucket, rules: Sequence[CorsRule], added: Sequence[CorsRule]
) -> None:
    """Set the rules of a bucket, of which `added` are ours. Raises `Problem`.

    They are remembered as ours before they are sent, and no longer once they are refused.
    """
    journal, entry = context.journal, _ADDED.of(bucket.place)
    before = journal.recall(entry) or []
    journal.remember(entry, [*before, *added])
    try:
        bucket.put_cors(rules)
    except Problem as problem:
        if not will_pass(problem):
            _remember(journal, entry, before)
        raise


def _remember(journal: Journal, entry: Entry[list[CorsRule]], rules: list[CorsRule]) -> None:
    if rules:
        journal.remember(entry, rules)
    else:
        journal.forget(entry)


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
