"""Starting the process that does a switch, so that it outlives us, our terminal and our login."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from wizard.core.message import Message, msg
from wizard.switch.files import SwitchFiles
from wizard.system.programs import run

_MODULE = "wizard.cli.switch_runner"
_BOOTED_WITH_SYSTEMD = Path("/run/systemd/system")


def launch(files: SwitchFiles, instance: Path, state: Path, lock: int) -> subprocess.Popen[bytes]:
    """Start the runner for what `files` say. `lock` is the journal's, which it keeps holding.

    It has a session of its own and no terminal. As root on a machine with systemd it has a
    scope of its own as well, so that the end of a login does not end it.
    """
    argv = [
        sys.executable,
        "-m",
        _MODULE,
        str(instance),
        "--state",
        str(state),
        "--lock",
        str(lock),
    ]
    with files.errors() as errors:
        return subprocess.Popen(
            [*_in_own_scope(), *argv],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            pass_fds=(lock,),
            start_new_session=True,
        )


async def why_a_logout_ends_it() -> Message | None:
    """Return why the end of the login would end the runner as well; None where it would not."""
    if _in_own_scope() or not (_has_systemd() and shutil.which("loginctl")):
        return None
    if await _asked("show-session", "--property=KillUserProcesses") != "KillUserProcesses=yes":
        return None
    if await _asked("show-user", str(os.getuid()), "--property=Linger") == "Linger=yes":
        return None
    return msg(
        "This machine ends what a user started when the user logs out (KillUserProcesses=yes in"
        " logind.conf), the switch as well: stay logged in until it is over, or start bw-s3"
        " with sudo."
    )


async def _asked(*arguments: str) -> str:
    ended = await run(["loginctl", *arguments], folder=Path("/"), env=dict(os.environ))
    return ended.output.strip() if ended.status == 0 else ""


def _in_own_scope() -> list[str]:
    """Return what moves the command into a scope of systemd's; it keeps its descriptors."""
    systemd_run = shutil.which("systemd-run")
    if os.geteuid() != 0 or not _has_systemd() or systemd_run is None:
        return []
    return [systemd_run, "--scope", "--collect", "--quiet", "--"]


def _has_systemd() -> bool:
    return _BOOTED_WITH_SYSTEMD.is_dir()
