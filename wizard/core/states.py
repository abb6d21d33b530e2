"""Where a step stands, and how it ended the last time: the words of engine and screens."""

from __future__ import annotations

from enum import StrEnum


class ResultState(StrEnum):
    """How a step ended the last time, as the journal keeps it."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


class State(StrEnum):
    """Where a step stands now: what its result, the settings and the world say together."""

    TODO = "todo"
    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"
    STALE = "stale"
    SKIPPED = "skipped"
    LATER = "later"


# Nothing is to be done about a step that stands so.
RESTING = frozenset({State.DONE, State.SKIPPED, State.LATER})
