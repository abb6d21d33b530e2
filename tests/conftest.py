"""Fixtures that every test may use: the real servers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.ceph import Ceph
from tests.servers.local import LocalServer
from tests.servers.rclone import Rclone
from tests.support.parts import need
from wizard.access import console_wait
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import SeaweedFS
from wizard.storage.bucket import connect

pytest_plugins = ["tests.temporary", "tests.tiers", "tests.order"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-pictures` keeps the pictures of the screens as they are now."""
    parser.addoption(
        "--update-pictures",
        action="store_true",
        help="keep the pictures of the screens as they are now (tests/screens/test_pictures.py)",
    )


@dataclass(frozen=True)
class FewRights:
    """Keys that may not write, not administer, not list."""

    server: SeaweedFS
    reader: Keys
    writer: Keys
    blind: Keys


@pytest.fixture(scope="session")
def few_rights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FewRights]:
    """The same SeaweedFS, with keys that have some rights only."""
    need("weed")
    server = SeaweedFS(Path(tmp_path_factory.mktemp("seaweedfs")))
    reader = server.add_keys("reader", ["Read", "List"])
    writer = server.add_keys("writer", ["Read", "Write", "List"])
    blind = server.add_keys("blind", ["Read", "Write"])
    with server:
        yield FewRights(server, reader, writer, blind)


@pytest.fixture(scope="module")
def seaweedfs(few_rights: FewRights) -> Iterator[SeaweedFS]:
    """One SeaweedFS for the whole run: CORS and policies enforced, ACLs without effect.

    Its buckets go at the end of a file: each one written to takes 7 of the
    server's 1000 volumes, and the 143rd would find none left.
    """
    server = few_rights.server
    yield server
    client = connect(server.settings("any"), server.keys)
    for bucket in client.list_buckets()["Buckets"]:
        client.delete_bucket(Bucket=bucket["Name"])  # with what is in it: SeaweedFS allows that


@pytest.fixture
def storage(seaweedfs: SeaweedFS) -> tuple[Settings, Keys]:
    """A fresh, empty bucket of this test's own on SeaweedFS."""
    return _bucket_on(seaweedfs)


@pytest.fixture(scope="session")
def ceph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ceph]:
    """One Ceph cluster for the whole run: ACLs, CORS, policies and Block Public Access."""
    need("ceph")
    with Ceph(tmp_path_factory.mktemp("ceph")) as server:
        yield server


@pytest.fixture(autouse=True)
def nobody_at_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing wait for a person at the provider's console, unless a test plays that person."""
    monkeypatch.setattr(console_wait, "MINUTES", 0)


@pytest.fixture
def somebody_at_the_console(nobody_at_the_console: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test does what a person does in the console, and the wizard waits for it."""
    monkeypatch.setattr(console_wait, "MINUTES", 15)
    monkeypatch.setattr(console_wait, "_FIRST_PAUSE", 1)


@pytest.fixture
def ceph_storage(ceph: Ceph) -> tuple[Settings, Keys]:
    """A fresh, empty bucket of this test's own on Ceph."""
    return _bucket_on(ceph)


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rclone]:
    """One `rclone serve s3` for the whole run: objects and nothing else."""
    need("rclone")
    with Rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture
def rclone_storage(rclone: Rclone) -> tuple[Settings, Keys]:
    """A fresh, empty bucket of this test's own on `rclone serve s3`."""
    return _bucket_on(rclone)


def _bucket_on(server: SeaweedFS | LocalServer) -> tuple[Settings, Keys]:
    settings = server.settings(f"books-{uuid.uuid4().hex[:12]}")
    connect(settings, server.keys).create_bucket(Bucket=settings.bucket)
    return settings, server.keys
