"""How a switch of the running services stands: what is kept of it, and how it is kept.

The files in `switch/` in the state folder are all that its runner and those who follow
it share. They outlive both.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from wizard.core.message import NOTHING, Message, Number, decode, marked, plural
from wizard.core.problem import Problem
from wizard.system.processes import Process
from wizard.web.visitor import SECONDS_TO_ANSWER

SCHEMA = 1


class Direction(StrEnum):
    """Where the running services are to be brought."""

    TO_S3 = "to_s3"
    # An undo of the one before: done whatever becomes of it.
    BACK = "back"
    # On purpose, perhaps after years with S3: put back to S3 where it fails.
    TO_DISK = "to_disk"


class SwitchPhase(StrEnum):
    """What the runner does now, or how it ended."""

    RUNNING = "running"
    ASKING = "asking"
    PUTTING_BACK = "putting_back"
    DONE = "done"
    PUT_BACK = "put_back"
    FAILED = "failed"


# Nothing more is done about a switch that stands so.
OVER = frozenset({SwitchPhase.DONE, SwitchPhase.PUT_BACK, SwitchPhase.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """What visitors got of the site while it was switched, over all tries.

    `seconds` go from the first failed answer to the first good one, `most` from the last good
    one before; `down_since` is when the first of those answers was asked for that fail now, and
    `good_at` when the last good one was (seconds since the epoch). `gap` is the longest time
    between two good ones: what was shorter, nobody saw. `late` counts the failures where the
    answer was not waited for any longer: visitors who are more patient get it.
    """

    looks: int = 0
    failures: int = 0
    seconds: float = 0.0
    down_since: float | None = None
    most: float = 0.0
    gap: float = 0.0
    good_at: float | None = None
    late: int = 0

    def after(self, asked: float, *, good: bool, late: bool = False) -> Downtime:
        """Return the same after one more look, which was asked for at that moment."""
        seen = replace(self, looks=self.looks + 1, late=self.late + late)
        if not good:
            since = asked if self.down_since is None else self.down_since
            return replace(seen, failures=self.failures + 1, down_since=since)
        seen = replace(seen, good_at=asked, down_since=None)
        if self.down_since is not None:
            now, before = time.time(), self.good_at or self.down_since
            lost = now - self.down_since
            return replace(seen, seconds=self.seconds + lost, most=self.most + now - before)
        gap = 0.0 if self.good_at is None else asked - self.good_at
        return replace(seen, gap=max(self.gap, gap))

    @property
    def words(self) -> Message:
        """What visitors noticed, in a sentence, and how closely that was looked at."""
        return self._down() if self.failures else self._never_down()

    def _never_down(self) -> Message:
        # Rounded up: what is said must be long enough.
        gap = math.ceil(round(self.gap * 10, 3)) / 10
        if not gap:
            return plural(
                "No visitor saw an error (0 of {n} request failed).",
                "No visitor saw an error (0 of {n} requests failed).",
                self.looks,
            )
        return plural(
            "No visitor saw an error (0 of {n} request failed, {seconds} seconds apart at most).",
            "No visitor saw an error (0 of {n} requests failed, {seconds} seconds apart at most).",
            self.looks,
            seconds=Number(gap, 1),
        )

    def _down(self) -> Message:
        seconds, most = max(1, round(self.seconds)), math.ceil(self.most - 0.1)
        if self.late == self.failures:
            return plural(
                "The site was very slow for about {n} second, {most} at most ({looks}).",
                "The site was very slow for about {n} seconds, {most} at most ({looks}).",
                seconds,
                most=max(most, seconds),
                looks=self._looks_too_late(),
            )
        failed = plural(
            "{failures} of {n} request failed",
            "{failures} of {n} requests failed",
            self.looks,
            failures=self.failures,
        )
        if most <= seconds:
            return plural(
                "The site was down for about {n} second ({looks}).",
                "The site was down for about {n} seconds ({looks}).",
                seconds,
                looks=failed,
            )
        return plural(
            "The site was down for about {n} second, {most} at most ({looks}).",
            "The site was down for about {n} seconds, {most} at most ({looks}).",
            seconds,
            most=most,
            looks=failed,
        )

    def _looks_too_late(self) -> Message:
        return plural(
            "{late} of {n} request had no answer within {limit} seconds",
            "{late} of {n} requests had no answer within {limit} seconds",
            self.looks,
            late=self.late,
            limit=SECONDS_TO_ANSWER,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchQuestion:
    """What whoever follows is asked; put back is "yes", also when `deadline` is over."""

    id: str
    text: Message
    yes: Message
    no: Message
    deadline: float | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SwitchQuestion:
        """From `asdict`. Raises `LookupError`, `TypeError` or `ValueError` where it is damaged."""
        texts = {name: decode(data[name]) for name in ("text", "yes", "no")}
        return cls(id=data["id"], deadline=data["deadline"], **texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchState:
    """One switch: where it is to go, which way, and how far it is.

    `stage` is the name of the last stage begun, "" as long as nothing of the running site
    was touched; `doing` says in words what is done, and `since` from when on. `patience` is
    how long the site may take to come back, in seconds; `told`: somebody followed it to its end.
    `ended_at` is when that was (seconds since the epoch), 0 before, or where nobody noted it.
    `instance` is the folder of the instance whose services these are, "" where nobody noted it.
    `copied` is how many files the bucket was given before the services and beside them.
    """

    id: str
    direction: Direction
    way: str
    patience: float
    phase: SwitchPhase = SwitchPhase.RUNNING
    stage: str = ""
    number: int = 0
    total: int = 0
    doing: Message = NOTHING
    since: float = 0.0
    begun_at: float = 0.0
    pid: int = 0
    pid_started: int = 0
    problem: Problem | None = None
    question: SwitchQuestion | None = None
    downtime: Downtime = Downtime()
    told: bool = False
    ended_at: float = 0.0
    instance: str = ""
    copied: int = 0

    def is_of_another(self, folder: Path) -> bool:
        """Tell whether the switch is another instance's, of whose folder `folder` is a copy.

        A folder that was moved is still the instance's.
        """
        here = Path(self.instance) if self.instance else folder
        return here.exists() and folder.exists() and not here.samefile(folder)

    @property
    def over(self) -> bool:
        """Whether nothing more is done about it."""
        return self.phase in OVER

    @property
    def runner_lives(self) -> bool:
        """Whether its runner is at work."""
        return bool(self.pid) and Process(self.pid, self.pid_started).lives()

    @property
    def words(self) -> Message:
        """Where it is, in a sentence; without a full stop where `doing` has none."""
        return Message(
            _WHERE[self.direction, bool(self.number)],
            "",
            {"number": self.number, "total": self.total, "doing": self.doing},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return in a form that `encode` makes JSON of; `from_dict` is the way back."""
        problem = self.problem.to_dict() if self.problem else None
        question = asdict(self.question) if self.question else None
        plain = {name: getattr(self, name) for name in _PLAIN}
        kept = {"schema": SCHEMA, **plain, "problem": problem, "question": question}
        return {
            **kept,
            "downtime": asdict(self.downtime),
            "ended_at": self.ended_at,
            "instance": self.instance,
            "copied": self.copied,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SwitchState:
        """From `to_dict`. Raises `LookupError`, `TypeError` or `ValueError` where it is damaged."""
        if data["schema"] > SCHEMA:
            raise ValueError(f"schema {data['schema']} is newer than {SCHEMA}")
        question = SwitchQuestion.from_dict(data["question"]) if data["question"] else None
        plain = {name: data[name] for name in _PLAIN}
        plain["doing"] = decode(data["doing"])
        plain |= {"direction": Direction(data["direction"]), "phase": SwitchPhase(data["phase"])}
        return cls(
            **plain,
            problem=Problem.from_dict(data["problem"]) if data["problem"] else None,
            question=question,
            downtime=Downtime(**data["downtime"]),
            ended_at=data.get("ended_at", 0.0),
            instance=data.get("instance", ""),
            copied=data.get("copied", 0),
        )


_TO_DISK = (
    marked("The running services are being switched back to this server's disk: {doing}"),
    marked(
        "The running services are being switched back to this server's disk (stage {number} of"
        " {total}): {doing}"
    ),
)
# By direction, and whether it is in a stage already.
_WHERE = {
    (Direction.TO_S3, False): marked("The running services are being switched to S3: {doing}"),
    (Direction.TO_S3, True): marked(
        "The running services are being switched to S3 (stage {number} of {total}): {doing}"
    ),
    (Direction.BACK, False): _TO_DISK[0],
    (Direction.BACK, True): _TO_DISK[1],
    (Direction.TO_DISK, False): _TO_DISK[0],
    (Direction.TO_DISK, True): _TO_DISK[1],
}
_PLAIN = (
    "id", "direction", "way", "patience", "phase", "stage", "number", "total", "doing", "since",
    "begun_at", "pid", "pid_started", "told",
)  # fmt: skip
