"""An instance under Docker Compose: `./bw-dev up -d`, and containers beside the live site."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

from wizard.core.events import Note, Output, Report
from wizard.core.message import Message, plural, verbatim
from wizard.core.plan import Command
from wizard.core.problem import Problem
from wizard.core.secrets import Masker
from wizard.core.settings import DeploymentKind, Settings
from wizard.instance.checkout import Instance
from wizard.instance.compose.container_programs import WebPrograms, one_off
from wizard.instance.compose.docker import Docker
from wizard.instance.compose.env_readers import env_readers
from wizard.instance.compose.media import holds_no_media, open_media
from wizard.instance.compose.own_containers import labels, remove_leftovers, remove_ours
from wizard.instance.compose.problems import (
    docker_failed,
    is_docker_failure,
)
from wizard.instance.compose.project import ComposeProject, inspected_volume
from wizard.instance.compose.renamed_volumes import empty_but_used, perhaps_renamed
from wizard.instance.compose.site_services import SiteServices
from wizard.instance.compose.switch_offers import offers
from wizard.instance.compose.updates import update_waiting
from wizard.instance.compose.web_watch import ADVICE
from wizard.instance.deployment import Deployment, EnvUsers, callers
from wizard.instance.django_script import answers, is_answer, shell_arguments, shown_arguments
from wizard.instance.problems import command_failed, without_scripts
from wizard.instance.switching import SwitchOffer
from wizard.media.source import Media
from wizard.system.files import holds_files
from wizard.system.programs import Completed

# BookWyrm's own commands for both, in one container: alone, `compile_themes`
# would lose its CSS with its container. The text is constant.
_COLLECT = "python manage.py collectstatic --no-input"
_COMPILE = "python manage.py compile_themes"

# How many files the database names, whatever BookWyrm's version calls them.
_NAMED_FILES = """
from django.apps import apps
from django.db.models import FileField
count = 0
for model in apps.get_app_config("bookwyrm").get_models():
    for field in model._meta.local_concrete_fields:
        if isinstance(field, FileField):
            count += model.objects.exclude(**{field.name: ""}).exclude(**{field.name: None}).count()
