"""What a step reported while it ran or was inspected: the memory that screens show."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.core.events import Check, Event, Note, Output, Progress, Waiting
from wizard.system.files import give_to_owner, make_private_folder

if TYPE_CHECKING:
    from wizard.core.problem import Problem

_LINES_KEPT = 5000
_RATES_KEPT = 240
_SECONDS_BETWEEN_RATES = 0.5


class StepRun:
    """One step's run, or inspection, in this session. Events may come from any thread.

    `version` grows with each event, so that a watcher knows whether to look
    again. `ended` is the clock's time when it stopped, None while it runs.
    """

    def __init__(self, step: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.step = step
        self.progress: Progress | None = None
        self.waiting: Waiting | None = None
        self.problem: Problem | None = None
        self.interrupted = False
        self.version = 0
        self.lines_seen = 0
        self.ended: float | None = None
        self._clock = clock
        self._began = clock()
        self._guard = threading.Lock()
        self._checks: list[Check] = []
        self._notes: deque[Note] = deque(maxlen=50)
        self._lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self._rates: deque[float] = deque(maxlen=_RATES_KEPT)
        self._rate_at = float("-inf")

    def take(self, event: Event) -> None:
        """Remember what the step reported."""
        with self._guard:
            self.version += 1
            match event:
                case Progress():
                    self._take_progress(event)
                case Check():
                    self._checks.append(event)
                    self.waiting = None
                case Note():
                    self._notes.append(event)
                case Output():
                    self._lines.append(event.text)
                    self.lines_seen += 1
                case Waiting():
                    self.waiting = event

    def _take_progress(self, progress: Progress) -> None:
        self.progress = progress
        now = self._clock()
        if now - self._rate_at >= _SECONDS_BETWEEN_RATES:
            self._rates.append(progress.rate)
            self._rate_at = now

    def end(self, problem: Problem | None = None, *, interrupted: bool = False) -> None:
        """Note that the run is over, well or not."""
        with self._guard:
            self.version += 1
            self.problem = problem
            self.interrupted = interrupted
            self.waiting = None
            self.ended = self._clock()

    @property
    def running(self) -> bool:
        """Whether the step is still at work."""
        return self.ended is None

    @property
    def seconds(self) -> float:
        """How long it has run, or ran."""
        return (self._clock() if self.ended is None else self.ended) - self._began

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks made so far, in their order."""
        with self._guard:
            return tuple(self._checks)

    @property
    def notes(self) -> tuple[Note, ...]:
        """The last notes."""
        with self._guard:
            return tuple(self._notes)

    @property
    def rates(self) -> tuple[float, ...]:
        """Bytes a second over the last two minutes, two values a second."""
        with self._guard:
            return tuple(self._rates)

    def lines_since(self, seen: int) -> tuple[list[str], int]:
        """Return the lines after the first `seen` ones, and how many came in all.

        Of the lines, only those that are still kept.
        """
        with self._guard:
            new = self.lines_seen - seen
            return (list(self._lines)[-new:] if new > 0 else []), self.lines_seen


class OutputFile:
    """The file that keeps the output of a step's commands: 0600, in the journal's folder."""

    def __init__(self, folder: Path, step: str, owner_like: Path) -> None:
        self.path = folder / "logs" / f"{step}.log"
        self._file: TextIOWrapper | None = None
        self._written = 0
        # A full disk must not stop the step over a log; the journal will say it.
        with suppress(OSError):
            make_private_folder(self.path.parent, owner_like)
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = os.fdopen(handle, "w", encoding="utf-8", errors="replace")
            give_to_owner(self.path, owner_like)

    def write(self, run: StepRun, mask: Callable[[str], str]) -> None:
        """Write the lines that came since the last call, secrets masked."""
        if self._file is None or self._written == run.lines_seen:
            return
        lines, self._written = run.lines_since(self._written)
        with suppress(OSError):
            self._file.writelines(mask(line) + "\n" for line in lines)
            self._file.flush()

    def close(self) -> None:
        """Close the file; no more lines will come."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
