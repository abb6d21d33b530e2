"""Where a Compose project's media can be read: the volume's own folder, or a container."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from wizard.instance.compose.container_media import ContainerMedia
from wizard.instance.compose.container_programs import WebPrograms
from wizard.instance.compose.docker import Docker
from wizard.instance.compose.project import Mount, inspected_volume
from wizard.instance.compose.renamed_volumes import never_started
from wizard.media.source import (
    FolderMedia,
    Folding,
    IncomingFile,
    Media,
    MediaFailure,
    MediaFile,
    Reason,
)

# How many entries of the container's listing must be the very same files here.
_CANARIES = 300
_LISTING = ("-maxdepth", "2", "-printf", r"%i %s %T@ %P\0")


class VolumeMedia(FolderMedia):
    """A volume's own folder on this host, verified to be what the container sees.

    Who is not root here writes through the container, to which `inside` leads.
    """

    def __init__(self, root: Path, mount: Mount, inside: Media) -> None:
        super().__init__(root, mount.target)
        self._label = mount.label
        self._inside = inside

    @property
    def label(self) -> str:
        return self._label

    def write(self, files: Iterable[IncomingFile]) -> Iterator[MediaFile | MediaFailure]:
        if os.geteuid() == 0:
            yield from super().write(files)
        else:
            yield from self._inside.write(files)

    def folding(self) -> Folding:
        return super().folding() if os.geteuid() == 0 else self._inside.folding()


def open_media(programs: WebPrograms) -> Media:
    """Return the project's media. Blocks. Raises `Problem` where they cannot be reached."""
    docker, project = programs.docker, programs.project
    mount = project.media
    if mount and mount.volume and inspected_volume(docker, mount.volume) is None:
        raise never_started(docker, project, mount)
    inside = ContainerMedia(programs, mount.label if mount else f"web:{project.media_root}")
    folder = _folder_here(docker, mount) if mount else None
    if mount and folder and is_the_same(folder, programs):
        return VolumeMedia(folder, mount, inside)
    return inside


def is_local(docker: Docker) -> bool:
    """Tell whether docker speaks to an engine through a socket of this machine."""
    form = "{{.Endpoints.docker.Host}}"
    host = docker.answer_lines(["docker", "context", "inspect", "--format", form])
    return bool(host) and host[0].startswith("unix://")


def holds_no_media(media: Media) -> bool:
    """Tell whether there is nothing of BookWyrm's at all, not even something that cannot be had."""
    return all(_is_file_systems_own(item) for item in media.walk())


def _is_file_systems_own(item: MediaFile | MediaFailure) -> bool:
    return isinstance(item, MediaFailure) and item.reason is Reason.FILE_SYSTEM


def _folder_here(docker: Docker, mount: Mount) -> Path | None:
    """Return where the files should lie on this host, if we may look there; None else."""
    if not is_local(docker):
        return None
    folder = Path(mount.folder)
    if mount.volume:
        volume = inspected_volume(docker, mount.volume)
        if volume is None or volume["Driver"] != "local" or volume["Options"]:
            return None
        folder = Path(volume["Mountpoint"])
    return folder if os.access(folder, os.R_OK | os.X_OK) else None


def is_the_same(folder: Path, programs: WebPrograms) -> bool:
    """Tell whether the container lists the same files: inode, size, time and name of some hundred.

    A socket may lead into a virtual machine or to another host, where the
    same path is another folder.
    """
    count = 0
    with programs.program("find", programs.media_root, *_LISTING) as running:
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
