"""What a switch's runner and its followers share, as it stands on the disk."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from wizard.core.events import Event, Note, Output, Progress, Waiting, failed, passed
from wizard.core.message import Message, msg, plural, verbatim
from wizard.core.problem import Action, Problem, Remedy
from wizard.opening.unfinished_switch import how_it_stands
from wizard.step import Question
from wizard.switch.files import Answer, SwitchFiles
from wizard.switch.follow import follow
from wizard.switch.state import Direction, Downtime, SwitchPhase, SwitchQuestion, SwitchState
from wizard.system.processes import Process

PROBLEM = Problem(
    verbatim("It failed."),
    verbatim("So."),
    Remedy(verbatim("Edit."), Action.EDIT_PROVIDER),
    raw="403",
)
STATE = SwitchState(id="one", direction=Direction.TO_S3, way="restart", patience=60)


@pytest.fixture
def files(tmp_path: Path) -> SwitchFiles:
    """An empty place for a switch."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    found = SwitchFiles(state)
    found.prepare()
    return found


def asking(deadline: float | None = None) -> SwitchQuestion:
    """A question."""
    return SwitchQuestion(
        id="q", text=msg("Put it back?"), yes=msg("Yes"), no=msg("No"), deadline=deadline
    )


def mine(state: SwitchState) -> SwitchState:
    """The state with this process as its runner."""
    process = Process.of(os.getpid())
    assert process
    return replace(state, pid=process.pid, pid_started=process.started)


def test_the_state_comes_back_as_it_was_written(files: SwitchFiles) -> None:
    assert files.read() is None
    question = asking(12.5)
    down = Downtime(looks=9, failures=2, seconds=1.5, down_since=3.0)
    state = replace(
        STATE, phase=SwitchPhase.ASKING, question=question, downtime=down, problem=PROBLEM
    )
    files.write(state)
    kept = files.read()
    assert kept
    assert kept.problem
    assert kept.problem.to_dict() == PROBLEM.to_dict()
    assert replace(kept, problem=None) == replace(state, problem=None)


def test_the_events_come_back_in_pieces(files: SwitchFiles) -> None:
    first: list[Event] = [
        Note(verbatim("begun"), warning=True),
        Output("a line"),
        passed(verbatim("Is it?"), verbatim("yes")),
    ]
    for event in [*first, Waiting(verbatim("for the site"), 2.0)]:
        files.append(event)
    events, position = files.events_after(0)
    assert events == first, "what is waited for stands in the state"
    with files.output_path.open("ab") as file:
        file.write(b'{"event": "output", ')
    assert files.events_after(position) == ([], position), "half a line waits for its end"
    with files.output_path.open("ab") as file:
        file.write(b'"text": "the end"}\n')
    assert files.events_after(position)[0] == [Output("the end")]


def test_a_check_that_failed_keeps_its_problem(files: SwitchFiles) -> None:
    files.append(failed(verbatim("Is it?"), PROBLEM))
    ((check,), _) = files.events_after(0)
    assert getattr(check, "problem").raw == "403"  # noqa: B009 (an event has none)


def test_all_is_private(files: SwitchFiles) -> None:
    files.write(STATE)
    files.say(Answer("q", True), STATE)
    files.append(Note(verbatim("so")))
    with files.following(), files.errors():
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in files.folder.iterdir()}
    assert modes == dict.fromkeys(
        ("state.json", "answer.json", "output.log", "followed", "errors.log"), 0o600
    )
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700


def test_what_is_said_can_still_be_translated_when_it_comes_back(files: SwitchFiles) -> None:
    stage = plural("{n} service is restarted.", "{n} services are restarted.", 3)
    files.write(replace(STATE, number=1, total=2, doing=stage, question=asking()))
    files.append(Note(stage))
    kept = files.read()
    assert kept
    assert kept.question
    assert (kept.doing.id, kept.doing.plural, dict(kept.doing.values)) == (
        stage.id,
        stage.plural,
        {"n": 3},
    )
    assert isinstance(kept.question.text, Message)
    assert kept.question.text.id == "Put it back?"
    assert kept.words.endswith("to S3 (stage 1 of 2): 3 services are restarted.")
    ((note,), _) = files.events_after(0)
    assert isinstance(note, Note)
    assert note.text == stage
    assert getattr(note.text, "id") == stage.id  # noqa: B009 (a text of others has none)


def test_a_damaged_state_is_said_in_words(files: SwitchFiles) -> None:
    for text in ("", "{}", '{"schema": 99}', "[]"):
        (files.folder / "state.json").write_text(text)
        with pytest.raises(Problem, match="cannot be read"):
            files.read()


