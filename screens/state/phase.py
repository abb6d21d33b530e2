"""What there is to do on a step's screen."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """What there is to do on a step's screen now."""

    INSPECTING = auto()
    READY = auto()
    BLOCKED = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    NOT_NOW = auto()
