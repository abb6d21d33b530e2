"""Fixtures that every test may use: the real servers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import need
from wizard.bucket import connect
from wizard.demo.seaweedfs import SeaweedFS
from wizard.secrets import Keys
from wizard.settings import Settings


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """One SeaweedFS for the whole run: CORS and policies enforced, ACLs without effect."""
    need("weed")
    with SeaweedFS(Path(tmp_path_factory.mktemp("seaweedfs"))) as server:
        yield server


@pytest.fixture
def storage(seaweedfs: SeaweedFS) -> tuple[Settings, Keys]:
    """A fresh, empty bucket of this test's own on SeaweedFS."""
    settings = seaweedfs.settings(f"books-{uuid.uuid4().hex[:12]}")
    connect(settings, seaweedfs.keys).create_bucket(Bucket=settings.bucket)
    return settings, seaweedfs.keys
