"""What an admin types or pastes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.storage.addresses import service_of
from wizard.storage.answers import (
    another_service,
    clean,
    contradictions,
    defects,
    follow,
    unusable,
)
from wizard.storage.providers import PRESETS, Preset, ServiceKind, preset


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
    _, problem = clean(field, text, "aws")
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


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Preset]:
    """Make a service of some fields, known for as long as the test runs."""

    def made(**fields: Any) -> Preset:
        usual = {"name": "made-up", "title": msg("Made Up"), "kind": ServiceKind.HOSTED}
        found = Preset(**(usual | fields))
        monkeypatch.setitem(cast("dict[str, Preset]", PRESETS), found.name, found)
        return found

    return made


@pytest.mark.parametrize("chosen", ["other", "hetzner", "minio"])
def test_what_is_known_of_a_service_holds_under_any_name(chosen: str) -> None:
    def at(endpoint: str) -> Settings:
        return Settings(provider=chosen, endpoint=endpoint, bucket="books")

    scaleway = at("https://s3.fr-par.scw.cloud")
    assert service_of(scaleway) is preset("scaleway")
    assert "Scaleway" in another_service(scaleway)
    assert unusable(scaleway) is None
    closed = unusable(at("https://eu-central-1.object.fastlystorage.app"))
    assert closed is not None
    assert "Fastly" in closed.what
    supabase = "https://abcd.storage.supabase.co/storage/v1/s3"
    assert clean("endpoint", supabase, chosen) == (supabase, None)
    own = at("https://s3.example.org")
    assert service_of(own) is preset(chosen)
    assert another_service(own) == ""


def test_behind_a_host_of_ones_own_the_name_counts_and_without_one_the_keys() -> None:
    """Documented: Scaleway's keys begin with SCW, and nobody else's do."""
    keys = Keys("SCW" + "A1" * 8 + "Z", "secret")
    own = Settings(provider="other", endpoint="https://s3.example.org", bucket="books")
    assert service_of(own, keys) is preset("scaleway")
    assert service_of(own) is preset("other")
    assert service_of(own, Keys("AKIAIOSFODNN7EXAMPLE", "secret")) is preset("other")
    for named in ("minio", "scaleway"):
        assert service_of(replace(own, provider=named), keys) is preset(named)
    known = replace(own, endpoint="https://fsn1.your-objectstorage.com")
    assert service_of(known, keys) is preset("hetzner")


def test_the_right_name_is_not_remarked_on() -> None:
    right = Settings(provider="scaleway", endpoint="https://s3.nl-ams.scw.cloud")
    assert another_service(right) == ""
    assert another_service(replace(right, provider="")) == ""


@pytest.mark.parametrize("name", ["Books", "books_media", "Old.Books_2009"])
def test_capitals_and_underscores_are_taken_where_the_service_takes_them(name: str) -> None:
    assert clean("bucket", name, "other") == (name, None)
    assert clean("bucket", name, "scaleway")[1] is not None
    settings = Settings(provider="other", endpoint="https://s3.example.org", bucket=name)
    assert [p.field for p in defects(settings)] == ["custom_domain"]
    # No host can be named like that.
    assert preset("other").custom_domain_for(settings) == f"s3.example.org/{name}"


def test_an_endpoint_may_have_the_path_of_its_service(service: Callable[..., Preset]) -> None:
    found = service(
        endpoint_example="https://PROJECT.example.co/storage/v1/s3",
        custom_domain="{host}/storage/v1/object/public/{bucket}",
    )
    typed = "https://AbC.example.co/storage/v1/s3/"
    right = "https://abc.example.co/storage/v1/s3"
    assert clean("endpoint", typed, "made-up") == (right, None)
    settings = found.fill(Settings(endpoint=right, bucket="books"))
    assert settings.custom_domain == "abc.example.co/storage/v1/object/public/books"
    assert (*defects(settings), *contradictions(settings)) == ()
    for wrong in ("https://abc.example.co", "https://abc.example.co/storage/v1/s3/books"):
        problem = clean("endpoint", wrong, "made-up")[1]
        assert problem is not None
        assert right in problem.remedies[0].text


def test_a_custom_domain_may_have_a_tenant_in_its_path() -> None:
    domain = "eu2.example.com/0123abcd:books"
    assert clean("custom_domain", f"https://{domain}/") == (domain, None)


@pytest.mark.parametrize(
    ("name", "region", "suggested"),
    [
        ("scaleway", "fr-pra", "fr-par"),
        ("scaleway", "mars", ""),
        ("aws", "eu-centrl-1", "eu-central-1"),
        ("aws", "us-est-1", "us-east-1"),
    ],
)
def test_a_region_that_a_service_does_not_have_is_refused(
    name: str, region: str, suggested: str
) -> None:
    settings = preset(name).fill(Settings(bucket="b1k", region=region))
    (problem,) = contradictions(settings)
    assert (problem.code, problem.field) == ("region-unknown", "region")
    assert region in problem.what
    assert preset(name).regions[0] in problem.why
    said = [remedy.text for remedy in problem.remedies]
    assert (f"Use {suggested}" in said) is bool(suggested)


def test_a_region_is_not_judged_where_the_endpoint_is_another() -> None:
    own = Settings(provider="scaleway", region="mars", bucket="b1k", custom_domain="m.example.org")
    assert contradictions(replace(own, endpoint="http://127.0.0.1:8333")) == ()
    elsewhere = replace(own, endpoint="https://s3.nl-ams.scw.cloud")
    assert [problem.code for problem in contradictions(elsewhere)] == ["region-unknown"]
    assert contradictions(replace(own, endpoint="", provider="digitalocean")) == ()


def test_a_region_is_written_as_its_service_writes_it(service: Callable[..., Preset]) -> None:
    service(regions=("RegionOne",))
    assert clean("region", " regionone", "made-up") == ("RegionOne", None)


def test_a_service_that_cannot_be_used_says_why(service: Callable[..., Preset]) -> None:
    why = msg("Its terms do not allow it.")
    service(unusable=why)
    problem = unusable(Settings(provider="made-up"))
    assert problem is not None
    assert (problem.code, problem.field, problem.why) == ("provider-unusable", "provider", why)
    assert unusable(Settings(provider="aws")) is None
