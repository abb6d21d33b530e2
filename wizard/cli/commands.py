"""Every command but the wizard itself: `run`, `status`, `rollback`, `disarm`, `demo --yes`."""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from wizard.access.public_address import ACCEPT_OTHER_BYTES
from wizard.cli.arguments import parse
from wizard.cli.rollback import NOT_BACK, roll_back
from wizard.cli.step_by_step import after_remarks, show_plan, show_plans, yes, yes_aloud
from wizard.copying.sources import moves_address_only
from wizard.core.exit_status import ExitStatus
from wizard.core.language import shown
from wizard.core.message import NOTHING, Message, msg, plural, sentences
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.core.states import RESTING, State
from wizard.instance.checkout import open_instance
from wizard.journal.file import JournalHeld
from wizard.migration import Migration
from wizard.opening.lost_lines import lost_lines, show_as_undone
from wizard.opening.opening import (
    Opened,
    Opening,
    environment_keys,
    open_migration,
    open_to_read,
    opening_that_changes_nothing,
    site_now,
    where_it_stands,
)
from wizard.opening.unfinished_switch import how_it_stands
from wizard.opening.way_back import (
    GIVE_UP,
    LEFT_S3,
    WayBackUnfinished,
    check_way_back,
    has_left_s3,
    unfinished_way_back,
)
from wizard.reporting.narration import (
    JsonNarrator,
    Narrator,
    PlainNarrator,
    status_to_dict,
)
from wizard.step import Fact, Step
from wizard.switch.site_before import WITHOUT_SITE
from wizard.switch.uploads_back import uploads_are_missing
from wizard.switch.ways import choose
from wizard.system.stopping import stop
from wizard.web.visitor import ServedFrom


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How the wizard is to be opened on the demo."""

    covers: int
    keep: bool
    mouse: bool


OpenDemo = Callable[[DemoOptions], int]


def main(argv: Sequence[str], open_demo: OpenDemo) -> int:
    """Run the command in `argv`, one of `COMMANDS` first, and return its exit status."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupted)
    command, arguments = argv[0], argv[1:]
    narrator = _narrator(command, arguments)
    try:
        return _call(command, parse(command, arguments), narrator, open_demo)
    except Problem as problem:
        if command == "status" and isinstance(narrator, JsonNarrator):
            # `status --json` is one object, whatever it says.
            narrator.write_object({"problem": problem.to_dict(), "exit": ExitStatus.of(problem)})
        else:
            narrator.problem(problem)
            narrator.end(ExitStatus.of(problem), _what_now(command, problem))
        return ExitStatus.of(problem)


def _narrator(command: str, arguments: Sequence[str]) -> Narrator:
    """Return the narrator: JSON where the call asks for it, even where the rest is wrong."""
    changes = (
        command in ("run", "rollback") and "--yes" in arguments and "--dry-run" not in arguments
    )
    return (
        JsonNarrator(changes=changes) if "--json" in arguments else PlainNarrator(changes=changes)
    )


def _call(
    command: str, options: argparse.Namespace, narrator: Narrator, open_demo: OpenDemo
) -> int:
    match command:
        case "run":
            return _run(options, narrator)
        case "status":
            return _status(options, narrator)
        case "rollback":
            return roll_back(options, opening_of(options), narrator)
        case "disarm":
            undo_restart = options.undo_restart
            return asyncio.run(_disarm(opening_of(options), narrator, undo_restart=undo_restart))
        case _:
            return _demo(options, narrator, open_demo)


def _interrupted(number: int, frame: object) -> NoReturn:
    """Stop at once: the journal is safe at any moment, and what we started dies with us."""
    words = msg("Interrupted. Nothing is lost: the same command continues from here.")
    stop(f"\n{shown(words)}\n", ExitStatus.INTERRUPTED)


def opening_of(options: argparse.Namespace) -> Opening:
    """Return what the options say about opening the migration."""
    names = (
        "path", "deployment", "provider", "endpoint", "region", "bucket", "custom_domain",
        "url_protocol", "site_url", "restart_command", "switch_way", "limit_rate",
        "ca_file",
    )  # fmt: skip
    given = {name: getattr(options, name, None) for name in names}
    overrides = {name: value for name, value in given.items() if value is not None}
    return Opening(
        folder=options.folder,
        state=options.state,
        overrides=overrides,
        keys=environment_keys(),
        ask_again=getattr(options, "ask_again", False),
        console_minutes=getattr(options, "console_minutes", None),
    )


