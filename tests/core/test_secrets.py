"""Secrets are known by name and by value, and nothing shows them."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.core.secrets import MASK, Keys, Masker, is_secret_name, secrets_among


@pytest.mark.parametrize(
    "name",
    [
        "SECRET_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "EXPORTS_ACCESS_KEY_ID",
        "AZURE_ACCOUNT_KEY",
        "POSTGRES_PASSWORD",
        "EMAIL_HOST_PASSWORD",
        "FLOWER_PASSWORD",
        "REDIS_BROKER_URL",
        "DATABASE_URL",
        "SENTRY_DSN",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "SMTP_PASS",
        "api_token",
    ],
)
def test_secret_by_name(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "AWS_S3_ENDPOINT_URL",
        "EXPORTS_S3_ENDPOINT_URL",
        "BW_S3_NEXT_AWS_S3_ENDPOINT_URL",
        "AWS_S3_URL_PROTOCOL",
        "AWS_STORAGE_BUCKET_NAME",
        "AWS_S3_CUSTOM_DOMAIN",
        "USE_S3",
        "S3_SIGNED_URL_EXPIRY",
        "DOMAIN",
        "POSTGRES_USER",
        "CSP_ADDITIONAL_HOSTS",
    ],
)
def test_public_by_name(name: str) -> None:
    assert not is_secret_name(name)


def test_keys_show_in_no_repr() -> None:
    keys = Keys("AKIAFORTESTS", "very-secret")
    assert "AKIA" not in repr(keys)
    assert "very" not in f"{keys} {keys!r}"


@pytest.mark.parametrize(("one", "two"), [("", ""), ("a", ""), ("", "b")])
def test_half_a_pair_is_no_pair(one: str, two: str) -> None:
    assert not Keys(one, two)


def test_a_secret_within_another_goes_as_a_whole() -> None:
    mask = Masker(["hunter", "hunter-and-more"])
    assert mask("a hunter-and-more b") == f"a {MASK} b"


def test_secrets_learnt_later() -> None:
    mask = Masker()
    assert mask("AKIAFORTESTS") == "AKIAFORTESTS"
    mask.add_keys(Keys("AKIAFORTESTS", "very-secret"))
    assert mask("AKIAFORTESTS/very-secret") == f"{MASK}/{MASK}"


def test_short_ones_are_left_alone() -> None:
    assert Masker(["", "true", "admin"])("admin true") == "admin true"


@settings(deadline=None)
@given(st.text(min_size=6, max_size=40))
def test_a_secret_shows_neither_plain_nor_in_a_url_nor_in_json(secret: str) -> None:
    mask = Masker([secret])
    for text in (secret, quote(secret, safe=""), json.dumps({"key": secret})):
        shown = mask(f"before {text} after")
        assert MASK in shown
    assert secret not in mask(f"({secret})").replace(MASK, "") or secret in "()"


def test_among_variables() -> None:
    found = secrets_among(
        [
            ("AWS_SECRET_ACCESS_KEY", "older-key"),
            ("AWS_SECRET_ACCESS_KEY", "newer-key"),
            ("PRIVATE_KEY", "first line\nsecond line"),
            ("REDIS_BROKER_URL", "redis://:pass-word@redis:6379/0"),
            ("DATABASE_URL", "http://[broken"),
            ("EMAIL_HOST_PASSWORD", ""),
            ("DOMAIN", "books.example.org"),
        ]
    )
    assert set(found) == {
        "older-key",
        "newer-key",
        "first line",
        "second line",
        "redis://:pass-word@redis:6379/0",
        "pass-word",
        "http://[broken",
    }


def test_a_password_that_is_public_elsewhere_would_hide_half_the_output() -> None:
    pairs = [("POSTGRES_USER", "bookwyrm"), ("POSTGRES_PASSWORD", "bookwyrm")]
    assert secrets_among(pairs) == ()
