"""Media of a Compose project: found by its real name, the same through every way."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.servers.docker import IMAGE, docker, tcp_engine
from tests.servers.run_names import unique
from tests.standin.small import JOURNAL, SmallProject
from tests.support.odd_links import FILES as LINKED
from tests.support.odd_links import REASONS, found_in, made_in, outside
from tests.support.users import need_root
from tests.support.waiting import wait_until
from wizard.core.problem import Problem
from wizard.instance.compose.container_media import ContainerMedia
from wizard.instance.compose.container_programs import WebPrograms
from wizard.instance.compose.media import VolumeMedia, is_local, is_the_same
from wizard.instance.compose.own_containers import labels
from wizard.instance.compose.project import ComposeProject, Mount
from wizard.media.source import (
    FolderMedia,
    IncomingFile,
    Media,
    MediaFailure,
    MediaFile,
    Reason,
)

FILES = {"covers/a.jpg": b"cover", "avatars/b.png": b"avatar" * 1000, "exports/c.tar.gz": b"mine"}

# Names and files that broke somebody's copy, made inside the container.
_ODD = r"""
import os, random
random.seed(4)
os.makedirs("covers/deep")
names = ["-rf.jpg", "é ü.jpg", "a\\nb.jpg", "a\nb.jpg", "*.png", "x'y\".jpg", "back\\slash.jpg",
         "--checkpoint-action=exec=touch x.jpg", " lead.jpg", "#1 & 2.jpg",
         "long" + "x" * 200 + ".jpg"]
for number, name in enumerate(names):
    with open("covers/" + name, "wb") as file:
        file.write(random.randbytes(number * 3000))
deep = "/".join("d%d" % n + "y" * 70 for n in range(5))
os.makedirs(deep)
open(deep + "/z.jpg", "w").write("deep")
open("empty.jpg", "w")
open(b"covers/latin\xe9.jpg", "w")
os.symlink("nowhere", "covers/dangling.jpg")
os.symlink("-rf.jpg", "covers/link.jpg")
os.symlink("../covers/deep", "covers/folder-link")
os.symlink("..", "covers/deep/loop")
os.link("empty.jpg", "hard.jpg")
os.mkfifo("covers/fifo.jpg")
open("whole.jpg", "w"); os.utime("whole.jpg", (1500000000, 1500000000))
open("early.jpg", "w"); os.utime("early.jpg", ns=(-1500000000, -1500000000))
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProject]:
    """One small project for most tests here."""
    with SmallProject(tmp_path_factory.mktemp("shared") / "library") as project:
        project.claim()
        yield project


@pytest.fixture
def project(shared: SmallProject) -> SmallProject:
    """A small project that runs, with a few files and no others."""
    shared.up()
    shared.empty()
    shared.put(FILES)
    return shared


def web_programs(project: SmallProject) -> WebPrograms:
    docker_command = project.deployment.docker
    return WebPrograms(docker_command, ComposeProject.read(docker_command), labels(JOURNAL))


def container_media(project: SmallProject) -> ContainerMedia:
    return ContainerMedia(web_programs(project), "the container's")


def files_of(media: Media) -> list[MediaFile]:
    return [found for found in media.walk() if isinstance(found, MediaFile)]


def digests(media: Media, files: list[MediaFile]) -> dict[bytes, str]:
    """The MD5 of each file, read in batches; each as it was found, and found again so."""
    sums = {}
    for start in range(0, len(files), media.batch):
        part = files[start : start + media.batch]
        for item in media.read(part):
            assert not isinstance(item, MediaFailure), item
            file, stream = item
            assert file in part
            digest = hashlib.md5()
            while data := stream.read(50_000):
                digest.update(data)
            sums[file.path] = digest.hexdigest()
        assert list(media.look_again(part)) == part
    return sums


def expected(files: dict[str, bytes]) -> dict[bytes, str]:
    return {name.encode(): hashlib.md5(data).hexdigest() for name, data in files.items()}


_PLAIN = """
services:
  web:
    image: {image}
    command: sleep infinity
    stop_signal: SIGKILL
    env_file: .env
    volumes: ["{mount}:/app/images"]
{more}
"""


def plain(mount: str = "media_volume", more: str = "volumes: {media_volume: }") -> str:
    return _PLAIN.format(image=IMAGE, mount=mount, more=more)


@pytest.mark.parametrize(
    ("folder", "project_name"),
    [
        ("bookwyrm", "bookwyrm"),
        ("my-books", "my-books"),
        ("Bücher 2", "bcher2"),
    ],
)
async def test_volume_is_called_after_the_folder(
    tmp_path: Path, folder: str, project_name: str
) -> None:
    with SmallProject(tmp_path / folder) as project:
        project.up()
        project.put(FILES)
        media = await project.deployment.media()
        assert media.label == f"{unique(project_name)}_media_volume"
        assert digests(media, files_of(media)) == expected(FILES)


