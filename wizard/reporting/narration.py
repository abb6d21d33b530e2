"""What happens, as lines for a terminal or as JSON for machines."""

from __future__ import annotations

import json
import shlex
import sys
import textwrap
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from wizard.core.events import Check, Event, Note, Output, Progress, Waiting
from wizard.core.plan import Command, Diff, Document, Plan, PlanItem, Sentence
from wizard.core.problem import Problem
from wizard.core.quantities import (
    count,
    describe_clock,
    describe_duration,
    describe_part,
    describe_rate,
    describe_size,
)
from wizard.core.secrets import Masker
from wizard.core.symbols import STATE_SYMBOLS, VERDICT_SYMBOLS
from wizard.journal.journal import StepResult
from wizard.migration import Status
from wizard.reporting.output import takes, write, write_error
from wizard.step import Fact, Question, Step

_SECONDS_BETWEEN_PROGRESS = 1.0
# What is waited for may take minutes, and nothing else is said of it.
_SECONDS_BETWEEN_WAITS = 10.0


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
        self._last_wait = Waiting("", 0.0)
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
    """Lines for people."""

    def begin(self, step: Step) -> None:
        super().begin(step)
        self._write(f"\n── {step.title}")

    def event(self, event: Event) -> None:
        self._told = event.problem if isinstance(event, Check) else None
        if self._told:
            self._write_error(_plain(event))
        else:
            self._write(_plain(event))

    def found(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._write(f"   {fact.label:<14} {fact.value}")

    def plan(self, plan: Plan) -> None:
        for item in plan.items:
            self._write(_plain_item(item))
        if plan.safe:
            self._write(f"   {plan.safe}")

    def status(self, status: Status) -> None:
        why = f": {status.why}" if status.why else ""
        symbol = STATE_SYMBOLS[status.state]
        self._write(f" {symbol} {status.step.title:<18} {status.state}{why}")

    def result(self, result: StepResult) -> None:
        took = describe_duration(result.seconds)
        self._write(f" ✓ {result.state}, {count(result.passed_checks, 'proof')}, {took}")

    def problem(self, problem: Problem) -> None:
        # The check that failed has just told it whole.
        if problem is not self._told:
            self._write_error(describe_problem(problem))

    def question(self, question: Question, answer: str) -> None:
        self._write(f" ? {question.text}")
        if question.deadline is not None:
            seconds = max(0, round(question.deadline - time.time()))
            self._write(f"   (Without an answer the same is done in {count(seconds, 'second')}.)")
        self._write(f"   → {answer}")

    def say(self, text: str) -> None:
        self._write(text)

    def warn(self, text: str) -> None:
        self._write_error(text)

    def end(self, exit_status: int, text: str) -> None:
        if exit_status and text:
            self._write_error(text)
        elif text:
            self._write(text)


class JsonNarrator(Narrator):
    """One JSON object a line: always `event`, and `step` within one."""

    def write_object(self, content: Mapping[str, object]) -> None:
        """Write an object of another form, for what is asked once and answered once."""
        # The values are masked before encoding, or an escaped quote would hide a secret.
        self._write(_in_json(_masked(content, self.masker), self._stream))

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
        self._object("result", result=result.state, proofs=checks, seconds=seconds)

    def problem(self, problem: Problem) -> None:
        self._object("problem", **problem.to_dict())

    def question(self, question: Question, answer: str) -> None:
        deadline = question.deadline
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


def status_to_dict(status: Status) -> dict[str, Any]:
    """Return a step's status as JSON can hold it."""
    result = status.result
    return {
        "title": status.step.title,
        "state": status.state,
        "why": status.why,
        "proofs": [check.to_dict() for check in result.checks] if result else [],
        "seconds": round(result.seconds, 3) if result else None,
        "at": result.at if result else None,
    }


def describe_problem(problem: Problem) -> str:
    """Return a problem as lines: what, why, what to do, and the raw message beneath."""
    return "\n".join([f" ✗ {problem.what}", *_details(problem)])


def _details(problem: Problem) -> list[str]:
    """Return all but the first line, for where what happened was said already."""
    lines = [*_wrapped(problem.why), *(f"   → {remedy.text}" for remedy in problem.remedies)]
    if problem.raw:
        lines += ["   The message beneath:", textwrap.indent(problem.raw.strip(), "     ")]
    return lines


def _plain(event: Event) -> str:
    match event:
        case Check():
            line = f" {VERDICT_SYMBOLS[event.verdict]} {event.asked}: {event.seen}"
            return "\n".join([line, *_details(event.problem)]) if event.problem else line
        case Note():
            return f" {'!' if event.warning else ' '} {event.text}"
        case Output():
            return f"   | {event.text}"
        case Waiting():
            return f"   waiting {describe_clock(event.seconds)}: {event.text}"
        case Progress():
            return _plain_progress(event)


def _plain_progress(event: Progress) -> str:
    if event.counting and not event.files_done:
        counted = f"{count(event.files_total, 'file')}, {describe_size(event.bytes_total)}"
        return f"   counted so far: {counted}"
    if not event.bytes_total:
        return f"   {event.files_done:,} of {count(event.files_total, 'file')}"
    left = f", {describe_clock(event.seconds_left)} left" if event.seconds_left else ""
    failed = f", {event.failed} failed" if event.failed else ""
    return (
        f"   {event.files_done:,} of {count(event.files_total, 'file')}, "
        f"{describe_part(event.bytes_done, event.bytes_total)}, "
        f"{describe_rate(event.rate)}{left}{failed}"
    )


def _plain_item(item: PlanItem) -> str:
    match item:
        case Sentence():
            return f" {'!' if item.warning else ' '} {item.text}"
        case Command():
            who = f" (as {item.user})" if item.user else ""
            note = f"  # {item.note}" if item.note else ""
            return f"   $ {shown_command(item)}{who}{note}"
        case Diff():
            return f"   changes in {item.file}:\n{textwrap.indent(item.text, '     ')}"
        case Document():
            return f"   {item.title}:\n{textwrap.indent(item.text, '     ')}"


def shown_command(command: Command) -> str:
    """Return a command as one would type it."""
    return shlex.join(command.argv)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 90, initial_indent="   ", subsequent_indent="   ")


def _fields(item: PlanItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__slots__}


def _masked(value: Any, masker: Masker) -> Any:
    match value:
        case str():
            return masker(value)
        case dict():
            return {k: _masked(v, masker) for k, v in value.items()}
        case list() | tuple():
            return [_masked(v, masker) for v in value]
        case _:
            return value
