"""What a person can say to a copy while it runs: pause, continue, not so fast."""

from __future__ import annotations

import threading
import time

from wizard.core.message import Message

# How much may be sent at once after a quiet moment, in seconds at the limit.
_BURST_SECONDS = 0.5
# The comparison's file names all of them.
_FAILURES_KEPT = 2000


class CopyControl:
    """The reins of a copy. Thread-safe; the same object serves all copies of a process.

    `gentle` runs the copy at a lower CPU and disk priority than the instance.
    """

    def __init__(self, *, gentle: bool = True) -> None:
        self.gentle = gentle
        self._changed = threading.Condition()
        self._paused = False
        self._rate: int | None = None
        self._retries = 0
        self._failures: dict[str, Message] = {}
        self._balance = 0.0
        self._filled_at = time.monotonic()

    @property
    def paused(self) -> bool:
        """Whether the copy rests; what is on the wire already is still finished."""
        return self._paused

    @property
    def rate(self) -> int | None:
        """The limit in bytes a second, 0 without one, None where nobody said anything yet."""
        return self._rate

    @property
    def retries(self) -> int:
        """How often `retry_failed` was called; the engine compares it with what it saw."""
        return self._retries

    @property
    def failures(self) -> tuple[tuple[str, Message], ...]:
        """The files that failed so far, the first few thousand, each with the reason."""
        with self._changed:
            return tuple(self._failures.items())

    def note_failure(self, path: str, reason: Message) -> None:
        """Keep that a file could not be copied, and why."""
        with self._changed:
            if path in self._failures or len(self._failures) < _FAILURES_KEPT:
                self._failures[path] = reason

    def forget_failures(self) -> None:
        """Forget the failures so far, since a copy begins."""
        with self._changed:
            self._failures.clear()

    def pause(self) -> None:
        """Send nothing new until `resume`."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Continue after `pause`."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    def limit_rate(self, bytes_per_second: int) -> None:
        """Send at most this much from now on; 0 lifts the limit. Governs large files too."""
        with self._changed:
            self._rate = max(0, bytes_per_second)
            self._balance = min(self._balance, 0.0) if self._rate else 0.0
            self._filled_at = time.monotonic()
            self._changed.notify_all()

    def retry_failed(self) -> None:
        """Try the files that failed so far again, within the copy under way."""
        with self._changed:
            self._retries += 1

    def delay(self, size: int) -> float:
        """Return how long to wait before `size` bytes may be sent; 0.0 grants and counts them.

        A token bucket that may run into debt, so that one part of a large
        file can be longer than the bucket is deep.
        """
        if not (self._paused or self._rate):
            return 0.0
        with self._changed:
            if self._paused:
                return 1.0
            if not self._rate:
                return 0.0
            now = time.monotonic()
            earned = self._balance + (now - self._filled_at) * self._rate
            self._balance = min(earned, self._rate * _BURST_SECONDS)
            self._filled_at = now
            if self._balance < 0:
                return -self._balance / self._rate
            self._balance -= size
            return 0.0

    def wait(self, seconds: float) -> None:
        """Wait this long, or until something was changed here."""
        with self._changed:
            self._changed.wait(min(seconds, 0.2))
