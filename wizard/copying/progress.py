"""How far a copy is, told at most ten times a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

from wizard.core.events import Progress, Waiting

if TYPE_CHECKING:
    from wizard.core.events import Report
    from wizard.core.message import Message

_INTERVAL = 0.1
# The rate is that of the last seconds, not of the whole run.
_WINDOW = 8.0
_SILENCE = 5.0


class ProgressCounter:
    """Counts what is done and reports it. Thread-safe."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._guard = threading.Lock()
        self._told = 0.0
        self._waited = 0.0
        self._past: deque[tuple[float, int, int]] = deque()
        self.files_total = 0
        self.bytes_total = 0
        self.files_done = 0
        self.bytes_done = 0
        self.failed = 0
        self.failed_folders = 0
        self.counting = True

    def found(self, files: int, size: int) -> None:
        """Count files that were found, and their bytes."""
        self.files_total += files
        self.bytes_total += size
        self.tell()

    def start(self, files_done: int, bytes_done: int) -> None:
        """End the counting, with what is done already."""
        with self._guard:
            self.counting = False
            self.files_done, self.bytes_done = files_done, bytes_done
            self._past.clear()
        self.tell(now=True)

    def done(self, files: int, size: int) -> None:
        """Count files, or bytes of a large one, that are stored (or, negative, are not)."""
        with self._guard:
            self.files_done += files
            self.bytes_done += size

    def fail(self, *, folder: bool = False) -> None:
        """Count one more file that failed, or a folder that cannot be looked into."""
        with self._guard:
            self.failed += 1
            self.failed_folders += folder

    def tell(self, *, now: bool = False) -> None:
        """Report, if the last report is long enough ago."""
        moment = time.monotonic()
        with self._guard:
            if not now and moment - self._told < _INTERVAL:
                return
            self._told = moment
            progress = self._progress(moment)
        self._report(progress)

    def wait(self, text: Message, seconds: float) -> None:
        """Say what is waited for, once a second, where it takes longer than a moment."""
        moment = time.monotonic()
        if seconds < _SILENCE or moment - self._waited < 1:
            return
        self._waited = moment
        self._report(Waiting(text, seconds))

    def _progress(self, now: float) -> Progress:
        self._past.append((now, self.files_done, self.bytes_done))
        while len(self._past) > 2 and now - self._past[0][0] > _WINDOW:
            self._past.popleft()
        since, files, size = self._past[0]
        seconds = max(now - since, 1e-3)
        rate = max(0.0, (self.bytes_done - size) / seconds)
        return Progress(
            files_done=self.files_done,
            files_total=self.files_total,
            bytes_done=self.bytes_done,
            bytes_total=self.bytes_total,
            rate=rate,
            seconds_left=self._seconds_left(rate, (self.files_done - files) / seconds),
            failed=self.failed,
            failed_folders=self.failed_folders,
            counting=self.counting,
        )

    def _seconds_left(self, rate: float, files_a_second: float) -> float | None:
        """Return the time left: small files cost requests, large ones bytes."""
        if self.counting or rate <= 0 or files_a_second < 0:
            return None
        by_bytes = (self.bytes_total - self.bytes_done) / rate
        if files_a_second == 0:
            return max(0.0, by_bytes)
        by_files = (self.files_total - self.files_done) / files_a_second
        return max(0.0, by_bytes, by_files if self.bytes_total == self.bytes_done else 0.0)
