"""An instance without Docker: a virtual environment, systemd units or a restart command."""

from __future__ import annotations

import os
import pwd
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.deployment import Deployment
from wizard.django_failure import Advice, explain
from wizard.django_script import answers, is_answer, shell_arguments, shown_arguments
from wizard.events import Output, Report
from wizard.instance import Instance
from wizard.media import FolderMedia, Media
from wizard.problem import Problem
from wizard.process import Completed, run
from wizard.public import look_at_site
from wizard.secrets import Masker
from wizard.settings import DeploymentKind, Settings
from wizard.step import Command
from wizard.systemd import Unit, environment, failed_units, units_of

_ENVIRONMENTS = ("venv", ".venv", "env")
# What a service has. Nothing else of ours reaches Django: environs lets a
# variable that is exported here go before the one in `.env`.
_KEPT = ("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_KEPT_NETWORK = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


class Dockerless(Deployment):
    """BookWyrm's own commands in its virtual environment, as the site's own user."""

    kind = DeploymentKind.DOCKERLESS
    label = "without Docker"

    def __init__(self, instance: Instance, settings: Settings) -> None:
        self.instance = instance
        self.settings = settings

    async def ever_ran(self) -> bool:
        if _holds_files(self.instance.media_root):
            return True
        units = await units_of(self.instance.folder)
        if units:
            return any(unit.ran for unit in units)
        view = await look_at_site(self.settings, self.instance.domain)
        # Something else may still answer at the address of an instance to come.
        return view.own_page and "bookwyrm" in view.html.lower()

    async def media(self) -> Media:
        return FolderMedia(self.instance.media_root)

    async def static_commands(self) -> Sequence[Command]:
        site = await self._site()
        return [site.command(*arguments) for arguments in self._static_arguments()]

    async def collect_static(self, report: Report) -> None:
        for arguments in self._static_arguments():
            await self._manage(arguments, report)

    async def restart_commands(self) -> Sequence[Command]:
        return [Command(await self._restart_argv(await units_of(self.instance.folder)))]

    async def restart(self, report: Report) -> None:
        units = await units_of(self.instance.folder)
        argv = await self._restart_argv(units)
        env = {**self._environment(_account(os.geteuid())), **environment()}
        ended = await self._run(argv, env, report)
        words = "" if self.settings.restart_command else await failed_units(units)
        if ended.status or words:
            raise Problem(
                "The instance could not be restarted.",
                f"“{shlex.join(argv)}” ended with status {ended.status}."
                if ended.status
                else "A service ended right after its start.",
                "Look at what it said below.",
                raw=self._masker()("\n".join(filter(None, (_last(ended.lines), words)))),
                field="restart_command" if self.settings.restart_command else None,
            )

    async def manage_command(self) -> Command:
        return (await self._site()).command(*shown_arguments())

    async def run_script(self, script: str, values: str) -> str:
        said: list[str] = []
        await self._manage(shell_arguments(script), lambda event: None, values, said)
        return answers(said)

    async def interruption(self) -> str:
        return "The site is away while its services restart, usually for less than a minute."

    def _static_arguments(self) -> Sequence[tuple[str, ...]]:
        themes = [("compile_themes",)] if self.instance.abilities.compile_themes else []
        return [*themes, ("collectstatic", "--no-input")]

    async def _site(self) -> _Site:
        units = await units_of(self.instance.folder)
        return _Site(_python(self.instance.folder, units), _user(self.instance.folder, units))

    async def _manage(
        self,
        arguments: Sequence[str],
        report: Report,
        values: str = "",
        said: list[str] | None = None,
    ) -> None:
        """Run a `manage.py` command; the lines that a script marked land in `said`."""
        site = await self._site()
        self._check_user(site.user)
        argv, env = site.command(*arguments).argv, self._environment(site.user)
        ended = await self._run(argv, env, report, values, said, site.user)
        if ended.status:
            lines = [line for line in ended.lines if not is_answer(line)]
            said_lines = [self._masker()(line) for line in lines]
            raise explain(argv, ended.status, said_lines, _advice(site, self.instance.folder))

    async def _run(
        self,
        argv: Sequence[str],
        env: dict[str, str],
        report: Report,
        values: str = "",
        said: list[str] | None = None,
        user: pwd.struct_passwd | None = None,
    ) -> Completed:
        masker = self._masker()

        def on_line(line: str) -> None:
            if said is not None and is_answer(line):
                said.append(line)
            else:
                report(Output(masker(line)))

        ids = (user.pw_uid, user.pw_gid) if user else None
        try:
            return await run(
                argv, folder=self.instance.folder, env=env, on_line=on_line, stdin=values, user=ids
            )
        except (FileNotFoundError, PermissionError) as error:
            raise Problem(
                f"“{argv[0]}” cannot be started.",
                "There is no such program, or it may not be run.",
                "Name what restarts the instance with --restart-command.",
                raw=str(error),
                field="restart_command",
            ) from error

    async def _restart_argv(self, units: tuple[Unit, ...]) -> tuple[str, ...]:
        if self.settings.restart_command:
            return _split(self.settings.restart_command)
        if not units:
            raise Problem(
                "It is not known what restarts this instance.",
                f"No systemd service works in {self.instance.folder}.",
                "Say it: --restart-command 'sudo systemctl restart bookwyrm bookwyrm-worker "
                "bookwyrm-scheduler', or whatever you use.",
                field="restart_command",
                decision=True,
            )
        argv = ("systemctl", "restart", *(unit.name for unit in units))
        return argv if os.geteuid() == 0 else await self._with_sudo(argv)

    async def _with_sudo(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """The same under sudo, where that asks for no password."""
        try:
            asked = await run(["sudo", "-n", "-l", *argv], folder=Path("/"), env=environment())
            allowed = asked.status == 0
        except FileNotFoundError:
            allowed = False
        if allowed:
            return ("sudo", "-n", *argv)
        raise Problem(
            "This user may not restart the services.",
            f"“{shlex.join(argv)}” needs root, and sudo would ask for a password.",
            f"Go on as root: sudo {sys.argv[0]} {self.instance.folder}",
            "Or name another way with --restart-command.",
            field="restart_command",
            decision=True,
        )

    def _check_user(self, user: pwd.struct_passwd) -> None:
        if os.geteuid() in (0, user.pw_uid):
            return
        raise Problem(
            f"BookWyrm's commands must run as its own user, {user.pw_name}.",
            "Files that another user creates could not be replaced by the site later.",
            f"sudo {sys.argv[0]} {self.instance.folder}",
            f"Or as that user: sudo -u {user.pw_name} {sys.argv[0]} {self.instance.folder}",
        )

    def _environment(self, user: pwd.struct_passwd) -> dict[str, str]:
        """What a service of this user would have, and nothing that `.env` defines."""
        proxies = (*_PROXIES, *(name.upper() for name in _PROXIES))
        in_file = set(self.instance.env_file().names())
        names = [n for n in (*_KEPT, *_KEPT_NETWORK, *proxies) if n in os.environ]
        env = {name: os.environ[name] for name in names if name not in in_file}
        own = {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}
        return {"PATH": os.defpath, **env, **own, "PYTHONUNBUFFERED": "1"}

    def _masker(self) -> Masker:
        return Masker(self.instance.env_file().secrets())


@dataclass(frozen=True, slots=True)
class _Site:
    """The Python that runs the site, and the user it runs as."""

    python: Path
    user: pwd.struct_passwd

    def command(self, *arguments: str) -> Command:
        """A `manage.py` command; the user is only named where it is not us."""
        user = "" if self.user.pw_uid == os.geteuid() else self.user.pw_name
        return Command((str(self.python), "manage.py", *arguments), user)


def _user(folder: Path, units: tuple[Unit, ...]) -> pwd.struct_passwd:
    """The site's own user: its service's, else the owner of the folder."""
    named = next((unit.user for unit in units if unit.user), "")
    try:
        return pwd.getpwnam(named) if named else _account(folder.stat().st_uid)
    except KeyError as error:
        raise Problem(
            f"The user {named} is not known on this machine.",
            "The systemd service of the site names it, but it has no account.",
            "Correct User= in the service, then try again.",
            raw=str(error),
        ) from error


def _account(uid: int) -> pwd.struct_passwd:
    """A user's account; made up where the number has none, as in some containers."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return pwd.struct_passwd((str(uid), "x", uid, uid, "", "/", "/bin/sh"))


def _advice(site: _Site, folder: Path) -> Advice:
    """What to do where a command misses something, in this site's own names."""
    install = (str(site.python), "-m", "pip", "install", "-r", "requirements.txt")
    return Advice(
        packages=(
            "The virtual environment lacks a package that BookWyrm needs.",
            f"Install them: {shlex.join(install)}",
        ),
        services=(
            "BookWyrm could not reach its database or Redis.",
            "See which one does not run, and start it: systemctl status postgresql redis-server",
        ),
        permission=(
            "The site's own user may not write where BookWyrm has to.",
            f"Give it the folder: sudo chown -R {site.user.pw_name} {shlex.quote(str(folder))}",
        ),
    )


def _python(folder: Path, units: tuple[Unit, ...]) -> Path:
    """The Python of the instance's virtual environment."""
    places = [folder / name / "bin" for name in _ENVIRONMENTS]
    places += _beside_programs(units)
    for place in places:
        if os.access(place / "python3", os.X_OK):
            return place / "python3"
    raise Problem(
        "BookWyrm's virtual environment was not found.",
        f"Neither {folder / 'venv'} nor {folder / '.venv'} holds bin/python3, "
        "and no systemd service of this folder names one.",
        f"Make a link to it: ln -s /path/to/venv {folder / 'venv'}",
        "If this instance runs in Docker, say so: --deployment compose",
    )


def _beside_programs(units: tuple[Unit, ...]) -> Iterator[Path]:
    for unit in units:
        if unit.program.name.startswith(("gunicorn", "celery", "python")):
            yield unit.program.parent


def _split(command: str) -> tuple[str, ...]:
    try:
        argv = tuple(shlex.split(command))
    except ValueError as error:
        argv, reason = (), str(error)
    else:
        reason = "it is empty"
    if argv:
        return argv
    raise Problem(
        "The restart command cannot be read.",
        f"“{command}”: {reason}.",
        "Write it as you would type it, without pipes and redirections.",
        field="restart_command",
        usage=True,
    )


def _last(lines: Sequence[str]) -> str:
    return "\n".join(lines[-20:])


def _holds_files(folder: Path) -> bool:
    return any(names for _, _, names in os.walk(folder))
