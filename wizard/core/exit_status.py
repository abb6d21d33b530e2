"""How `bw-s3` ends, as the number that a shell sees."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.core.problem import Problem


class ExitStatus(IntEnum):
    """The exit statuses; those above 128 name the signal that ended the program."""

    OK = 0
    FAILED = 1
    USAGE = 2
    DECISION = 3
    HUNG_UP = 129
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143

    @classmethod
    def of(cls, problem: Problem) -> ExitStatus:
        """Return the status for a migration that this problem stopped."""
        if problem.usage:
            return cls.USAGE
        return cls.DECISION if problem.decision else cls.FAILED
