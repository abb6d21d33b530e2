"""The switch itself, as its runner does it: stage by stage, watched, and put back if it fails."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

from wizard.core.events import Check, Event, Note, Output, Waiting, passed
from wizard.core.message import Message, msg, sentences, verbatim
from wizard.core.problem import Problem
from wizard.core.secrets import Masker
from wizard.core.states import ResultState
from wizard.instance.switching import Switch
from wizard.journal.journal import StepResult
from wizard.step import Context
from wizard.switch import problems
from wizard.switch.copies import SwitchCopies
from wizard.switch.course import course_of
from wizard.switch.files import SwitchFiles
from wizard.switch.moving import leads_to_bucket
from wizard.switch.site_watch import Awaited, SiteWatch
from wizard.switch.state import Direction, Downtime, SwitchPhase, SwitchQuestion, SwitchState
from wizard.switch.uploads_back import (
    bring_uploads_back,
    expect_no_uploads,
    expect_uploads,
    send_uploads,
)
from wizard.switch.ways import choose

# So long a question waits while visitors see errors.
SECONDS_TO_ANSWER = 30.0
_SECONDS_A_POLL = 0.2
# So long the site must show its old settings after a stage that failed, to count as untouched.
_SECONDS_UNTOUCHED = 2.0
# So long the storage may fail to give the page its styles, asked again after a pause.
_SECONDS_WITHOUT_STYLE, _TIMES_WITHOUT_STYLE = 10.0, 3
_SECONDS_BETWEEN = 1.0
_LAST_LINES = 15


class _Stopped(Problem):
    """Somebody who followed wants everything put back."""

    def __init__(self) -> None:
        super().__init__(
            problems.STOPPED, msg("You chose to put everything back."), code="switch-stopped"
        )


class SwitchRun:
    """One switch in the hands of its runner. `context.report` is not used: nobody may be there.

    What it does can be done again from the first stage by another runner, whenever this one
    is killed.
    """

    def __init__(self, context: Context, files: SwitchFiles, state: SwitchState) -> None:
        self._files = files
        self._state = state
        self._course = course_of(state.direction)
        self._switch: Switch | None = None
        self._guard = threading.Lock()
        self._masker = Masker(context.instance.env_file().secrets())
        self._context = replace(context, report=self._take, masker=self._masker)
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._unstyled = False
        self._watch = SiteWatch(
            context.settings, context.instance.domain, state.downtime, self._note_downtime
        )
        self._copies = SwitchCopies(
            self._context,
            self._watch.shows,
            copied=state.copied,
            note=lambda copied: self._change(copied=copied),
            log=self._log_failed_copy,
        )

    async def run(self) -> None:
        """Bring it to its end. The state says which; nothing is raised for what can go wrong."""
        async with self._watch, self._copies:
            try:
                await self._run()
            except Exception as error:  # noqa: BLE001 (whoever follows must get to know it)
                await self._end(SwitchPhase.FAILED, self._as_problem(error))

    async def _run(self) -> None:
        state = self._state
        if state.direction is Direction.BACK or state.phase is SwitchPhase.PUTTING_BACK:
            await self._put_back(state.problem)
            return
        if self._course.copies_while_switching(self._context):
            self._copies.go_toward(self._course.toward)
        if state.phase is SwitchPhase.ASKING and state.problem:
            await self._after_failure(state.problem)
            return
        try:
            await self._unless_stopped(self._go_forward())
        except Exception as error:  # noqa: BLE001 (the site is put back all the same)
            await self._after_failure(self._as_problem(error))
        else:
            self._course.note_done(self._context)
            if self._course.toward is Awaited.LOCAL:
                await self._catch_up()
            await self._end(SwitchPhase.DONE)

    async def _chosen(self) -> Switch:
        """Return the way that is taken: the one it was begun with, if any. Raises `Problem`."""
        if self._switch is None:
            self._switch = (await choose(self._context, self._state.way)).switch
            self._change(way=str(self._switch.way))
        return self._switch

    # Forward ---------------------------------------------------------------------------------

    async def _go_forward(self) -> None:
        report, switch = self._context.report, await self._chosen()
        if not self._state.stage:
            self._change(phase=SwitchPhase.RUNNING)
            self._do(msg("BookWyrm's own storage is tried with the settings in .env."))
            await self._context.deployment.try_storage(report)
            await self._watch.look()
            await self._copy_before()
        expect_uploads(self._context)
        stages = switch.stages()
        for number, stage in enumerate(stages, 1):
            if stage.name == switch.pages_change_at and number > 1:
                await self._copy_before()
            self._change(
                phase=SwitchPhase.RUNNING, stage=stage.name, number=number, total=len(stages),
                question=None,
            )  # fmt: skip
            self._do(stage.words)
            report(Note(stage.words))
            await switch.carry_out(stage, report)
        toward = self._course.toward
        self._do(toward.waiting)
        await self._watch.wait_for(toward, self._state.patience, report)
        await self._wait_for_style()
        report(Note(self._watch.downtime.words))

    async def _wait_for_style(self) -> None:
        """Raise a `Problem` where browsers do not use the page's styles: as bad as an error page.

        The storage may not answer every time, and one request that hangs takes longer than all
        the others, so that is seen a few times.
        """
        tries, deadline = 0, time.monotonic() + _SECONDS_WITHOUT_STYLE
        while problem := await self._without_style():
            tries += 1
            if tries >= _TIMES_WITHOUT_STYLE and time.monotonic() >= deadline:
                self._unstyled = True
                raise problem
            await asyncio.sleep(_SECONDS_BETWEEN)

    async def _without_style(self) -> Problem | None:
        return await self._course.style_problem(self._context, await self._watch.look())

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it, unless somebody wants everything put back: then raises that as a `Problem`."""
        working, stop = asyncio.create_task(work), asyncio.create_task(self._stop_wanted())
        try:
            await asyncio.wait({working, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise _Stopped
            working.result()
        finally:
            for task in (working, stop):
                task.cancel()
            await asyncio.gather(working, stop, return_exceptions=True)

    async def _stop_wanted(self) -> None:
        while True:
            said = self._files.said(self._state)
            if said and said.put_back:
                return
            await asyncio.sleep(_SECONDS_A_POLL)

    # Back ------------------------------------------------------------------------------------

    async def _after_failure(self, problem: Problem) -> None:
        """Put everything back, unless somebody who is there wants it to stay as it is."""
        if isinstance(problem, _Stopped):
            await self._put_back(problem)
            return
        problem = problems.with_lines(problem, self._last, self._masker)
        untouched = await self._is_untouched()
        if await self._is_to_be_put_back(problem, untouched=untouched):
            await self._put_back(problem, untouched=untouched)
        elif untouched:
            seen = bool(await self._context.deployment.services())
            await self._end(
                SwitchPhase.FAILED, self._nothing_restarted(problem, seen=seen, back=False)
            )
        else:
            await self._end(SwitchPhase.FAILED, problems.left_as_it_is(problem))

    async def _is_untouched(self) -> bool:
        if not self._state.stage:
            return True
        if not await self._watch.stays(self._course.origin, _SECONDS_UNTOUCHED):
            return False
        return self._switch is not None and not await self._switch.touched()

    async def _is_to_be_put_back(self, problem: Problem, *, untouched: bool) -> bool:
        """Tell whether to put back; asked if somebody is there and more was done than to try."""
        decided = not self._state.stage and self._switch is not None
        if decided or not self._files.is_followed():
            return True
        sight, deadline = await self._sight()
        text, yes, no = problems.whether_to_put_back(
            self._course.words, problem, sight, untouched=untouched
        )
        asked = SwitchQuestion(id=uuid.uuid4().hex, text=text, yes=yes, no=no, deadline=deadline)
        self._change(phase=SwitchPhase.ASKING, problem=problem, question=asked)
        answer = await self._answer(asked)
        self._change(question=None)
        return answer

    async def _sight(self) -> tuple[Message, float | None]:
        """Return what visitors see, and until when that may wait for an answer."""
        if not self._watch.view.own_page:
            return msg("Visitors see errors now."), self._deadline()
        if await self._without_style():
            soon = time.time() + SECONDS_TO_ANSWER
            return msg("Visitors see unstyled pages now."), self._deadline() or soon
        return msg("The site still answers."), self._deadline()

    def _deadline(self) -> float | None:
        """Until when a question may wait: as long as it likes while no visitor sees an error."""
        return None if self._watch.view.own_page else time.time() + SECONDS_TO_ANSWER

    async def _answer(self, asked: SwitchQuestion) -> bool:
        """Return what was answered; yes where nobody is there any more, or the time is over."""
        while self._files.is_followed():
            said = self._files.said(self._state)
            if said and said.put_back:
                return True
            if said and said.question == asked.id:
                return said.answer
            if asked.deadline is None and (deadline := self._deadline()):
                asked = replace(asked, deadline=deadline)
                self._change(question=asked)
            if asked.deadline and time.time() >= asked.deadline:
                return True
            await asyncio.sleep(_SECONDS_A_POLL)
        return True

    async def _put_back(self, problem: Problem | None, *, untouched: bool = False) -> None:
        """Put the old `.env` back, and the services as it says."""
        context, begun = self._context, bool(self._state.stage)
        self._change(phase=SwitchPhase.PUTTING_BACK, problem=problem, question=None)
        course = self._course
        back = course.putting_back if begun else msg("The old .env is put back.")
        self._do(back)
        context.report(Note(back, warning=True))
        never_failed = self._watch.never_failed
        try:
            if begun and not untouched:
                expect_uploads(context)
                self._copies.go_toward(course.origin)
                await self._watch.look()
                await self._copy_before()
            await course.put_env_back(context)
            if begun:
                await (await self._chosen()).undo(context.report, self._copy_before)
                await self._watch.wait_for(course.origin, self._state.patience, context.report)
        except Exception as error:  # noqa: BLE001 (that the site is not back has to be said)
            first, second = problem or _Stopped(), self._as_problem(error)
            view = await self._watch.look()
            await self._end(
                SwitchPhase.FAILED, problems.not_back(course.words, first, second, view)
            )
            return
        left = None
        if begun:
            words = problems.words(await self._watch.look())
            asked = msg("Does the site run as before?")
            context.report(passed(asked, words, code="site-as-before"))
            context.report(Note(self._watch.downtime.words))
            left = None if untouched else await self._catch_up()
        if not begun or untouched or course.origin is Awaited.BUCKET:
            expect_no_uploads(context)
        if isinstance(problem, _Stopped):
            ended: Problem | None = problems.stopped()
        elif problem and untouched and (begun or self._switch is None):
            seen = bool(await context.deployment.services())
            ended = self._nothing_restarted(problem, seen=seen, back=True)
        else:
            ended = problem and problems.put_back(
                course.words, problem, begun=begun, never_failed=never_failed
            )
        await self._end(SwitchPhase.PUT_BACK, ended or left)

    async def _copy_before(self) -> None:
        """Copy what was uploaded until now before pages ask the other storage for it.

        Not while visitors see unstyled pages: that would take longer than they can wait.
        """
        if self._unstyled or not self._copies.wanted:
            return
        self._do(msg("What was uploaded in the meantime is copied, before pages need it."))
        await self._copies.before_pages_change()

    def _nothing_restarted(self, problem: Problem, *, seen: bool, back: bool) -> Problem:
        return problems.nothing_restarted(self._course.words, problem, seen=seen, put_back=back)

    async def _catch_up(self) -> Problem | None:
        """Copy what was uploaded to the other storage, to the one that the site uses now.

        What went wrong is told, and ends nothing.
        """
        context, to_disk = self._context, self._state.direction is Direction.TO_DISK
        await self._copies.stop()
        try:
            if leads_to_bucket(context):
                self._do(msg("What was uploaded to this server in the meantime is copied."))
                context.report(Note(self._state.doing))
                await send_uploads(context)
                return None
            self._do(msg("What was uploaded to the bucket in the meantime is copied back."))
            context.report(Note(self._state.doing))
            before = self._copies.take_brought_back()
            await bring_uploads_back(context, before, may_refuse=to_disk)
        except Exception as error:  # noqa: BLE001 (the site runs all the same)
            problem = self._as_problem(error)
            context.report(Note(sentences(problem.what, problem.why), warning=True))
            return problem
        return None

    # What is kept ----------------------------------------------------------------------------

    def _change(self, **changes: Any) -> None:
        with self._guard:
            self._state = replace(self._state, **changes)
            # A question may wait for hours.
            self._watch.closely = self._state.phase in (
                SwitchPhase.RUNNING,
                SwitchPhase.PUTTING_BACK,
            )
            self._files.write(self._state)

    def _do(self, words: Message, seconds: float = 0.0) -> None:
        """Say what is done from now on, or since so many seconds.

        The good looks until then are kept with it: a runner that resumes after a kill counts on
        from there.
        """
        now = time.time()
        self._change(doing=words, since=now - seconds, downtime=self._watch.downtime)

    def _note_downtime(self, downtime: Downtime) -> None:
        self._change(downtime=downtime)

    async def _end(self, phase: SwitchPhase, problem: Problem | None = None) -> None:
        """Keep how it ended, for the step as well: perhaps nobody follows."""
        # Whoever follows copies what is left, and must not find us at it.
        await self._copies.stop()
        journal = self._context.journal
        text = problem.what if problem else str(phase)
        journal.write_log(self._course.step, f"switch: {text}")
        if problem:
            inputs, seconds = self._context.settings.storage, time.time() - self._state.begun_at
            journal.save_result(
                StepResult(
                    step=self._course.step,
                    state=ResultState.FAILED,
                    inputs=inputs,
                    checks=(),
                    problem=problem,
                    at=time.time(),
                    seconds=seconds,
                )
            )
        self._change(
            phase=phase, problem=problem, question=None, downtime=self._watch.downtime,
            told=self._files.is_followed(), ended_at=time.time(),
        )  # fmt: skip

    def _take(self, event: Event) -> None:
        """Keep what happens, secrets masked. May be called from any thread."""
        match event:
            case Waiting():
                if event.text != self._state.doing:
                    self._do(verbatim(event.text), event.seconds)
            case Output():
                line = self._masker(event.text)
                self._last.append(line)
                self._files.append(Output(line))
            case Note():
                self._files.append(replace(event, text=self._masker(event.text)))
            case Check():
                self._files.append(replace(event, seen=self._masker(event.seen)))

    def _as_problem(self, error: Exception) -> Problem:
        if isinstance(error, Problem):
            return error
        return problems.unforeseen(error, self._raw(error))

    def _raw(self, error: Exception) -> str:
        return self._masker("".join(traceback.format_exception(error)))

    def _log_failed_copy(self, error: Exception) -> None:
        text = f"a copy beside the switch failed: {self._raw(error)}"
        with contextlib.suppress(Problem):  # the disk may be full
            self._context.journal.write_log(self._course.step, text)
