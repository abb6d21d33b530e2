"""A bw-s3 that opens an instance and restarts it, in a process of its own that can be killed.

`python -m tests.support.restarting FOLDER ANSWER [PATIENCE]`: ANSWER is `yes`, `no`, or `never` for
somebody who does not answer. A JSON object a line says what happens.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sys
import termios
from pathlib import Path
from typing import Any

from wizard.core.events import Check, Event, Note, Output
from wizard.core.problem import Problem
from wizard.opening.opening import Opening, open_migration
from wizard.step import Question
from wizard.steps.restart import Restart


def say(**data: Any) -> None:
    """One line."""
    print(json.dumps(data), flush=True)


def heard(event: Event) -> None:
    """What a step or the opening says; what is waited for is left out."""
    match event:
        case Check():
            say(check=event.asked, seen=event.seen)
        case Note() | Output():
            say(**{type(event).__name__.lower(): event.text})


async def main(folder: Path, answer: str, patience: float) -> None:
    """Open, restart, end."""

    async def ask(question: Question) -> bool:
        say(question=question.text, deadline=question.deadline)
        if answer == "never":
            await asyncio.Event().wait()
        return answer == "yes"

    if os.isatty(0):  # and in a session of our own: its terminal from now on
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    try:
        opened = await open_migration(Opening(folder=folder), heard, ask)
        say(news=opened.news)
        await opened.migration.carry_out(Restart(patience))
        say(end="done")
    except Problem as problem:
        say(end="problem", what=problem.what, why=problem.why)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
