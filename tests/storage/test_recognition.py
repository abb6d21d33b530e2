"""What is found in a pasted text, and what is said where that is not enough."""

from __future__ import annotations

import random
import re
import string
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.storage.key_forms import comes_with_token
from wizard.storage.providers import PRESETS, Preset
from wizard.storage.recognition import LONGEST_PASTE, Recognised, applied, recognise

ACCESS, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = Keys(ACCESS, SECRET)


def _only(text: str) -> Recognised:
    found = recognise(text)
    assert len(found) == 1
    return found[0]


def _said(found: Recognised) -> dict[str, str]:
    """What was found, without what is empty."""
    told = ("provider", "endpoint", "region", "bucket", "custom_domain")
    values = {name: getattr(found.settings, name) for name in told}
    return {name: value for name, value in values.items() if value}


SCALEWAY = {"provider": "scaleway", "endpoint": "https://s3.fr-par.scw.cloud", "region": "fr-par"}
BOOKS = {**SCALEWAY, "bucket": "books-media"}


# Addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        ("https://s3.fr-par.scw.cloud", SCALEWAY),
        ("s3.fr-par.scw.cloud/", SCALEWAY),
        ("  <https://S3.fr-par.scw.cloud>\n", SCALEWAY),
        ("https://books-media.s3.fr-par.scw.cloud", BOOKS),
        ("https://books-media.s3.fr-par.scw.cloud/images/covers/a%20b.jpg?x=1#y", BOOKS),
        ("http://s3.fr-par.scw.cloud/books-media/images/covers/a.jpg", BOOKS),
        ("s3://books-media/images/", {"bucket": "books-media"}),
        ("s3://books-media.s3.fr-par.scw.cloud/images", BOOKS),
        ("https://console.scaleway.com/object-storage/buckets/fr-par/books-media/files", BOOKS),
        (
            "https://eu-west-3.console.aws.amazon.com/s3/buckets/books-media?region=eu-west-3&tab=x",
            {
                "provider": "aws",
                "endpoint": "https://s3.eu-west-3.amazonaws.com",
                "region": "eu-west-3",
                "bucket": "books-media",
            },
        ),
        (
            "https://f003.backblazeb2.com/file/books-media/images/covers/a.jpg",
            {
                "provider": "backblaze",
                "endpoint": "https://s3.eu-central-003.backblazeb2.com",
                "region": "eu-central-003",
                "bucket": "books-media",
            },
        ),
        (
            "https://abcd.supabase.co/storage/v1/object/public/Books_2009/images/covers/a.jpg",
            {
                "provider": "supabase",
                "endpoint": "https://abcd.supabase.co/storage/v1/s3",
                "bucket": "Books_2009",
                "custom_domain": "abcd.supabase.co/storage/v1/object/public/Books_2009",
            },
        ),
        (
            "http://10.0.0.5:9000/books-media/static/a.css",
            {"provider": "other", "endpoint": "http://10.0.0.5:9000", "bucket": "books-media"},
        ),
        (
            "https://s3.example.org",
            {"provider": "other", "endpoint": "https://s3.example.org"},
        ),
        ("https://media.example.org/images/covers/a.jpg", {"custom_domain": "media.example.org"}),
        (
            "aws s3 ls s3://books-media --endpoint-url https://s3.fr-par.scw.cloud --region fr-par",
            BOOKS,
        ),
        ("Your bucket: https://books-media.s3.fr-par.scw.cloud is ready.", BOOKS),
    ],
)
def test_an_address_says_all_that_is_in_it(pasted: str, expected: dict[str, str]) -> None:
    assert _said(_only(pasted)) == expected


