"""The two narrators: the same events, as lines and as JSON, and never a secret."""

from __future__ import annotations

import io
import json

from wizard.core.events import Note, Output, Progress, Waiting, failed, passed
from wizard.core.message import verbatim
from wizard.core.plan import Command, Diff, Document, Plan, Sentence
from wizard.core.problem import Problem
from wizard.reporting.narration import JsonNarrator, PlainNarrator

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
        narrator(Waiting(verbatim("web is preparing its start"), float(seconds)))
    narrator(Waiting(verbatim("nginx passes visitors to web"), 0.0))
    narrator(Waiting(verbatim("web is preparing its start"), 0.0))
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
