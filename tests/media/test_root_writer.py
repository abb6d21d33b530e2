"""New files in the media folder, whatever they are called: here, and as the program inside does."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.checkout import make_checkout
from tests.support.users import ALICE, folding_disk, need_root, small_disk
from tests.support.waiting import wait_until
from wizard.core.problem import Problem
from wizard.instance.checkout import open_instance
from wizard.instance.compose.container_media import ContainerMedia
from wizard.instance.compose.container_programs import WebPrograms
from wizard.instance.compose.docker import Docker
from wizard.instance.compose.project import ComposeProject
from wizard.media.root_folder import RootFolder
from wizard.media.root_writer import RootWriter
from wizard.media.source import (
    FolderMedia,
    Folding,
    IncomingFile,
    Media,
    MediaFailure,
    Reason,
    Spoiled,
    as_unwritten,
)


class ProgramsHere(WebPrograms):
    """Starts the program that runs in BookWyrm's container, without one."""

    def command(self, *argv: str) -> list[str]:
        return list(argv)


@pytest.fixture(params=["folder", "program"])
def media(tmp_path: Path, request: pytest.FixtureRequest) -> Media:
    root = tmp_path / "images"
    (root / "covers").mkdir(parents=True)
    (root / "covers" / "a.jpg").write_bytes(b"here")
    return media_in(root, tmp_path, request.param)


def media_in(root: Path, tmp_path: Path, kind: str) -> Media:
    if kind == "folder":
        return FolderMedia(root)
    make_checkout(tmp_path / "bookwyrm")
    docker = Docker(open_instance(tmp_path / "bookwyrm"))
    project = ComposeProject(name="x", media_root=str(root), media=None, image="x")
    return ContainerMedia(ProgramsHere(docker, project, ()), "inside")


def incoming(path: bytes, data: bytes = b"new") -> IncomingFile:
    return IncomingFile(path, len(data), lambda: [data])


def write(media: Media, *files: IncomingFile) -> list[Reason | None]:
    """Why each was not written, None where it was."""
    written = list(media.write(files))
    assert [item.path for item in written] == [file.path for file in files]
    return [item.reason if isinstance(item, MediaFailure) else None for item in written]