@pytest.mark.parametrize(
    ("compose", "env", "override", "volume"),
    [
        (
            plain(),
            f"COMPOSE_PROJECT_NAME={unique('shelf')}\n",
            "",
            f"{unique('shelf')}_media_volume",
        ),
        (f"name: {unique('attic')}\n" + plain(), "", "", f"{unique('attic')}_media_volume"),
        (
            plain(),
            "",
            f"volumes: {{media_volume: {{name: {unique('my-own-name')}}}}}",
            unique("my-own-name"),
        ),
        (
            plain(more="volumes: {media_volume: {name: '${POOL}-books'}}"),
            f"POOL={unique('x1')}\n",
            "",
            f"{unique('x1')}-books",
        ),
    ],
    ids=["project name in .env", "name:", "override file", "name from .env"],
)
async def test_volume_of_another_name(
    tmp_path: Path, compose: str, env: str, override: str, volume: str
) -> None:
    with SmallProject(tmp_path / "bookwyrm", compose) as project:
        project.add_env(env)
        if override:
            (project.folder / "docker-compose.override.yml").write_text(override)
        project.up()
        project.put(FILES)
        media = await project.deployment.media()
        assert media.label == volume
        assert digests(media, files_of(media)) == expected(FILES)


async def test_external_volume(tmp_path: Path) -> None:
    name = unique("bw-s3-test-external")
    more = f"volumes: {{media_volume: {{external: true, name: {name}}}}}"
    with SmallProject(tmp_path / "bookwyrm", plain(more=more)) as project:
        docker("volume", "create", name)
        try:
            project.up()
            project.put(FILES)
            media = await project.deployment.media()
            assert media.label == name
            assert digests(media, files_of(media)) == expected(FILES)
        finally:
            project.compose("down", "--timeout", "0")
            docker("volume", "rm", name)


async def test_bind_mount_with_a_dollar_in_its_path(tmp_path: Path) -> None:
    place = tmp_path / "pool $HOME x"
    place.mkdir()
    mount = str(place).replace("$", "$$")
    with SmallProject(tmp_path / "bookwyrm", plain(mount, "")) as project:
        project.up()
        project.put(FILES)
        media = await project.deployment.media()
        assert media.label == str(place)
        assert isinstance(media, VolumeMedia)
        assert digests(media, files_of(media)) == expected(FILES)


def test_folders_that_the_containers_user_cannot_open_are_said_by_name(tmp_path: Path) -> None:
    need_root()
    place = tmp_path / "images"
    for name in ("closed", "lost+found", "deep/lost+found"):
        (place / name).mkdir(parents=True)
        (place / name).chmod(0o700)
    (place / "a.jpg").write_bytes(b"a")
    place.chmod(0o755)
    compose = plain(str(place), "").replace("  web:\n", '  web:\n    user: "4401"\n')
    with SmallProject(tmp_path / "bookwyrm", compose) as project:
        project.up()
        found = list(container_media(project).walk())
    failures = {(f.path, f.reason, f.folder) for f in found if isinstance(f, MediaFailure)}
    assert failures == {
        (b"closed/", Reason.UNREADABLE, True),
        (b"lost+found/", Reason.FILE_SYSTEM, True),
        (b"deep/lost+found/", Reason.UNREADABLE, True),
    }
    assert [f.path for f in found if isinstance(f, MediaFile)] == [b"a.jpg"]


async def test_all_ways_give_the_same(project: SmallProject) -> None:
    """The volume's folder, `exec` in the running web, a container of our own: odd names, too."""
    need_root()
    project.run_in_web(_ODD)
    volume = await project.deployment.media()
    assert isinstance(volume, VolumeMedia)
    running = container_media(project)
    found = [{(f.path, type(f)): f for f in media.walk()} for media in (volume, running)]
    assert found[0].keys() == found[1].keys()
    files = files_of(volume)
    assert set(files) == set(files_of(running))
    reasons = [{f.path: f.reason for f in w.values() if isinstance(f, MediaFailure)} for w in found]
    assert reasons[0] == reasons[1]
    assert set(reasons[0].values()) == {
        *(Reason.DANGLING, Reason.LOOP, Reason.NAME, Reason.SPECIAL),
    }
    sums = digests(volume, files)
    assert digests(running, files) == sums

    project.compose("stop", "web")
    own = container_media(project)
    assert set(files_of(own)) == set(files)
    assert digests(own, files) == sums
    assert docker("ps", "--all", "--quiet", "--filter", f"label=bw-s3.journal={JOURNAL}") == ""


