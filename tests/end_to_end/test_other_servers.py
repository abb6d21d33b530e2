"""The steps that touch a bucket, on real servers that open it in ways of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.servers.ceph import Ceph
from tests.servers.moto import Moto
from tests.servers.nginx import running_nginx
from tests.servers.ports import free_port
from tests.servers.rclone import Rclone
from tests.servers.swift import Swift
from tests.support.console import Admin
from tests.support.contexts import Listener, settle, storage_context
from tests.support.demo_scene import DemoScene, demo_scene
from tests.support.parts import need
from wizard.access.bucket_acl import lets_everybody_read
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.core.states import RESTING, State
from wizard.demo.seaweedfs import SeaweedFS
from wizard.migration import STEPS, Migration
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.copy_media import CopyMedia
from wizard.steps.set_cors import SetCors
from wizard.storage.bucket import Bucket, CorsRule
from wizard.switch.first_run import note_that_it_runs

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


def admin_of(server: Swift | Ceph | Rclone | Moto, settings: Settings, folder: Path) -> Admin:
    """Somebody who does by Swift's own command what S3's calls cannot; others need nobody."""

    def opens() -> None:
        assert isinstance(server, Swift)
        assert not lets_everybody_read(Bucket(settings, server.keys).get_acl()), "undone"
        server.post(settings.bucket, {"X-Container-Read": ".r:*"})

    def sets_cors(rules: list[CorsRule]) -> None:
        assert isinstance(server, Swift)
        origins = " ".join(origin for rule in rules for origin in rule["AllowedOrigins"])
        server.post(settings.bucket, {"X-Container-Meta-Access-Control-Allow-Origin": origins})

    return Admin(folder=folder, opens=opens, sets_cors=sets_cors)


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
    admin = admin_of(swift, settings, media)
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


# Whole migrations ------------------------------------------------------------------------------


# What an admin puts in front of a server that has nothing for the public: a web server over the
# folder where `rclone serve s3` keeps the objects, and one that has moto answer strangers about
# media and static files only. Both let every site use the fonts.
_OVER_THE_FOLDER = """\
location / {{
    root {folder}/objects;
    add_header Access-Control-Allow-Origin *;
}}
"""
_FOR_STRANGERS = """\
client_max_body_size 0;
proxy_set_header Host $http_host;
location / {{
    if ($http_authorization = "") {{ return 403; }}
    proxy_pass {endpoint};
}}
location ~ ^/[^/]+/(images|static)/. {{
    proxy_hide_header Access-Control-Allow-Origin;
    add_header Access-Control-Allow-Origin *;
    proxy_pass {endpoint};
}}
"""


@contextmanager
def with_a_front(server: Rclone | Moto, settings: Settings, place: Path) -> Iterator[Settings]:
    """Start nginx as that, and return the settings that lead through it."""
    port = free_port()
    host, place = f"127.0.0.1:{port}", place / "nginx"
    place.mkdir()
    of_folder = isinstance(server, Rclone)
    said = _OVER_THE_FOLDER if of_folder else _FOR_STRANGERS
    said = said.format(folder=server.folder, endpoint=server.endpoint)
    with running_nginx(place, port, said, http="include /etc/nginx/mime.types;"):
        through = replace(settings, custom_domain=f"{host}/{settings.bucket}")
        yield through if of_folder else replace(through, endpoint=f"http://{host}")


@pytest.fixture
def moto(tmp_path: Path) -> Iterator[Moto]:
    """One that begins with nothing."""
    need("moto_server")
    (tmp_path / "moto").mkdir()
    with Moto(tmp_path / "moto") as server:
        yield server


@pytest.mark.slow
@pytest.mark.usefixtures("somebody_at_the_console")
@pytest.mark.parametrize("fresh", [False, True], ids=["existing", "fresh"])
@pytest.mark.parametrize("kind", ["swift", "ceph", "rclone", "moto"])
async def test_a_whole_migration(
    kind: str,
    fresh: bool,
    request: pytest.FixtureRequest,
    seaweedfs: SeaweedFS,
    tmp_path: Path,
) -> None:
    """All steps on a demo, with its media, and with none on one that has yet to be installed."""
    server: Swift | Ceph | Rclone | Moto = request.getfixturevalue(kind)
    settings = server.settings(f"whole-{uuid4().hex[:8]}")
    async with AsyncExitStack() as stack:
        if isinstance(server, Rclone | Moto):
            settings = stack.enter_context(with_a_front(server, settings, tmp_path))
        scene = await stack.enter_async_context(
            demo_scene(tmp_path, seaweedfs, covers=40, fresh=fresh)
        )
        admin = admin_of(server, settings, scene.folder)
        there = scene.context.settings.with_storage_of(settings)
        scene.context.masker.add_keys(server.keys)
        context = replace(
            scene.context, keys=server.keys, report=admin.report, ask=admin.ask
        ).with_settings(there)
        migration = Migration(context, STEPS)
        await _all_steps(migration)
        if fresh:
            assert State.LATER in {status.state for status in migration.statuses()}
            scene.demo.finish_installation()
            # As the next start does.
            await migration.look_at_site()
            note_that_it_runs(migration.context.journal)
            await _all_steps(migration)
        states = {status.step.name: status.state for status in migration.statuses()}
        assert set(states.values()) <= {State.DONE, State.SKIPPED}, states
        assert states["verify_cors"] == State.DONE
        page = httpx.get(scene.demo.site_url).text
        assert settings.custom_domain in page
        stored = {found.key for found in Bucket(settings, server.keys).list_objects("images/")}
        pictures = {f"images/{p.relative_to(scene.folder / 'images')}" for p in _pictures(scene)}
        assert bool(pictures) is not fresh
        assert pictures <= stored


async def _all_steps(migration: Migration) -> None:
    """Carry out what is to be done now, looking at each step first, as the wizard does."""
    while step := migration.next_step():
        await migration.plan(step)
        await migration.carry_out(step)
        status, _ = await migration.look(step)
        assert status.state in RESTING, (step.name, status.why)


def _pictures(scene: DemoScene) -> list[Path]:
    folder = scene.folder / "images"
    return [path for path in folder.rglob("*") if path.suffix in (".jpg", ".png")]
