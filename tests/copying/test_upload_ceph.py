"""The copy on Ceph, which honours ACLs: what is sent, and what is mended in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.copy_kit import CopyKit
from wizard.core.secrets import Keys
from wizard.core.settings import Settings


@pytest.fixture
def kit(tmp_path: Path, ceph_storage: tuple[Settings, Keys]) -> CopyKit:
    """An instance folder and an empty bucket, in which each object is to be public."""
    (tmp_path / "images").mkdir()
    settings, keys = ceph_storage
    return CopyKit(tmp_path, replace(settings, acl="public-read"), keys)


def as_visitor(kit: CopyKit, key: str) -> bytes:
    """What somebody without keys gets; raises `HTTPError` where that is nothing."""
    with urlopen(f"{kit.settings.endpoint}/{kit.settings.bucket}/{key}") as answer:
        return bytes(answer.read())


def test_visitors_can_read_what_was_copied(kit: CopyKit) -> None:
    kit.fill(30)
    kit.write("covers/a b+é.jpg", b"odd name")
    kit.write("covers/large.png", b"0123456789abcdef" * (1 << 16) * 20)
    outcome = kit.copy()
    assert (outcome.sent, outcome.failures) == (32, ())
    assert kit.there() == kit.here() == kit.verified()
    assert as_visitor(kit, "images/covers/a%20b%2B%C3%A9.jpg") == b"odd name"
    assert len(as_visitor(kit, "images/covers/large.png")) == 20 << 20
    assert kit.copy().sent == 0


WRONG: dict[str, dict[str, str]] = {
    "acl": {"ContentType": "image/jpeg", "CacheControl": "max-age=86400"},
    "type": {
        "ContentType": "text/plain",
        "CacheControl": "max-age=86400",
        "ACL": "public-read",
    },
    "cache": {"ContentType": "image/jpeg", "ACL": "public-read"},
    "all": {},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_right_bytes_with_wrong_headers_are_fixed_in_place(kit: CopyKit, wrong: str) -> None:
    key = "images/covers/a +é.jpg"
    kit.write("covers/a +é.jpg", b"the same")
    kit.put(key, b"the same", **WRONG[wrong])
    outcome = kit.copy()
    assert (outcome.sent, outcome.already) == (0, 1)
    assert (outcome.failures, outcome.conflicts) == ((), ())
    head = kit.client.head_object(Bucket=kit.settings.bucket, Key=key)
    assert (head["ContentType"], head["CacheControl"]) == ("image/jpeg", "max-age=86400")
    assert as_visitor(kit, "images/covers/a%20%2B%C3%A9.jpg") == b"the same"


def test_a_multipart_object_of_another_tool_is_fixed_too(kit: CopyKit) -> None:
    data = b"0123456789abcdef" * (1 << 16) * 11
    file = kit.write("covers/large.jpg", data)
    kit.client.upload_file(str(file), kit.settings.bucket, "images/covers/large.jpg")
    outcome = kit.copy()
    assert (outcome.sent, outcome.already, outcome.failures) == (0, 1, ())
    assert as_visitor(kit, "images/covers/large.jpg") == data
    again = kit.copy()
    assert (again.sent, again.already, again.failures) == (0, 1, ())


def test_what_is_right_already_is_not_written_again(kit: CopyKit) -> None:
    kit.write("covers/a.jpg", b"the same")
    kit.put("images/covers/a.jpg", b"the same", **WRONG["type"] | {"ContentType": "image/jpeg"})
    bucket, key = kit.settings.bucket, "images/covers/a.jpg"
    before = kit.client.head_object(Bucket=bucket, Key=key)["LastModified"]
    assert kit.copy().already == 1
    assert kit.client.head_object(Bucket=bucket, Key=key)["LastModified"] == before
