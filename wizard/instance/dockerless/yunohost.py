"""An instance that YunoHost's package keeps, and what an upgrade of that does to it.

Read in `YunoHost-Apps/bookwyrm_ynh`, version 0.8.3~ynh1 (`scripts/upgrade`, `conf/`): an upgrade
stops the services, replaces the folder but for `.env` and `images`, and then writes `.env` from
its template again, with `USE_S3=false` and empty keys. The package's data folder stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_UNITS = Path("/etc/systemd/system")
# Where a package of old has no data folder.
_STATES = Path("/var/lib/bw-s3")
_SETTING = re.compile(
    r"^(?P<name>\w+):[ \t]*(?P<quote>['\"]?)(?P<value>.*?)(?P=quote)[ \t]*$", re.MULTILINE
)
_KEPT = "images"


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

    def deletes(self, media_root: Path) -> bool:
        """Tell whether an upgrade would delete these media: all but `images` in the folder."""
        folder, root = self.folder.resolve(), media_root.resolve()
        kept = root.is_relative_to(folder / _KEPT) or media_root.absolute() == self.folder / _KEPT
        return root.is_relative_to(folder) and not kept


def app_of(folder: Path, apps: Path = Path("/etc/yunohost/apps")) -> YunoHostApp | None:
    """Return the package that keeps the instance in `folder`; None where none does.

    What the package says of itself counts, else the working directory of its unit. Only
    root may read that.
    """
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


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _is_dir(path: Path | None) -> bool:
    return path is not None and path.is_dir()
