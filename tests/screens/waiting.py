"""Waiting for what is so, never for a time: how long it takes depends on the machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual import events
from textual.app import App
from textual.keys import _character_to_key
from textual.pilot import Pilot

_PATIENCE = 60.0
# Between two looks others have their turn: workers, threads, the app's own timers.
_A_MOMENT = 0.001


async def until(pilot: Pilot[Any], true: Callable[[], bool]) -> None:
    """Wait until it is so; fails after many seconds, since the machine may be busy.

    Asks far more often than Textual's `pause`, which sleeps until the process is idle.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        await asyncio.sleep(_A_MOMENT)
        pilot.app.screen._on_timer_update()  # as `pause` does: lay out and draw what waits for it
        if true():
            return
        assert time.monotonic() < end, "it never came to that"


def press(app: App[Any], key: str) -> None:
    """Send a key as a terminal does, and wait for nothing."""
    character = key if len(key) == 1 else None
    named = _character_to_key(key) if character and not key.isalnum() else key
    assert app._driver is not None
    event = events.Key(named, character)
    event.set_sender(app)
    app._driver.send_message(event)
