"""Waiting for what is so, never for a time: how long it takes depends on the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

_PATIENCE = 60.0


async def until(pilot: Pilot[Any], true: Callable[[], bool]) -> None:
    """Wait until it is so; fails after many seconds, since the machine may be busy."""
    end = time.monotonic() + _PATIENCE
    while not true():
        assert time.monotonic() < end, "it never came to that"
        await pilot.pause()
