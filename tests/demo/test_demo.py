"""The demo: what it is made of, and that nothing of it stays."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.demo_scene import demo_scene
from tests.support.users import small_disk
from tests.support.waiting import wait_until
from wizard.core.events import Event
from wizard.core.problem import Problem
from wizard.demo import checkout
from wizard.demo.build import build, start_again
from wizard.demo.font import woff
from wizard.demo.leftovers import DemoRecord, clean_up
from wizard.demo.pictures import avatar, cover, thumbnail
from wizard.demo.seaweedfs import SeaweedFS
from wizard.media.public import PublicFiles
from wizard.media.source import FolderMedia, MediaFile
from wizard.storage.bucket import Bucket
from wizard.system.processes import Process


@pytest.fixture(autouse=True)
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keeps the records of these demos apart from those of a real one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bw-s3" / "demos"


def test_it_runs_and_is_gone_afterwards(tmp_path: Path, records: Path) -> None:
    with build(tmp_path, covers=40) as demo:
        page = httpx.get(demo.site_url)
        media = list(FolderMedia(demo.folder / "images").walk())
        held_back = [m for m in media if isinstance(m, MediaFile) and not PublicFiles().has(m.path)]
        processes = started_by(demo.root)
        assert page.text.count("book-cover") == 24
        assert f"http://localhost:{demo.port}/images/covers/" in page.text
        assert len(media) > 60
        assert [m.path.rpartition(b".")[2] for m in held_back] == [b"gz"]
        assert httpx.get(f"{demo.site_url}/images/{held_back[0].path.decode()}").status_code == 403
        assert httpx.get(demo.settings.endpoint).status_code in (200, 403)
        assert len(processes) >= 3, "the site, its supervisor, the S3 server"
        assert len(list(records.iterdir())) == 1
        ports = json.loads((demo.root / "s3" / "ports.json").read_text())
        assert sockets_of(ports)
    assert not demo.root.exists()
    assert list(records.iterdir()) == []
    assert still_alive(processes) == []
    assert not sockets_of(ports)


def sockets_of(ports: dict[str, int]) -> list[Path]:
    """What the S3 server makes outside of the demo's folder; others may have left some there."""
    names = [f"seaweedfs-{part}-grpc-{port + 10000}.sock" for part, port in ports.items()]
    return [path for name in names if (path := Path("/tmp", name)).exists()]


