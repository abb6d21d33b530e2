"""The headers of an object are those that BookWyrm's own storage gives it."""

from __future__ import annotations

import pytest

from wizard.copying.object_headers import CACHE_CONTROL, content_type, object_headers
from wizard.media.public import PUBLIC_SUFFIXES


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("images/covers/a.jpg", "image/jpeg"),
        ("images/covers/a.JPEG", "image/jpeg"),
        ("images/covers/a.b.png", "image/png"),
        ("images/a.webp", "image/webp"),
        ("images/a.svg", "image/svg+xml"),
        ("images/a.ico", "image/vnd.microsoft.icon"),
        ("images/without-ending", "application/octet-stream"),
        ("images/a.unheard-of", "application/octet-stream"),
    ],
)
def test_the_type_follows_from_the_name(key: str, expected: str) -> None:
    assert content_type(key) == expected


def test_every_public_file_is_an_image() -> None:
    types = {suffix: content_type(f"images/a.{suffix}") for suffix in PUBLIC_SUFFIXES}
    assert [suffix for suffix, kind in types.items() if not kind.startswith("image/")] == []


def test_an_acl_is_sent_where_there_is_one() -> None:
    plain = [("Content-Type", "image/png"), ("Cache-Control", CACHE_CONTROL)]
    assert object_headers("images/a.png", "") == plain
    assert object_headers("images/a.png", "public-read") == [*plain, ("x-amz-acl", "public-read")]
