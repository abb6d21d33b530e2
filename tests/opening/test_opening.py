"""What an earlier start and the call say together, before anything is asked of the world."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.checkout import make_checkout
from tests.support.contexts import Listener
from wizard.core.settings import Settings
from wizard.instance.checkout import open_instance
from wizard.journal.journal import FOLDER, Journal
from wizard.opening.opening import Opening, open_migration

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


async def opened_with(folder: Path, **said: str) -> Settings:
    """Open a migration that was begun at Scaleway, with what is said now."""
    checkout = make_checkout(folder / "bookwyrm")
    with (checkout / ".env").open("a") as env:
        env.write(_LINES)
    journal = Journal.open(checkout / FOLDER, open_instance(checkout).folder)
    journal.save_settings(_SCALEWAY)
    journal.close()
    listener = Listener()
    opening = Opening(folder=checkout, overrides=said)
    opened = await open_migration(opening, listener.report, listener.ask)
    try:
        return opened.migration.context.settings
    finally:
        opened.close()


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
