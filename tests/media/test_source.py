"""A folder's media: walked flat, links followed, faults that stay with the file."""

from __future__ import annotations

import os
from hashlib import md5
from pathlib import Path

import pytest

from tests.support.users import ALICE, as_user, need_root, reachable, small_disk
from wizard.core.problem import Problem
from wizard.media.digest_files import MOST
from wizard.media.source import (
    Digested,
    FolderMedia,
    MediaFailure,
    MediaFile,
    Reason,
    key_of,
    path_of,
)


def walked(root: Path) -> dict[bytes, MediaFile | MediaFailure]:
    return {item.path: item for item in FolderMedia(root).walk()}


def reasons(root: Path) -> dict[bytes, Reason]:
    return {p: i.reason for p, i in walked(root).items() if isinstance(i, MediaFailure)}


def test_files_come_with_size_and_time(tmp_path: Path) -> None:
    (tmp_path / "covers").mkdir()
    (tmp_path / "covers" / "a.jpg").write_bytes(b"abc")
    found = walked(tmp_path)[b"covers/a.jpg"]
    assert found == MediaFile(
        b"covers/a.jpg", 3, (tmp_path / "covers" / "a.jpg").stat().st_mtime_ns
    )


def test_links_are_followed_and_faults_reported(tmp_path: Path) -> None:
    root = tmp_path / "images"
    elsewhere = root / "elsewhere"
    (root / "covers").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "far.jpg").write_bytes(b"far")
    (root / "far.jpg").symlink_to(elsewhere / "far.jpg")
    (root / "folder").symlink_to(elsewhere)
    (root / "dangling.jpg").symlink_to("nowhere")
    (root / "covers" / "loop").symlink_to(root)
    os.mkfifo(root / "fifo.jpg")
    (root / "covers" / "a.jpg").write_bytes(b"a")
    found = walked(root)
    files = {p for p, item in found.items() if isinstance(item, MediaFile)}
    assert files == {b"far.jpg", b"folder/far.jpg", b"elsewhere/far.jpg", b"covers/a.jpg"}
    assert reasons(root) == {
        b"dangling.jpg": Reason.DANGLING,
        b"covers/loop": Reason.LOOP,
        b"fifo.jpg": Reason.SPECIAL,
    }


def test_a_name_that_is_not_utf8_is_a_failure_of_that_file(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"latin1_\xe9.jpg")).write_bytes(b"")
    (tmp_path / "fine.jpg").write_bytes(b"")
    assert reasons(tmp_path) == {b"latin1_\xe9.jpg": Reason.NAME}
    assert b"fine.jpg" in walked(tmp_path)


def test_a_folder_that_cannot_be_entered_is_called_a_folder(tmp_path: Path) -> None:
    need_root()
    root = tmp_path / "images"
    root.mkdir()
    reachable(tmp_path)
    for name, mode in (("closed", 0o700), ("lost+found", 0o700), ("listed", 0o744)):
        (root / name / "below").mkdir(parents=True)
        (root / name / "a.jpg").write_bytes(b"a")
        (root / name).chmod(mode)
    (root / "b.jpg").write_bytes(b"b")
    (root / "link.jpg").symlink_to("closed/a.jpg")
    (root / "link").symlink_to("closed/below")
    found = as_user(ALICE, lambda: walked(root))
    assert {p for p, item in found.items() if isinstance(item, MediaFile)} == {b"b.jpg"}
    assert {(p, i.reason, i.folder) for p, i in found.items() if isinstance(i, MediaFailure)} == {
        (b"closed/", Reason.UNREADABLE, True),
        (b"lost+found/", Reason.UNREADABLE, True),
        (b"listed/", Reason.UNREADABLE, True),
        (b"link.jpg", Reason.UNREADABLE, False),
        (b"link/", Reason.UNREADABLE, True),
    }


@pytest.mark.parametrize("mounted", ["images", "images/covers"])
def test_what_mkfs_made_at_the_top_of_a_disk_is_not_bookwyrms(tmp_path: Path, mounted: str) -> None:
    need_root()
    root = tmp_path / "images"
    root.mkdir()
    reachable(tmp_path)
    (tmp_path / mounted).mkdir(exist_ok=True)
    with small_disk(tmp_path / mounted) as disk:
        (disk / "lost+found").mkdir(mode=0o700)
        (disk / "a.jpg").write_bytes(b"a")
        found = list(as_user(ALICE, lambda: walked(root)).values())
    below = mounted.removeprefix("images").lstrip("/")
    paths = {item.path.decode().removeprefix(below).lstrip("/") for item in found}
    assert paths == {"a.jpg", "lost+found/"}
    failures = [item for item in found if isinstance(item, MediaFailure)]
    assert [f.reason for f in failures] == [Reason.FILE_SYSTEM]


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read"):
        list(FolderMedia(tmp_path / "nowhere").walk())


