"""Presets as data, and what an admin types or pastes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.storage.providers import PRESETS, clean, contradictions, follow, preset


def test_the_presets_that_must_be_there() -> None:
    wanted = {"aws", "scaleway", "digitalocean", "ceph", "minio", "seaweedfs", "other"}
    assert wanted <= set(PRESETS)
    for found in PRESETS.values():
        filled = found.fill(
            Settings(bucket="books", endpoint="" if found.endpoint else "http://h:1")
        )
        assert clean("endpoint", filled.endpoint) == (filled.endpoint, None)
        assert clean("custom_domain", filled.custom_domain) == (filled.custom_domain, None)
        assert contradictions(filled) == ()
        for topic in ("keys", "cors", "policy", "public"):
            advice = found.advice(topic, filled)
            assert advice
            assert "{" not in advice


@pytest.mark.parametrize(
    ("name", "region", "host"),
    [
        ("aws", "eu-west-1", "s3.eu-west-1.amazonaws.com"),
        ("scaleway", "fr-par", "s3.fr-par.scw.cloud"),
        ("digitalocean", "ams3", "ams3.digitaloceanspaces.com"),
    ],
)
def test_endpoint_and_custom_domain_follow(name: str, region: str, host: str) -> None:
    filled = preset(name).fill(Settings(bucket="b1k", region=region))
    assert filled.provider == name
    assert (filled.endpoint, filled.custom_domain) == (f"https://{host}", f"b1k.{host}")
    assert filled.url_protocol == "https:"


def test_self_hosted_storage_is_read_in_path_style_and_in_its_own_protocol() -> None:
    filled = preset("ceph").fill(Settings(bucket="books", endpoint="http://10.0.0.5:7480"))
    assert filled.custom_domain == "10.0.0.5:7480/books"
    assert filled.url_protocol == "http:"
    other = preset("other")
    assert other.fill(Settings(bucket="b1k", endpoint="https://s3.example.org")).custom_domain == (
        "b1k.s3.example.org"
    )
    local = other.fill(Settings(bucket="b1k", endpoint="http://127.0.0.1:9000"))
    assert local.custom_domain == "127.0.0.1:9000/b1k"


def test_what_followed_follows_again_and_what_was_typed_stays() -> None:
    before = preset("aws").fill(Settings(bucket="one", region="eu-west-1"))
    after = follow(before, replace(before, bucket="two", region="eu-north-1"))
    assert after.endpoint == "https://s3.eu-north-1.amazonaws.com"
    assert after.custom_domain == "two.s3.eu-north-1.amazonaws.com"
    elsewhere = follow(after, replace(after, provider="scaleway"))
    assert (elsewhere.region, elsewhere.endpoint) == ("fr-par", "https://s3.fr-par.scw.cloud")
    own = replace(before, custom_domain="media.example.org")
    assert follow(own, replace(own, bucket="two")).custom_domain == "media.example.org"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("access_key_id", '  "AKIA 123\n456" ', "AKIA123456"),
        ("secret_access_key", "aws_secret_access_key = ab/c+d=", "ab/c+d="),
        ("secret_access_key", "export AWS_SECRET_ACCESS_KEY='abc'", "abc"),
        ("secret_access_key", "\u200bABCD=\ufeff", "ABCD="),
        ("endpoint", "s3.fr-par.scw.cloud/", "https://s3.fr-par.scw.cloud"),
        ("endpoint", "HTTPS://S3.FR-PAR.scw.cloud", "https://s3.fr-par.scw.cloud"),
        ("endpoint", "localhost:8333", "http://localhost:8333"),
        ("bucket", "s3://books-media/", "books-media"),
        ("custom_domain", "https://Media.Example.org/", "media.example.org"),
        ("custom_domain", "//media.example.org/Bucket/", "media.example.org/Bucket"),
        ("region", " FR-PAR ", "fr-par"),
        ("region", "", ""),
        ("url_protocol", "HTTPS://", "https:"),
        ("url_protocol", "http", "http:"),
        ("site_url", " http://127.0.0.1:8000 ", "http://127.0.0.1:8000"),
    ],
)
def test_what_is_pasted_is_tidied_up(field: str, text: str, value: str) -> None:
    assert clean(field, text) == (value, None)


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("access_key_id", " ", "is missing"),
        ("secret_access_key", "ключ", "no key has"),
        ("endpoint", "", "is missing"),
        ("endpoint", "https://s3.example.org/bucket", "more than a host"),
        ("endpoint", "https://key:secret@s3.example.org", "more than a host"),
        ("endpoint", "ftp://s3.example.org", "not http"),
        ("endpoint", "https://s3 example org", "not an address"),
        ("endpoint", "https://s3.example.org:port", "not an address"),
        ("bucket", "", "is missing"),
        ("bucket", "Books", "not a valid bucket name"),
        ("bucket", "ab", "not a valid bucket name"),
        ("bucket", "a" * 64, "not a valid bucket name"),
        ("bucket", "books_media", "not a valid bucket name"),
        ("bucket", "192.168.1.1", "not a valid bucket name"),
        ("bucket", "books/images", "more than the bucket's name"),
        ("region", "Frankfurt (eu-central-1)", "not a region"),
        ("custom_domain", "", "is missing"),
        ("custom_domain", "media.example.org/images", "BookWyrm's folders"),
        ("custom_domain", "media.example.org/?x=1", "more than a host and a path"),
        ("url_protocol", "ftp", "neither"),
    ],
)
def test_what_cannot_be_right_is_said(field: str, text: str, words: str) -> None:
    _, problem = clean(field, text)
    assert problem is not None
    assert words in problem.what
    assert problem.field == field
    assert problem.code
    assert problem.why
    assert problem.remedies


@given(
    field=st.sampled_from(
        ["access_key_id", "endpoint", "bucket", "region", "custom_domain", "url_protocol"]
    ),
    text=st.text(max_size=80),
)
def test_tidying_never_fails_and_tidies_once(field: str, text: str) -> None:
    value, problem = clean(field, text)
    if problem is None:
        assert clean(field, value) == (value, None)
    else:
        assert isinstance(problem, Problem)


def test_the_bucket_in_the_endpoint_is_found() -> None:
    settings = Settings(
        provider="scaleway",
        endpoint="https://books.s3.fr-par.scw.cloud",
        bucket="books",
        custom_domain="books.s3.fr-par.scw.cloud",
        region="fr-par",
    )
    (first, *_) = contradictions(settings)
    assert first.field == "endpoint"
    assert "https://s3.fr-par.scw.cloud" in first.remedies[0].text


def test_a_custom_domain_without_the_bucket_is_found() -> None:
    settings = Settings(
        provider="scaleway",
        endpoint="https://s3.fr-par.scw.cloud",
        bucket="books",
        custom_domain="s3.fr-par.scw.cloud",
        region="fr-par",
    )
    (problem,) = contradictions(settings)
    assert problem.field == "custom_domain"
    assert "books.s3.fr-par.scw.cloud" in problem.remedies[0].text


@pytest.mark.parametrize("name", ["minio", "seaweedfs"])
def test_what_opens_the_files_opens_no_more(name: str) -> None:
    """Neither the list of files nor the rest of the bucket, as the shorter commands would."""
    settings = Settings(provider=name, endpoint="https://s3.example.org", bucket="books")
    advice = preset(name).advice("public", settings)
    assert "policy.json" in advice.partition(" (")[0]
    assert "download" not in advice.partition(" (")[0]
    assert "Read:" not in advice.partition(" (")[0]
