"""Whoever runs the wizard, what it creates belongs to the instance's owner."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.users import ALICE, BOB, as_user, need_root, owned_folder, small_disk
from wizard.system.files import free_bytes, give_to_owner, make_private_folder, write_atomically

# Replaces a file again and again, with one of two contents.
REPLACE_ON = """
import sys
from pathlib import Path
from wizard.system.files import write_atomically
path = Path(sys.argv[1])
while True:
    for content in (b"a" * 100_000, b"b" * 50_000):
        write_atomically(path, content, 0o600, path.parent)
        print(len(content), flush=True)
"""


def test_a_file_is_replaced_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    write_atomically(path, b"new", 0o640, tmp_path)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_the_umask_does_not_matter(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "file", b"x", 0o600, tmp_path)
        make_private_folder(tmp_path / "folder", tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o700


def test_root_gives_all_to_the_owner(tmp_path: Path) -> None:
    need_root()
    home = owned_folder(tmp_path, ALICE)
    make_private_folder(home / "state" / "books", home)
    write_atomically(home / "file", b"x", 0o600, home)
    (home / "other").touch()
    give_to_owner(home / "other", home)
    assert {path.stat().st_uid for path in home.rglob("*")} == {ALICE}


def test_a_link_is_given_not_what_it_points_to(tmp_path: Path) -> None:
    need_root()
    home = owned_folder(tmp_path, ALICE)
    (tmp_path / "roots").touch()
    (home / "link").symlink_to(tmp_path / "roots")
    give_to_owner(home / "link", home)
    assert (tmp_path / "roots").stat().st_uid == 0


def test_a_user_keeps_what_is_theirs(tmp_path: Path) -> None:
    need_root()
    home = owned_folder(tmp_path, ALICE)
    as_user(ALICE, lambda: write_atomically(home / "file", b"x", 0o600, home))
    assert (home / "file").stat().st_uid == ALICE


def test_a_refusal_leaves_everything_as_it_was(tmp_path: Path) -> None:
    need_root()
    home = owned_folder(tmp_path, ALICE)
    (home / "file").write_text("old")
    with pytest.raises(PermissionError):
        as_user(BOB, lambda: write_atomically(home / "file", b"new", 0o600, home))
    assert (home / "file").read_text() == "old"
    assert [path.name for path in home.iterdir()] == ["file"]


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / "file").write_text("old")
        with pytest.raises(OSError, match="No space left"):
            write_atomically(disk / "file", b"x" * 1_000_000, 0o600, disk)
        assert (disk / "file").read_text() == "old"
        assert [path.name for path in disk.iterdir()] == ["file"]


def test_killed_at_any_moment_it_is_the_old_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "file"
    command = [sys.executable, "-c", REPLACE_ON, str(path)]
    for n in range(5):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.013 * n)
        process.kill()
        process.communicate()
        assert path.read_bytes() in (b"a" * 100_000, b"b" * 50_000)


def test_free_bytes(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        assert free_bytes(disk) == 1024 * 1024
        (disk / "file").write_bytes(b"x" * 4096)
        assert free_bytes(disk) == 1024 * 1024 - 4096


def test_no_entry_left_is_no_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "1m,nr_inodes=2") as disk:
        assert free_bytes(disk) > 0
        (disk / "file").touch()
        assert free_bytes(disk) == 0