def test_read_gives_each_file_once_as_it_is_now(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    media = FolderMedia(tmp_path)
    files = sorted((f for f in media.walk() if isinstance(f, MediaFile)), key=lambda f: f.path)
    (tmp_path / "b.jpg").unlink()
    (tmp_path / "c.jpg").write_bytes(b"longer now")
    seen = {}
    for found in media.read(files):
        if isinstance(found, MediaFailure):
            seen[found.path] = found.reason.value.encode()
        else:
            assert found[0].size == (tmp_path / os.fsdecode(found[0].path)).stat().st_size
            seen[found[0].path] = found[1].read(100) or b""
    assert seen == {b"a.jpg": b"a.jpg", b"b.jpg": b"vanished", b"c.jpg": b"longer now"}


def test_md5s_come_from_a_process_of_its_own(tmp_path: Path) -> None:
    names = ["a.jpg", "line\nbreak ü.jpg", "empty.jpg", "gone.jpg", "fifo.jpg", "large.jpg"]
    for name in names:
        (tmp_path / name).write_bytes(b"" if name == "empty.jpg" else name.encode())
    with (tmp_path / "large.jpg").open("ab") as large:
        large.truncate(MOST + 1)
    media = FolderMedia(tmp_path)
    files = [MediaFile(os.fsencode(name), 1, 1) for name in names]
    (tmp_path / "gone.jpg").unlink()
    (tmp_path / "fifo.jpg").unlink()
    os.mkfifo(tmp_path / "fifo.jpg")
    with media.digesting() as digest:
        found = list(digest(files))
        again = list(digest(files[:1]))
        assert [(f.file, f.md5) for f in again if isinstance(f, Digested)] == [
            (f.file, f.md5) for f in found[:1] if isinstance(f, Digested)
        ], "it may be asked again"
    for digested in found[:3]:
        assert isinstance(digested, Digested)
        data = Path(digested.opened.path).read_bytes()
        assert digested.md5 == md5(data).digest()
        assert digested.file == media_file(tmp_path, os.fsdecode(digested.file.path))
    # Large files are left to `read`.
    failures = {f.path: f.reason for f in found[3:] if isinstance(f, MediaFailure)}
    assert failures == {b"gone.jpg": Reason.VANISHED, b"fifo.jpg": Reason.SPECIAL}
    assert len(found) == 5


def media_file(root: Path, name: str) -> MediaFile:
    now = (root / name).stat()
    return MediaFile(os.fsencode(name), now.st_size, now.st_mtime_ns)


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/true"])
def test_without_that_process_there_are_no_md5s(
    tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    monkeypatch.setattr("sys.executable", program)
    with FolderMedia(tmp_path).digesting() as digest:
        assert list(digest([MediaFile(b"a.jpg", 1, 1)])) == []


def test_a_folder_whose_name_is_no_text_is_read_like_any_other(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"latin1_\xe9")
    root.mkdir()
    (root / "a.jpg").write_bytes(b"a")
    with FolderMedia(root).digesting() as digest:
        (found,) = digest([MediaFile(b"a.jpg", 1, 1)])
        assert isinstance(found, Digested)
        assert Path(found.opened.path).read_bytes() == b"a"


def test_looking_again_shows_what_changed(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    (tmp_path / "b.jpg").write_bytes(b"b")
    media = FolderMedia(tmp_path)
    files = sorted((f for f in media.walk() if isinstance(f, MediaFile)), key=lambda f: f.path)
    (tmp_path / "a.jpg").write_bytes(b"changed")
    (tmp_path / "b.jpg").unlink()
    changed, gone = media.look_again(files)
    assert isinstance(changed, MediaFile)
    assert changed.size == 7
    assert isinstance(gone, MediaFailure)
    assert gone.reason is Reason.VANISHED


def test_keys_and_paths() -> None:
    assert key_of("covers/ü.jpg".encode()) == "images/covers/ü.jpg"
    assert path_of("images/covers/ü.jpg") == "covers/ü.jpg".encode()


def test_every_reason_has_words_of_its_own() -> None:
    assert len({reason.words for reason in Reason}) == len(Reason)
