"""Exit statuses, and the problem that describes a mistake in bw-s3 itself."""

from __future__ import annotations

import traceback

from wizard.core.problem import Problem

OK = 0
FAILED = 1
USAGE = 2
DECISION = 3
INTERRUPTED = 130
HUNG_UP = 129


def unexpected(error: BaseException) -> Problem:
    """Describe a mistake in bw-s3 itself as a problem that can be reported."""
    return Problem(
        "bw-s3 itself made a mistake.",
        "Something happened that it does not know how to handle.",
        "Press d for a diagnosis file, and send it with a bug report.",
        "Start again: what is proven stays proven, and nothing is sent twice.",
        raw="".join(traceback.format_exception(error))[-4000:],
    )