def _regions(service: Preset) -> tuple[str, ...]:
    return service.known_regions or ("",)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_each_service_is_recognised_by_its_own_addresses(name: str) -> None:
    """Its endpoint and its bucket's address, in each region that is known."""
    service = PRESETS[name]
    for region in _regions(service):
        made = service.fill(Settings(bucket="books-media", region=region))
        if not made.endpoint and service.matches:
            made = replace(made, endpoint=service.endpoint_example)
        if not made.endpoint or service.kind != "hosted":
            continue
        found = _only(made.endpoint).settings
        # A name of an example may be in capitals, to say that it stands for another.
        assert (found.provider, found.endpoint) == (name, made.endpoint.lower())
        assert not found.bucket
        assert found.region == region or "{region}" not in service.endpoint
        in_path = _only(f"{made.endpoint}/books-media/images/covers/a.jpg").settings
        assert (in_path.provider, in_path.bucket) == (name, "books-media")
        if service.custom_domain and "books-media" in made.custom_domain:
            address = f"https://{made.custom_domain}/images/covers/a.jpg"
            found = _only(address).settings
            assert (found.provider, found.bucket) == (name, "books-media")
            assert applied(Settings(), _only(address)).endpoint == made.endpoint


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_each_form_of_a_service_is_recognised_as_its_own(name: str) -> None:
    service = PRESETS[name]
    region = next(iter(service.known_regions), "eu-1")
    for form in service.matches:
        host = form.format(region=region, bucket="books-media").replace("*", "a1b2c3")
        found = _only(f"https://{host}").settings
        assert found.provider == name, form
        if "{bucket}" in form:
            assert found.bucket == "books-media", form


# Configurations -----------------------------------------------------------------------------

RCLONE = f"""\
[books]
type = s3
provider = Scaleway
env_auth = false
access_key_id = {ACCESS}
secret_access_key = {SECRET}
region = fr-par
endpoint = s3.fr-par.scw.cloud
acl = private
"""
S3CMD = f"""\
[default]
access_key = {ACCESS}
access_token =
bucket_location = US
host_base = s3.fr-par.scw.cloud
host_bucket = books-media.s3.fr-par.scw.cloud
secret_key = {SECRET}
use_https = True
website_endpoint = http://%(bucket)s.s3-website-%(location)s.amazonaws.com/
"""
AWS_CLI = f"""\
[default]
aws_access_key_id = {ACCESS}
aws_secret_access_key = {SECRET}

[profile default]
region = fr-par
endpoint_url = https://s3.fr-par.scw.cloud
"""
OLD_ENV = f"""\
# SECURITY WARNING: keep the secret key used in production secret!
SECRET_KEY="7(2w1sedok=aznpq)ta1mc4i%4h=xx@hxwx*o57ctsuml0x%fr"
DOMAIN=books.example.org
EMAIL_HOST=smtp.mailgun.org
USE_S3=true
export AWS_ACCESS_KEY_ID={ACCESS}
AWS_SECRET_ACCESS_KEY="{SECRET}"
AWS_STORAGE_BUCKET_NAME=books-media    # "example-bucket-name"
AWS_S3_REGION_NAME=None    # "fr-par"
AWS_S3_CUSTOM_DOMAIN=media.example.org
AWS_S3_ENDPOINT_URL=https://s3.fr-par.scw.cloud
# AWS_S3_ENDPOINT_URL=https://s3.example.org
EXPORTS_STORAGE_BUCKET_NAME=private-exports
EXPORTS_AWS_ACCESS_KEY_ID=another
"""
COMPOSE = f"""\
services:
  web:
    environment:
      - AWS_ACCESS_KEY_ID={ACCESS}
      - "AWS_SECRET_ACCESS_KEY={SECRET}"
      AWS_STORAGE_BUCKET_NAME: books-media
      AWS_S3_ENDPOINT_URL: 'https://s3.fr-par.scw.cloud'
"""
MASTODON = f"""\
S3_ENABLED=true
S3_BUCKET=toots
S3_REGION=fr-par
S3_ENDPOINT=https://s3.fr-par.scw.cloud
S3_ALIAS_HOST=files.example.org
AWS_ACCESS_KEY_ID={ACCESS}
AWS_SECRET_ACCESS_KEY={SECRET}
"""
PEERTUBE = f"""\
object_storage:
  enabled: true
  endpoint: 's3.fr-par.scw.cloud'
  region: 'us-east-1'
  credentials:
    access_key_id: '{ACCESS}'
    secret_access_key: '{SECRET}'
  streaming_playlists:
    bucket_name: 'playlists'
  web_videos:
    bucket_name: 'videos'
    base_url: ''
"""


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        (RCLONE, SCALEWAY),
        (S3CMD, BOOKS),
        (AWS_CLI, SCALEWAY),
        (OLD_ENV, {**BOOKS, "custom_domain": "media.example.org"}),
        (COMPOSE, BOOKS),
        (MASTODON, {**SCALEWAY, "bucket": "toots", "custom_domain": "files.example.org"}),
        (PEERTUBE, SCALEWAY),
        (f"mc alias set x https://s3.fr-par.scw.cloud {ACCESS} {SECRET}", SCALEWAY),
        (f"AWS_ACCESS_KEY_ID={ACCESS} AWS_SECRET_ACCESS_KEY={SECRET} aws s3 ls", {}),
        (f"Access key ID,Secret access key\n{ACCESS},{SECRET}\n", {}),
        (f"Access Key ID\n{ACCESS}\nSecret Access Key\n{SECRET}\n", {}),
        (f"ID de clé d’accès : {ACCESS}\nClé secrète : {SECRET}\n", {}),
        (f"{ACCESS}\n{SECRET}\n", {}),
        (f'{{"accessKey": "{ACCESS}", "secretKey": "{SECRET}", "api": "s3v4"}}', {}),
        (f"https://{ACCESS}:{SECRET.replace('/', '%2F')}@s3.fr-par.scw.cloud", SCALEWAY),
    ],
)
def test_settings_and_keys_of_a_configuration(pasted: str, expected: dict[str, str]) -> None:
    found = _only(pasted)
    assert _said(found) == expected
    assert found.keys == KEYS


