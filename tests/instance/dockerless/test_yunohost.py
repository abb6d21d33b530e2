"""An instance that YunoHost's package keeps, told from the package's own settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.users import ALICE, acting_as, need_root, owned_folder
from wizard.instance.dockerless.yunohost import app_of

# As systemd answers whoever asks; on a real one the end-to-end test of an upgrade asks it.
_SYSTEMCTL = """#!/bin/sh
case $1 in
list-unit-files) printf '%s enabled enabled\\n' {units} ;;
show) shift 3; for unit; do
    printf 'Id=%s\\nLoadState=loaded\\nWorkingDirectory={folder}/\\n\\n' "$unit"
    done ;;
esac
"""


def package(apps: Path, name: str, *lines: str) -> None:
    (apps / name).mkdir(parents=True)
    text = "\n".join((f"id: {name}", "current_revision: abc", *lines))
    (apps / name / "settings.yml").write_text(f"{text}\n")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bookwyrm", "install_dir: {folder}"),
        ("bookwyrm__2", "install_dir: '{folder}'"),
        ("bookwyrm", "final_path: {folder}/"),
    ],
)
def test_it_is_known_by_its_folder(tmp_path: Path, name: str, line: str) -> None:
    folder, apps = tmp_path / "www", tmp_path / "apps"
    package(apps, "nextcloud", f"install_dir: {folder}")
    package(apps, "bookwyrm__9", "install_dir: /var/www/another")
    package(apps, name, line.format(folder=folder))
    app = app_of(folder, apps)
    assert app is not None
    assert app.name == name
    assert app.state_folder == Path("/var/lib/bw-s3") / name
    assert app_of(tmp_path / "elsewhere", apps) is None
    assert app_of(folder, tmp_path / "none") is None


@pytest.mark.parametrize("name", ["bookwyrm", "bookwyrm__2"])
def test_an_ordinary_user_learns_it_from_systemd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What the package says of itself is for root only."""
    need_root()
    folder, apps = owned_folder(tmp_path, ALICE, "www"), tmp_path / "apps"
    package(apps, name, f"install_dir: {folder}")
    apps.chmod(0o700)
    units = (f"{name}-server.service", f"{name}-worker.service", "mybookwyrm-server.service")
    program = owned_folder(tmp_path, ALICE, "programs") / "systemctl"
    program.write_text(_SYSTEMCTL.format(units=" ".join(units), folder=folder))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with acting_as(ALICE):
        app = app_of(folder, apps)
        assert app is not None
        assert app.name == name
        assert not app.can_keep_state, "it may not write there"
        assert app_of(tmp_path / "elsewhere", apps) is None


def test_the_state_is_where_an_upgrade_leaves_it(tmp_path: Path) -> None:
    folder, data, apps = tmp_path / "www", tmp_path / "data", tmp_path / "apps"
    data.mkdir()
    package(apps, "bookwyrm", f"install_dir: {folder}", f"data_dir: {data}")
    app = app_of(folder, apps)
    assert app is not None
    assert app.state_folder == data / "bw-s3"


@pytest.mark.parametrize(
    ("media", "deleted"),
    [
        ("www/images", False),
        ("www/images/here", False),
        ("www/media", True),
        ("www", True),
        ("srv/media", False),
        ("www/link", False),
    ],
)
def test_which_media_an_upgrade_deletes(tmp_path: Path, media: str, deleted: bool) -> None:
    folder, apps = tmp_path / "www", tmp_path / "apps"
    folder.mkdir()
    # What it leads to is outside.
    (folder / "link").symlink_to(tmp_path / "srv")
    package(apps, "bookwyrm", f"install_dir: {folder}")
    app = app_of(folder, apps)
    assert app is not None
    assert app.deletes(tmp_path / media) is deleted
