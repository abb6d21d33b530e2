"""Steps one after the other, told to somebody who is perhaps not there to answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wizard.core.events import Check
from wizard.core.exit_status import ExitStatus
from wizard.core.message import Message, msg
from wizard.core.states import RESTING
from wizard.migration import Migration
from wizard.reporting.narration import Narrator
from wizard.step import Ask, Question, Step


async def yes(question: Question) -> bool:
    """Answer every question with yes, but those that nobody may assume an answer to."""
    return not question.only_a_person


def yes_aloud(narrator: Narrator, agreed: Collection[str] = ()) -> Ask:
    """Return what answers as `--yes` does, and tells what was asked.

    `agreed` are the options by which the person has said yes to more.
    """

    async def answer(question: Question) -> bool:
        agrees = question.option in agreed or await yes(question)
        narrator.question(question, question.yes if agrees else question.no)
        return agrees

    return answer


async def show_plan(migration: Migration, step: Step, narrator: Narrator) -> bool:
    """Tell where a step stands and, where there is something to do (True), what would change."""
    narrator.begin(step)
    status, finding = await migration.look(step)
    if finding:
        narrator.found(finding.facts)
    narrator.status(status)
    if status.state in RESTING:
        return False
    narrator.plan(await migration.plan(step, finding=finding))
    return True


async def show_plans(migration: Migration, narrator: Narrator, *, wanted: bool) -> int:
    """Tell what all steps would change; returns how to exit.

    `wanted`: nothing else was asked for.
    """
    for step in migration.steps:
        await show_plan(migration, step, narrator)
    if wanted:
        narrator.end(ExitStatus.OK, msg("This was a dry run: nothing was changed."))
        return ExitStatus.OK
    narrator.end(ExitStatus.DECISION, msg("Nothing was changed. Add --yes to carry this out."))
    return ExitStatus.DECISION


def after_remarks(remarks: Sequence[Check], last: Message) -> Message:
    """Return what is worth knowing, a line each, before the last words."""
    if not remarks:
        return last
    text = msg("Worth knowing:")
    for check in remarks:
        remark = msg("  {asked} {seen}", asked=check.asked, seen=check.seen)
        text = msg("{before}\n{next}", before=text, next=remark)
    return msg("{before}\n{next}", before=text, next=last)
