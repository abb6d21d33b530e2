"""The summary's table."""

from __future__ import annotations

from dataclasses import replace

from screens.end import _result_lines
from tests.support.results import done
from wizard.core.events import passed
from wizard.core.message import verbatim
from wizard.core.states import State
from wizard.migration import STEPS, Status


def test_a_long_step_keeps_the_times_below_each_other() -> None:
    seconds = (37.0, 81.0)
    statuses = [
        Status(step=step, state=State.DONE, result=replace(done(step.name), seconds=took))
        for step, took in zip(STEPS, seconds, strict=False)
    ]
    first, second = (str(line.text) for line in _result_lines(statuses))
    assert len(first) == len(second)


def test_a_step_without_checks_counts_none() -> None:
    check = passed(verbatim("Is it there?"), verbatim("yes"), code="there")
    checked = replace(done(STEPS[0].name), checks=(check,))
    statuses = [
        Status(step=STEPS[0], state=State.DONE, result=checked),
        Status(step=STEPS[1], state=State.DONE, result=done(STEPS[1].name)),
    ]
    first, second = (str(line.text) for line in _result_lines(statuses))
    assert first.split() == ["1", "check", "1.0", "s"]
    assert second.split() == ["1.0", "s"]
    assert len(first) == len(second), "the times are below each other"
