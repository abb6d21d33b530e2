"""The exit statuses that scripts depend on."""

from __future__ import annotations

import signal

from wizard.core.exit_status import ExitStatus
from wizard.core.message import verbatim
from wizard.core.problem import Problem


def test_what_a_problem_ends_with() -> None:
    assert ExitStatus.of(Problem(verbatim("It failed."), verbatim("So it is."))) == 1
    assert (
        ExitStatus.of(Problem(verbatim("What?"), verbatim("An option is missing."), usage=True))
        == 2
    )
    assert (
        ExitStatus.of(Problem(verbatim("Which?"), verbatim("There are two."), decision=True)) == 3
    )


def test_those_of_signals_name_the_signal() -> None:
    assert ExitStatus.HUNG_UP == 128 + signal.SIGHUP
    assert ExitStatus.INTERRUPTED == 128 + signal.SIGINT
    assert ExitStatus.PIPE_CLOSED == 128 + signal.SIGPIPE
    assert ExitStatus.TERMINATED == 128 + signal.SIGTERM
