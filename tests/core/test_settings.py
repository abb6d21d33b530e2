"""The settings: what follows from them, what of them is kept, which one is missing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.problem import Problem
from wizard.core.settings import Settings

BOOKS = Settings(
    endpoint="https://s3.example.org:9000",
    bucket="books",
    custom_domain="cdn.example.org/books",
)
TEXT = st.text(max_size=20)


@given(st.builds(Settings, bucket=TEXT, endpoint=TEXT, limit_rate=st.integers(0)), TEXT)
def test_settings_survive_json_and_what_a_newer_version_added(
    settings: Settings, name: str
) -> None:
    data = json.loads(json.dumps(settings.to_dict()))
    assert Settings.from_dict(data | {f"new_{name}": 1}) == settings


def test_what_follows_from_them() -> None:
    assert BOOKS.public_base == "https://cdn.example.org/books"
    assert BOOKS.custom_domain_host == "cdn.example.org"
    assert BOOKS.endpoint_host == "s3.example.org:9000"
    assert BOOKS.storage == {
        "endpoint": "https://s3.example.org:9000",
        "bucket": "books",
        "custom_domain": "cdn.example.org/books",
        "url_protocol": "https:",
    }


def test_the_destination_is_one_bucket_at_one_endpoint() -> None:
    """However the endpoint is written; it names rows of the journal for ever."""
    written = ("https://s3.example.org:9000/", "HTTPS://S3.example.org:9000")
    assert {replace(BOOKS, endpoint=e).destination for e in written} == {BOOKS.destination}
    assert replace(BOOKS, bucket="others").destination != BOOKS.destination
    assert replace(BOOKS, custom_domain="other.example.org").destination == BOOKS.destination
    assert BOOKS.destination == "8adf22fb8462"


def test_the_first_that_is_missing_is_named_with_its_option() -> None:
    BOOKS.require("bucket", "endpoint")
    with pytest.raises(Problem) as caught:
        BOOKS.require("bucket", "site_url", "region")
    assert caught.value.field == "site_url"
    assert caught.value.usage
    assert "--site-url" in caught.value.remedies[0].text
