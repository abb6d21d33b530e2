"""Following a switch: started where there is none, its events passed on, its questions asked.

There is one runner at most. Whoever comes while it is at work follows it; whoever comes after it
was killed has another one finish what it began.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from dataclasses import replace

from wizard.core.events import Note, Report, Waiting
from wizard.core.language import shown
from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.step import Ask, Context, Question
from wizard.switch import problems
from wizard.switch.files import Answer, SwitchFiles
from wizard.switch.launch import launch
from wizard.switch.state import Direction, Downtime, SwitchPhase, SwitchQuestion, SwitchState
from wizard.system.stopping import leaving

# How long the site may take to come back, in seconds.
PATIENCE = 120.0
_SECONDS_A_POLL = 0.2
# Python and its libraries take seconds on a machine that is busy.
SECONDS_TO_START = 60.0
# Each finishes what the one before it began; if all are killed, another would be as well.
_MOST_RUNNERS = 4
GOES_ON = msg(
    "The switch of the services continues by itself: it comes to its end, or puts everything back."
    " The next start of bw-s3 follows it; `bw-s3 status` says where it is."
)
KILLED = msg(
    "The switch of the running services was interrupted: its process was killed, or the machine"
    " went down. It is finished now, or put back."
)


def files_of(context: Context) -> SwitchFiles:
    """Return the files of this migration's switch."""
    return SwitchFiles(context.journal.folder)


def under_way(context: Context) -> SwitchState | None:
    """Return the switch that continues by itself now; None where there is none."""
    state = files_of(context).read()
    return state if state and not state.over else None


def want_everything_back(context: Context) -> None:
    """Have the runner put back what it has done, as soon as it hears of it."""
    state = under_way(context)
    if state:
        files_of(context).say(Answer(put_back=True), state)


async def carry_out_switch(
    context: Context, patience: float, direction: Direction = Direction.TO_S3
) -> SwitchState:
    """Have the services switched, and follow that to its end. Returns how it ended.

    One that is under way is followed instead, and one whose runner was killed is finished.
    Cancelling this ends the following only. Raises `Problem` where no runner can be started.
    """
    files = files_of(context)
    # Before the runner is there: one that fails at once has a question at once.
    with files.following():
        state = files.read()
        if state is None or state.over:
            state = _new_state(context, patience, direction, state)
            await asyncio.to_thread(_begin, context, files, state)
            state = await _start(context, files)
        return await finish_switch(context, state)


async def finish_switch(context: Context, state: SwitchState) -> SwitchState:
    """Follow a switch that was begun to its end, with a new runner whenever one was killed."""
    files = files_of(context)
    with files.following():
        for _ in range(_MOST_RUNNERS):
            if not state.runner_lives:
                state = await _revived(context, files, state)
            state = await follow(files, context.report, context.ask)
            if state.over:
                return state
    raise problems.runner_keeps_dying(state)


async def follow(files: SwitchFiles, report: Report, ask: Ask) -> SwitchState:
    """Pass on what a runner does until it is over or the runner is dead; returns the state then."""
    follower = _Follower(files, report, ask)
    with files.following(), leaving(shown(GOES_ON)):
        try:
            return await follower.follow()
        finally:
            await follower.stop_asking()


class _Follower:
    """One who follows."""

    def __init__(self, files: SwitchFiles, report: Report, ask: Ask) -> None:
        self._files, self._report, self._ask = files, report, ask
        self._position = 0
        self._asked = ""
        self._asking: asyncio.Task[None] | None = None

    async def follow(self) -> SwitchState:
        """See `follow`."""
        while True:
            state = self._files.read()
            if state is None:
                raise problems.state_is_gone()
            lives = state.runner_lives
            # What it said before it wrote this state is there by now.
            self._pass_on()
            if state.over or not lives:
                # It may have come to its end between the two.
                return state if state.over else self._files.read() or state
            await self._ask_about(state)
            if state.doing:
                self._report(Waiting(state.doing, time.time() - state.since))
            await asyncio.sleep(_SECONDS_A_POLL)

    def _pass_on(self) -> None:
        events, self._position = self._files.events_after(self._position)
        for event in events:
            self._report(event)

    async def _ask_about(self, state: SwitchState) -> None:
        """Ask what the runner wants to know; take a question away that is no longer asked."""
        question = state.question
        key = f"{question.id} {question.deadline}" if question else ""
        if key == self._asked:
            return
        await self.stop_asking()
        self._asked = key
        if question:
            self._asking = asyncio.create_task(self._put_question(question, state))

    async def _put_question(self, asked: SwitchQuestion, state: SwitchState) -> None:
        question = Question(text=asked.text, yes=asked.yes, no=asked.no, deadline=asked.deadline)
        answer = await self._ask(question)
        self._files.say(Answer(asked.id, answer), state)

    async def stop_asking(self) -> None:
        """Return nobody waits for the answer any more."""
        task, self._asking = self._asking, None
        if task is None:
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _new_state(
    context: Context, patience: float, direction: Direction, before: SwitchState | None
) -> SwitchState:
    """Return a switch that is about to begin; the downtime of earlier tries counts with it."""
    tries = before is not None and before.phase is not SwitchPhase.DONE
    # Going back is done with every stage, whatever the one before had come to.
    begun = "begun" if direction is Direction.BACK else ""
    way = before.way if before and direction is Direction.BACK else ""
    return SwitchState(
        id=uuid.uuid4().hex,
        direction=direction,
        way=way,
        patience=patience,
        stage=begun,
        begun_at=time.time(),
        instance=str(context.instance.folder),
        # Between two tries nothing was switched, and nobody had to look.
        downtime=replace(before.downtime, good_at=None) if before and tries else Downtime(),
    )


def _begin(context: Context, files: SwitchFiles, state: SwitchState) -> None:
    files.prepare()
    # The runner knows of the settings what the journal knows.
    context.journal.save_settings(context.settings)
    files.write(state)


async def _revived(context: Context, files: SwitchFiles, state: SwitchState) -> SwitchState:
    context.report(Note(KILLED, warning=True))
    return await _start(context, files)


async def _start(context: Context, files: SwitchFiles) -> SwitchState:
    """Start a runner for what the files say, and wait until it is there. Raises `Problem`."""
    journal = context.journal
    try:
        process = launch(files, context.instance.folder, journal.folder, journal.lock)
    except OSError as error:
        raise _did_not_start(files, str(error)) from error
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        # Asked before reading, so that what it wrote last is read as well.
        ended = process.poll() is not None
        state = files.read()
        if state and (state.over or state.runner_lives):
            return state
        if ended or time.monotonic() >= deadline:
            break
        await asyncio.sleep(_SECONDS_A_POLL)
    if not ended:
        process.kill()
    raise _did_not_start(files, context.masker(files.last_errors()))


def _did_not_start(files: SwitchFiles, raw: str) -> Problem:
    """Return the `Problem`; a switch that never began is over with it."""
    state = files.read()
    problem = problems.runner_did_not_start(raw, begun=bool(state and state.stage))
    if state and not state.stage:
        files.write(replace(state, phase=SwitchPhase.FAILED, problem=problem, told=True))
    return problem
