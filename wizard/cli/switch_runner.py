"""The process that switches the running services: nobody's child for long, and without a terminal.

`python -m wizard.cli.switch_runner FOLDER --state DIR --lock DESCRIPTOR`, started by
`wizard.switch.launch`; what it does stands in the files of `wizard.switch.files`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

from wizard.core.problem import Problem
from wizard.opening.opening import open_for_switch
from wizard.switch.files import SwitchFiles
from wizard.switch.run import SwitchRun
from wizard.switch.state import SwitchPhase
from wizard.system.processes import Process


def main() -> None:
    """Do what the state says, to its end."""
    parser = argparse.ArgumentParser(prog="switch_runner")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--lock", type=int, required=True)
    options = parser.parse_args()
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    # What is started from here may run for ever, and must not hold the journal's lock as long.
    os.set_inheritable(options.lock, False)
    asyncio.run(_run(options.folder, options.state, options.lock))


async def _run(folder: Path, state_folder: Path, lock: int) -> None:
    files = SwitchFiles(state_folder)
    with files.alone() as alone:
        if alone:
            await _switch(files, folder, state_folder, lock)


async def _switch(files: SwitchFiles, folder: Path, state_folder: Path, lock: int) -> None:
    state = files.read()
    myself = Process.of(os.getpid())
    if state is None or state.over or myself is None:
        return
    state = replace(state, pid=myself.pid, pid_started=myself.started)
    files.write(state)
    try:
        context = open_for_switch(folder, state_folder, lock)
    except Problem as problem:
        files.write(replace(state, phase=SwitchPhase.FAILED, problem=problem))
        return
    try:
        await SwitchRun(context, files, state).run()
    finally:
        context.journal.close()


if __name__ == "__main__":
    main()
