"""The services of a running site without Docker, as every way of switching them handles them."""

from __future__ import annotations

import os
import pwd
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.core.events import Output, Report
from wizard.core.message import Message, msg, verbatim
from wizard.core.problem import Problem
from wizard.core.secrets import Masker
from wizard.core.settings import Settings
from wizard.instance import unfinished_restart as earlier_restart
from wizard.instance.checkout import Instance
from wizard.instance.dockerless.site import account, user_of
from wizard.instance.dockerless.systemd import Unit, environment, units_of
from wizard.system.detached import run_detached
from wizard.system.programs import Completed, check_program, run

# What a service has. Nothing else of ours reaches Django: environs lets a
# variable that is exported here go before the one in `.env`.
_KEPT = ("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
_KEPT_NETWORK = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_SECONDS_TO_END = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Finds the site's services and runs the commands that change them.

    These go on to their end when we are killed, and carry the journal's id, so
    that whoever comes next waits for them.
    """

    instance: Instance
    settings: Settings
    journal_id: str

    async def units(self) -> tuple[Unit, ...]:
        """Return the units that work in the instance's folder, the site itself first."""
        return await units_of(self.instance.folder)

    async def wait_for_earlier(self, report: Report) -> None:
        """Let a command end that an interrupted switch had begun.

        What does not end in time is the site itself, which the command has started.
        """
        await earlier_restart.let_it_end(self.journal_id, report, _SECONDS_TO_END, ours=True)

    async def change(self, argv: Sequence[str], report: Report) -> Completed:
        """Run a command that changes the services; how it ended.

        Raises `FileNotFoundError`, `PermissionError`.
        """
        masker = self.masker()
        return await run_detached(
            argv,
            folder=self.instance.folder,
            env={**self.own_environment(), **earlier_restart.mark(self.journal_id)},
            on_line=lambda line: report(Output(masker(line))),
        )

    async def as_site(
        self, argv: Sequence[str], variables: Mapping[str, str] | None, report: Report
    ) -> Completed:
        """Run a command in the instance's folder as the site's own user; how it ended.

        `variables` are its environment; None: that of a service.
        Raises `FileNotFoundError`, `PermissionError`.
        """
        user, masker = await self.user(), self.masker()
        return await run(
            argv,
            folder=self.instance.folder,
            env=self.environment(user) if variables is None else variables,
            on_line=lambda line: report(Output(masker(line))),
            user=(user.pw_uid, user.pw_gid),
        )

    async def user(self) -> pwd.struct_passwd:
        """Return the site's own user."""
        return user_of(self.instance.folder, await self.units())

    async def allowed(self, argv: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return a command of root's as we may run it: as it is, under sudo, or None."""
        if os.geteuid() == 0:
            return argv
        try:
            asked = await run(["sudo", "-n", "-l", *argv], folder=Path("/"), env=environment())
        except FileNotFoundError:
            return None
        return ("sudo", "-n", *argv) if asked.status == 0 else None

    async def restart_argv(self, units: tuple[Unit, ...]) -> tuple[str, ...]:
        """Return what restarts the instance. Raises `Problem` where that is not known."""
        if self.settings.restart_command:
            argv = _split(self.settings.restart_command)
            try:
                check_program(argv[0], self.instance.folder, self.own_environment())
            except OSError as error:
                raise no_such_command(argv[0], error) from error
            return argv
        if not units:
            raise Problem(
                msg("bw-s3 does not know how to restart this instance."),
                msg("No systemd service runs in {folder}.", folder=str(self.instance.folder)),
                msg(
                    "Specify the command: --restart-command 'sudo systemctl restart bookwyrm "
                    "bookwyrm-worker bookwyrm-scheduler', or whatever you use."
                ),
                field="restart_command",
                decision=True,
                code="restart-command-missing",
            )
        return await self.as_root(("systemctl", "restart", *(unit.name for unit in units)))

    async def as_root(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """Return a command of root's as we may run it. Raises `Problem` where we may not."""
        if allowed := await self.allowed(argv):
            return allowed
        raise Problem(
            msg("This user is not allowed to restart the services."),
            msg(
                "“{command}” needs root, and sudo would ask for a password.",
                command=shlex.join(argv),
            ),
            msg(
                "Continue as root: {command}",
                command=f"sudo {sys.argv[0]} {self.instance.folder}",
            ),
            msg("Or specify another command with --restart-command."),
            field="restart_command",
            decision=True,
            code="restart-not-allowed",
        )

    def own_environment(self) -> dict[str, str]:
        """Return what a command of the admin's gets: what a service has, and what systemd needs."""
        return {**self.environment(account(os.geteuid())), **environment()}

    def environment(self, user: pwd.struct_passwd) -> dict[str, str]:
        """Return what a service of this user would have, and nothing that `.env` defines."""
        proxies = (*_PROXIES, *(name.upper() for name in _PROXIES))
        in_file = set(self.instance.env_file().names())
        names = [n for n in (*_KEPT, *_KEPT_NETWORK, *proxies) if n in os.environ]
        env = {name: os.environ[name] for name in names if name not in in_file}
        own = {"HOME": user.pw_dir, "USER": user.pw_name, "LOGNAME": user.pw_name}
        return {"PATH": os.defpath, **env, **own, "PYTHONUNBUFFERED": "1"}

    def masker(self) -> Masker:
        """Hides the secrets that `.env` holds now."""
        return Masker(self.instance.env_file().secrets())


def no_such_command(name: str, error: OSError) -> Problem:
    """Return the problem of a restart command that is not there or no program."""
    missing = isinstance(error, FileNotFoundError)
    return Problem(
        msg("The restart command “{command}” cannot be started.", command=name),
        msg("There is no such program.") if missing else msg("It is not executable."),
        msg("Use --restart-command to specify what restarts the instance."),
        raw=str(error),
        field="restart_command",
        code="restart-command-not-found",
    )


def _split(command: str) -> tuple[str, ...]:
    try:
        argv = tuple(shlex.split(command))
    except ValueError as error:
        raise _unreadable(command, verbatim(str(error))) from error
    if not argv:
        raise _unreadable(command, msg("it is empty"))
    return argv


def _unreadable(command: str, reason: Message) -> Problem:
    return Problem(
        msg("The restart command cannot be read."),
        msg("“{command}”: {reason}.", command=command, reason=reason),
        msg("Write it as you would type it, without pipes and redirections."),
        field="restart_command",
        usage=True,
        code="restart-command-invalid",
    )
