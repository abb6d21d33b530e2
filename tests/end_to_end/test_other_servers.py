"""The steps that touch a bucket, on real servers that open it in ways of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.servers.moto import Moto
from tests.servers.swift import Swift
from tests.support.console import Admin
from tests.support.contexts import Listener, settle, storage_context
from tests.support.parts import need
from wizard.access.bucket_acl import lets_everybody_read
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.copy_media import CopyMedia
from wizard.steps.set_cors import SetCors
from wizard.storage.bucket import Bucket, CorsRule

MEDIA = {"covers/a b+é.jpg": b"\xff\xd8\xff cover", "avatars/1.png": b"\x89PNG\r\n\x1a\n avatar"}


@pytest.fixture(scope="module")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swift]:
    """One Swift for this file."""
    need("swift")
    with Swift(tmp_path_factory.mktemp("swift")) as server:
        yield server


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """An instance's folder with some media."""
    for name, body in MEDIA.items():
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(body)
    return tmp_path


def as_visitor(settings: Settings) -> dict[str, bytes]:
    """What somebody without keys gets of the media."""
    found = {name: httpx.get(f"{settings.public_base}/images/{name}") for name in MEDIA}
    return {name: seen.content for name, seen in found.items() if seen.status_code == 200}


async def test_moto_shows_its_lists_to_everybody(media: Path, tmp_path: Path) -> None:
    """So no site may be moved there; but it honours the ACL of each object that is copied."""
    need("moto_server")
    with Moto(tmp_path) as server:
        settings = replace(server.settings("books"), acl="public-read", acl_known=True)
        Bucket(settings, server.keys).create()
        with storage_context(media, settings, server.keys, Listener()) as context:
            with pytest.raises(Problem) as caught:
                await settle(ConfigureProvider(), context)
            assert caught.value.code == "bucket-listable"
            await settle(CopyMedia(), context)
        assert as_visitor(settings) == MEDIA


@pytest.mark.usefixtures("somebody_at_the_console")
async def test_swift_opens_a_container_in_its_own_way(swift: Swift, media: Path) -> None:
    """S3's ACL would let everybody list it, and is undone; rules are one header of its own."""
    settings = swift.settings("books")

    def opens() -> None:
        assert not lets_everybody_read(Bucket(settings, swift.keys).get_acl()), "undone"
        swift.post("books", {"X-Container-Read": ".r:*"})

    def sets_cors(rules: list[CorsRule]) -> None:
        origins = " ".join(origin for rule in rules for origin in rule["AllowedOrigins"])
        swift.post("books", {"X-Container-Meta-Access-Control-Allow-Origin": origins})

    admin = Admin(folder=media, opens=opens, sets_cors=sets_cors)
    with storage_context(media, settings, swift.keys, admin) as context:
        for step in (ConfigureProvider(), CopyMedia(), SetCors()):
            context = await settle(step, context)
    assert context.settings.acl == ""
    assert as_visitor(settings) == MEDIA
    assert "swift post -r .r:* books" in admin.told["public-read"]
    assert "swift post -m" in admin.told["cors-fonts"]
    assert [question.yes for question in admin.questions][-1] == "Open the bucket"


async def test_a_list_at_swift_s_own_address_is_seen(swift: Swift, tmp_path: Path) -> None:
    """S3's ACL public-read, put on a container, lets everybody list it there."""
    settings = swift.settings("listed")
    bucket = Bucket(settings, swift.keys)
    bucket.create()
    bucket.client.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    with storage_context(tmp_path, settings, swift.keys, Listener()) as context:
        for there in (None, "images/1.png"):
            if there:
                bucket.put(there, b"x")
            with pytest.raises(Problem) as caught:
                await settle(ConfigureProvider(), context)
            assert caught.value.code == "bucket-listable"
