"""The Python and the user that run an instance without Docker, and what to do for them."""

from __future__ import annotations

import os
import pwd
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.core.message import msg
from wizard.core.plan import Command
from wizard.core.problem import Problem
from wizard.instance.dockerless.systemd import Unit
from wizard.instance.problems import Advice

_ENVIRONMENTS = ("venv", ".venv", "env")


@dataclass(frozen=True, slots=True)
class Site:
    """The Python that runs the site, and the user it runs as."""

    python: Path
    user: pwd.struct_passwd

    def command(self, *arguments: str) -> Command:
        """Return a `manage.py` command; the user is only named where it is not us."""
        user = "" if self.user.pw_uid == os.geteuid() else self.user.pw_name
        return Command((str(self.python), "manage.py", *arguments), user)


def user_of(folder: Path, units: tuple[Unit, ...]) -> pwd.struct_passwd:
    """Return the site's own user: its service's, else the owner of the folder."""
    named = next((unit.user for unit in units if unit.user), "")
    try:
        return pwd.getpwnam(named) if named else account(folder.stat().st_uid)
    except KeyError as error:
        raise Problem(
            msg("The user {user} is not known on this machine.", user=named),
            msg("The site's systemd service runs as this user, but there is no such account."),
            msg("Correct User= in the service, then try again."),
            raw=str(error),
            code="user-unknown",
        ) from error


def account(uid: int) -> pwd.struct_passwd:
    """Return a user's account; made up where the number has none, as in some containers."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return pwd.struct_passwd((str(uid), "x", uid, uid, "", "/", "/bin/sh"))


def advice(site: Site, folder: Path) -> Advice:
    """Return what to do where a command misses something, in this site's own names."""
    install = (str(site.python), "-m", "pip", "install", "-r", "requirements.txt")
    return Advice(
        packages=(
            msg("The virtual environment lacks a package that BookWyrm needs."),
            msg("Install BookWyrm's packages: {command}", command=shlex.join(install)),
        ),
        services=(
            msg("BookWyrm could not reach its database or Redis."),
            msg(
                "See which one does not run, and start it: systemctl status postgresql redis-server"
            ),
        ),
        permission=(
            msg("The site's own user is not allowed to write where BookWyrm has to."),
            msg(
                "Give it the folder: sudo chown -R {user} {folder}",
                user=site.user.pw_name,
                folder=shlex.quote(str(folder)),
            ),
        ),
    )


def python_of(folder: Path, units: tuple[Unit, ...]) -> Path:
    """Return the Python of the instance's virtual environment."""
    places = [folder / name / "bin" for name in _ENVIRONMENTS]
    places += _beside_programs(units)
    for place in places:
        if os.access(place / "python3", os.X_OK):
            return place / "python3"
    raise Problem(
        msg("BookWyrm's virtual environment was not found."),
        msg(
            "Neither {place} nor {hidden} holds bin/python3, and no systemd service of this folder "
            "names one.",
            place=str(folder / "venv"),
            hidden=str(folder / ".venv"),
        ),
        msg("Make a link to it: ln -s /path/to/venv {place}", place=str(folder / "venv")),
        msg("If this instance runs in Docker, specify it: --deployment compose"),
        code="virtual-environment-missing",
    )


def _beside_programs(units: tuple[Unit, ...]) -> Iterator[Path]:
    for unit in units:
        if unit.program.name.startswith(("gunicorn", "celery", "python")):
            yield unit.program.parent


def no_python(python: Path, error: OSError) -> Problem:
    return Problem(
        msg("The instance's own Python, {python}, cannot be started.", python=str(python)),
        msg("The virtual environment was moved or removed, or this user is not allowed to use it."),
        msg("Look at it: ls -lL {python}", python=str(python)),
        raw=str(error),
        code="python-not-started",
    )
