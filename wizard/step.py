"""What every step is: five questions, in the order an admin would ask them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar

from wizard.core.copy_control import CopyControl
from wizard.core.events import Check, Report
from wizard.core.message import NOTHING, Message
from wizard.core.settings import MigrationPath
from wizard.journal.moving import moving_from
from wizard.storage.addresses import service_of

if TYPE_CHECKING:
    from wizard.core.plan import Plan
    from wizard.core.problem import Problem
    from wizard.core.secrets import Keys, Masker
    from wizard.core.settings import Settings
    from wizard.instance.checkout import Instance
    from wizard.instance.deployment import Deployment
    from wizard.journal.journal import Journal, StepResult
    from wizard.storage.providers import Preset


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what was found: "from" / "images, 20,431 files, 3.2 GB"."""

    label: Message
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What `inspect` saw. `done`: it is so already, nothing is left to do.

    `gone` says what is no longer as an earlier check left it ("the bucket is
    empty"); "" where nothing is missing. A step whose plan needs more has its own kind.
    """

    done: bool
    facts: tuple[Fact, ...] = ()
    gone: Message = NOTHING


class Applies(StrEnum):
    """Whether a step belongs to this migration now."""

    YES = "yes"
    NO = "no"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Applicability:
    """Whether a step applies, and why not (or not yet)."""

    applies: Applies
    reason: Message = NOTHING


ALWAYS = Applicability(Applies.YES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A yes or no that only a person can say while a step is under way.

    At `deadline` (seconds since the epoch) it is over, and counts as answered with yes.
    `only_a_person`: `--yes` does not answer it, since nobody may assume what only a person
    can know; `option` is how `bw-s3 run` is told the yes to it, "" where it cannot be.
    """

    text: Message
    yes: Message
    no: Message
    deadline: float | None = None
    only_a_person: bool = False
    option: str = ""


# Answers a question; `run --yes` says yes to all of them.
Ask = Callable[[Question], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a step works with. Nobody changes it: other answers make another context.

    `report` hears what this run says, and no other. `console_minutes`: how long it waits for
    what a person does in the service's console; None: as long as usual.
    """

    instance: Instance
    deployment: Deployment
    journal: Journal
    keys: Keys
    report: Report
    ask: Ask
    masker: Masker = field(repr=False)
    control: CopyControl = field(default_factory=CopyControl)
    console_minutes: int | None = None

    @property
    def settings(self) -> Settings:
        """What the migration was told; the deployment goes by the very same."""
        return self.deployment.settings

    @property
    def service(self) -> Preset:
        """What is known of the service at the endpoint, whatever name was chosen for it."""
        return service_of(self.settings, self.keys)

    @property
    def old_storage(self) -> Settings | None:
        """The storage that a moving instance comes from; None on the other paths."""
        moving = self.settings.path == MigrationPath.MOVING
        return moving_from(self.journal) if moving else None

    async def agree(self, question: Question, otherwise: Problem) -> None:
        """Ask, and raise `otherwise` for a no."""
        if not await self.ask(question):
            raise otherwise

    def with_settings(self, settings: Settings) -> Context:
        """Return the same context with other settings."""
        return replace(self, deployment=self.deployment.with_settings(settings))


# What a step found out while it was applied, and is verified with.
Found = TypeVar("Found")


class TypedStep(ABC, Generic[Found]):
    """One step of the migration. Stateless: all it knows is in the context.

    `Found` is what `apply` finds out and `verify` needs, None where that is nothing.

    `name` is the module's name in `wizard/steps/`, and in `screens/` where it leads to S3.
    `title` stands in the rail, `purpose` says in one or two sentences what
    the step does and why.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    purpose: ClassVar[str]
    # Steps whose results no longer count once this one is undone.
    undone_too: ClassVar[tuple[str, ...]] = ()
    # Steps that are undone first where they are done, since they build on this one.
    undone_before: ClassVar[tuple[str, ...]] = ()
    # Whether the running site may serve its files from elsewhere afterwards.
    switches_site: ClassVar[bool] = False

    def applies(self, context: Context) -> Applicability:
        """Return whether this step belongs to the migration's path now."""
        return ALWAYS

    @abstractmethod
    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return the settings that its checks depend on; where they change, the step is stale."""

    @abstractmethod
    async def inspect(self, context: Context) -> Finding:
        """Find out whether it is so already: look at the world, cheaply, and change nothing."""

    @abstractmethod
    async def plan(self, context: Context) -> Plan:
        """Return what would change. Raises `Problem` where it cannot be done at all."""

    async def plan_after(self, context: Context, finding: Finding) -> Plan:
        """Return the same plan right after `inspect`, which found this a moment ago."""
        return await self.plan(context)

    @abstractmethod
    async def apply(self, context: Context) -> Found:
        """Do it, and return what was found out; may be repeated, also after a crash halfway.

        Raises `Problem` where it cannot be done.
        """

    @abstractmethod
    async def verify(self, context: Context, found: Found) -> Sequence[Check]:
        """Verify that it worked, right after `apply` found what it found.

        Returns the evidence, and reports each check as it is made.
        """

    def waits(self, result: StepResult) -> str:
        """Say why not all is verified yet; "" where nothing waits for later."""
        return ""

    def settled(self, settings: Settings, found: Found) -> Settings:
        """Return the settings with what `apply` found out about them."""
        return settings

    async def undo(self, context: Context) -> bool:
        """Undo it; False where there is nothing that can be undone."""
        return False


# A step as all see it who do not carry it out.
Step: TypeAlias = TypedStep[Any]
