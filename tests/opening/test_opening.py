"""What an earlier start and the call say together, before anything is asked of the world."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.certificates import Authority
from tests.support.checkout import make_checkout
from tests.support.contexts import Listener
from tests.test_migration import Write
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.instance.checkout import open_instance
from wizard.journal.journal import FOLDER, Journal
from wizard.migration import DRAFT, Migration
from wizard.opening.opening import Opening, open_migration
from wizard.web.trust import ca_bundle

# Finding out how an instance runs asks docker, where there is one.
pytestmark = pytest.mark.server

_SCALEWAY = Settings(
    path="fresh",
    deployment="dockerless",
    provider="scaleway",
    endpoint="https://s3.nl-ams.scw.cloud",
    region="nl-ams",
    bucket="books",
    custom_domain="books.s3.nl-ams.scw.cloud",
    url_protocol="http:",
    acl="public-read",
    acl_known=True,
)
_LINES = """\
AWS_STORAGE_BUCKET_NAME=books
AWS_S3_REGION_NAME=nl-ams
AWS_S3_ENDPOINT_URL=https://s3.nl-ams.scw.cloud
AWS_S3_CUSTOM_DOMAIN=books.s3.nl-ams.scw.cloud
"""


async def settings_of_start(checkout: Path, **said: str) -> Settings:
    """Open the migration, and leave it at once."""
    listener = Listener()
    opening = Opening(folder=checkout, overrides=said)
    opened = await open_migration(opening, listener.report, listener.ask)
    try:
        return opened.migration.context.settings
    finally:
        opened.close()


async def test_nothing_is_remembered_that_never_worked(tmp_path: Path) -> None:
    """A first start with a wrong provider, endpoint or site: the next one begins anew."""
    checkout = make_checkout(tmp_path / "bookwyrm")
    wrong = {
        "deployment": "dockerless", "path": "existing", "provider": "scaleway", "bucket": "boks",
        "endpoint": "https://s3.example.org", "site_url": "http://127.0.0.1:9",
    }  # fmt: skip
    first = await settings_of_start(checkout, **wrong)
    assert (first.endpoint, first.site_url) == (wrong["endpoint"], wrong["site_url"])
    second = await settings_of_start(checkout)
    assert (second.provider, second.endpoint, second.bucket) == ("", "", "")
    assert second.site_url not in ("", wrong["site_url"])
    assert (second.deployment, second.path) == ("dockerless", "existing")


async def test_a_ca_file_is_kept_whole_and_can_be_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, authority = make_checkout(tmp_path / "bookwyrm"), Authority(tmp_path)
    monkeypatch.chdir(tmp_path)
    said = {"deployment": "dockerless", "path": "existing"}
    with pytest.raises(Problem, match=r"no-such\.pem cannot be used"):
        await settings_of_start(checkout, ca_file="no-such.pem", **said)
    assert (await settings_of_start(checkout, **said)).ca_file == ""
    first = await settings_of_start(checkout, ca_file="ca.pem")
    assert first.ca_file == str(authority.certificate)
    assert (await settings_of_start(checkout)).ca_file == first.ca_file
    assert ca_bundle()
    authority.certificate.unlink()
    with pytest.raises(Problem, match="cannot be used"):
        await settings_of_start(checkout)
    assert (await settings_of_start(checkout, ca_file="none")).ca_file == ""
    assert ca_bundle() is None
    assert (await settings_of_start(checkout)).ca_file == ""


async def test_what_a_step_worked_with_is_remembered(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "bookwyrm")
    said = {"deployment": "dockerless", "path": "existing", "provider": "aws", "bucket": "books"}
    listener = Listener()
    opening = Opening(folder=checkout, overrides=said)
    opened = await open_migration(opening, listener.report, listener.ask)
    migration = Migration(opened.migration.context, [Write("first")])
    await migration.carry_out(migration.steps[0])
    opened.close()
    later = await settings_of_start(checkout, endpoint="https://wrong.example.org")
    assert later.endpoint == "https://wrong.example.org"
    last = await settings_of_start(checkout)
    assert (last.provider, last.bucket) == ("aws", "books")
    assert "amazonaws.com" in last.endpoint


async def test_env_of_another_provider_is_not_mixed_with_the_one_that_is_named(
    tmp_path: Path,
) -> None:
    checkout = make_checkout(tmp_path / "bookwyrm")
    with (checkout / ".env").open("a") as env:
        env.write(_LINES)
    said = {"deployment": "dockerless", "path": "existing"}
    settings = await settings_of_start(checkout, **said, provider="digitalocean", region="ams3")
    assert settings.endpoint == "https://ams3.digitaloceanspaces.com"
    assert settings.bucket == "books"
    same = await settings_of_start(checkout, **said, provider="scaleway")
    assert (same.endpoint, same.region) == ("https://s3.nl-ams.scw.cloud", "nl-ams")


async def opened_with(folder: Path, *, form: bool = False, **said: str) -> Settings:
    """Open a migration that was begun at Scaleway, with what is said now."""
    checkout = make_checkout(folder / "bookwyrm")
    with (checkout / ".env").open("a") as env:
        env.write(_LINES)
    journal = Journal.open(checkout / FOLDER, open_instance(checkout).folder)
    journal.save_settings(_SCALEWAY)
    journal.remember(DRAFT, replace(_SCALEWAY, bucket="typed", limit_rate=7))
    journal.close()
    listener = Listener()
    opening = Opening(folder=checkout, overrides=said, with_draft=form)
    opened = await open_migration(opening, listener.report, listener.ask)
    try:
        return opened.migration.context.settings
    finally:
        opened.close()


async def test_a_draft_is_for_the_form_alone(tmp_path: Path) -> None:
    settings = await opened_with(tmp_path / "wizard", form=True)
    assert (settings.bucket, settings.limit_rate) == ("typed", 0), "of the storage only"
    assert (await opened_with(tmp_path / "run")).bucket == "books"


async def test_another_provider_brings_its_own_addresses(tmp_path: Path) -> None:
    """New keys must not go to the service that was named before."""
    settings = await opened_with(tmp_path, provider="digitalocean", region="ams3")
    assert settings.endpoint == "https://ams3.digitaloceanspaces.com"
    assert settings.custom_domain == "books.ams3.digitaloceanspaces.com"
    assert (settings.url_protocol, settings.acl, settings.acl_known) == ("https:", "", False)


async def test_another_provider_keeps_what_is_said_with_it(tmp_path: Path) -> None:
    settings = await opened_with(tmp_path, provider="other", endpoint="https://s3.example.org")
    assert settings.endpoint == "https://s3.example.org"
    assert "scw.cloud" not in settings.custom_domain


async def test_the_same_provider_keeps_all_that_was_said(tmp_path: Path) -> None:
    settings = await opened_with(tmp_path, provider="scaleway")
    assert replace(settings, site_url="") == _SCALEWAY
