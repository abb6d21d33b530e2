"""Answers out of a cache, by their headers."""

from __future__ import annotations

import pytest

from wizard.web.caches import cache_marks


@pytest.mark.parametrize(
    ("headers", "marks"),
    [
        ({"x-cache": "Hit from cloudfront", "age": "53"}, "X-Cache: Hit from cloudfront, Age: 53"),
        ({"cf-cache-status": "HIT"}, "Cf-Cache-Status: HIT"),
        ({"x-cache": "MISS, HIT"}, "X-Cache: MISS, HIT"),
        (
            {"cache-status": "ExampleCache; hit; ttl=376"},
            "Cache-Status: ExampleCache; hit; ttl=376",
        ),
        ({"x-cache-status": "STALE"}, "X-Cache-Status: STALE"),
        ({"x-cache": "MISS", "age": "0", "cf-cache-status": "DYNAMIC"}, ""),
        ({"age": "never"}, ""),
        ({}, ""),
    ],
)
def test_what_says_that_an_answer_was_kept(headers: dict[str, str], marks: str) -> None:
    assert cache_marks(headers) == marks
