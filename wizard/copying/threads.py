"""A thread whose failure does not get lost."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


class Worker(threading.Thread):
    """Runs `work` in a thread from now on; what it raises waits for `raise_error`."""

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Run the work, and keep what it raises."""
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 (raised again where it is waited for)
            self._error = error

    @property
    def error(self) -> BaseException | None:
        """What the work raised, None so far."""
        return self._error

    def raise_error(self) -> None:
        """Raise what the work raised, if anything."""
        if self._error is not None:
            raise self._error


class Stopped(Exception):
    """The copy was told to stop, or cannot continue."""


def raise_first(workers: Iterable[Worker]) -> None:
    """Raise what one of these raised: the cause before those that only stopped because of it."""
    errors = [w.error for w in workers if w.error is not None]
    for error in sorted(errors, key=lambda e: isinstance(e, Stopped)):
        raise error


@contextmanager
def rare_collections() -> Iterator[None]:
    """Have Python look for cycles thirty times less often.

    A request makes dozens of objects without a cycle among them; each 700 of them would have
    everything looked through again, a tenth of the copy's whole CPU time.
    """
    thresholds = gc.get_threshold()
    gc.set_threshold(30 * thresholds[0], *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
