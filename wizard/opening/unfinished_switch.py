"""A switch of the running services that an earlier start began: followed, finished, told of."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from wizard.core.events import Note, Report
from wizard.core.message import NOTHING, Message, msg, plural, sentences, with_full_stop
from wizard.core.problem import Problem
from wizard.instance.checkout import Instance
from wizard.journal.file import JournalHeld
from wizard.journal.journal import Journal
from wizard.step import Ask, Context
from wizard.switch.files import Answer, SwitchFiles
from wizard.switch.follow import SECONDS_TO_START, finish_switch, follow
from wizard.switch.state import Direction, SwitchPhase, SwitchState
from wizard.switch.undo import put_services_back

_SECONDS_A_TRY = 0.2
# What a runner's process takes to end after its last word, and another bw-s3 to start one again.
_SECONDS_BETWEEN = 10.0
_FOLLOWING = msg(
    "The running services are being switched by an earlier start; this one follows it."
)


async def open_journal(
    folder: Path, instance: Instance, report: Report, ask: Ask, *, put_back: bool
) -> Journal:
    """Open the journal; one that a switch under way holds is waited for, and that is followed.

    With `put_back` the switch is told to go back. Raises `Problem`.
    """
    files = SwitchFiles(folder)
    since, ended = time.monotonic(), None
    while True:
        try:
            journal = Journal.open(folder, instance.folder)
            if ended and ended.over:
                # What it came to is told again when all is open.
                files.write(replace(ended, told=False))
            return journal
        except JournalHeld:
            state = files.read()
            if state and state.runner_lives and not state.over:
                report(Note(_FOLLOWING))
                if put_back and state.direction is Direction.TO_S3:
                    files.say(Answer(put_back=True), state)
                ended = await follow(files, report, ask)
                since = time.monotonic()
            elif time.monotonic() - since >= _seconds_of_a_runner(
                state, followed=ended is not None
            ):
                raise
        await asyncio.sleep(_SECONDS_A_TRY)


def _seconds_of_a_runner(state: SwitchState | None, *, followed: bool) -> float:
    """Return how long it may be a runner that holds the journal: one that starts, or that ends."""
    if state is None:
        return 0
    if not state.over:
        return SECONDS_TO_START
    return _SECONDS_BETWEEN if followed or state.runner_lives else 0


async def finish_what_was_begun(context: Context, *, put_back: bool) -> Message:
    """Finish a switch whose runner was killed; says what became of one that nobody followed.

    "" where there is nothing to say. Raises `Problem`.
    """
    files = SwitchFiles(context.journal.folder)
    state = files.read()
    if state is None:
        return NOTHING
    if not state.over:
        if state.is_of_another(context.instance.folder):
            raise _another_instances(state, context)
        if put_back and state.direction is Direction.TO_S3:
            await put_services_back(context)
        else:
            await finish_switch(context, state)
        state = files.read() or state
    elif state.told:
        return NOTHING
    if not state.told:
        files.write(replace(state, told=True))
    return how_it_ended(state)


def _another_instances(state: SwitchState, context: Context) -> Problem:
    folder = context.journal.shown_folder
    return Problem(
        msg(
            "A switch of the services is not finished, and it belongs to {instance}.",
            instance=state.instance,
        ),
        msg(
            "{folder} is a copy of that folder, made while its services were being "
            "switched. Finishing it from here would touch the wrong services.",
            folder=str(context.instance.folder),
        ),
        msg(
            "Start bw-s3 in {instance}: it finishes the switch, or puts everything back.",
            instance=state.instance,
        ),
        msg(
            "If the copy is to be an instance of its own: {command}",
            command=f"mv {folder} {folder}.old",
        ),
        decision=True,
        code="switch-of-another-instance",
    )


def how_it_stands(folder: Path, instance: Path) -> Message:
    """Return what `status` has to say first about a switch; "" where that is nothing.

    `folder` is that of the journal, `instance` that of the instance.
    """
    state = SwitchFiles(folder).read()
    if state is None:
        return NOTHING
    if state.over:
        return NOTHING if state.told else how_it_ended(state)
    if state.is_of_another(instance):
        return msg(
            "The switch recorded in this folder belongs to {instance}, not to this one.",
            instance=state.instance,
        )
    if state.runner_lives:
        return how_far_it_is(state)
    return msg(
        "The switch of the running services was interrupted: its process was killed, or the"
        " machine went down. Start bw-s3 now: it finishes the switch, or puts everything back."
    )


def how_far_it_is(state: SwitchState) -> Message:
    """Return where a switch is that continues by itself."""
    begun = plural(
        "It began {n} second ago and ends by itself.",
        "It began {n} seconds ago and ends by itself.",
        max(0, round(time.time() - state.begun_at)),
    )
    return sentences(with_full_stop(state.words), begun)


def how_it_ended(state: SwitchState) -> Message:
    """Return what became of a switch, in sentences."""
    if state.problem:
        return msg("The last switch of the running services: {what}", what=state.problem.what)
    if state.phase is SwitchPhase.DONE:
        done = msg("The running services were switched to the bucket.")
        if state.direction is Direction.TO_DISK:
            done = msg("The running services were switched back to this server's disk.")
        return sentences(done, state.downtime.words)
    if state.direction is Direction.TO_DISK:
        return msg("The running services were switched back to S3, which .env names again.")
    return msg("The running services were put back to the old .env; the site runs without S3.")