def test_sections_are_storages_to_choose_from() -> None:
    minio = (
        "[home]\ntype = s3\nprovider = Minio\naccess_key_id = abc\nendpoint = http://10.0.0.5:9000"
    )
    scaleway, home = recognise(f"{RCLONE}\n[drive]\ntype = drive\nclient_id = 1\n{minio}")
    assert (scaleway.name, scaleway.settings.provider) == ("books", "scaleway")
    assert (home.name, home.settings.provider) == ("home", "minio")
    assert home.settings.endpoint == "http://10.0.0.5:9000"
    assert "home" in home.title


def test_another_host_is_not_the_service_that_the_section_names() -> None:
    assert _only("[x]\nprovider = AWS\nendpoint = s3.example.org").settings.provider == "other"


def test_the_bucket_of_other_software_is_not_bookwyrms() -> None:
    assert _notes(MASTODON, "Mastodon")
    assert _notes(PEERTUBE, "playlists and videos")


def test_the_last_of_two_lines_counts_as_for_every_reader_of_env() -> None:
    found = _only("AWS_STORAGE_BUCKET_NAME=first\nAWS_STORAGE_BUCKET_NAME=second-one\n")
    assert found.settings.bucket == "second-one"
    assert not found.notes


# What is fixed, and said ----------------------------------------------------------------------


def _notes(pasted: str, about: str) -> list[str]:
    return [note for note in _only(pasted).notes if re.search(about, note)]


def _env(**changes: str) -> str:
    names = {
        "endpoint": "AWS_S3_ENDPOINT_URL",
        "domain": "AWS_S3_CUSTOM_DOMAIN",
        "region": "AWS_S3_REGION_NAME",
        "bucket": "AWS_STORAGE_BUCKET_NAME",
        "access": "AWS_ACCESS_KEY_ID",
        "secret": "AWS_SECRET_ACCESS_KEY",
    }
    usual = {
        "endpoint": "https://s3.fr-par.scw.cloud",
        "domain": "books-media.s3.fr-par.scw.cloud",
        "region": "fr-par",
        "bucket": "books-media",
        "access": ACCESS,
        "secret": SECRET,
    }
    values = {**usual, **changes}
    return "".join(f"{names[name]}={value}\n" for name, value in values.items())