def test_an_answer_to_another_switch_does_not_count(files: SwitchFiles) -> None:
    files.say(Answer(put_back=True), replace(STATE, id="earlier"))
    assert files.said(STATE) is None
    files.say(Answer("q", True), STATE)
    assert files.said(STATE) == Answer("q", True)


def test_the_runner_knows_whether_somebody_follows(files: SwitchFiles) -> None:
    assert not files.is_followed()
    with files.following(), files.following():
        assert files.is_followed()
        assert files.is_followed(), "asking must not end it"
    assert not files.is_followed()


def test_downtime_goes_from_the_first_failed_answer_to_the_first_good_one() -> None:
    now = time.time()
    down = Downtime().after(now - 20, good=True)
    assert down.words == "No visitor saw an error (0 of 1 request failed)."
    down = down.after(now - 10, good=False).after(now - 5, good=False)
    assert (down.failures, down.seconds, down.down_since) == (2, 0, now - 10)
    down = down.after(now, good=True)
    assert down.seconds == pytest.approx(10, abs=1)
    assert down.down_since is None
    down = down.after(now - 3, good=False).after(now, good=True)
    assert down.seconds == pytest.approx(13, abs=1)
    assert (
        down.words == "The site was down for about 13 seconds, 20 at most (3 of 6 requests failed)."
    )


def test_there_is_one_runner_at_most(files: SwitchFiles) -> None:
    with files.alone() as first, files.alone() as second:
        assert (first, second) == (True, False)
    with files.alone() as third:
        assert third


async def test_following_ends_with_a_dead_runner(files: SwitchFiles) -> None:
    files.write(replace(STATE, pid=os.getpid(), pid_started=1))
    state = await follow(files, lambda event: None, never)
    assert not state.over


async def test_following_passes_all_on_and_ends_with_the_switch(files: SwitchFiles) -> None:
    heard: list[Event] = []
    files.write(mine(replace(STATE, doing=msg("Restarting."), since=time.time() - 5)))
    files.append(Output("one"))
    following = asyncio.create_task(follow(files, heard.append, never))
    await until(lambda: any(isinstance(event, Waiting) for event in heard))
    files.append(Output("two"))
    files.write(mine(replace(STATE, phase=SwitchPhase.DONE)))
    assert (await following).phase is SwitchPhase.DONE
    assert [e.text for e in heard if isinstance(e, Output)] == ["one", "two"]
    waited = next(e for e in heard if isinstance(e, Waiting))
    assert (waited.text, round(waited.seconds)) == ("Restarting.", 5)
    assert not any(isinstance(event, Progress) for event in heard)


async def test_a_question_is_asked_once_and_taken_away_when_it_is_over(files: SwitchFiles) -> None:
    asked: list[Question] = []
    gone: list[str] = []

    async def ask(question: Question) -> bool:
        asked.append(question)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            gone.append(question.text)
            raise
        return True

    question = asking(99.0)
    files.write(mine(replace(STATE, phase=SwitchPhase.ASKING, question=question)))
    following = asyncio.create_task(follow(files, lambda event: None, ask))
    await until(lambda: bool(asked))
    await asyncio.sleep(0.5)
    assert asked == [
        Question(
            text=verbatim("Put it back?"), yes=verbatim("Yes"), no=verbatim("No"), deadline=99.0
        )
    ]
    files.write(mine(replace(STATE, phase=SwitchPhase.PUTTING_BACK)))
    await until(lambda: bool(gone))
    files.write(mine(replace(STATE, phase=SwitchPhase.PUT_BACK)))
    await following
    assert files.said(STATE) is None


async def test_the_answer_reaches_the_runner(files: SwitchFiles) -> None:
    async def no(question: Question) -> bool:
        return False

    question = asking()
    files.write(mine(replace(STATE, phase=SwitchPhase.ASKING, question=question)))
    following = asyncio.create_task(follow(files, lambda event: None, no))
    await until(lambda: files.said(STATE) == Answer("q", answer=False))
    files.write(mine(replace(STATE, phase=SwitchPhase.FAILED)))
    await following


async def never(question: Question) -> bool:
    raise AssertionError(question)


async def until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.02)


def test_where_it_stands_is_told_in_whole_sentences(files: SwitchFiles) -> None:
    for doing in (msg("The services are restarted."), msg("web is preparing its start")):
        files.write(mine(replace(STATE, doing=doing, begun_at=time.time())))
        state = files.folder.parent
        assert f"{doing.rstrip('.')}. It began 0 seconds ago and " in how_it_stands(
            state, state.parent
        )