async def test_links_mean_the_same_through_every_way(project: SmallProject) -> None:
    """As in the container, for nginx; none that leads out of the volume gives anything."""
    need_root()
    project.empty()
    project.run_in_web(made_in("/app/images"))
    volume = await project.deployment.media()
    assert isinstance(volume, VolumeMedia)
    for media in (volume, container_media(project)):
        contents, reasons, targets = found_in(media)
        assert contents == LINKED
        assert reasons == REASONS
        assert targets == outside("/app/images")


def test_what_is_exchanged_in_the_container_gives_nothing_from_outside(
    project: SmallProject,
) -> None:
    project.put({"covers/b.jpg": b"b", "covers/c.jpg": b"c", "deep/d.jpg": b"d"})
    media = container_media(project)
    names = (b"covers/a.jpg", b"covers/b.jpg", b"covers/c.jpg", b"deep/d.jpg")
    files = [MediaFile(name, 1, 1) for name in names]
    project.run_in_web(
        "import os, shutil\n"
        'for n in "abc": os.unlink(f"covers/{n}.jpg")\n'
        'shutil.rmtree("deep"); os.symlink("/etc", "deep")\n'
        'os.symlink("/etc/passwd", "covers/a.jpg"); os.mkfifo("covers/b.jpg")\n'
        'os.mkdir("covers/c.jpg")'
    )
    expected = [Reason.OUTSIDE, Reason.SPECIAL, Reason.SPECIAL, Reason.OUTSIDE]
    for answer in (media.read(files), media.look_again(files)):
        assert [item.reason for item in answer if isinstance(item, MediaFailure)] == expected


async def test_new_files_are_written_through_every_way(project: SmallProject) -> None:
    volume = await project.deployment.media()
    assert isinstance(volume, VolumeMedia)
    exists = IncomingFile(b"covers/a.jpg", 5, lambda: [b"other"])
    for number, media in enumerate((volume, container_media(project))):
        path = f"covers/new/{number}.jpg".encode()
        new = IncomingFile(path, 7, lambda: [b"new", b" one"])
        written, refused = media.write([new, exists])
        assert isinstance(written, MediaFile)
        assert (written.path, written.size) == (path, 7)
        assert isinstance(refused, MediaFailure)
        assert refused.reason is Reason.EXISTS
        sums = digests(volume, files_of(volume))
        assert sums[path] == hashlib.md5(b"new one").hexdigest()
        assert sums[b"covers/a.jpg"] == hashlib.md5(b"cover").hexdigest()
        listed = docker("exec", project.container(), "ls", "-A", "/app/images/covers/new")
        assert listed.splitlines()[-1] == f"{number}.jpg"
    project.compose("stop", "web")
    last = IncomingFile(b"covers/last.jpg", 1, lambda: [b"!"])
    assert [item.path for item in container_media(project).write([last])] == [last.path]
    assert b"covers/last.jpg" in {file.path for file in files_of(volume)}