async def test_the_error_page_comes_with_status_200(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with demo_scene(tmp_path, seaweedfs) as scene:
        scene.enable_s3(AWS_S3_CUSTOM_DOMAIN=None)
        scene.demo.site("restart")
        page = httpx.get(scene.demo.site_url)
    assert page.status_code == 200
    assert "Oops!" in page.text
    assert "Server Error" in page.text


async def test_a_fresh_one_has_not_run_yet(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        with pytest.raises(httpx.ConnectError):
            httpx.get(scene.demo.site_url)
        assert not (scene.folder / "images").exists()
        scene.demo.finish_installation()
        assert httpx.get(scene.demo.site_url).status_code == 200


def test_a_kept_one_stays_without_its_servers(
    tmp_path: Path, records: Path, seaweedfs: SeaweedFS
) -> None:
    with build(tmp_path, covers=4, keep=True, storage=seaweedfs) as demo:
        processes = started_by(demo.root)
    assert (demo.folder / "images").is_dir()
    assert list(records.iterdir()) == []
    assert still_alive(processes) == []
    assert clean_up() == []
    assert demo.folder.is_dir()


def test_a_kept_one_can_be_started_again(tmp_path: Path, records: Path) -> None:
    notes: list[str] = []

    def report(event: Event) -> None:
        notes.append(str(event))

    with build(tmp_path, covers=4, keep=True, report=report) as demo:
        page = httpx.get(demo.site_url).text
        Bucket(demo.settings, demo.keys).create()
        Bucket(demo.settings, demo.keys).put("images/x", b"kept")
    assert f"--start {demo.root}" in notes[-1]
    with pytest.raises(httpx.ConnectError):
        httpx.get(demo.site_url)
    with started_in_a_terminal(demo.folder) as process:
        assert process.stdout
        said = [process.stdout.readline() for _ in range(5)]
        assert demo.site_url in "".join(said)
        assert httpx.get(demo.site_url).text == page
        assert Bucket(demo.settings, demo.keys).get("images/x") == b"kept"
        second = subprocess.run(start_command(demo.root), capture_output=True, check=False)
        assert b"running already" in second.stderr
        processes = started_by(demo.root)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert still_alive(processes) == []
    assert demo.folder.is_dir()


def test_a_kept_one_that_was_killed_can_be_started_again(tmp_path: Path) -> None:
    with running_elsewhere(tmp_path, keep=True) as (process, root):
        with pytest.raises(Problem) as caught, start_again(root):
            pass
        assert caught.value.code == "demo-running"
        processes = started_by(root)
        process.kill()
        process.wait()
        wait_until(lambda: still_alive(processes) == [])
    assert clean_up() == []
    with start_again(root) as demo:
        assert "book-cover" in httpx.get(demo.site_url).text
        assert httpx.get(demo.settings.endpoint).status_code in (200, 403)


def test_a_folder_without_a_demo_cannot_be_started(tmp_path: Path) -> None:
    ended = subprocess.run(start_command(tmp_path), capture_output=True, text=True, check=False)
    assert (ended.returncode, "no demo in" in ended.stderr) == (2, True)


def start_command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "screens", "demo", "--start", str(folder)]


@contextmanager
def started_in_a_terminal(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`bw-s3 demo --start`, killed at the end at the latest."""
    process = subprocess.Popen(start_command(folder), stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("supervisor_dies_too", [False, True])
def test_what_a_killed_one_left_goes_at_the_next_start(
    tmp_path: Path, records: Path, supervisor_dies_too: bool
) -> None:
    with running_elsewhere(tmp_path) as (process, root):
        processes = started_by(root)
        if supervisor_dies_too:
            for pid, argv in processes.items():
                if "supervisor.py" in argv:
                    os.kill(pid, signal.SIGSTOP)
        process.kill()
        process.wait()
        if supervisor_dies_too:
            assert root.is_dir(), "nobody was left to remove it"
            assert clean_up() == [root]
        else:
            wait_until(lambda: not root.exists())
            clean_up()
    assert not root.exists()
    assert list(records.iterdir()) == []
    wait_until(lambda: still_alive(processes) == [])


def test_one_that_runs_is_left_alone(tmp_path: Path, records: Path) -> None:
    with running_elsewhere(tmp_path) as (_, root):
        assert clean_up() == []
        assert root.is_dir()
        assert len(list(records.iterdir())) == 1


def test_cleaning_up_touches_nothing_but_demos(tmp_path: Path, records: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "letters").write_text("dear")
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        started = Process.of(sleeper.pid)
        assert started
        claims = {
            "foreign folder": {"folder": str(theirs), "processes": []},
            "relative folder": {"folder": "theirs", "processes": []},
            "number used again": {"folder": "", "processes": [[sleeper.pid, started.started - 1]]},
        }
        records.mkdir(parents=True)
        for name, claim in claims.items():
            (records / f"{name}.json").write_text(json.dumps(claim))
        (records / "cut short.json").write_text('{"fold')
        assert clean_up() == []
        assert (theirs / "letters").read_text() == "dear"
        assert sleeper.poll() is None
        assert list(records.iterdir()) == []
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_folder_that_took_the_place_of_a_demo_stays(tmp_path: Path, records: Path) -> None:
    records.mkdir(parents=True)
    first = DemoRecord("bw-s3-demo-one", tmp_path / "one")
    first.make_folder()
    first.forget()
    claim = {"folder": str(tmp_path / "one"), "processes": []}
    (records / "bw-s3-demo-two.json").write_text(json.dumps(claim))
    assert clean_up() == []
    assert (tmp_path / "one").is_dir()


def test_a_missing_extra_is_said_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "_PACKAGES", ("django", "a_package_that_is_not_installed"))
    with pytest.raises(Problem) as caught, build(tmp_path):
        pass
    assert "a_package_that_is_not_installed" in caught.value.why
    remedy = caught.value.remedies[0].text
    assert remedy.endswith(f": {sys.executable} -m pip install '.[demo]'")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, records: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem) as caught, build(tmp_path / "file"):
        pass
    assert "TMPDIR" in caught.value.remedies[0].text
    assert list(records.iterdir()) == []


def test_a_disk_that_is_too_small_leaves_nothing_behind(
    tmp_path: Path, records: Path, seaweedfs: SeaweedFS
) -> None:
    with small_disk(tmp_path / "disk", "1m") as disk:
        with pytest.raises(Problem) as caught, build(disk, covers=200, storage=seaweedfs):
            pass
        assert "No space left" in caught.value.raw
        assert list(disk.iterdir()) == []
    assert list(records.iterdir()) == []


def test_a_cache_folder_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(Problem) as caught, build(tmp_path):
        pass
    assert "XDG_CACHE_HOME" in caught.value.remedies[0].text


def test_pictures_are_valid_and_alike_for_a_seed() -> None:
    covers = [cover(seed) for seed in range(40)]
    assert len(set(covers)) == 40
    assert covers[7] == cover(7)
    assert max(map(len, covers)) > 2 * min(map(len, covers)), "sizes vary"
    for picture in (*covers, thumbnail(3)):
        assert scans_of(picture) == 1
    width, height, data = png_of(avatar(5))
    assert len(data) == height * (1 + 3 * width)


def test_the_font_is_a_woff_whose_tables_unpack() -> None:
    font = woff()
    signature, _, length, count = struct.unpack(">4sIIH", font[:14])
    assert (signature, length) == (b"wOFF", len(font))
    tags = []
    for number in range(count):
        entry = struct.unpack(">4sIIII", font[44 + 20 * number : 64 + 20 * number])
        tag, offset, packed, size, _ = entry
        body = font[offset : offset + packed]
        assert len(zlib.decompress(body) if packed < size else body) == size
        tags.append(tag)
    assert tags == sorted(tags)
    assert {b"cmap", b"glyf", b"head", b"hmtx", b"loca", b"maxp", b"name"} <= set(tags)


def scans_of(jpeg: bytes) -> int:
    """How many scans a JPEG has; its segments must lead from one to the next, to the end."""
    assert jpeg.startswith(b"\xff\xd8")
    assert jpeg.endswith(b"\xff\xd9")
    position, scans = 2, 0
    while jpeg[position + 1] != 0xD9:
        marker, length = jpeg[position + 1], int.from_bytes(jpeg[position + 2 : position + 4])
        assert jpeg[position] == 0xFF
        position += 2 + length
        if marker == 0xDA:
            scans += 1
            while jpeg[position] != 0xFF or jpeg[position + 1] in (0, *range(0xD0, 0xD8)):
                position += 1
    return scans


def png_of(png: bytes) -> tuple[int, int, bytes]:
    """Width, height and the unpacked lines of a PNG, its checksums compared."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    position, chunks = 8, {}
    while position < len(png):
        (length,) = struct.unpack(">I", png[position : position + 4])
        name, data = png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        (checksum,) = struct.unpack(">I", png[position + 8 + length : position + 12 + length])
        assert checksum == zlib.crc32(name + data)
        chunks[name] = data
        position += 12 + length
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    return width, height, zlib.decompress(chunks[b"IDAT"])


@contextmanager
def running_elsewhere(
    tmp_path: Path, *, keep: bool = False
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A demo held by another process; its folder."""
    program = """
        import sys, time
        from pathlib import Path
        from wizard.demo.build import build
        with build(Path(sys.argv[1]), covers=4, keep=sys.argv[2] == "True") as demo:
            print(demo.root, flush=True)
            time.sleep(600)
    """
    argv = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path), str(keep)]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        clean_up()


def started_by(root: Path) -> dict[int, str]:
    """The processes whose arguments or working folder lie in the demo."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            argv = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = (folder / "cwd").readlink()
        except OSError:
            continue
        if place.is_relative_to(root):
            found[int(folder.name)] = argv
    return found


def still_alive(processes: dict[int, str]) -> list[str]:
    """Those that still run; what ended and waits for its parent does not count."""
    alive = []
    for pid, argv in processes.items():
        try:
            text = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        alive += [argv] if text == argv else []
    return alive
