"""A restart that a killed run had begun, and that works on without it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from wizard.core.events import Note, Report
from wizard.core.message import msg
from wizard.system.processes import Process, wait_for_end, with_variable

# What the command and all that it starts carry in their environment.
_VARIABLE = "BW_S3_RESTART"


def mark(journal_id: str) -> Mapping[str, str]:
    """Return the variable by which a restart is known: whose it is, and who waits for it."""
    return {_VARIABLE: f"{journal_id} {os.getpid()}"}


async def let_it_end(
    journal_id: str, report: Report, seconds: float, *, ours: bool = False
) -> None:
    """Wait for it to end, this long at most: two restarts at once get in each other's way.

    With `ours` also for one that this very process started and no longer waits for.
    """
    found = await asyncio.to_thread(with_variable, _VARIABLE, f"{journal_id} ")
    left = [process for process, starter in found if _is_over(int(starter), ours=ours)]
    if left:
        report(Note(msg("Waiting for the restart that an interrupted run had begun.")))
        await wait_for_end(left, seconds)


def _is_over(starter: int, *, ours: bool) -> bool:
    """Tell whether the process that waited for it has ended, or no longer waits."""
    return (ours and starter == os.getpid()) or Process.of(starter) is None