async def test_remote_engine(project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    with tcp_engine() as address:
        monkeypatch.setenv("DOCKER_HOST", address)
        media = await project.deployment.media()
        assert isinstance(media, ContainerMedia)
        assert media.label == f"{unique('library')}_media_volume"
        assert digests(media, files_of(media)) == expected(FILES)
    monkeypatch.delenv("DOCKER_HOST")
    assert is_local(project.deployment.docker)


def test_another_folder_with_the_same_files_is_not_taken_for_the_volume(
    project: SmallProject, tmp_path: Path
) -> None:
    """As where the socket leads into a virtual machine that has the same path."""
    need_root()
    name = f"{unique('library')}_media_volume"
    volume = Path(docker("volume", "inspect", "-f", "{{.Mountpoint}}", name)[:-1])
    shutil.copytree(volume, tmp_path / "copy", symlinks=True)
    assert is_the_same(volume, web_programs(project))
    assert not is_the_same(tmp_path / "copy", web_programs(project))


def test_only_what_is_asked_for_is_read(project: SmallProject) -> None:
    media = container_media(project)
    wanted = [file for file in files_of(media) if file.path == b"avatars/b.png"]
    items = list(media.read([*wanted, MediaFile(b"covers/gone.jpg", 5, 0)]))
    assert len(items) == 2
    (again,) = media.look_again([MediaFile(b"covers/gone.jpg", 5, 0)])
    for gone in (items[1], again):
        assert isinstance(gone, MediaFailure)
        assert (gone.path, gone.reason) == (b"covers/gone.jpg", Reason.VANISHED)


def test_a_file_that_shrinks_while_it_is_read_is_not_verified(project: SmallProject) -> None:
    """The stream is padded with zeros, up to the size that was announced."""
    project.run_in_web('open("big.jpg", "wb").write(b"x" * 60_000_000)')
    media = container_media(project)
    (file,) = (f for f in files_of(media) if f.path == b"big.jpg")
    for item in media.read([file]):
        assert not isinstance(item, MediaFailure)
        assert item[1].read(10) == b"x" * 10
        project.run_in_web('open("big.jpg", "r+b").truncate(100)')
        while item[1].read(1 << 20):
            pass
    (again,) = media.look_again([file])
    assert isinstance(again, MediaFailure)
    assert again.reason is Reason.CHANGED


def test_memory_stays_flat(project: SmallProject) -> None:
    project.run_in_web(
        "import os\n"
        'os.makedirs("many")\n'
        'for n in range(4000): open(f"many/{n}.jpg", "w").write("x")\n'
        'open("huge.jpg", "wb").truncate(200_000_000)'
    )
    media = container_media(project)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = 0
    files = files_of(media)
    for start in range(0, len(files), media.batch):
        for item in media.read(files[start : start + media.batch]):
            assert not isinstance(item, MediaFailure)
            while data := item[1].read(1 << 18):
                read += len(data)
    assert read == sum(file.size for file in files) > 200_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KiB


def test_container_dies_in_the_middle_of_the_stream(project: SmallProject) -> None:
    project.run_in_web('open("huge.jpg", "wb").truncate(2_000_000_000)')
    media = container_media(project)
    (file,) = (f for f in files_of(media) if f.path == b"huge.jpg")
    with pytest.raises(Problem) as caught:
        for item in media.read([file]):
            assert not isinstance(item, MediaFailure)
            assert item[1].read(10)
            docker("kill", project.container())
            while item[1].read(1 << 20):
                pass
    assert "stopped partway" in caught.value.what
    wait_until(lambda: not project.compose("ps", "--quiet", "web"))
    project.up()
    assert len(files_of(media)) == len(FILES) + 1


def test_reading_that_is_given_up_leaves_nothing_behind(project: SmallProject) -> None:
    project.run_in_web('open("huge.jpg", "wb").truncate(2_000_000_000)')
    media = container_media(project)
    (file,) = (f for f in files_of(media) if f.path == b"huge.jpg")
    reading = media.read([file])
    next(reading)
    assert "python3" in processes(project)
    reading.close()  # type: ignore[attr-defined]
    wait_until(lambda: "python3" not in processes(project))


def test_reader_killed_with_9_leaves_nothing_behind(project: SmallProject) -> None:
    """A program that waits for a reader would stay in the live `web` for ever."""
    project.run_in_web('open("huge.jpg", "wb").truncate(2_000_000_000)')
    script = f"""
        import sys, time
        from pathlib import Path
        from tests.standin.small import SmallProject
        from tests.instance.compose.test_media import container_media, files_of
        project = SmallProject.__new__(SmallProject)
        project.folder = Path({str(project.folder)!r})
        media = container_media(project)
        reading = media.read([f for f in files_of(media) if f.path == b"huge.jpg"])
        next(reading)
        print("reading", flush=True)
        time.sleep(60)
    """
    argv = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout
        assert child.stdout.readline() == b"reading\n"
        assert "python3" in processes(project)
        os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: "python3" not in processes(project))


@pytest.mark.whole_engine
async def test_never_started(tmp_path: Path) -> None:
    with SmallProject(tmp_path / "old") as old, SmallProject(tmp_path / "new") as new:
        old.up()
        with pytest.raises(Problem) as caught:
            await new.deployment.media()
        assert caught.value.what == f"There is no volume {unique('new')}_media_volume."
        assert any(
            f"{unique('old')}_media_volume" in remedy.text for remedy in caught.value.remedies
        )
        assert not await new.deployment.ever_ran()
        assert await old.deployment.ever_ran()


def processes(project: SmallProject) -> str:
    """The names of what runs in `web`."""
    return docker("top", project.container(), "-eo", "pid,comm")


def test_folder_media_still_is_what_volume_media_does(tmp_path: Path) -> None:
    """The label differs, nothing else."""
    (tmp_path / "a.jpg").write_bytes(b"a")
    volume = VolumeMedia(tmp_path, Mount("/app/images", "v"), FolderMedia(tmp_path))
    assert list(volume.walk()) == list(FolderMedia(tmp_path).walk())
