"""What links lead to outside of the media: only pictures that the site serves, byte for byte."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from wizard.media.linked import LinkedMedia
from wizard.media.source import Digested, FolderMedia, MediaFailure, MediaFile, Reason

OWN, PICTURE = b"\xff\xd8\xff our own", b"\xff\xd8\xff the picture"


class Site:
    """Serves a folder, and remembers what it was asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.other: dict[bytes, bytes | None] = {}
        self.asked: list[bytes] = []
        self.away = False

    def md5(self, path: bytes) -> bytes | None:
        """The MD5 of what it serves."""
        self.asked.append(path)
        if self.away:
            raise OSError("the site does not answer")
        served = self.other.get(path, (self.root / os.fsdecode(path)).read_bytes())
        return None if served is None else hashlib.md5(served).digest()


class Kit:
    """A media folder whose covers are on another disk."""

    def __init__(self, folder: Path) -> None:
        self.disk = folder / "disk"
        self.root = folder / "images"
        self.disk.mkdir()
        (self.root / "avatars").mkdir(parents=True)
        (self.root / "avatars" / "own.jpg").write_bytes(OWN)
        (self.disk / "far.jpg").write_bytes(PICTURE)
        (self.root / "covers").symlink_to(self.disk)
        self.site = Site(self.root)
        self.refused: set[bytes] = set()

    @property
    def media(self) -> LinkedMedia:
        """The media with the link followed."""
        target = os.fsencode(self.disk)
        return LinkedMedia(
            self.root,
            followed={target: target},
            md5_served=self.site.md5,
            refused=self.refused,
            refuse=self.refused.add,
        )

    def read(self) -> dict[bytes, bytes | Reason]:
        """What comes of each file that the walk finds, and what it cannot have."""
        walked = list(self.media.walk())
        found: dict[bytes, bytes | Reason] = {
            item.path: item.reason for item in walked if isinstance(item, MediaFailure)
        }
        files = [item for item in walked if isinstance(item, MediaFile)]
        for item in self.media.read(files):
            if isinstance(item, MediaFailure):
                found[item.path] = item.reason
            else:
                found[item[0].path] = item[1].read(100) or b""
        return found


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path)


def test_a_picture_that_the_site_serves_is_read(kit: Kit) -> None:
    assert kit.read() == {b"avatars/own.jpg": OWN, b"covers/far.jpg": PICTURE}
    assert kit.site.asked == [b"covers/far.jpg"], "what is inside is nobody's question"
    assert not kit.refused


def test_what_is_outside_has_no_md5_before_the_site_was_asked(kit: Kit) -> None:
    media = kit.media
    files = [item for item in media.walk() if isinstance(item, MediaFile)]
    assert list(media.look_again(files)) == files
    with media.digesting() as digest:
        found = list(digest(files))
    assert [item.file.path for item in found if isinstance(item, Digested)] == [b"avatars/own.jpg"]
    assert len(found) == 1


@pytest.mark.parametrize("served", [None, PICTURE + b" of somebody else", b""])
def test_other_bytes_than_the_site_serves_are_held_back_from_then_on(
    kit: Kit, served: bytes | None
) -> None:
    kit.site.other[b"covers/far.jpg"] = served
    assert kit.read()[b"covers/far.jpg"] is Reason.OUTSIDE
    assert kit.refused == {b"covers/far.jpg"}
    kit.site.asked.clear()
    assert kit.read()[b"covers/far.jpg"] is Reason.OUTSIDE
    assert not kit.site.asked


@pytest.mark.parametrize("data", [b"-----BEGIN PRIVATE KEY-----", b"root:x:0:0", b"", b"<html>"])
def test_what_is_no_picture_is_held_back_even_where_the_site_serves_it(
    kit: Kit, data: bytes
) -> None:
    (kit.disk / "far.jpg").write_bytes(data)
    assert kit.read()[b"covers/far.jpg"] is Reason.OUTSIDE
    assert not kit.site.asked


def test_a_site_that_is_away_says_nothing_about_a_file(kit: Kit) -> None:
    kit.site.away = True
    assert kit.read()[b"covers/far.jpg"] is Reason.UNREADABLE
    assert not kit.refused


def test_a_link_in_a_followed_folder_needs_a_word_of_its_own(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "third.jpg").write_bytes(PICTURE)
    (kit.disk / "third.jpg").symlink_to(tmp_path / "third.jpg")
    (kit.disk / "back.jpg").symlink_to(kit.root / "avatars" / "own.jpg")
    (kit.disk / "beside.jpg").symlink_to("far.jpg")
    (kit.disk / "loop").symlink_to(".")
    (kit.disk / "root").symlink_to(kit.root)
    found = kit.read()
    assert found[b"covers/third.jpg"] is Reason.OUTSIDE
    assert found[b"covers/back.jpg"] == OWN
    assert found[b"covers/beside.jpg"] == PICTURE
    assert found[b"covers/loop"] is found[b"covers/root"] is Reason.LOOP


def test_a_single_file_may_be_followed(kit: Kit) -> None:
    (kit.root / "covers").unlink()
    (kit.root / "one.jpg").symlink_to(kit.disk / "far.jpg")
    assert {item.path for item in FolderMedia(kit.root).walk() if isinstance(item, MediaFile)} == {
        b"avatars/own.jpg"
    }
    target = os.fsencode(kit.disk / "far.jpg")
    media = LinkedMedia(
        kit.root,
        followed={target: target},
        md5_served=kit.site.md5,
        refused=(),
        refuse=kit.refused.add,
    )
    files = [item for item in media.walk() if isinstance(item, MediaFile)]
    assert {file.path for file in files} == {b"one.jpg", b"avatars/own.jpg"}
    assert not [item for item in media.read(files) if isinstance(item, MediaFailure)]


def test_a_target_that_became_a_link_is_not_followed(kit: Kit, tmp_path: Path) -> None:
    media = kit.media
    kit.disk.rename(tmp_path / "moved")
    kit.disk.symlink_to("/etc")
    assert {item.path for item in media.walk()} == {b"avatars/own.jpg", b"covers"}
    assert {item.path for item in FolderMedia(kit.root).walk()} == {b"avatars/own.jpg", b"covers"}