answer(count)
"""


class Compose(Deployment):
    """BookWyrm under Docker Compose version 2, driven as `bw-dev` does.

    Only the restart goes through `bw-dev`: its other commands recreate `db`
    under the live site. All else runs in containers of its own, labelled with
    the journal's id, that start and recreate nothing (`--no-deps`).
    """

    kind = DeploymentKind.COMPOSE
    label = verbatim("Docker Compose")
    # How long `web` may prepare its start without a word and without traffic.
    quiet_seconds: ClassVar[float] = 120

    def __init__(self, instance: Instance, settings: Settings, journal_id: str) -> None:
        super().__init__(settings)
        self.instance = instance
        self.docker = Docker(instance)
        self._journal_id = journal_id

    async def ever_ran(self) -> bool:
        """Tell whether it ever ran. Raises `Problem` where only the admin knows."""
        return await asyncio.to_thread(self._ever_ran)

    async def media(self) -> Media:
        project = await self._project()
        media = await asyncio.to_thread(open_media, self._programs(project))
        if await asyncio.to_thread(holds_no_media, media):
            await self._check_named_files(project)
        return media

    async def static_commands(self) -> Sequence[Command]:
        await self._require_image()
        return [Command(self._collect_argv())]

    async def collect_static(self, report: Report) -> None:
        masker = self._masker()
        await self._one_off(self._collect_argv(), lambda line: report(Output(masker(line))))

    async def switches(self) -> Sequence[SwitchOffer]:
        return await offers(self._site())

    async def update_waiting(self) -> Message:
        return await update_waiting(self._site())

    async def services(self) -> frozenset[object]:
        """Return the containers that run, each with when it was started."""
        project = await self._project()
        containers = await asyncio.to_thread(project.containers, self.docker)
        return frozenset((c.id, c.started) for c in containers if c.state == "running")

    async def manage_command(self) -> Command:
        return Command(self._manage_argv(*shown_arguments()))

    async def run_script(self, script: str, values: str) -> str:
        said: list[str] = []
        await self._one_off(self._manage_argv(*shell_arguments(script)), said.append, values)
        return answers(said)

    async def env_users(self) -> EnvUsers | None:
        """Return whoever calls Compose, and the users of running containers that have the file."""
        try:
            readers = await asyncio.to_thread(env_readers, self.docker, self.instance.env_path)
        except Problem:
            return None
        if readers is None:
            return None
        users = {reader.uid for reader in readers}
        return EnvUsers(
            uids=frozenset((*users, *callers(self.instance.env_path))),
            locked_out=frozenset(reader.service for reader in readers if not reader.reads),
        )

    async def shared_folders(self) -> Mapping[PurePosixPath, Path]:
        return (await self._project()).binds

    async def tidy_up(self, report: Report = lambda event: None) -> None:
        """Remove what an earlier run that was killed has left behind. Raises `Problem`."""
        count = await asyncio.to_thread(remove_leftovers, self.docker, self._journal_id)
        if count:
            removed = plural(
                "Removed {n} container that an interrupted run had left.",
                "Removed {n} containers that an interrupted run had left.",
                count,
            )
            report(Note(removed))

    def _site(self) -> SiteServices:
        return SiteServices(
            instance=self.instance,
            docker=self.docker,
            settings=self.settings,
            journal_id=self._journal_id,
            quiet_seconds=self.quiet_seconds,
        )

    async def _project(self) -> ComposeProject:
        return await asyncio.to_thread(ComposeProject.read, self.docker)

    def _programs(self, project: ComposeProject) -> WebPrograms:
        return WebPrograms(self.docker, project, labels(self._journal_id))

    async def _require_image(self) -> None:
        """Raise a `Problem` without an image: Compose would build or fetch it for many minutes."""
        project = await self._project()
        await asyncio.to_thread(self._programs(project).require_image)

    def _ever_ran(self) -> bool:
        project = ComposeProject.read(self.docker)
        if project.containers(self.docker):
            return True
        # Our own one-off containers make the volumes of `web`, but never the database's.
        if any(inspected_volume(self.docker, name) for name in project.database):
            return True
        mount = project.media
        if mount and mount.folder and holds_files(Path(mount.folder)):
            return True
        renamed = None if self.settings.path else perhaps_renamed(self.docker, project)
        if renamed:
            raise renamed
        return False

    async def _check_named_files(self, project: ComposeProject) -> None:
        """Ask the database whether there should be some media, where there are none."""
        containers = await asyncio.to_thread(project.containers, self.docker)
        if not any(c.service == "db" and c.state == "running" for c in containers):
            return
        count = int(await self.run_script(_NAMED_FILES, "") or 0)
        if count:
            raise await asyncio.to_thread(empty_but_used, self.docker, project.media, count)

    def _collect_argv(self) -> tuple[str, ...]:
        themes = self.instance.abilities.compile_themes
        script = f"{_COMPILE} && {_COLLECT}" if themes else _COLLECT
        return (*one_off(labels(self._journal_id)), "bash", "-c", script)

    def _manage_argv(self, *arguments: str) -> tuple[str, ...]:
        return (*one_off(labels(self._journal_id)), "python", "manage.py", *arguments)

    async def _one_off(
        self, argv: Sequence[str], on_line: Callable[[str], None], given: str = ""
    ) -> None:
        """Run a command in a container of its own, which is gone afterwards in any case."""
        await self._require_image()
        await asyncio.to_thread(remove_leftovers, self.docker, self._journal_id)
        try:
            ended = await self.docker.run(argv, on_line, given)
        except BaseException:
            # docker is dead by now, but not what it started.
            remove_ours(self.docker, self._journal_id)
            raise
        if ended.status:
            raise self._failed(argv, ended)

    def _failed(self, argv: Sequence[str], ended: Completed) -> Problem:
        masker = self._masker()
        lines = [masker(line) for line in ended.lines if not is_answer(line)]
        if is_docker_failure(ended.status, ended.output):
            return docker_failed(without_scripts(argv), "\n".join(lines), self.docker.environment())
        return command_failed(argv, ended.status, lines, ADVICE)

    def _masker(self) -> Masker:
        return Masker(self.instance.env_file().secrets())
