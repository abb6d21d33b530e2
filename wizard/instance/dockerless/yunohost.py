"""An instance that YunoHost's package keeps, and what an upgrade of that does to it.

Read in `YunoHost-Apps/bookwyrm_ynh`, version 0.8.3~ynh1 (`scripts/upgrade`, `conf/`): an upgrade
stops the services, replaces the folder but for `.env` and `images`, and then writes `.env` from
its template again, with `USE_S3=false` and empty keys. The package's data folder stays.

`/etc/yunohost/apps` is for root only (`YunoHost/yunohost`, `hooks/conf_regen/01-yunohost`), and the
helpers make unit files such, too; what systemd knows of its units it tells everybody.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wizard.instance.dockerless.systemd import blocks, environment, works_in

_UNITS = Path("/etc/systemd/system")
# Where a package of old has no data folder.
_STATES = Path("/var/lib/bw-s3")
_SETTING = re.compile(
    r"^(?P<name>\w+):[ \t]*(?P<quote>['\"]?)(?P<value>.*?)(?P=quote)[ \t]*$", re.MULTILINE
)
_KEPT = "images"
_APPS = Path("/etc/yunohost/apps")
# Where YunoHost puts the data of its packages, each under its name.
_DATA = Path("/home/yunohost.app")
_SERVER = re.compile(r"(bookwyrm(?:__\d+)?)-server\.service")
_SECONDS_TO_ANSWER = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class YunoHostApp:
    """The package's name on this machine (a second one is `bookwyrm__2`), and its folders.

    `data` stays at an upgrade; None where there is none.
    """

    name: str
    folder: Path
    data: Path | None

    @property
    def state_folder(self) -> Path:
        """Where bw-s3's state outlives an upgrade."""
        return self.data / "bw-s3" if self.data else _STATES / self.name

    @property
    def can_keep_state(self) -> bool:
        """Whether this user can have the state there; it is there, or can be made."""
        place = self.state_folder
        while not _is_there(place):
            place = place.parent
        return place == self.state_folder or os.access(place, os.W_OK, effective_ids=True)

    def deletes(self, media_root: Path) -> bool:
        """Tell whether an upgrade would delete these media: all but `images` in the folder."""
        folder, root = self.folder.resolve(), media_root.resolve()
        kept = root.is_relative_to(folder / _KEPT) or media_root.absolute() == self.folder / _KEPT
        return root.is_relative_to(folder) and not kept


def app_of(folder: Path, apps: Path = _APPS) -> YunoHostApp | None:
    """Return the package that keeps the instance in `folder`; None where none does.

    What the package says of itself counts, else the working directory of its unit. Where only
    root may read that, systemd is asked for the unit.
    """
    try:
        next(apps.iterdir(), None)
    except PermissionError:
        name = _unit_of(folder.resolve())
        return YunoHostApp(name=name, folder=folder, data=_data_of(name)) if name else None
    except OSError:
        return None
    for file in sorted(apps.glob("bookwyrm*/settings.yml")):
        name, settings = file.parent.name, _settings(file)
        place = settings.get("install_dir") or settings.get("final_path") or _works_in(name)
        if place and Path(place).resolve() == folder.resolve():
            data = Path(settings["data_dir"]) if settings.get("data_dir") else None
            return YunoHostApp(name=name, folder=folder, data=data if _is_dir(data) else None)
    return None


def _settings(file: Path) -> dict[str, str]:
    """Return the simple values of a package's settings (YAML)."""
    return {found[1]: found[3] for found in _SETTING.finditer(_text(file))}


def _works_in(name: str) -> str:
    unit = _text(_UNITS / f"{name}-server.service")
    found = re.search(r"^WorkingDirectory=(.*)$", unit, re.MULTILINE)
    return found[1] if found else ""


@cache
def _unit_of(folder: Path) -> str:
    """Return the name of the package whose server works in a folder, as systemd knows it."""
    listed = _systemctl("list-unit-files", "--type=service", "--no-legend", "--plain")
    names = [line.split()[0] for line in listed if line.strip()]
    servers = [name for name in names if _SERVER.fullmatch(name)]
    if not servers:
        return ""
    shown = _systemctl("show", "--property=Id,LoadState,WorkingDirectory", "--", *servers)
    found = (block["Id"] for block in blocks(shown) if works_in(block, folder))
    return next(found, "").removesuffix("-server.service")


def _systemctl(*arguments: str) -> tuple[str, ...]:
    """Return its lines; none where there is no systemd that answers."""
    try:
        done = subprocess.run(
            ["systemctl", *arguments],
            capture_output=True,
            env=environment(),
            timeout=_SECONDS_TO_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return tuple(done.stdout.decode(errors="replace").splitlines())


def _data_of(name: str) -> Path | None:
    place = _DATA / name
    return place if _is_dir(place) else None


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _is_there(path: Path) -> bool:
    """Tell whether a path is there, as far as this user may look."""
    try:
        return path.exists()
    except OSError:
        return False


def _is_dir(path: Path | None) -> bool:
    try:
        return path is not None and path.is_dir()
    except OSError:  # in a folder that is closed to us
        return False
