"""An instance without Docker: a virtual environment, systemd units or a restart command."""

from __future__ import annotations

import asyncio
import os
import pwd
import sys
from collections.abc import Sequence

from wizard.core.events import Note, Output, Report
from wizard.core.message import NOTHING, Message, msg, sentences, verbatim
from wizard.core.plan import Command
from wizard.core.problem import Problem
from wizard.core.settings import DeploymentKind, Settings
from wizard.instance.checkout import Instance
from wizard.instance.deployment import Deployment, EnvUsers, callers
from wizard.instance.django_script import answers, is_answer, shell_arguments, shown_arguments
from wizard.instance.dockerless.services import Services, no_such_command
from wizard.instance.dockerless.site import Site, advice, no_python, python_of, user_of
from wizard.instance.dockerless.switch_offers import offers
from wizard.instance.dockerless.systemd import failed_units, units_of
from wizard.instance.dockerless.yunohost import app_of
from wizard.instance.problems import command_failed, how_it_ended
from wizard.instance.switching import SwitchOffer
from wizard.media.source import FolderMedia, Media
from wizard.system.files import holds_files
from wizard.system.processes import Process, services_in, wait_for_end, with_variable
from wizard.system.programs import Completed, run
from wizard.web.visitor import look_at_site

# What BookWyrm's own commands carry, so that the next start knows those that outlived a kill.
_COMMAND = "BW_S3_COMMAND"
_SECONDS_TO_END = 10.0


class Dockerless(Deployment):
    """BookWyrm's own commands in its virtual environment, as the site's own user."""

    kind = DeploymentKind.DOCKERLESS
    label = msg("without Docker")

    def __init__(self, instance: Instance, settings: Settings, journal_id: str = "") -> None:
        super().__init__(settings)
        self.instance = instance
        self._journal_id = journal_id

    @property
    def rewritten_by(self) -> Message:
        app = app_of(self.instance.folder)
        if app is None:
            return NOTHING
        return msg("An upgrade of YunoHost's package {package} rewrites it.", package=app.name)

    @property
    def upkeep(self) -> Message:
        app = app_of(self.instance.folder)
        if app is None:
            return NOTHING
        rewritten = msg(
            "Each upgrade of YunoHost's package {package}, and each restored backup, rewrites "
            ".env without S3 and without the keys. Run bw-s3 again each time, with the keys at "
            "hand: it puts everything back.",
            package=app.name,
        )
        media = self.instance.media_root
        if not app.deletes(media):
            return rewritten
        deleted = msg(
            "It also deletes the local media in {media}: move them to {folder} first, and set "
            "MEDIA_ROOT.",
            media=str(media),
            folder=str(self.instance.folder / "images"),
        )
        return sentences(rewritten, deleted)

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

    async def restart(self, report: Report) -> None:
        """Restart the instance, so that it runs with the settings that `.env` has now."""
        services = self._services
        units = await services.units()
        argv = await services.restart_argv(units)
        await services.wait_for_earlier(report)
        try:
            ended = await services.change(argv, report)
        except (FileNotFoundError, PermissionError) as error:
            raise no_such_command(argv[0], error) from error
        words = "" if self.settings.restart_command else await failed_units(units)
        if ended.status or words:
            raise Problem(
                msg("The instance could not be restarted."),
                how_it_ended(argv, ended.status)
                if ended.status
                else msg("A service stopped right after it started."),
                msg("See its output below."),
                raw=self._services.masker()("\n".join(filter(None, (_last(ended.lines), words)))),
                field="restart_command" if self.settings.restart_command else None,
                code="services-not-restarted",
            )

    async def switches(self) -> Sequence[SwitchOffer]:
        return await offers(self._services, restart=self.restart, running=self._running)

    async def services(self) -> frozenset[object]:
        return frozenset(await self._running())

    async def _running(self) -> frozenset[Process]:
        return await asyncio.to_thread(services_in, self.instance.folder)

    async def tidy_up(self, report: Report = lambda event: None) -> None:
        """End commands of BookWyrm's that a killed run had started; the site itself is none."""
        found = await asyncio.to_thread(with_variable, _COMMAND, self._journal_id)
        left = [process for process, _ in found] if self._journal_id else []
        if not left:
            return
        for process in left:
            process.kill()
        await wait_for_end(left, _SECONDS_TO_END)
        ended = msg("Stopped a BookWyrm command that an interrupted run had left behind.")
        report(Note(ended))

    async def manage_command(self) -> Command:
        return (await self._site()).command(*shown_arguments())

    async def run_script(self, script: str, values: str) -> str:
        said: list[str] = []
        await self._manage(shell_arguments(script), lambda event: None, values, said)
        return answers(said)

    async def given_env(self) -> tuple[str, ...]:
        units = await units_of(self.instance.folder)
        return tuple(unit.name for unit in units if unit.is_given(self.instance.env_path))

    async def env_users(self) -> EnvUsers | None:
        units = await units_of(self.instance.folder)
        if not units:
            return None
        try:
            services = {pwd.getpwnam(unit.user).pw_uid if unit.user else 0 for unit in units}
        except KeyError:  # a unit that names a user who is not there
            return None
        return EnvUsers(uids=frozenset((*services, *callers(self.instance.env_path))))

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
        env = {**self._services.environment(site.user), _COMMAND: self._journal_id}
        try:
            ended = await self._run(argv, env, report, values=values, said=said, user=site.user)
        except (FileNotFoundError, PermissionError) as error:
            raise no_python(site.python, error) from error
        if ended.status:
            lines = [line for line in ended.lines if not is_answer(line)]
            said_lines = [self._services.masker()(line) for line in lines]
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
        masker = self._services.masker()

        def on_line(line: str) -> None:
            if said is not None and is_answer(line):
                said.append(line)
            else:
                report(Output(masker(line)))

        ids = (user.pw_uid, user.pw_gid) if user else None
        return await run(
            argv, folder=self.instance.folder, env=env, on_line=on_line, stdin=values, user=ids
        )

    def _check_user(self, user: pwd.struct_passwd) -> None:
        if os.geteuid() in (0, user.pw_uid):
            return
        ourselves = f"{sys.argv[0]} {self.instance.folder}"
        raise Problem(
            msg("BookWyrm's commands must run as its own user, {user}.", user=user.pw_name),
            msg("Files that another user creates could not be replaced by the site later."),
            verbatim(f"sudo {ourselves}"),
            msg("Or as that user: {command}", command=f"sudo -u {user.pw_name} {ourselves}"),
            code="user-wrong",
        )

    @property
    def _services(self) -> Services:
        return Services(instance=self.instance, settings=self.settings, journal_id=self._journal_id)


def _last(lines: Sequence[str]) -> str:
    return "\n".join(lines[-20:])
