"""Waiting for what only a person can do, in the service's console, until it can be seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from wizard.core.events import Waiting, later
from wizard.core.message import NOTHING, Message, msg, plural, sentences
from wizard.core.problem import Problem

if TYPE_CHECKING:
    from wizard.step import Context

# How long a person has for it, unless the command line says otherwise; whoever needs more starts
# the step again.
MINUTES = 15
# Between two looks; the second is the longest pause.
_FIRST_PAUSE, _LONGEST_PAUSE = 2, 10


def minutes_to_wait(context: Context) -> int:
    """Return how many minutes a person is waited for; 0: the step ends at once."""
    return MINUTES if context.console_minutes is None else context.console_minutes


async def wait_for_console(
    context: Context,
    asked: Message,
    todo: Message,
    *,
    waiting: Message,
    code: str,
    look: Callable[[], Awaitable[bool]],
) -> bool:
    """Say what to do, and wait until `look` sees that it was done; returns whether it was.

    `todo` says it in whole sentences, `waiting` what is waited for. Nothing is said where there
    is nothing to wait for.
    """
    if await look():
        return True
    minutes = minutes_to_wait(context)
    until = plural(
        "bw-s3 waits for up to {n} minute and continues by itself.",
        "bw-s3 waits for up to {n} minutes and continues by itself.",
        minutes,
    )
    seen = msg("not yet. {todo}", todo=sentences(until if minutes else NOTHING, todo))
    context.report(later(asked, seen, code=code))
    began, pause = time.monotonic(), _FIRST_PAUSE
    while time.monotonic() - began < minutes * 60:
        for _ in range(pause):
            context.report(Waiting(waiting, time.monotonic() - began))
            await asyncio.sleep(1)
        if await look():
            return True
        pause = min(pause + 1, _LONGEST_PAUSE)
    return False


async def succeeds(call: Callable[[], None]) -> bool:
    """Tell whether a call to the storage is let by now; made in a thread of its own."""
    try:
        await asyncio.to_thread(call)
    except Problem:
        return False
    return True
