"""The parts that tests are made of besides Python packages: servers, tools, a browser."""

from __future__ import annotations

import os
import shutil

import pytest

from wizard.demo.seaweedfs import find_program

# What has to be found for each part; a part that is not here is a program of its own name.
_PROGRAMS = {
    "ceph": ("ceph-mon", "ceph-osd", "ceph-mgr", "radosgw", "radosgw-admin", "monmaptool"),
    "compose": ("docker",),
    "docker": ("dockerd", "docker"),
    "swift": ("swift-proxy-server", "swift-object-server", "memcached"),
}


def need(part: str) -> None:
    """Skip the test where `part` is not installed; in CI its absence is a failure."""
    missing = [p for p in _PROGRAMS.get(part, (part,)) if _find(p) is None]
    if not missing:
        return
    reason = f"{part} is not installed: {', '.join(missing)} not found"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _find(program: str) -> str | None:
    return find_program(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/bin")