@pytest.mark.parametrize(
    ("pasted", "about"),
    [
        (_env(endpoint="https://books-media.s3.fr-par.scw.cloud"), "contained the bucket"),
        (_env(endpoint="https://s3.fr-par.scw.cloud/books-media"), "contained a path"),
        (_env(endpoint="https://s3.fr-par.scw.cloud/"), "slash"),
        (_env(endpoint="http://s3.fr-par.scw.cloud"), "http://"),
        (_env(region=""), "region was missing"),
        (_env(region="us-east-1"), "not the one in the address"),
        (_env(domain="s3.fr-par.scw.cloud", endpoint="media.example.org"), "swapped"),
        (_env(domain="s3.fr-par.scw.cloud"), "without the bucket"),
        (_env(domain="https://books-media.s3.fr-par.scw.cloud/images"), "BookWyrm adds them"),
        (_env(access=SECRET, secret=ACCESS), "keys? and secret key were swapped"),
        (_env(bucket="books\u200b-media", secret=f"{SECRET}\u2060"), "Invisible"),
        (_env(bucket="“books-media”"), "Typographic"),
        (_env().replace("\n", "\r\n"), "Windows"),
        (f"- AWS_ACCESS_KEY_ID='{ACCESS}'\n" + _env(access=ACCESS), "Quotes"),
    ],
)
def test_classic_mistakes_are_fixed_and_explained(pasted: str, about: str) -> None:
    found = _only(pasted)
    assert len(_notes(pasted, about.replace("keys?", "Access key"))) == 1
    assert len(found.notes) == 1
    own = "media.example.org" if "media.example.org" in pasted else ""
    settings = applied(Settings(), found)
    assert (settings.provider, settings.bucket) == ("scaleway", "books-media")
    assert (settings.endpoint, settings.region) == ("https://s3.fr-par.scw.cloud", "fr-par")
    assert settings.custom_domain == (own or "books-media.s3.fr-par.scw.cloud")
    assert found.keys == KEYS


def test_what_is_right_is_not_commented_on() -> None:
    assert _only(_env()).notes == ()


def test_of_two_buckets_the_one_that_is_named_is_taken_and_asked_about() -> None:
    pasted = _env(endpoint="https://others.s3.fr-par.scw.cloud")
    assert _only(pasted).settings.bucket == "books-media"
    assert _notes(pasted, "names the bucket others, the settings books-media")


def test_a_bucket_in_an_unknown_host_is_taken_out() -> None:
    found = _only("bucket = books\nendpoint = https://books.minio.example.org")
    assert found.settings.endpoint == "https://minio.example.org"
    assert [note for note in found.notes if "contained the bucket" in note]


def test_a_region_that_no_address_says_has_to_be_entered() -> None:
    assert _notes("https://books-media.s3.amazonaws.com/images/a.jpg", "Enter the region")


def test_a_placeholder_is_no_key() -> None:
    for secret in ("••••••••", "********", "<secret>", "${SECRET}", "YOUR_SECRET_KEY", "xxxxxxxx"):
        found = _only(_env(secret=secret))
        assert found.keys == Keys(ACCESS, "")
        assert "placeholder" in found.notes[0]


def test_temporary_keys_are_refused_and_the_rest_is_kept() -> None:
    for pasted in (_env() + "AWS_SESSION_TOKEN=abc\n", _env(access="ASIAIOSFODNN7EXAMPLE")):
        found = _only(pasted)
        assert found.keys == Keys()
        assert found.settings.bucket == "books-media"
        assert _notes(pasted, "temporary")


