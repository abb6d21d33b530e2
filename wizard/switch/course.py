"""What is different between a switch to the bucket and one to this server's disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from wizard.access.page_policies import style_refused
from wizard.core.events import Note
from wizard.core.message import Message, msg
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.journal.entries import Entry, flag_entry
from wizard.step import Context
from wizard.switch.moving import forget_move
from wizard.switch.problems import TO_DISK, TO_S3, Wording
from wizard.switch.s3_lines import ENABLING_STEP, disarm, forget_lines, name_the_bucket
from wizard.switch.site_before import forget_before
from wizard.switch.site_watch import Awaited
from wizard.switch.state import Direction
from wizard.web.own_style import own_style_problem
from wizard.web.visitor import SiteView

# The steps that a switch belongs to, whose result says how it ended where nobody followed it.
SWITCHING_STEP = "restart"
SWITCHING_BACK_STEP = "switch_back"
_SWITCHED = flag_entry("restart.switched")


def switched(context: Context) -> Entry[bool]:
    """Return the entry that all services run with S3: with this bucket and address only."""
    return _SWITCHED.true_of(context.settings.storage)


class Course(ABC):
    """Where a switch leads, and how everything is put back where it fails.

    `step` is the step it belongs to, `toward` what the site shows at its end, `words` is how its
    problems are worded.
    """

    step: ClassVar[str]
    toward: ClassVar[Awaited]
    origin: ClassVar[Awaited]
    words: ClassVar[Wording]

    @abstractmethod
    def copies_while_switching(self, context: Context) -> bool:
        """Tell whether uploads are copied to the other storage while the services switch."""

    @abstractmethod
    async def style_problem(self, context: Context, view: SiteView) -> Problem | None:
        """Return what keeps browsers from the styles of such a page; None for nothing."""

    @abstractmethod
    async def put_env_back(self, context: Context) -> None:
        """Put `.env` back as it was before. Raises `Problem`."""

    @abstractmethod
    def note_done(self, context: Context) -> None:
        """Remember that all services were switched."""

    @property
    @abstractmethod
    def putting_back(self) -> Message:
        """What is said while `.env` and the services are put back."""


class ToBucket(Course):
    """To S3, and back where that fails."""

    step = SWITCHING_STEP
    toward, origin = Awaited.BUCKET, Awaited.LOCAL
    words = TO_S3
    putting_back = msg("The old .env is put back, and the services are switched back.")

    def copies_while_switching(self, context: Context) -> bool:
        return context.settings.path != MigrationPath.FRESH

    async def style_problem(self, context: Context, view: SiteView) -> Problem | None:
        return await style_refused(context, view) if view.points_to_bucket else None

    async def put_env_back(self, context: Context) -> None:
        context.journal.forget(switched(context))
        await disarm(context)
        for name in (ENABLING_STEP, SWITCHING_STEP, "verify_cors"):
            context.journal.forget_result(name)

    def note_done(self, context: Context) -> None:
        context.journal.remember(switched(context), True)


class ToDisk(Course):
    """To this server's disk, and to S3 again where that fails."""

    step = SWITCHING_BACK_STEP
    toward, origin = Awaited.LOCAL, Awaited.BUCKET
    words = TO_DISK
    putting_back = msg(".env names the bucket again, and the services are switched back to it.")

    def copies_while_switching(self, context: Context) -> bool:
        return True

    async def style_problem(self, context: Context, view: SiteView) -> Problem | None:
        if view.points_to_bucket or not view.own_page:
            return None
        return await own_style_problem(context.settings, context.instance.domain, view)

    async def put_env_back(self, context: Context) -> None:
        await name_the_bucket(context)
        context.journal.forget_result("disable_s3")

    def note_done(self, context: Context) -> None:
        """Forget what the way there has done: all that is to be done again to go there again."""
        journal = context.journal
        journal.forget(switched(context))
        forget_lines(context)
        forget_move(context)
        forget_before(journal)
        for name in (ENABLING_STEP, "collect_static", SWITCHING_STEP, "verify_cors"):
            journal.forget_result(name)
        context.report(Note(msg("The site runs without S3 from now on.")))


def course_of(direction: Direction) -> Course:
    """Return the course of a switch; an undo is that of what it undoes."""
    return ToDisk() if direction is Direction.TO_DISK else ToBucket()
