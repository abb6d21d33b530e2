"""The two narrators: the same events, as lines and as JSON, and never a secret."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest

from wizard.core.events import Note, Output, Progress, Waiting, failed, passed
from wizard.core.language import ENGLISH, Language, language, use
from wizard.core.message import Message, msg, verbatim
from wizard.core.plan import Command, Diff, Document, Plan, Sentence
from wizard.core.problem import Problem
from wizard.core.states import ResultState, State
from wizard.journal.journal import StepResult
from wizard.migration import STEPS, Status
from wizard.reporting.narration import JsonNarrator, Narrator, PlainNarrator
from wizard.step import Fact, Question

SECRET = 'a "quoted" secret\\'


def test_json_is_one_object_a_line_with_event_and_step() -> None:
    stream = io.StringIO()
    narrator = JsonNarrator(stream)
    narrator(passed(verbatim("bucket there"), verbatim("yes")))
    narrator(Output("line"))
    narrator.plan(
        Plan((Sentence(verbatim("words")), Command(("ls", "-l")), Diff(".env", "-a\n+b")))
    )
    narrator.end(0, "done")
    objects = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [o["event"] for o in objects] == ["check", "output", "plan", "end"]
    assert all("step" in o for o in objects)
    assert objects[2]["items"][1] == {
        "kind": "command", "argv": ["ls", "-l"], "user": "", "note": "",
    }  # fmt: skip


def test_no_secret_comes_out_however_it_is_encoded() -> None:
    for narrator_type in (JsonNarrator, PlainNarrator):
        stream = io.StringIO()
        narrator = narrator_type(stream)
        narrator.masker.add(SECRET)
        narrator(Output(f"set -x {SECRET}"))
        narrator(Note(verbatim(SECRET)))
        narrator.problem(
            Problem(verbatim("It broke."), verbatim(SECRET), verbatim(SECRET), raw=SECRET)
        )
        narrator.plan(Plan((Document(verbatim("policy"), SECRET),), verbatim(SECRET)))
        assert "quoted" not in stream.getvalue()


def test_a_step_without_checks_counts_none() -> None:
    stream = io.StringIO()
    result = StepResult(
        step="set_cors",
        state=ResultState.DONE,
        inputs={},
        checks=(),
        problem=None,
        at=1.0,
        seconds=2.0,
    )
    PlainNarrator(stream).result(result)
    assert stream.getvalue().split() == ["✓", "done,", "2.0", "s"]


def test_a_problem_says_what_why_and_what_to_do() -> None:
    stream = io.StringIO()
    problem = Problem(
        verbatim("No network."),
        verbatim("The cable is out."),
        verbatim("Plug it in."),
        raw="ENETUNREACH",
    )
    PlainNarrator(stream)(failed(verbatim("endpoint"), problem))
    text = stream.getvalue()
    order = [text.index(t) for t in ("No network.", "cable", "→ Plug it in.", "ENETUNREACH")]
    assert order == sorted(order)


def test_progress_is_told_once_a_second() -> None:
    stream = io.StringIO()
    narrator = PlainNarrator(stream)
    for done in range(50):
        narrator(
            Progress(
                files_done=done,
                files_total=50,
                bytes_done=done * 1000,
                bytes_total=50000,
                rate=1e6,
                seconds_left=3.0,
            )
        )
    assert len(stream.getvalue().splitlines()) == 1
    assert "0 of 50 files" in stream.getvalue()


def test_a_long_wait_is_told_every_ten_seconds_and_each_new_one_at_once() -> None:
    stream = io.StringIO()
    narrator = PlainNarrator(stream)
    for seconds in range(25):
        narrator(Waiting(verbatim("web is preparing to start"), float(seconds)))
    narrator(Waiting(verbatim("nginx passes visitors to web"), 0.0))
    narrator(Waiting(verbatim("web is preparing to start"), 0.0))
    told = [line.split()[1] for line in stream.getvalue().splitlines()]
    assert told == ["0:00:", "0:10:", "0:20:", "0:00:", "0:00:"]


def test_what_is_counted_is_no_copy_yet() -> None:
    stream = io.StringIO()
    PlainNarrator(stream)(
        Progress(
            files_done=0,
            files_total=64,
            bytes_done=0,
            bytes_total=766_400,
            rate=0.0,
            seconds_left=None,
            counting=True,
        )
    )
    assert stream.getvalue() == "   counted so far: 64 files, 766 kB\n"


class Brackets(Language):
    """A language that shows where it was asked: English in brackets."""

    def show(self, text: str) -> str:
        return f"‹{text}›" if isinstance(text, Message) else text


@pytest.fixture
def in_brackets() -> Iterator[None]:
    use(Brackets(ENGLISH))
    yield
    use(language(ENGLISH))


def tell_all(narrator: Narrator) -> None:
    """Have everything told that can be told."""
    problem = Problem(
        msg("No network."),
        msg("The cable is out."),
        msg("Plug it in."),
        raw="RAW",
        code="network-down",
    )
    step, text, label = STEPS[0], msg("A sentence."), msg("a label")
    result = StepResult(
        step=step.name, state=ResultState.DONE, inputs={}, checks=(), problem=None, at=0, seconds=3
    )
    narrator.begin(step)
    narrator.found([Fact(label, text)])
    items = (Sentence(text), Command(("ls",), "root", text), Diff(".env", "RAW"))
    narrator.plan(Plan((*items, Document(label, "RAW")), text))
    narrator.status(Status(step=step, state=State.STALE, why=text))
    narrator(failed(text, problem, code="network"))
    narrator(passed(text, text))
    narrator(Note(text))
    narrator(Waiting(text, 3))
    narrator(
        Progress(files_done=1, files_total=2, bytes_done=1, bytes_total=2, rate=1, seconds_left=1)
    )
    narrator.result(result)
    narrator.problem(problem)
    narrator.question(Question(text=text, yes=text, no=text, deadline=1.0), text)
    narrator.say(text)
    narrator.warn(text)
    narrator.end(0, text)


def test_every_line_is_in_the_language_in_use(in_brackets: None) -> None:
    stream = io.StringIO()
    tell_all(PlainNarrator(stream))
    lines = [line for line in stream.getvalue().splitlines() if line.strip() not in ("", "RAW")]
    assert [line for line in lines if "‹" not in line] == []
    assert " ✗ ‹A sentence.: No network.›\n   ‹The cable is out.›\n" in stream.getvalue()
    assert "   $ ls ‹(as root)›  # ‹A sentence.›\n" in stream.getvalue()


def test_json_is_english_and_has_codes_in_every_language(in_brackets: None) -> None:
    stream = io.StringIO()
    tell_all(JsonNarrator(stream))
    assert "‹" not in stream.getvalue()
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert next(o for o in told if o["event"] == "check")["code"] == "network"
    assert next(o for o in told if o["event"] == "problem")["code"] == "network-down"
