"""The bucket policy: opened and closed again, with what others wrote into it left as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.access.policy import (
    SID,
    Exposure,
    blocking,
    closing_policy,
    is_opened,
    opening_policy,
    unblocked,
)

BACKUP = {
    "Sid": "Backup",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::1:user/backup"},
    "Action": "s3:*",
    "Resource": "arn:aws:s3:::books/*",
}
# One statement may stand without a list around it.
POLICIES = st.sampled_from([None, {}, {"Statement": BACKUP}, {"Id": "x", "Statement": [BACKUP]}])


@given(POLICIES)
def test_opened_and_closed_it_says_what_it_said(policy: dict[str, Any] | None) -> None:
    opened = opening_policy("books", policy)
    assert is_opened("books", opened)
    assert not is_opened("books", policy)
    assert not is_opened("other", opened)
    closed = closing_policy(opened)
    assert not is_opened("books", closed)
    others = [BACKUP] if policy and policy.get("Statement") else []
    assert (closed or {}).get("Statement", []) == others


def test_opening_twice_leaves_one_statement() -> None:
    twice = opening_policy("books", opening_policy("books", None))
    assert [s["Sid"] for s in twice["Statement"]] == [SID]


def test_it_opens_media_and_static_assets_to_be_read_and_nothing_else() -> None:
    (statement,) = opening_policy("books", None)["Statement"]
    assert statement["Action"] == ["s3:GetObject"]
    assert statement["Resource"] == ["arn:aws:s3:::books/images/*", "arn:aws:s3:::books/static/*"]


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"AWS": ["*"]}},
        {"Principal": {"AWS": "*"}},
        {"Action": "s3:getobject"},
        {"Sid": "renamed by the service"},
    ],
)
def test_as_services_write_it_down(changes: dict[str, object]) -> None:
    (statement,) = opening_policy("books", None)["Statement"]
    assert is_opened("books", {"Statement": {**statement, **changes}})


@pytest.mark.parametrize(
    "changes",
    [
        {"Effect": "Deny"},
        {"Principal": {"AWS": "arn:aws:iam::1:root"}},
        {"Action": "s3:PutObject"},
        {"Resource": ["arn:aws:s3:::books/images/*"]},
    ],
)
def test_what_opens_nothing(changes: dict[str, object]) -> None:
    (statement,) = opening_policy("books", None)["Statement"]
    assert not is_opened("books", {"Statement": [{**statement, **changes}]})


def test_two_switches_of_block_public_access_are_in_the_way() -> None:
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    switches = dict.fromkeys(names, True)
    assert blocking(switches) == names[2:]
    assert blocking(unblocked(switches)) == ()
    assert all(unblocked(switches)[name] for name in names[:2])


def test_what_is_there_already_is_counted_in_words() -> None:
    one, some, many = Exposure(1, False, ()), Exposure(1234, False, ()), Exposure(2000, True, ())
    assert one.words == "1 object is there already; the public will read it too."
    assert some.words.startswith("1,234 objects are there already")
    assert many.words.startswith("More than 2,000 objects are")