def owner_and_mode(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_a_file_appears_with_its_folders(media: Media, tmp_path: Path) -> None:
    large = bytes(range(256)) * 5000
    paths = (b"covers/b.jpg", b"avatars/deep/\xc3\xa9\t1.png", b"top.jpg")
    assert write(media, *(incoming(path, large) for path in paths)) == [None] * 3
    root = tmp_path / "images"
    for path in paths:
        assert (root / os.fsdecode(path)).read_bytes() == large
    assert len(names(root)) == 7, "and nothing else"


def test_what_has_its_name_is_told_of_when_the_source_ends_early(
    media: Media, tmp_path: Path
) -> None:
    """Some hundred are named while the next are written, and more of those are thrown away."""

    def broken() -> Iterator[IncomingFile]:
        for number in range(1000):
            if number == 500:
                raise ConnectionError("the line is gone")
            yield incoming(b"covers/%03d.jpg" % number)

    told = []
    with pytest.raises(ConnectionError, match="the line is gone"):
        for item in media.write(broken()):
            told.append(os.fsdecode(item.path))  # noqa: PERF401 (until it breaks off)
    assert told == [f"covers/{number:03}.jpg" for number in range(len(told))]
    assert names(tmp_path / "images") == {"covers", "covers/a.jpg", *told}
    assert 300 < len(told) < 500


FOREIGN = [
    (b"../out.jpg", Reason.NO_FILE_NAME),
    (b"covers/../../out.jpg", Reason.NO_FILE_NAME),
    (b"/etc/out.jpg", Reason.NO_FILE_NAME),
    (b"covers//b.jpg", Reason.NO_FILE_NAME),
    (b"covers/./b.jpg", Reason.NO_FILE_NAME),
    (b"covers/", Reason.NO_FILE_NAME),
    (b"", Reason.NO_FILE_NAME),
    (b"covers/a\0b.jpg", Reason.NO_FILE_NAME),
    (b"covers/a\nb.jpg", Reason.NO_FILE_NAME),
    (b"covers/a\r.jpg", Reason.NO_FILE_NAME),
    (b"covers/" + b"x" * 256 + b".jpg", Reason.NO_FILE_NAME),
    (b"covers", Reason.CLASH),
    (b"covers/a.jpg/b.jpg", Reason.CLASH),
    (b"covers/a.jpg", Reason.EXISTS),
    (b"outside/b.jpg", Reason.OUTSIDE),
    (b".bw-s3-incoming/1", Reason.NO_FILE_NAME),
    (b"covers/.BW-S3-incoming", Reason.NO_FILE_NAME),
    (b"covers/dangling.jpg", Reason.NO_FILE_NAME),
    (b"covers/fifo.jpg", Reason.NO_FILE_NAME),
]


@pytest.mark.parametrize(("path", "reason"), FOREIGN)
def test_foreign_names(media: Media, tmp_path: Path, path: bytes, reason: Reason | None) -> None:
    root = tmp_path / "images"
    (root / "outside").symlink_to(tmp_path)
    (root / "covers" / "dangling.jpg").symlink_to(tmp_path / "out.jpg")
    os.mkfifo(root / "covers" / "fifo.jpg")
    before, around = names(root), set(tmp_path.iterdir())
    assert write(media, incoming(path), incoming(b"covers/next.jpg")) == [reason, None]
    if reason:
        assert names(root) - before == {"covers/next.jpg"}
    assert set(tmp_path.iterdir()) == around
    assert (root / "covers" / "a.jpg").read_bytes() == b"here"


def test_a_link_within_the_media_is_followed(media: Media, tmp_path: Path) -> None:
    root = tmp_path / "images"
    (root / "same").symlink_to("covers")
    assert write(media, incoming(b"same/b.jpg")) == [None]
    assert (root / "covers" / "b.jpg").read_bytes() == b"new"


@pytest.mark.parametrize("kind", ["folder", "program"])
def test_names_that_the_disk_cannot_tell_apart(tmp_path: Path, kind: str) -> None:
    with folding_disk(tmp_path / "images", tmp_path / "disk") as root:
        (root / "covers").mkdir()
        (root / "covers" / "a\u00e9.jpg").write_bytes(b"here")
        media = media_in(root, tmp_path, kind)
        paths = (
            "covers/A\u00e9.jpg",
            "covers/a\u00c9.JPG",
            "Covers/b.jpg",
            "covers/B.jpg",
            "n/1.jpg",
        )
        given = [incoming(path.encode()) for path in paths]
        folded = Reason.FOLDED
        assert write(media, *given) == [folded, folded, folded, None, None]
        (failure,) = media.write([incoming(b"COVERS/b.jpg")])
        assert isinstance(failure, MediaFailure)
        assert (failure.reason, failure.detail) == (folded, "covers")
        assert (root / "covers" / "a\u00e9.jpg").read_bytes() == b"here"
        assert names(root) == {"covers", "covers/a\u00e9.jpg", "covers/b.jpg", "n", "n/1.jpg"}


@pytest.mark.parametrize("kind", ["folder", "program"])
def test_which_names_the_disk_takes_for_the_same_is_tried(tmp_path: Path, kind: str) -> None:
    """With a name that is gone at once, also where a killed one left its own."""
    root = tmp_path / "plain"
    (root / ".bw-s3-incoming").mkdir(parents=True)
    (root / ".bw-s3-incoming" / "probe-\u00e9").write_bytes(b"")
    assert media_in(root, tmp_path, kind).folding() == Folding()
    assert names(root) == set()


@pytest.mark.parametrize("kind", ["folder", "program"])
def test_a_disk_that_takes_names_for_the_same_is_known_by_it(tmp_path: Path, kind: str) -> None:
    with folding_disk(tmp_path / "images", tmp_path / "disk") as folding:
        assert media_in(folding, tmp_path, kind).folding() == Folding(case=True)
        assert names(folding) == set()


@pytest.mark.parametrize("kind", ["folder", "program"])
def test_a_disk_that_cannot_be_tried_may_tell_all_names_apart(tmp_path: Path, kind: str) -> None:
    with small_disk(tmp_path / "images") as root:
        subprocess.run(["mount", "-o", "remount,ro", root], check=True)
        assert media_in(root, tmp_path, kind).folding() == Folding()


def test_names_are_folded_as_the_disk_does() -> None:
    alike = ("a\u00c9.jpg", "a\u00e9.jpg", "aE\u0301.jpg")
    for case, accents, number in ((0, 0, 3), (1, 0, 2), (0, 1, 2), (1, 1, 1)):
        folding = Folding(case=bool(case), accents=bool(accents))
        assert len({folding.folded(name.encode()) for name in alike}) == number
    assert Folding(case=True).folded(b"\xff.JPG") == b"\xff.jpg"


def test_spoiled_bytes_leave_nothing_and_the_next_is_written(media: Media, tmp_path: Path) -> None:
    failure = MediaFailure(path=b"covers/bad.jpg", reason=Reason.SPOILED)

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise Spoiled(failure)

    bad = IncomingFile(b"covers/bad.jpg", 1000, broken)
    assert write(media, bad, incoming(b"covers/good.jpg")) == [Reason.SPOILED, None]
    assert names(tmp_path / "images") == {"covers", "covers/a.jpg", "covers/good.jpg"}


def test_what_a_killed_one_left_goes_with_the_next(media: Media, tmp_path: Path) -> None:
    root = tmp_path / "images"
    for left in (root / ".bw-s3-incoming", root / "covers" / ".bw-s3-incoming"):
        left.mkdir() if left.parent == root else left.write_bytes(b"half of another")
    (root / ".bw-s3-incoming" / "17").write_bytes(b"half of one more")
    assert write(media, incoming(b"covers/b.jpg")) == [None]
    assert names(root) == {"covers", "covers/a.jpg", "covers/b.jpg"}


def test_many_files_come_in_their_order_and_one_among_them_fails(
    media: Media, tmp_path: Path
) -> None:
    paths = [b"%d/%d.jpg" % (number % 7, number) for number in range(300)]
    seen = write(
        media, *(incoming(path, path * 100) for path in (*paths, b"covers/a.jpg", b"z.jpg"))
    )
    assert seen == [*[None] * 300, Reason.EXISTS, None]
    for path in paths:
        assert (tmp_path / "images" / os.fsdecode(path)).read_bytes() == path * 100
    room = media.room()
    assert room.size > 0
    assert room.files is None or room.files > 0


def test_a_file_that_came_in_the_meantime_stays(media: Media, tmp_path: Path) -> None:
    mine = tmp_path / "images" / "covers" / "b.jpg"

    def late() -> list[bytes]:
        mine.write_bytes(b"of a reader")
        return [b"new"]

    assert write(media, IncomingFile(b"covers/b.jpg", 3, late)) == [Reason.EXISTS]
    assert mine.read_bytes() == b"of a reader"
    assert names(mine.parent) == {"a.jpg", "b.jpg"}


def test_owner_and_mode_are_those_of_its_neighbours(media: Media, tmp_path: Path) -> None:
    need_root()
    root = tmp_path / "images"
    (root / "covers").chmod(0o2750)
    (root / "covers" / "a.jpg").chmod(0o640)
    for path in (root, root / "covers", root / "covers" / "a.jpg"):
        os.chown(path, ALICE, ALICE)
    root.chmod(0o2750)
    assert write(media, incoming(b"covers/b.jpg"), incoming(b"new/c.jpg")) == [None, None]
    assert owner_and_mode(root / "covers/b.jpg") == (ALICE, 0o640)
    assert owner_and_mode(root / "new") == (ALICE, 0o2750)
    assert owner_and_mode(root / "new/c.jpg") == (ALICE, 0o644)


@pytest.mark.parametrize("kind", ["folder", "program"])
def test_a_disk_that_is_full_is_said(tmp_path: Path, kind: str) -> None:
    with small_disk(tmp_path / "images") as root:
        large = bytes(shutil.disk_usage(root).free + 1)
        half = incoming(b"b.jpg", large[: len(large) // 2])
        written = write(
            media_in(root, tmp_path, kind), half, incoming(b"c.jpg", large), incoming(b"d.jpg")
        )
        assert written == [None, Reason.DISK_FULL, None]
        assert names(root) == {"b.jpg", "d.jpg"}


def test_a_writer_that_is_killed_is_said_and_the_next_one_writes(tmp_path: Path) -> None:
    media = FolderMedia(tmp_path)

    def killed() -> Iterator[bytes]:
        yield b"half"
        wait_until(lambda: bool(writers_into(tmp_path)))
        for process in writers_into(tmp_path):
            os.kill(process, signal.SIGKILL)
        yield bytes(4 << 20)

    with pytest.raises(Problem, match="ended partway") as problem:
        write(media, IncomingFile(b"b.jpg", 4 + (4 << 20), killed))
    assert problem.value.code == "writer-ended"
    assert write(media, incoming(b"c.jpg")) == [None]
    assert names(tmp_path) == {"c.jpg"}


_GIVER = """
import sys, time
from pathlib import Path
from wizard.media.source import FolderMedia, IncomingFile
def files():
    for number in range(200):
        yield IncomingFile(b"%d.jpg" % number, 3, lambda: [b"new"])
    print("given", flush=True)
    time.sleep(60)
list(FolderMedia(Path(sys.argv[1])).write(files()))
"""


def test_a_writer_does_not_outlive_who_gives(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _GIVER, str(tmp_path)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as giver:
        assert giver.stdout is not None
        giver.stdout.readline()
        wait_until(lambda: bool(writers_into(tmp_path)))
        giver.kill()
    wait_until(lambda: not writers_into(tmp_path))
    # What was asked for has its name, and nothing else is left.
    assert names(tmp_path) == {f"{number}.jpg" for number in range(128)}


def writers_into(root: Path) -> list[int]:
    """The processes that write below this folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if os.fsencode(root) in words and b"-I" in words:
                found.append(int(folder.name))
    return found


def test_a_writer_waits_for_another_that_ends(tmp_path: Path) -> None:
    """One whose giver was killed still names what it has."""
    media = FolderMedia(tmp_path)
    another = tmp_path / ".bw-s3-incoming"
    another.mkdir()
    (another / "1").write_bytes(b"of the other")
    handle = os.open(another, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert media.folding() == Folding(), "not tried, and nothing taken away"
    assert (another / "1").exists()

    def end() -> None:
        (another / "1").rename(tmp_path / "a.jpg")
        another.rmdir()
        os.close(handle)

    threading.Timer(0.5, end).start()
    assert write(media, incoming(b"b.jpg")) == [None]
    assert names(tmp_path) == {"a.jpg", "b.jpg"}


def test_two_writers_are_never_at_work(tmp_path: Path) -> None:
    another = tmp_path / ".bw-s3-incoming"
    another.mkdir()
    handle = os.open(another, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    writer = RootWriter(RootFolder({os.fsencode(tmp_path): os.fsencode(tmp_path)}))
    writer._patience = 0.1
    for _ in range(2):
        with pytest.raises(OSError, match="another bw-s3"):
            writer.begin(b"a.jpg")
    writer.close()
    os.close(handle)
    assert another.exists()


def test_names_alike_are_two_where_the_disk_tells_them_apart(media: Media, tmp_path: Path) -> None:
    """In case, and in how an accent is stored: in folders and in files."""
    paths = [
        name.encode() for name in ("covers/A.jpg", "Covers/a.jpg", "\xe9/a.jpg", "e\u0301/a.jpg")
    ]
    assert write(media, *map(incoming, paths)) == [None] * 4
    assert write(media, *map(incoming, paths)) == [Reason.EXISTS] * 4
    assert (tmp_path / "images/covers/a.jpg").read_bytes() == b"here"


def test_a_quota_that_is_used_up_is_no_full_disk() -> None:
    for number, reason in ((errno.ENOSPC, Reason.DISK_FULL), (errno.EDQUOT, Reason.QUOTA)):
        assert as_unwritten(b"a.jpg", OSError(number, "")).reason is reason