# What only a person can answer, and may on the command line.
_AGREEMENTS = (WITHOUT_SITE, ACCEPT_OTHER_BYTES, GIVE_UP)


def _name_of(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _run(options: argparse.Namespace, narrator: Narrator) -> int:
    opening = opening_of(options)
    if options.dry_run or not options.yes:
        with opening_that_changes_nothing(opening) as harmless:
            return asyncio.run(_show_plans(harmless, narrator, options))
    agreed = [option for option in _AGREEMENTS if getattr(options, _name_of(option))]
    return asyncio.run(_carry_out(opening, narrator, agreed))


def _what_now(command: str, problem: Problem) -> Message:
    if problem.usage:
        return msg("Correct the command, then run it again.")
    if command == "demo":
        return msg("The demo did not finish.")
    if isinstance(problem, JournalHeld | WayBackUnfinished):
        return NOTHING
    if command == "rollback":
        return NOT_BACK
    if command != "run":
        return NOTHING
    return msg(
        "The migration is not finished. Once that is fixed, the same command continues from here."
    )


async def carry_out_all(opened: Opened, narrator: Narrator) -> int:
    """Carry out all steps that are not done, in order; returns the exit status."""
    migration = opened.migration
    try:
        return await _carry_out_steps(opened, narrator)
    except Problem as problem:
        narrator.problem(problem)
        if migration.is_armed():
            narrator.warn(_armed(migration))
        narrator.end(ExitStatus.of(problem), _what_now("run", problem))
        return ExitStatus.of(problem)


async def _carry_out_steps(opened: Opened, narrator: Narrator) -> int:
    migration = opened.migration
    narrator.masker = migration.context.masker
    if opened.news:
        narrator.say(opened.news)
    if opened.site_problem:
        narrator.warn(msg("! {problem}", problem=opened.site_problem.in_short()))
    narrator.found(opened.facts)
    if opened.resumed:
        narrator.say(opened.resumed)
    if migration.is_armed():
        narrator.say(_armed(migration))
    await _check_restart(migration)
    for step in migration.steps:
        await _carry_out_one(migration, step, narrator)
    waiting = [s for s in migration.statuses() if s.state is State.LATER]
    narrator.end(ExitStatus.OK, await _last_words(migration, len(waiting)))
    return ExitStatus.OK


_ON_BUCKET = msg(
    "The site runs with S3 already: there is nothing to disarm. `bw-s3 disarm --undo-restart` "
    "brings it back to this server's disk, with what was uploaded in the meantime."
)

_ON_NEW_BUCKET = msg(
    "The site uses the new storage already: there is nothing to disarm. `bw-s3 disarm "
    "--undo-restart` brings it back to the old one, with what was uploaded in the meantime."
)

# However the site is, a status must come soon, also without a network.
_SECONDS_FOR_STATUS = 3.0

# Translators: the exclamation mark in front of it is a sign, as with other warnings.
_ARMED = msg(
    "! .env says USE_S3=true and the instance has not been restarted with it yet: whatever "
    "restarts it now switches it to S3, ready or not. `bw-s3 disarm` puts that line back."
)


_ARMED_MOVING = msg(
    "! .env names the new storage and the instance has not been restarted with it yet: whatever "
    "restarts it now switches it, ready or not. `bw-s3 disarm` puts the old lines back."
)


_ARMED_FRESH = msg(
    "! .env says USE_S3=true, but not everything is in the bucket yet: do not start the site "
    "before the other steps are done. `bw-s3 disarm` puts that line back."
)


_HALF_WAY_BACK = msg(
    "! The way back to this server's disk is not finished: `bw-s3 rollback` continues it."
)


def _armed(migration: Migration) -> Message:
    if migration.context.settings.path == MigrationPath.FRESH:
        return _ARMED_FRESH
    return _ARMED if migration.context.old_storage is None else _ARMED_MOVING


async def _check_restart(migration: Migration) -> None:
    """Raise what only the admin can say about the restart, before the instance is armed."""
    restart = migration.status(migration.step_named("restart"))
    if restart.state not in RESTING:
        await choose(migration.context)


async def _carry_out_one(migration: Migration, step: Step, narrator: Narrator) -> None:
    if await show_plan(migration, step, narrator):
        narrator.result(await migration.carry_out(step))


async def _carry_out(opening: Opening, narrator: Narrator, agreed: Collection[str]) -> int:
    ask = yes_aloud(narrator, agreed)
    opened = await open_migration(opening, narrator, ask)
    try:
        check_way_back(opened.migration, give_up=GIVE_UP in agreed)
        opened.migration.context.settings.require("provider", "bucket", "endpoint", "custom_domain")
        return await carry_out_all(opened, narrator)
    finally:
        opened.close()


async def _show_plans(opening: Opening, narrator: Narrator, options: argparse.Namespace) -> int:
    opened = await open_migration(opening, narrator, yes)
    try:
        narrator.masker = opened.migration.context.masker
        narrator.found(opened.facts)
        check_way_back(opened.migration, give_up=getattr(options, _name_of(GIVE_UP)))
        opened.migration.context.settings.require("provider", "bucket", "endpoint", "custom_domain")
        return await show_plans(opened.migration, narrator, wanted=options.dry_run)
    finally:
        opened.close()


async def _last_words(migration: Migration, waiting: int) -> Message:
    done = await _what_was_done(migration, waiting)
    last = sentences(done, migration.context.deployment.upkeep)
    if waiting or migration.context.settings.path == MigrationPath.FRESH:
        return last
    return after_remarks(migration.remarks(), last)


async def _what_was_done(migration: Migration, waiting: int) -> Message:
    if waiting:
        return plural(
            "{n} step waits until the instance runs. Follow BookWyrm's installation guide to its "
            "end, then run bw-s3 again: it completes the migration.",
            "{n} steps wait until the instance runs. Follow BookWyrm's installation guide to its "
            "end, then run bw-s3 again: it completes the migration.",
            waiting,
        )
    if migration.context.settings.path == MigrationPath.FRESH:
        return msg(
            "Everything is done and verified. What is uploaded from now on goes to the bucket."
        )
    if (old := migration.context.old_storage) is not None:
        if moves_address_only(migration.context):
            return msg(
                "Everything is done and verified. Keep the old address working: other servers "
                "still ask for it ({base}).",
                base=old.public_base,
            )
        return msg(
            "Everything is done and verified. Keep the old storage as it is: other servers still "
            "ask for its addresses ({base}).",
            base=old.public_base,
        )
    media = await migration.context.deployment.media()
    return msg(
        "Everything is done and verified. Keep the local media where they are "
        "({media}): other servers still ask for the old /images/ addresses.",
        media=media.label,
    )


def _status(options: argparse.Namespace, narrator: Narrator) -> int:
    opening = opening_of(options)
    migration = open_to_read(opening, lambda event: None, yes)
    if migration is None:
        folder = open_instance(options.folder).folder
        if isinstance(narrator, JsonNarrator):
            narrator.write_object({"begun": False, "steps": []})
        else:
            narrator.say(msg("No migration has been started in {folder}.", folder=str(folder)))
        return ExitStatus.OK
    switch = how_it_stands(opening.journal_folder, migration.context.instance.folder)
    asyncio.run(_look_at_site(migration))
    if lost := lost_lines(migration):
        show_as_undone(migration)
    back = unfinished_way_back(migration)
    if isinstance(narrator, JsonNarrator):
        narrator.write_object({**_status_object(migration, back, switch), "lost": lost})
        return ExitStatus.OK
    left = LEFT_S3 if has_left_s3(migration) else NOTHING
    for words in filter(None, (switch, lost, _HALF_WAY_BACK if back else left)):
        narrator.say(words)
    where, stands = str(migration.context.instance.folder), where_it_stands(back or migration)
    narrator.say(msg("{folder}: {stands}", folder=where, stands=stands))
    narrator.say(site_now(migration))
    if migration.is_armed():
        narrator.say(_armed(migration))
    for status in (back or migration).statuses():
        narrator.status(status)
    return ExitStatus.OK


async def _look_at_site(migration: Migration) -> None:
    """Look at the site of an instance that was seen running; nobody waits long for a status."""
    if migration.status(migration.step_named("restart")).state is not State.LATER:
        await migration.look_at_site(_SECONDS_FOR_STATUS)


def _status_object(migration: Migration, back: Migration | None, switch: str) -> dict[str, object]:
    shown_steps = back or migration
    steps = [{"step": s.step.name, **status_to_dict(s)} for s in shown_steps.statuses()]
    upcoming = shown_steps.next_step()
    return {
        "begun": True,
        "switch": switch,
        "armed": migration.is_armed(),
        "site": migration.served_from(),
        "next": upcoming.name if upcoming else None,
        "path": "back" if back else migration.context.settings.path,
        "steps": steps,
    }


async def _disarm(opening: Opening, narrator: Narrator, *, undo_restart: bool) -> int:
    # Going back: a switch that was interrupted is not finished first.
    opened = await open_migration(replace(opening, put_back=True), narrator, yes_aloud(narrator))
    try:
        migration = opened.migration
        narrator.masker = migration.context.masker
        if opened.news:
            narrator.say(opened.news)
        on_bucket = migration.served_from() is ServedFrom.THIS_BUCKET
        if on_bucket and not undo_restart:
            moved = migration.context.old_storage is not None
            narrator.say(_ON_NEW_BUCKET if moved else _ON_BUCKET)
            return ExitStatus.OK
        if on_bucket:
            return await _undo_restart(migration, narrator)
        if not migration.is_armed() and not uploads_are_missing(migration.context):
            narrator.say(msg("The instance is not armed: nothing to do."))
            return ExitStatus.OK
        await migration.undo(migration.step_named("enable_s3"))
        disarmed = msg("Disarmed: USE_S3 in .env is as it was before.")
        if migration.context.old_storage is not None:
            disarmed = msg("Disarmed: .env names the old storage, as before.")
        narrator.say(disarmed)
    finally:
        opened.close()
    return ExitStatus.OK


async def _undo_restart(migration: Migration, narrator: Narrator) -> int:
    if not await migration.undo(migration.step_named("restart")):
        narrator.say(
            msg("The site already ran with this bucket before bw-s3: that is left as it is.")
        )
        return ExitStatus.DECISION
    if migration.context.old_storage is not None:
        narrator.say(msg("The site uses its old storage again. The objects in both buckets stay."))
        return ExitStatus.OK
    narrator.say(
        msg("The site runs without S3 again. The objects in the bucket stay where they are.")
    )
    return ExitStatus.OK


def _demo(options: argparse.Namespace, narrator: Narrator, open_demo: OpenDemo) -> int:
    if options.start:
        return _start_demo(options.start, narrator)
    if options.yes:
        return asyncio.run(_run_demo(options.covers, options.keep, narrator))
    if options.json:
        raise Problem(
            msg("Usage error: the demo in the wizard has no --json."),
            msg("The wizard draws on the terminal."),
            msg("Add --yes to run the demo without the wizard."),
            usage=True,
            code="usage-error",
        )
    return open_demo(DemoOptions(options.covers, options.keep, not options.no_mouse))


def _start_demo(folder: Path, narrator: Narrator) -> int:
    from wizard.demo.build import start_again

    narrator.say(msg("Starting the site and the S3 server of the demo."))
    with start_again(folder, narrator) as demo:
        narrator.found(
            [
                Fact(msg("site"), demo.site_url),
                Fact(msg("instance"), str(demo.folder)),
                Fact(
                    msg("bucket"),
                    msg(
                        "{bucket} at {endpoint}",
                        bucket=demo.bucket,
                        endpoint=demo.storage.endpoint,
                    ),
                ),
            ]
        )
        narrator.say(msg("Both run until you press Ctrl+C here."))
        ending = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        signal.pthread_sigmask(signal.SIG_BLOCK, ending)
        signal.sigwait(ending)
    narrator.end(ExitStatus.OK, msg("Both have ended."))
    return ExitStatus.OK


async def _run_demo(covers: int, keep: bool, narrator: Narrator) -> int:
    # Imported here: a real migration does not need the demo.
    from wizard.demo.build import build

    with build(None, covers=covers, keep=keep, report=narrator) as demo:
        said = {k: v for k, v in demo.settings.to_dict().items() if v}
        opening = Opening(folder=demo.folder, state=None, overrides=said, keys=demo.keys)
        opened = await open_migration(opening, narrator, yes)
        try:
            return await carry_out_all(opened, narrator)
        finally:
            opened.close()
