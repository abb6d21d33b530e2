"""What a step says while it works, for whoever watches: screen, terminal, log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wizard.core.message import Message, decode
from wizard.core.problem import Problem


class Verdict(StrEnum):
    """What a check says: verified, wrong, worth knowing, or not to be asked yet."""

    PASS = "pass"  # noqa: S105 (a verdict, not a password)
    FAIL = "fail"
    REMARK = "remark"
    LATER = "later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One piece of evidence: what was asked, what was seen, and the verdict.

    A check that failed carries the `problem` that explains it. `code` names what is
    asked for programs; it stays when the words change.
    """

    asked: Message
    seen: Message
    verdict: Verdict
    problem: Problem | None = None
    code: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the check in a form that `encode` makes JSON of; `from_dict` is the way back."""
        problem = self.problem.to_dict() if self.problem else None
        return {
            "asked": self.asked,
            "seen": self.seen,
            "verdict": self.verdict,
            "problem": problem,
            "code": self.code,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Check:
        """Return a check as `to_dict` gave it."""
        problem = Problem.from_dict(data["problem"]) if data["problem"] else None
        return cls(
            asked=decode(data["asked"]),
            seen=decode(data["seen"]),
            verdict=Verdict(data["verdict"]),
            problem=problem,
            code=data.get("code", ""),
        )


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence about what happens now."""

    text: Message
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A line that a command wrote, without ANSI sequences."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a copy is. Sizes in bytes, `rate` in bytes a second.

    `seconds_left` is None as long as nothing can be said. Totals grow while
    the media are still being counted (`counting`). Of the `failed`,
    `failed_folders` are folders that cannot be looked into.
    """

    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    rate: float
    seconds_left: float | None
    failed: int = 0
    counting: bool = False
    failed_folders: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is being waited for, and how long already."""

    text: Message
    seconds: float


Event = Check | Note | Output | Progress | Waiting

# A watcher may be called from any thread, and must return quickly.
Report = Callable[[Event], None]


def passed(asked: Message, seen: Message, *, code: str = "") -> Check:
    """Return a check that found all well."""
    return Check(asked=asked, seen=seen, verdict=Verdict.PASS, code=code)


def remark(asked: Message, seen: Message, *, code: str = "") -> Check:
    """Return a check that found something worth knowing that stops nobody."""
    return Check(asked=asked, seen=seen, verdict=Verdict.REMARK, code=code)


def later(asked: Message, seen: Message, *, code: str = "") -> Check:
    """Return a check that can only be made later; `seen` says when."""
    return Check(asked=asked, seen=seen, verdict=Verdict.LATER, code=code)


def failed(asked: Message, problem: Problem, *, code: str = "") -> Check:
    """Return a check that found something wrong."""
    return Check(asked=asked, seen=problem.what, verdict=Verdict.FAIL, problem=problem, code=code)
