"""What is told of a copy's progress."""

from __future__ import annotations

import threading

import pytest

from wizard.copying.progress import ProgressCounter
from wizard.core.events import Event, Progress, Waiting
from wizard.core.message import msg


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    moved = Clock()
    monkeypatch.setattr("time.monotonic", moved.monotonic)
    return moved


def told(events: list[Event]) -> Progress:
    last = events[-1]
    assert isinstance(last, Progress)
    return last


def test_rate_and_time_left_are_those_of_the_last_seconds(clock: Clock) -> None:
    events: list[Event] = []
    counter = ProgressCounter(events.append)
    counter.found(100, 100_000)
    assert told(events).counting
    assert told(events).seconds_left is None
    counter.start(0, 0)
    for _ in range(20):
        clock.now += 1
        counter.done(1, 1000)
        counter.tell()
    assert told(events).rate == pytest.approx(1000)
    assert told(events).seconds_left == pytest.approx(80)
    # Twice as fast from now on: after a while the slow beginning is forgotten.
    for _ in range(10):
        clock.now += 1
        counter.done(2, 2000)
        counter.tell()
    assert told(events).rate == pytest.approx(2000)
    assert (told(events).files_done, told(events).bytes_done) == (40, 40_000)


def test_it_tells_at_most_ten_times_a_second(clock: Clock) -> None:
    events: list[Event] = []
    counter = ProgressCounter(events.append)
    counter.start(0, 0)
    for _ in range(1000):
        clock.now += 0.001
        counter.done(1, 1)
        counter.tell()
    assert 9 <= len(events) <= 11


def test_it_says_that_it_waits_only_where_that_takes_long(clock: Clock) -> None:
    events: list[Event] = []
    counter = ProgressCounter(events.append)
    counter.wait(msg("Waiting for the site"), 2.0)
    assert events == []
    for _ in range(10):
        clock.now += 0.25
        counter.wait(msg("Waiting for the site"), 7.0)
    assert len(events) == 3
    assert set(map(type, events)) == {Waiting}


def test_threads_lose_nothing() -> None:
    counter = ProgressCounter(lambda event: None)
    counter.start(0, 0)

    def work() -> None:
        for _ in range(2000):
            counter.done(1, 3)
            counter.fail(folder=True)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (counter.files_done, counter.bytes_done) == (8000, 24_000)
    assert (counter.failed, counter.failed_folders) == (8000, 8000)
