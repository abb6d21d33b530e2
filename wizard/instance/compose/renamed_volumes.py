"""Media volumes of another name: where the files are once a folder was renamed.

Compose names volumes after the project, and the project after the folder. A
renamed folder therefore starts with empty volumes, and the files stay in those
of the old name.
"""

from __future__ import annotations

from pathlib import Path

from wizard.core.message import Message, msg, plural
from wizard.core.problem import Problem
from wizard.instance.compose.docker import Docker
from wizard.instance.compose.project import ComposeProject, Mount

_VOLUME = "media_volume"
_FRESH = msg("If this is a new instance: --path fresh")


def never_started(docker: Docker, project: ComposeProject, mount: Mount) -> Problem:
    """Return the `Problem` of a volume that Compose names and that does not exist."""
    return Problem(
        msg("There is no volume {volume}.", volume=mount.volume),
        msg(
            "The Compose project of this folder is called “{project}”, "
            "and it was never started under this name.",
            project=project.name,
        ),
        *_advice(_others(docker, mount.volume)),
        _FRESH,
        msg("Otherwise start the instance first: ./bw-dev up -d"),
        code="media-volume-missing",
    )


def empty_but_used(docker: Docker, mount: Mount | None, covers: int) -> Problem:
    """Return the `Problem` of an empty volume, while the database names files in it."""
    return Problem(
        _empty(mount.label, covers) if mount else _empty_folder(covers),
        msg("The files are probably in another volume, under the project's previous name."),
        *_advice(_others(docker, mount.volume if mount else "")),
        msg("Look where the site has them now: docker compose exec web ls /app/images"),
        msg(
            "If they are already in the bucket because the instance has always used S3: --path "
            "fresh"
        ),
        decision=True,
        code="media-volume-empty",
    )


def _empty(place: str, covers: int) -> Message:
    return plural(
        "{place} is empty, but the database knows {n} cover or avatar.",
        "{place} is empty, but the database knows {n} covers and avatars.",
        covers,
        place=place,
    )


def _empty_folder(covers: int) -> Message:
    return plural(
        "The media folder is empty, but the database knows {n} cover or avatar.",
        "The media folder is empty, but the database knows {n} covers and avatars.",
        covers,
    )


def perhaps_renamed(docker: Docker, project: ComposeProject) -> Problem | None:
    """Return the `Problem` of a new project that may be an old one renamed; None where it is not.

    Raises `Problem` where docker does not answer.
    """
    own = project.media.volume if project.media else ""
    folder = docker.instance.folder
    others = [n for n in _others(docker, own) if not _is_anothers(docker, n, folder)]
    if not others:
        return None
    return Problem(
        msg("It is not clear whether this instance is new."),
        msg(
            "The Compose project of this folder is called “{project}” and was never started, "
            "but there is a media volume of a project that no folder here runs any more.",
            project=project.name,
        ),
        *_advice(others),
        _FRESH,
        decision=True,
        code="instance-new-or-renamed",
    )


def _others(docker: Docker, own: str) -> list[str]:
    names = docker.answer_lines(["docker", "volume", "ls", "--format", "{{.Name}}"])
    return [name for name in names if name.endswith(_VOLUME) and name != own]


def _is_anothers(docker: Docker, volume: str, folder: Path) -> bool:
    """Tell whether another instance's folder still runs the project of this volume."""
    project = volume.removesuffix(_VOLUME).rstrip("_")
    form = '{{.Label "com.docker.compose.project.working_dir"}}'
    mark = f"label=com.docker.compose.project={project}"
    places = docker.answer_lines(["docker", "ps", "--all", "--format", form, "--filter", mark])
    return any((Path(place) / "manage.py").is_file() for place in {*places} - {str(folder)})


def _advice(names: list[str]) -> list[Message]:
    if not names:
        return []
    return [
        msg(
            "Other media volumes: {volumes}. If one belongs to this instance, the folder was "
            "renamed: set COMPOSE_PROJECT_NAME in .env to the part of the volume's name before "
            "_media_volume.",
            volumes=", ".join(names),
        )
    ]
