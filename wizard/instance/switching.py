"""What every way of switching the running services is: stages that can be done again at any time.

Going to the bucket and going back are the same procedure with another `.env`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from wizard.core.events import Note, Report, Waiting
from wizard.core.message import NOTHING, Message
from wizard.core.plan import Command


class SwitchWay(StrEnum):
    """How the running services take the settings that `.env` has now."""

    STANDBY = "standby"
    NO_DEPS = "no_deps"
    UP = "up"
    RELOAD = "reload"
    RESTART = "restart"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class SwitchStage:
    """One stage of a switch.

    `name` is stable, since it stands in the state of a switch under way; `words`
    say what happens, for the plan and the screen; `commands` are run word for word.
    """

    name: str
    words: Message
    commands: tuple[Command, ...] = ()


# Called right before pages may point to the other storage.
BeforePagesChange = Callable[[], Awaitable[None]]


async def nothing_before() -> None:
    """Do nothing before pages change."""


class Switch(ABC):
    """One way of switching the services of one instance, ready to be carried out.

    Nothing is remembered between the stages but what the world shows, so that
    whoever comes after a kill or a power cut goes through them again from the first.
    """

    way: SwitchWay
    # The name of the stage from which on pages may point to the other storage.
    pages_change_at: ClassVar[str]

    @abstractmethod
    def stages(self) -> Sequence[SwitchStage]:
        """Return all stages, in their order."""

    @abstractmethod
    def downtime(self) -> Message:
        """Return what visitors notice of it and for how long, in one sentence."""

    @abstractmethod
    async def carry_out(self, stage: SwitchStage, report: Report) -> None:
        """Do one stage, or see that it is done already. Raises `Problem`."""

    async def carry_out_all(self, report: Report, before: BeforePagesChange) -> None:
        """Do all stages, each announced, as an undo that needs every one of them."""
        for stage in self.stages():
            if stage.name == self.pages_change_at:
                await before()
            report(Note(stage.words))
            report(Waiting(stage.words, 0.0))
            await self.carry_out(stage, report)

    async def touched(self) -> bool:
        """Tell whether anything of the running site may have been changed, after a stage failed."""
        return True

    @abstractmethod
    async def undo(self, report: Report, before: BeforePagesChange = nothing_before) -> None:
        """Bring the services back to what `.env` says, once it has its old text again.

        `before` is called right before pages may point to this server again.

        Where nothing of the running site was touched yet, only what was put beside
        it is removed. Can be repeated after a kill. Raises `Problem`.
        """


@dataclass(frozen=True, slots=True)
class SwitchOffer:
    """A way, and why it cannot be had here; "" where it can."""

    switch: Switch
    obstacle: Message = NOTHING
