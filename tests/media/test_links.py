"""Links and special files in a folder: what each leads to, and what never gets out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.odd_links import FILES, REASONS, found_in, made_in, outside
from wizard.media.source import Digested, FolderMedia, MediaFailure, MediaFile, Reason, Stream


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


_EXCHANGED = (b"covers/a.jpg", b"covers/b.jpg", b"covers/c.jpg", b"deep/d.jpg", b"deep/e/f.jpg")
_REASONS = [Reason.OUTSIDE, Reason.SPECIAL, Reason.SPECIAL, Reason.OUTSIDE, Reason.OUTSIDE]


def exchange(root: Path) -> list[MediaFile]:
    """Files as a walk has just found them, and what has taken their place since."""
    files = []
    for name in _EXCHANGED:
        file = root / os.fsdecode(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(name)
    files = [item for item in FolderMedia(root).walk() if isinstance(item, MediaFile)]
    for letter in "abc":
        (root / "covers" / f"{letter}.jpg").unlink()
    (root / "covers" / "a.jpg").symlink_to("/etc/passwd")
    os.mkfifo(root / "covers" / "b.jpg")
    (root / "covers" / "c.jpg").mkdir()
    (root / "deep").rename(root.parent / "moved")
    (root / "deep").symlink_to(root.parent / "moved")
    return sorted(files, key=lambda file: file.path)


def test_what_is_exchanged_after_the_walk_gives_nothing(tmp_path: Path) -> None:
    media = FolderMedia(tmp_path / "images")
    files = exchange(media.root)
    for answer in (media.read(files), media.look_again(files)):
        assert [item.reason for item in answer if isinstance(item, MediaFailure)] == _REASONS


def test_what_is_exchanged_after_the_walk_has_no_md5(tmp_path: Path) -> None:
    media = FolderMedia(tmp_path / "images")
    files = exchange(media.root)
    with media.digesting() as digest:
        found = list(digest(files))
    # `read` tells of the others, and where they lead.
    assert [item.reason for item in found if isinstance(item, MediaFailure)] == [
        Reason.SPECIAL,
        Reason.SPECIAL,
    ]
    assert len(found) == 2


def test_the_file_whose_md5_is_known_stays_the_one_that_is_sent(tmp_path: Path) -> None:
    media = FolderMedia(tmp_path / "images")
    file = media.root / "a.jpg"
    media.root.mkdir()
    file.write_bytes(b"the cover")
    with media.digesting() as digest:
        (found,) = digest([item for item in media.walk() if isinstance(item, MediaFile)])
    file.unlink()
    file.symlink_to("/etc/passwd")
    assert isinstance(found, Digested)
    assert Path(found.opened.path).read_bytes() == b"the cover"
    found.opened.close()
    with pytest.raises(OSError):
        Path(found.opened.path).read_bytes()


def given(item: tuple[MediaFile, Stream] | Digested | MediaFailure) -> object:
    """What was given of a file: its bytes, or why there are none."""
    if isinstance(item, MediaFailure):
        return item.reason
    if isinstance(item, Digested):
        return Path(item.opened.path).read_bytes()
    return item[1].read(100)


def test_a_name_that_is_exchanged_all_the_time_never_leads_out(tmp_path: Path) -> None:
    """A second process swaps a file and a link, a folder and a link, as fast as it can."""
    root = tmp_path / "images"
    (root / "covers").mkdir(parents=True)
    (root / "covers" / "a.jpg").write_bytes(b"inside")
    (tmp_path / "covers").mkdir()
    (tmp_path / "covers" / "a.jpg").write_bytes(b"outside")
    program = """
import os
os.symlink("../covers", "other")
os.symlink("../../covers/a.jpg", "covers/other.jpg")
while True:
    for one, two in (("covers", "other"), ("covers/a.jpg", "covers/other.jpg")):
        try:
            os.rename(one, "away"), os.rename(two, one), os.rename("away", two)
        except OSError:
            pass
"""
    media = FolderMedia(root)
    file = MediaFile(b"covers/a.jpg", 6, 1)
    seen: dict[object, int] = {}
    with subprocess.Popen([sys.executable, "-c", program], cwd=root) as swapping:
        try:
            with media.digesting() as digest:
                for _ in range(2000):
                    for what in (*map(given, media.read([file])), *map(given, digest([file]))):
                        seen[what] = seen.get(what, 0) + 1
        finally:
            swapping.kill()
    assert b"outside" not in seen
    assert seen[b"inside"]
    assert seen[Reason.OUTSIDE]