def test_keys_of_the_environment_with_a_token_are_temporary() -> None:
    environment = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SESSION_TOKEN": "abc"}
    assert comes_with_token(KEYS, environment)
    assert not comes_with_token(Keys("another", SECRET), environment)
    assert not comes_with_token(KEYS, {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SESSION_TOKEN": ""})


# What cannot be taken ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        (" \n", "paste-empty"),
        ("hello world", "paste-nothing-found"),
        ("DOMAIN=books.example.org\nSECRET_KEY=abc", "paste-nothing-found"),
        ("[gd]\ntype = drive\nscope = drive\ntoken = abc", "paste-not-s3"),
        (SECRET, "paste-only-a-key"),
        ("11111111-2222-3333-4444-555555555555", "paste-only-a-key"),
        ("AWS_SECRET_ACCESS_KEY=••••••••", "paste-nothing-usable"),
        (f"AWS_SESSION_TOKEN=abc\nAWS_SECRET_ACCESS_KEY={SECRET}", "paste-nothing-usable"),
        (
            "https://s3.fr-par.scw.cloud\nhttps://fra1.digitaloceanspaces.com",
            "paste-of-several-storages",
        ),
        ("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "paste-not-text"),
        ("\ufffd\ufffd\x01\x02 abc", "paste-not-text"),
        ("A" * (LONGEST_PASTE + 1), "paste-too-long"),
    ],
)
def test_it_is_said_why_nothing_can_be_taken(pasted: str, code: str) -> None:
    with pytest.raises(Problem) as raised:
        recognise(pasted)
    problem = raised.value
    assert problem.code == code
    assert problem.what
    assert problem.why
    assert problem.remedies
    assert SECRET not in f"{problem.what} {problem.why} {problem.remedies}"


def test_the_storages_are_named_where_only_one_can_be_meant() -> None:
    with pytest.raises(Problem, match=r"Scaleway .*fr-par.* and DigitalOcean .*fra1"):
        recognise("https://s3.fr-par.scw.cloud\nhttps://fra1.digitaloceanspaces.com")


_LINES = {
    "one line": "endpoint=" + "a." * LONGEST_PASTE,
    "spaces": " " * LONGEST_PASTE,
    "hashes": "bucket = " + " #" * LONGEST_PASTE,
    "assignments": "AWS_ACCESS_KEY_ID=abc\n" * LONGEST_PASTE,
    "addresses": "https://b.s3.fr-par.scw.cloud/a\n" * LONGEST_PASTE,
    "sections": "[a]\n" * LONGEST_PASTE,
    "objects": '{"a":"b"}\n' * LONGEST_PASTE,
    "quotes": "\"'" * LONGEST_PASTE,
    "cells": "access key,secret key,region\n" * LONGEST_PASTE,
}


@pytest.mark.parametrize("kind", _LINES)
@pytest.mark.parametrize("size", [LONGEST_PASTE, 1_000_000])
def test_no_paste_keeps_the_screen_waiting(kind: str, size: int) -> None:
    """The time of the processor alone, which a busy machine does not change much."""
    begun = time.process_time()
    try:
        recognise(_LINES[kind][:size])
    except Problem as problem:
        assert problem.what
    assert time.process_time() - begun < 0.2


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400))
def test_whatever_is_pasted_is_answered(pasted: str) -> None:
    try:
        assert all(recognise(pasted))
    except Problem as problem:
        assert problem.what


_WORDS = st.sampled_from(
    [
        *("AWS_ACCESS_KEY_ID", "AWS_S3_ENDPOINT_URL", "AWS_S3_CUSTOM_DOMAIN", "bucket", "endpoint"),
        *("region", "type", "provider", "[a]", "=", ": ", "\n", "\n", "\n", " ", '"', "'", "s3://"),
        *("https://", "books", ".s3.fr-par.scw.cloud", "/", ":9000", "fr-par", "None", "- ", "@"),
        *("export ", "{", "}", ",", "\t", "\r", "#", "%(bucket)s.", "é", "[::1]", ":x"),
    ]
)


@given(st.lists(_WORDS, max_size=30).map("".join))
def test_settings_in_any_disorder_are_answered(pasted: str) -> None:
    try:
        for found in recognise(pasted):
            applied(Settings(), found)
    except Problem as problem:
        assert problem.what


def test_no_secret_is_in_what_is_said_of_it() -> None:
    """In whichever place it was pasted by mistake."""
    chosen = random.Random(14)
    for place in ("endpoint", "domain", "region", "access", "secret"):
        letters = string.ascii_letters + string.digits + "+/"
        secret = "".join(chosen.choices(letters, k=40))
        found = _only(_env(**{place: secret}))
        said = f"{found!r} {found.title} {' '.join(found.notes)}"
        assert secret not in said


# Into the form -------------------------------------------------------------------------------


def test_what_was_known_of_another_service_gives_way() -> None:
    before = PRESETS["digitalocean"].fill(Settings(bucket="books-media", region="fra1"))
    after = applied(before, _only("https://s3.fr-par.scw.cloud"))
    assert (after.provider, after.region, after.bucket) == ("scaleway", "fr-par", "books-media")
    assert after.custom_domain == "books-media.s3.fr-par.scw.cloud"


def test_keys_alone_change_no_setting() -> None:
    before = PRESETS["digitalocean"].fill(Settings(bucket="books-media", region="fra1"))
    assert applied(before, _only(f"{ACCESS}\n{SECRET}")) == before


def test_the_bucket_alone_leads_to_another_custom_domain() -> None:
    before = PRESETS["digitalocean"].fill(Settings(bucket="books-media", region="fra1"))
    after = applied(before, _only("s3://other-books"))
    assert (after.provider, after.bucket) == ("digitalocean", "other-books")
    assert after.custom_domain == "other-books.fra1.digitaloceanspaces.com"
