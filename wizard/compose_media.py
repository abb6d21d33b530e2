"""Where a Compose project's media can be read: the volume's own folder, or a container."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from wizard.compose_project import ComposeProject, Mount, inspected_volume
from wizard.container_media import ContainerMedia
from wizard.docker import Docker
from wizard.inside import Inside
from wizard.media import FolderMedia, Media
from wizard.problem import Problem

# How many entries of the container's listing must be the very same files here.
_CANARIES = 300
_LISTING = ("-maxdepth", "2", "-printf", r"%i %s %T@ %P\0")


class VolumeMedia(FolderMedia):
    """A volume's own folder on this host, proven to be what the container sees."""

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(root)
        self._name = name

    @property
    def label(self) -> str:
        return self._name


def open_media(inside: Inside) -> Media:
    """The project's media. Blocks. Raises `Problem` where they cannot be reached."""
    docker, project = inside.docker, inside.project
    mount = project.media
    if mount and mount.volume and inspected_volume(docker, mount.volume) is None:
        raise _never_started(docker, project, mount)
    folder = _folder_here(docker, mount) if mount else None
    if mount and folder and is_the_same(folder, inside):
        return VolumeMedia(folder, mount.label)
    return ContainerMedia(inside, mount.label if mount else f"web:{project.media_root}")


def is_local(docker: Docker) -> bool:
    """Whether docker speaks to an engine through a socket of this machine."""
    form = "{{.Endpoints.docker.Host}}"
    host = docker.answer_lines(["docker", "context", "inspect", "--format", form])
    return bool(host) and host[0].startswith("unix://")


def is_empty(media: Media) -> bool:
    """Whether there is nothing at all, not even something that cannot be had."""
    return next(iter(media.walk()), None) is None


def _folder_here(docker: Docker, mount: Mount) -> Path | None:
    """Where the files should lie on this host, if we may look there; None else."""
    if not is_local(docker):
        return None
    folder = Path(mount.folder)
    if mount.volume:
        volume = inspected_volume(docker, mount.volume)
        if volume is None or volume["Driver"] != "local" or volume["Options"]:
            return None
        folder = Path(volume["Mountpoint"])
    return folder if os.access(folder, os.R_OK | os.X_OK) else None


def is_the_same(folder: Path, inside: Inside) -> bool:
    """Whether the container lists the same files: inode, size, time and name of some hundred.

    A socket may lead into a virtual machine or to another host, where the
    same path is another folder.
    """
    count = 0
    with inside.program("find", inside.media_root, *_LISTING) as running:
        rest = b""
        while count < _CANARIES and (chunk := running.output.read(65536)):
            *records, rest = (rest + chunk).split(b"\0")
            if not all(_lies_in(folder, record) for record in records):
                return False
            count += len(records)
    return count > 0


def _lies_in(folder: Path, record: bytes) -> bool:
    inode, size, time, path = record.split(b" ", 3)
    try:
        found = (folder / os.fsdecode(path)).lstat()
    except OSError:
        return False
    seen = str(found.st_ino).encode(), str(found.st_mtime_ns // 1_000_000_000).encode()
    same_size = stat.S_ISDIR(found.st_mode) or found.st_size == int(size)
    return seen == (inode, time.partition(b".")[0]) and same_size


def _never_started(docker: Docker, project: ComposeProject, mount: Mount) -> Problem:
    names = docker.answer_lines(["docker", "volume", "ls", "--format", "{{.Name}}"])
    others = [name for name in names if name.endswith("media_volume")]
    return Problem(
        f"There is no volume {mount.volume}.",
        f"The Compose project of this folder is called “{project.name}”, "
        "and it was never started under this name.",
        *([_other_volumes(others)] if others else []),
        "For a new instance choose the fresh path: --path fresh",
        "Else start the instance first: ./bw-dev up -d",
    )


def empty_but_used(docker: Docker, mount: Mount | None, covers: int) -> Problem:
    """The volume holds nothing, while the database names files in it."""
    names = docker.answer_lines(["docker", "volume", "ls", "--format", "{{.Name}}"])
    own = mount.volume if mount else ""
    others = [name for name in names if name.endswith("media_volume") and name != own]
    return Problem(
        f"{mount.label if mount else 'The media folder'} is empty, but the database "
        f"knows {covers:,} covers and avatars.",
        "The files are probably in another volume, of the name that this project had before.",
        *([_other_volumes(others)] if others else []),
        "Look where the site has them now: docker compose exec web ls /app/images",
        decision=True,
    )


def _other_volumes(names: list[str]) -> str:
    return (
        f"There are others: {', '.join(names)}. If one is this instance's, its folder was called "
        "differently: set COMPOSE_PROJECT_NAME in .env to the part before _media_volume."
    )
