"""What happens, as lines for a terminal or as JSON for machines."""

from __future__ import annotations

import json
import shlex
import sys
import textwrap
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from wizard.core.events import Check, Event, Note, Output, Progress, Verdict, Waiting
from wizard.core.language import shown
from wizard.core.message import NOTHING, Message, msg, plural
from wizard.core.plan import Command, Diff, Document, Plan, PlanItem, Sentence
from wizard.core.problem import Problem
from wizard.core.quantities import (
    count_files,
    describe_clock,
    describe_duration,
    describe_part,
    describe_rate,
    describe_size,
)
from wizard.core.secrets import Masker, masked
from wizard.core.states import State
from wizard.core.symbols import REMEDY, STATE_SYMBOLS, UNDECIDED, VERDICT_SYMBOLS, WARNING
from wizard.core.wrapping import wrapped
from wizard.journal.journal import StepResult
from wizard.migration import Status
from wizard.reporting.output import takes, write, write_error
from wizard.step import Fact, Question, Step

# What programs may rely on in our JSON; another number when something is named otherwise or gone.
SCHEMA = 1
_SECONDS_BETWEEN_PROGRESS = 1.0
# What is waited for may take minutes, and nothing else is said of it.
_SECONDS_BETWEEN_WAITS = 10.0
_WIDTH = 90
# Translators: above what a provider, Docker or Django said, as it came.
_BENEATH = msg("Original message:")

# Translators: how a step stands, in one word.
_STATES: Mapping[State, Message] = {
    State.TODO: msg("to do"),
    State.BEGUN: msg("begun"),
    State.DONE: msg("done"),
    State.FAILED: msg("failed"),
    State.STALE: msg("stale"),
    State.SKIPPED: msg("skipped"),
    State.LATER: msg("later"),
}


class Narrator(ABC):
    """Tells somebody what happens. Methods may be called from any thread.

    Secrets that `masker` knows never come out. Narration goes to `stream` (standard output),
    what went wrong to `errors` (standard error, or the stream that was given). `changes`: what
    is told of changes something, so that an end for want of a reader has to be explained.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        errors: TextIO | None = None,
        *,
        changes: bool = False,
    ) -> None:
        self.masker = Masker()
        self._stream = stream or sys.stdout
        self._errors = errors or stream or sys.stderr
        self._changes = changes
        self._guard = threading.Lock()
        self._last_progress = 0.0
        self._last_wait = Waiting(NOTHING, 0.0)
        self._step = ""
        self._told: Problem | None = None

    def __call__(self, event: Event) -> None:
        """Tell an event; progress at most once a second, the same wait every ten seconds."""
        if isinstance(event, Progress) and not self._is_time():
            return
        if isinstance(event, Waiting) and not self._is_new(event):
            return
        self.event(event)

    def _is_time(self) -> bool:
        now = time.monotonic()
        if now - self._last_progress < _SECONDS_BETWEEN_PROGRESS:
            return False
        self._last_progress = now
        return True

    def _is_new(self, wait: Waiting) -> bool:
        last = self._last_wait
        waited = wait.seconds - last.seconds
        if wait.text == last.text and 0 <= waited < _SECONDS_BETWEEN_WAITS:
            return False
        self._last_wait = wait
        return True

    def _write(self, text: str) -> None:
        with self._guard:
            write(self._stream, self.masker(text) + "\n", under_way=self._changes)

    def _write_error(self, text: str) -> None:
        with self._guard:
            write_error(self._errors, self.masker(text) + "\n")

    def begin(self, step: Step) -> None:
        """Tell that a step begins to be looked at."""
        self._step = step.name

    @abstractmethod
    def event(self, event: Event) -> None:
        """Tell what happened in the step under way."""

    @abstractmethod
    def found(self, facts: Sequence[Fact]) -> None:
        """Tell what was found out, about the instance or by a step."""

    @abstractmethod
    def plan(self, plan: Plan) -> None:
        """Tell what the step would change."""

    @abstractmethod
    def status(self, status: Status) -> None:
        """Tell where a step stands."""

    @abstractmethod
    def result(self, result: StepResult) -> None:
        """Tell how a step ended."""

    @abstractmethod
    def problem(self, problem: Problem) -> None:
        """Tell what went wrong, why, and what to do."""

    @abstractmethod
    def question(self, question: Question, answer: str) -> None:
        """Tell what was asked in the middle of a step, and the answer that was given."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Tell a sentence of the migration as a whole."""

    @abstractmethod
    def warn(self, text: str) -> None:
        """Tell a sentence that must not be missed, where something went wrong."""

    @abstractmethod
    def end(self, exit_status: int, text: str) -> None:
        """Tell the last words, and the exit status that belongs to them."""


