"""An instance without Docker: a virtual environment, systemd units or a restart command."""

from __future__ import annotations

import asyncio
import os
import pwd
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from wizard.core.events import Note, Output, Report
from wizard.core.plan import Command
from wizard.core.problem import Problem
from wizard.core.secrets import Masker
from wizard.core.settings import DeploymentKind, Settings
from wizard.instance import unfinished_restart as earlier_restart
from wizard.instance.checkout import Instance
from wizard.instance.deployment import Deployment
from wizard.instance.django_script import answers, is_answer, shell_arguments, shown_arguments
from wizard.instance.dockerless.site import Site, account, advice, no_python, python_of, user_of
from wizard.instance.dockerless.systemd import Unit, environment, failed_units, units_of
from wizard.instance.problems import command_failed
from wizard.media.source import FolderMedia, Media
from wizard.system.detached import run_detached
from wizard.system.files import holds_files
from wizard.system.processes import services_in, wait_for_end, with_variable
from wizard.system.programs import Completed, check_program, run
from wizard.web.visitor import look_at_site

# What a service has. Nothing else of ours reaches Django: environs lets a
# variable that is exported here go before the one in `.env`.
_KEPT = ("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_KEPT_NETWORK = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
# What BookWyrm's own commands carry, so that the next start knows those that outlived a kill.
_COMMAND = "BW_S3_COMMAND"
_SECONDS_TO_END = 10.0
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")


class Dockerless(Deployment):
    """BookWyrm's own commands in its virtual environment, as the site's own user."""

    kind = DeploymentKind.DOCKERLESS
    label = "without Docker"

    def __init__(self, instance: Instance, settings: Settings, journal_id: str = "") -> None:
        super().__init__(settings)
        self.instance = instance
        self._journal_id = journal_id

    async def ever_ran(self) -> bool:
        if holds_files(self.instance.media_root):
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
        # What does not end is the site itself by now, which the command has started.
        await earlier_restart.let_it_end(self._journal_id, report, _SECONDS_TO_END, ours=True)
        env = {**self._restart_environment(), **earlier_restart.mark(self._journal_id)}
        masker = self._masker()
        try:
            ended = await run_detached(
                argv,
                folder=self.instance.folder,
                env=env,
                on_line=lambda line: report(Output(masker(line))),
            )
        except (FileNotFoundError, PermissionError) as error:
            raise _no_such_command(argv[0], error) from error
        words = "" if self.settings.restart_command else await failed_units(units)
        if ended.status or words:
            raise Problem(
                "The instance could not be restarted.",
                f"“{shlex.join(argv)}” {ended.how}."
                if ended.status
                else "A service ended right after its start.",
                "Look at what it said below.",
                raw=self._masker()("\n".join(filter(None, (_last(ended.lines), words)))),
                field="restart_command" if self.settings.restart_command else None,
            )

    async def services(self) -> frozenset[object]:
        return frozenset(await asyncio.to_thread(services_in, self.instance.folder))

    async def tidy_up(self, report: Report = lambda event: None) -> None:
        """End commands of BookWyrm's that a killed run had started; the site itself is none."""
        found = await asyncio.to_thread(with_variable, _COMMAND, self._journal_id)
        left = [process for process, _ in found] if self._journal_id else []
        if not left:
            return
        for process in left:
            process.kill()
        await wait_for_end(left, _SECONDS_TO_END)
        report(Note("Ended a command of BookWyrm's that an interrupted run had left behind."))

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

    async def _site(self) -> Site:
        units = await units_of(self.instance.folder)
        return Site(python_of(self.instance.folder, units), user_of(self.instance.folder, units))

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
        argv = site.command(*arguments).argv
        env = {**self._environment(site.user), _COMMAND: self._journal_id}
        try:
            ended = await self._run(argv, env, report, values=values, said=said, user=site.user)
        except (FileNotFoundError, PermissionError) as error:
            raise no_python(site.python, error) from error
        if ended.status:
            lines = [line for line in ended.lines if not is_answer(line)]
            said_lines = [self._masker()(line) for line in lines]
            raise command_failed(argv, ended.status, said_lines, advice(site, self.instance.folder))

    async def _run(
        self,
        argv: Sequence[str],
        env: dict[str, str],
        report: Report,
        *,
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
        return await run(
            argv, folder=self.instance.folder, env=env, on_line=on_line, stdin=values, user=ids
        )

    def _restart_environment(self) -> dict[str, str]:
        return {**self._environment(account(os.geteuid())), **environment()}

    async def _restart_argv(self, units: tuple[Unit, ...]) -> tuple[str, ...]:
        if self.settings.restart_command:
            argv = _split(self.settings.restart_command)
            try:
                check_program(argv[0], self.instance.folder, self._restart_environment())
            except OSError as error:
                raise _no_such_command(argv[0], error) from error
            return argv
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
        """Return the same under sudo, where that asks for no password."""
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
        """Return what a service of this user would have, and nothing that `.env` defines."""
        proxies = (*_PROXIES, *(name.upper() for name in _PROXIES))
        in_file = set(self.instance.env_file().names())
        names = [n for n in (*_KEPT, *_KEPT_NETWORK, *proxies) if n in os.environ]
        env = {name: os.environ[name] for name in names if name not in in_file}
        own = {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}
        return {"PATH": os.defpath, **env, **own, "PYTHONUNBUFFERED": "1"}

    def _masker(self) -> Masker:
        return Masker(self.instance.env_file().secrets())


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


def _no_such_command(name: str, error: OSError) -> Problem:
    missing = isinstance(error, FileNotFoundError)
    return Problem(
        f"The restart command “{name}” cannot be started.",
        "There is no such program." if missing else "It may not be run: it is not executable.",
        "Name what restarts the instance with --restart-command.",
        raw=str(error),
        field="restart_command",
    )


def _last(lines: Sequence[str]) -> str:
    return "\n".join(lines[-20:])
