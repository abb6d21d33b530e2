"""BookWyrm's own commands, however the instance runs.

`dockerless/` and `compose/` beside it are the two ways.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar, Self

from wizard.core.events import Report
from wizard.core.message import NOTHING, Message
from wizard.core.plan import Command
from wizard.core.settings import DeploymentKind, Settings
from wizard.instance.storage_trial import try_storage
from wizard.instance.switching import SwitchOffer
from wizard.media.source import Media


def callers(env: Path) -> frozenset[int]:
    """Return who works with the instance: the owner of its `.env`, and us, under sudo as well."""
    ours = {os.geteuid(), int(os.environ.get("SUDO_UID") or os.geteuid())}
    return frozenset((*ours, env.stat().st_uid))


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvUsers:
    """Who was found to need `.env`, by their uids, us among them.

    `locked_out` are the services that cannot read it where they run, as far as that can be
    tried: their uids alone do not tell, since a container has groups of its own.
    """

    uids: frozenset[int]
    locked_out: frozenset[str] = frozenset()


class Deployment(ABC):
    """How one instance is run: what restarts it, where its media is.

    All methods that change something take a `report` for the lines that the
    commands write, and raise `Problem` where a command fails. What they run
    is what the `..._commands` methods show, word for word. Nobody changes a
    deployment: other settings make another one.
    """

    kind: ClassVar[DeploymentKind]
    label: ClassVar[Message]

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def settings(self) -> Settings:
        """What the migration was told."""
        return self._settings

    @property
    def rewritten_by(self) -> Message:
        """What rewrites `.env` from time to time, without S3, in a sentence; "" for nothing."""
        return NOTHING

    @property
    def upkeep(self) -> Message:
        """What the admin has to know of that beforehand, and to do after it; "" for nothing."""
        return NOTHING

    def with_settings(self, settings: Settings) -> Self:
        """Return the same deployment with other settings."""
        other = copy(self)
        other._settings = settings
        return other

    @abstractmethod
    async def ever_ran(self) -> bool:
        """Tell whether any container or unit of this instance ever ran, or media exists."""

    @abstractmethod
    async def media(self) -> Media:
        """Return the instance's media. Raises `Problem` where they cannot be reached."""

    @abstractmethod
    async def static_commands(self) -> Sequence[Command]:
        """Return what compiles the themes (where there are any) and collects the static assets."""

    @abstractmethod
    async def collect_static(self, report: Report) -> None:
        """Run `static_commands` in order, with the settings that `.env` has now."""

    async def services(self) -> frozenset[object]:
        """Return what runs of the instance, by what a restart changes; empty where unseen."""
        return frozenset()

    @abstractmethod
    async def switches(self) -> Sequence[SwitchOffer]:
        """Return all ways of having the running services take what `.env` says now, best first.

        Each with the obstacle that stands against it here; one at least. Raises `Problem`.
        """

    async def update_waiting(self) -> Message:
        """Say which update of BookWyrm the next restart would carry out as well; "" for none.

        Raises `Problem`.
        """
        return NOTHING

    async def try_storage(self, report: Report) -> None:
        """Try BookWyrm's own storage with the `.env` of now, in a process of its own.

        Nothing of the running site is touched. Raises `Problem` where the settings
        do not load or the S3 service refuses something.
        """
        await try_storage(self.run_script, report)

    @abstractmethod
    async def manage_command(self) -> Command:
        """Return what `run_script` runs, for the plan."""

    @abstractmethod
    async def run_script(self, script: str, values: str) -> str:
        """Run Python in `manage.py shell`; returns what it printed on lines marked as its own.

        `script` is our own constant text; `values` (JSON) reach it on standard
        input, so that no value of the admin's passes through a shell.
        """

    async def given_env(self) -> tuple[str, ...]:
        """Return the services to which systemd gives `.env` when they start.

        What it reads there goes before what Django reads.
        """
        return ()

    async def env_users(self) -> EnvUsers | None:
        """Return who was found to need `.env`, us among them.

        None where it is not known who does. Raises `Problem`.
        """
        return None

    async def shared_folders(self) -> Mapping[PurePosixPath, Path]:
        """Return what of this server BookWyrm sees: by its own name of it, where that is here.

        Raises `Problem`.
        """
        return {PurePosixPath("/"): Path("/")}

    async def tidy_up(self, report: Report = lambda event: None) -> None:  # noqa: B027
        """End or remove what a killed run left behind."""
