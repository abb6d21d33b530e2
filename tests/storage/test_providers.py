"""Presets: in which order they come, and what they fill in."""

from __future__ import annotations

import pytest

from wizard.core.settings import Settings
from wizard.storage.answers import clean, contradictions
from wizard.storage.providers import PRESETS, ServiceKind, preset


def test_the_presets_that_must_be_there() -> None:
    wanted = {"aws", "scaleway", "digitalocean", "ceph", "minio", "seaweedfs", "other"}
    assert wanted <= set(PRESETS)


def test_they_are_in_the_order_of_the_form() -> None:
    """Hosted ones by their titles, then those one runs oneself, then the one for all others."""
    order = [(list(ServiceKind).index(p.kind), p.title.casefold()) for p in PRESETS.values()]
    assert order == sorted(order)
    assert list(PRESETS)[-1] == "other"


@pytest.mark.parametrize("name", PRESETS)
def test_what_a_preset_fills_in_is_right_by_itself(name: str) -> None:
    found = PRESETS[name]
    example = found.endpoint_example.lower() or "http://h:1"
    for region in found.known_regions or ("",):
        given = Settings(bucket="books", region=region, endpoint="" if found.endpoint else example)
        filled = found.fill(given)
        assert clean("endpoint", filled.endpoint, name) == (filled.endpoint, None)
        assert clean("region", region, name) == (region, None)
        assert contradictions(filled) == ()
        if found.custom_domain:
            domain = filled.custom_domain
            assert clean("custom_domain", domain) == (domain, None)
        for topic in ("keys", "cors", "policy", "public", "domain"):
            advice = found.advice(topic, filled)
            assert advice
            assert "{" not in advice


@pytest.mark.parametrize(
    ("name", "region", "host"),
    [
        ("aws", "eu-west-1", "s3.eu-west-1.amazonaws.com"),
        ("scaleway", "fr-par", "s3.fr-par.scw.cloud"),
        ("digitalocean", "ams3", "ams3.digitaloceanspaces.com"),
        ("aws", "cn-north-1", "s3.cn-north-1.amazonaws.com.cn"),
        ("aws", "mx-central-1", "s3.mx-central-1.amazonaws.com"),
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


@pytest.mark.parametrize("name", ["minio", "seaweedfs"])
def test_what_opens_the_files_opens_no_more(name: str) -> None:
    """Neither the list of files nor the rest of the bucket, as the shorter commands would."""
    settings = Settings(provider=name, endpoint="https://s3.example.org", bucket="books")
    advice = preset(name).advice("public", settings)
    assert "policy.json" in advice.partition(" (")[0]
    assert "download" not in advice.partition(" (")[0]
    assert "Read:" not in advice.partition(" (")[0]


def test_a_host_is_named_after_the_bucket_only_where_a_certificate_can_be() -> None:
    settings = Settings(endpoint="https://s3.example.org", bucket="old.books")
    assert preset("other").custom_domain_for(settings) == "s3.example.org/old.books"


def test_what_is_not_known_of_a_console_is_said_in_general() -> None:
    settings = Settings(provider="aws", bucket="books")
    assert "domain" not in preset("aws").console
    assert preset("aws").advice("domain", settings) == preset("other").advice("domain", settings)
