"""Fixtures that every test may use: the real servers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.parts import need
from tests.servers.ceph import Ceph
from tests.servers.local import LocalServer
from tests.servers.rclone import Rclone
from wizard.bucket import connect
from wizard.demo.seaweedfs import SeaweedFS
from wizard.secrets import Keys
from wizard.settings import Settings


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests share a worker where they run side by side (`--dist=loadgroup`).

    One Docker Engine and one Ceph cluster do for all; a file that sets its tests' common
    ground up once stays together; pictures need nothing of each other.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    if item.path.name.startswith("test_compose"):
        return "docker"
    if item.path.name == "test_pictures.py":
        return item.name  # not its whole id: the pictures' names are made of what is between "::"
    fixtures = getattr(item, "fixturenames", ())
    return "ceph" if "ceph" in fixtures else item.path.name


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


@pytest.fixture(scope="session")
def seaweedfs(few_rights: FewRights) -> SeaweedFS:
    """One SeaweedFS for the whole run: CORS and policies enforced, ACLs without effect."""
    return few_rights.server


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
