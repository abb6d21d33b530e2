"""The command `rollback`: from the bucket back to this server's disk."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Collection

from wizard.cli.step_by_step import after_remarks, show_plan, show_plans, yes, yes_aloud
from wizard.core.exit_status import ExitStatus
from wizard.core.message import Message, msg, sentences
from wizard.core.states import State
from wizard.migration import Migration
from wizard.opening.facts import PATH
from wizard.opening.opening import (
    Opened,
    Opening,
    open_migration,
    opening_that_changes_nothing,
    where_it_stands,
)
from wizard.opening.way_back import (
    NOT_FINISHED,
    opening_back,
    runs_from_disk,
    unfinished_way_back,
    way_back,
)
from wizard.reporting.narration import Narrator
from wizard.steps.close_bucket import CLOSE_BUCKET, forget_answer
from wizard.steps.copy_back import LEAVE_REST

NOT_BACK = msg(
    "The way back is not finished. Once that is fixed, the same command continues from here."
)
_NOTHING_TO_DO = msg("The site does not use S3: there is nothing to bring back.")


def roll_back(options: argparse.Namespace, opening: Opening, narrator: Narrator) -> int:
    """Do what `rollback` is called for; returns the exit status. Raises `Problem`."""
    opening = opening_back(opening)
    if options.dry_run or not options.yes:
        with opening_that_changes_nothing(opening) as harmless:
            return asyncio.run(_show_plans(harmless, narrator, wanted=options.dry_run))
    agreed = [LEAVE_REST] * options.leave_rest + [CLOSE_BUCKET] * options.close_bucket
    return asyncio.run(_carry_out(opening, narrator, agreed))


async def _carry_out(opening: Opening, narrator: Narrator, agreed: Collection[str]) -> int:
    opened = await open_migration(opening, narrator, yes_aloud(narrator, agreed))
    try:
        back = _begun(opened, narrator)
        if back is None:
            return ExitStatus.OK
        if CLOSE_BUCKET in agreed:
            forget_answer(back.context)
        for step in back.steps:
            if not await show_plan(back, step, narrator):
                continue
            if step.switches_site:
                await _undo_connector(back, narrator)
            narrator.result(await back.carry_out(step))
        narrator.end(ExitStatus.OK, await _last_words(back))
        return ExitStatus.OK
    finally:
        opened.close()


async def _show_plans(opening: Opening, narrator: Narrator, *, wanted: bool) -> int:
    opened = await open_migration(opening, narrator, yes)
    try:
        back = _begun(opened, narrator)
        return ExitStatus.OK if back is None else await show_plans(back, narrator, wanted=wanted)
    finally:
        opened.close()


def _begun(opened: Opened, narrator: Narrator) -> Migration | None:
    """Return the steps back, after what was found; None where there is nothing to bring back."""
    narrator.masker = opened.migration.context.masker
    back = unfinished_way_back(opened.migration)
    if back is not None:
        narrator.say(sentences(NOT_FINISHED, where_it_stands(back)))
    if opened.news:
        narrator.say(opened.news)
    if opened.site_problem:
        narrator.warn(msg("! {problem}", problem=opened.site_problem.in_short()))
    # The path is that to S3; these are the steps back.
    narrator.found([fact for fact in opened.facts if fact.label is not PATH])
    if runs_from_disk(opened.migration):
        narrator.end(ExitStatus.OK, _NOTHING_TO_DO)
        return None
    opened.migration.context.settings.require("endpoint", "bucket", "custom_domain")
    return back or way_back(opened.migration)


async def _undo_connector(migration: Migration, narrator: Narrator) -> None:
    """Have the instance's own connector name this server again, where bw-s3 changed that."""
    connector = migration.step_named("update_connector")
    if migration.status(connector).state in (State.DONE, State.STALE):
        await migration.undo(connector, narrator)


async def _last_words(back: Migration) -> Message:
    media = await back.context.deployment.media()
    done = msg(
        "The site runs from this server's disk ({media}), and everything is verified. The objects "
        "stay in the bucket; while it is public, other servers of the Fediverse still load old "
        "addresses from there.",
        media=media.label,
    )
    return after_remarks(back.remarks(), done)