class PlainNarrator(Narrator):
    """Lines for people, in the language in use."""

    def begin(self, step: Step) -> None:
        super().begin(step)
        self._write(f"\n── {shown(step.title)}")

    def event(self, event: Event) -> None:
        self._told = event.problem if isinstance(event, Check) else None
        if self._told:
            self._write_error(_plain(event))
        else:
            self._write(_plain(event))

    def found(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._write(_line(" ", f"{shown(fact.label):<14} {shown(fact.value)}"))

    def plan(self, plan: Plan) -> None:
        for item in plan.items:
            self._write(_plain_item(item))
        if plan.safe:
            self._write(_line(" ", plan.safe))

    def status(self, status: Status) -> None:
        state = _STATES[status.state]
        if status.why:
            state = msg("{state}: {why}", state=state, why=status.why)
        title = shown(status.step.title)
        self._write(_line(STATE_SYMBOLS[status.state], f"{title:<18} {shown(state)}"))

    def result(self, result: StepResult) -> None:
        took = describe_duration(result.seconds)
        text = plural(
            "done, {n} check, {took}", "done, {n} checks, {took}", result.passed_checks, took=took
        )
        if not result.passed_checks:
            text = msg("done, {took}", took=took)
        self._write(_line(STATE_SYMBOLS[State.DONE], text))

    def problem(self, problem: Problem) -> None:
        # The check that failed has just told it whole.
        if problem is not self._told:
            self._write_error(describe_problem(problem))

    def question(self, question: Question, answer: str) -> None:
        self._write(_line(UNDECIDED, question.text))
        if question.deadline is not None:
            seconds = max(0, round(question.deadline - time.time()))
            text = plural(
                "(Without an answer the same is done in {n} second.)",
                "(Without an answer the same is done in {n} seconds.)",
                seconds,
            )
            self._write(_line(" ", text))
        self._write(_line(" ", f"{REMEDY} {shown(answer)}"))

    def say(self, text: str) -> None:
        self._write(shown(text))

    def warn(self, text: str) -> None:
        self._write_error(shown(text))

    def end(self, exit_status: int, text: str) -> None:
        if text and exit_status:
            self._write_error(f"\n{shown(text)}")
        elif text:
            self._write(f"\n{shown(text)}")


class JsonNarrator(Narrator):
    """One JSON object a line: always `event`, and `step` within one. In English at all times."""

    def write_object(self, content: Mapping[str, object]) -> None:
        """Write an object of another form, for what is asked once and answered once."""
        # The values are masked before encoding, or an escaped quote would hide a secret.
        whole = {"schema": SCHEMA, **masked(content, self.masker)}
        self._write(_in_json(whole, self._stream))

    def _object(self, event: str, **data: Any) -> None:
        self.write_object({"event": event, "step": self._step, **data})

    def event(self, event: Event) -> None:
        name = type(event).__name__.lower()
        if isinstance(event, Check):
            self._object(name, **event.to_dict())
        else:
            self._object(name, **{f: getattr(event, f) for f in event.__slots__})

    def found(self, facts: Sequence[Fact]) -> None:
        self._object("found", facts={f.label: f.value for f in facts})

    def plan(self, plan: Plan) -> None:
        items = [{"kind": type(i).__name__.lower(), **_fields(i)} for i in plan.items]
        self._object("plan", items=items, safe=plan.safe)

    def status(self, status: Status) -> None:
        self._step = status.step.name
        self._object("status", **status_to_dict(status))

    def result(self, result: StepResult) -> None:
        checks = [check.to_dict() for check in result.checks]
        seconds = round(result.seconds, 3)
        self._object("result", result=result.state, checks=checks, seconds=seconds)

    def problem(self, problem: Problem) -> None:
        self._object("problem", **problem.to_dict())

    def question(self, question: Question, answer: str) -> None:
        deadline = None if question.deadline is None else as_time(question.deadline)
        self._object("question", text=question.text, answer=answer, deadline=deadline)

    def say(self, text: str) -> None:
        self._object("note", text=text, warning=False)

    def warn(self, text: str) -> None:
        self._object("note", text=text, warning=True)

    def end(self, exit_status: int, text: str) -> None:
        self._step = ""
        self._object("end", exit=exit_status, text=text)


def _in_json(content: object, stream: TextIO) -> str:
    """Return one line of JSON, escaped where the stream's encoding lacks letters of it."""
    text = json.dumps(content, ensure_ascii=False)
    return text if takes(stream, text) else json.dumps(content)


def as_time(seconds: float) -> str:
    """Return a moment, in seconds since the epoch, after ISO 8601: "2026-11-25T21:04:05+00:00"."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def status_to_dict(status: Status) -> dict[str, Any]:
    """Return a step's status as JSON can hold it."""
    result = status.result
    return {
        "title": status.step.title,
        "state": status.state,
        "why": status.why,
        "checks": [check.to_dict() for check in result.checks] if result else [],
        "seconds": round(result.seconds, 3) if result else None,
        "at": as_time(result.at) if result else None,
    }


def describe_problem(problem: Problem, show: Callable[[str], str] = shown) -> str:
    """Return a problem as lines: what, why, what to do, and the raw message beneath.

    `show` puts each text into the language that is wanted.
    """
    sign = VERDICT_SYMBOLS[Verdict.FAIL]
    return "\n".join([f" {sign} {show(problem.what)}", *_details(problem, show)])


def _details(problem: Problem, show: Callable[[str], str] = shown) -> list[str]:
    """Return all but the first line, for where what happened was said already."""
    lines = wrapped(show(problem.why), _WIDTH, "   ")
    lines += [f"   {REMEDY} {show(remedy.text)}" for remedy in problem.remedies]
    if problem.raw:
        beneath = textwrap.indent(problem.raw.strip(), "     ")
        lines += [f"   {show(_BENEATH)}", beneath]
    return lines


def _line(sign: str, text: str) -> str:
    return f" {sign} {shown(text)}"


def _plain(event: Event) -> str:
    match event:
        case Check():
            # Translators: a check's question, and what was seen: “Is it there?: yes”.
            text = msg("{asked}: {seen}", asked=event.asked, seen=event.seen)
            line = _line(VERDICT_SYMBOLS[event.verdict], text)
            return "\n".join([line, *_details(event.problem)]) if event.problem else line
        case Note():
            return _line(WARNING if event.warning else " ", event.text)
        case Output():
            return _line(" ", f"| {event.text}")
        case Waiting():
            clock = describe_clock(event.seconds)
            return _line(" ", msg("waiting {clock}: {text}", clock=clock, text=event.text))
        case Progress():
            return _line(" ", _progress(event))


def _progress(event: Progress) -> Message:
    total = count_files(event.files_total)
    if event.counting and not event.files_done:
        size = describe_size(event.bytes_total)
        return msg("counted so far: {files}, {size}", files=total, size=size)
    # Translators: how far a copy is: “12 of 50 files”.
    text = msg("{done} of {files}", done=event.files_done, files=total)
    if not event.bytes_total:
        return text
    text = msg(
        "{files}, {size}, {rate}",
        files=text,
        size=describe_part(event.bytes_done, event.bytes_total),
        rate=describe_rate(event.rate),
    )
    if event.seconds_left:
        text = msg(
            "{progress}, {clock} left", progress=text, clock=describe_clock(event.seconds_left)
        )
    if event.failed:
        text = plural(
            "{progress}, {n} failed", "{progress}, {n} failed", event.failed, progress=text
        )
    return text


def _plain_item(item: PlanItem) -> str:
    match item:
        case Sentence():
            return _line(WARNING if item.warning else " ", item.text)
        case Command():
            return _line(" ", f"$ {_command(item)}")
        case Diff():
            return _with_text(msg("changes in {file}:", file=item.file), item.text)
        case Document():
            return _with_text(msg("{title}:", title=item.title), item.text)


def _command(item: Command) -> str:
    line = shown_command(item)
    if item.user:
        # Translators: the user that a command runs as, behind the command.
        user = msg("(as {user})", user=item.user)
        line += f" {shown(user)}"
    return line + (f"  # {shown(item.note)}" if item.note else "")


def _with_text(title: Message, text: str) -> str:
    return f"{_line(' ', title)}\n{textwrap.indent(text, '     ')}"


def shown_command(command: Command) -> str:
    """Return a command as one would type it."""
    return shlex.join(command.argv)


def _fields(item: PlanItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}
