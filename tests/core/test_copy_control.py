"""Pause, rate and failures of a copy."""

from __future__ import annotations

import threading
import time

from wizard.core.copy_control import CopyControl
from wizard.core.message import msg


def test_without_a_limit_nothing_waits() -> None:
    control = CopyControl()
    assert control.rate is None
    assert [control.delay(10**9) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_paused_everything_waits_until_it_resumes() -> None:
    control = CopyControl()
    control.pause()
    assert control.paused
    assert control.delay(1) > 0
    control.resume()
    assert control.delay(1) == 0.0


def test_at_the_limit_what_was_granted_is_waited_for() -> None:
    control = CopyControl()
    control.limit_rate(1000)
    assert control.delay(2000) == 0.0, "one part may be longer than the bucket is deep"
    delay = control.delay(1)
    assert 1.5 < delay <= 2.0
    control.limit_rate(0)
    assert control.delay(10**9) == 0.0


def test_a_negative_limit_is_none() -> None:
    control = CopyControl()
    control.limit_rate(-5)
    assert control.rate == 0
    assert control.delay(10**9) == 0.0


def test_a_change_ends_the_waiting() -> None:
    control = CopyControl()
    control.pause()
    threading.Timer(0.02, control.resume).start()
    begun = time.monotonic()
    while control.paused:
        control.wait(60)
        assert time.monotonic() - begun < 30


def test_failures_are_kept_once_each_and_not_without_end() -> None:
    control = CopyControl()
    for number in range(3000):
        control.note_failure(f"covers/{number}.jpg", msg("unreadable"))
    control.note_failure("covers/0.jpg", msg("changed while read"))
    assert len(control.failures) == 2000
    assert control.failures[0] == ("covers/0.jpg", "changed while read")
    control.forget_failures()
    assert control.failures == ()
