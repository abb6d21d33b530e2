"""What is said of a switch that failed fits whoever reads it: in the wizard, and after `run`."""

from __future__ import annotations

import pytest

from wizard.core.message import Message, verbatim
from wizard.core.problem import Action, Problem
from wizard.steps.disable_s3 import DisableS3
from wizard.steps.enable_s3 import EnableS3
from wizard.switch.problems import (
    TO_DISK,
    TO_S3,
    Wording,
    nothing_restarted,
    put_back,
    state_is_gone,
)

_CAUSE = Problem(verbatim("It failed."), verbatim("So it is."))


@pytest.mark.parametrize(
    ("wording", "opened_again"), [(TO_S3, EnableS3.title), (TO_DISK, DisableS3.title)]
)
def test_after_putting_back_the_step_that_is_open_again_is_named(
    wording: Wording, opened_again: Message
) -> None:
    """Who sits in the wizard has not left it, and cannot start it again."""
    back = put_back(wording, _CAUSE, begun=True, never_failed=True)
    untouched = nothing_restarted(wording, _CAUSE, seen=True, put_back=True)
    for problem in (back, untouched):
        last = problem.remedies[-1].text
        assert f"“{opened_again}”" in last
        assert "start bw-s3" not in last


@pytest.mark.parametrize("wording", [TO_S3, TO_DISK])
def test_where_the_new_env_was_left_the_step_itself_can_be_tried_again(wording: Wording) -> None:
    problem = nothing_restarted(wording, _CAUSE, seen=True, put_back=False)
    assert "try again" in problem.remedies[-1].text
    assert state_is_gone().remedies[-1].action is Action.RETRY
