"""Links and special files in a folder: what each leads to, and what never gets out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.odd_links import FILES, REASONS, found_in, made_in, outside
from wizard.media.source import FolderMedia


def make(root: Path, name: str = "") -> None:
    """Every odd link and file, for a server that knows the folder by that name."""
    root.mkdir()
    program = [sys.executable, "-c", made_in(name or str(root))]
    subprocess.run(program, cwd=root, check=True)


@pytest.mark.parametrize("name", ["", "/app/images", "/app/images/of/this"])
def test_a_link_means_what_it_means_to_the_server(tmp_path: Path, name: str) -> None:
    root = tmp_path / "images"
    make(root, name)
    contents, reasons, targets = found_in(FolderMedia(root, name))
    assert contents == FILES
    assert reasons == REASONS
    assert targets == outside(name or str(root))


def test_the_folder_may_be_a_link_itself(tmp_path: Path) -> None:
    make(tmp_path / "images")
    (tmp_path / "other").symlink_to("images")
    contents, reasons, _ = found_in(FolderMedia(tmp_path / "other"))
    assert contents == FILES
    assert reasons == REASONS
