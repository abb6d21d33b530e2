"""Waiting for what must happen, and not for a time that may be too short on a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable

# Nothing takes so long, but on a machine that has much else to do.
PATIENCE = 60.0


def wait_until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until it is so; fails where it takes too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
