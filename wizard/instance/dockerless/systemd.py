"""The systemd units that run an instance."""

from __future__ import annotations

import asyncio
import glob
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from wizard.system.processes import Process
from wizard.system.programs import Completed, run

_PROPERTIES = (
    "Id,LoadState,ActiveState,User,WorkingDirectory,ExecStart,ActiveEnterTimestamp,"
    "ExecReload,MainPID,Environment,EnvironmentFiles"
)
_ENVIRONMENT = ("PATH", "LANG", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")
# Long enough for a service that cannot start to have ended, and to say so.
_SETTLING_SECONDS = 2.0
_JOURNAL_LINES = "20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A service whose working directory is the instance's folder.

    `user` is "" for root; `program` what ExecStart starts; `ran` whether it
    was active since the machine started; `runs` whether it is active now.
    `main` is its main process, None where it has none; `command` what it was
    told to start. `sets` are the variables that the unit itself gives it,
    `files` the files from which it takes more. `reload_hups`: `systemctl
    reload` sends it a HUP.
    """

    name: str
    user: str
    program: Path
    ran: bool
    runs: bool = False
    main: Process | None = None
    command: tuple[str, ...] = ()
    sets: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: tuple[Path, ...] = ()
    reload_hups: bool = False

    def is_given(self, file: Path) -> bool:
        """Tell whether systemd reads this file for it at each start (`EnvironmentFile=`)."""
        return any(given.resolve() == file.resolve() for given in self.files)


async def units_of(folder: Path) -> tuple[Unit, ...]:
    """Return the services of the instance, the site itself first; () without systemd."""
    if shutil.which("systemctl") is None:
        return ()
    # Where systemd does not run, it would read all unit files for a list that is of no use.
    if "offline" in (await _systemctl("is-system-running")).lines:
        return ()
    listed = await _systemctl("list-unit-files", "--type=service", "--no-legend", "--plain")
    # A template (name@.service) is no unit before it is given an instance.
    names = [line.split()[0] for line in listed.lines if line and "@." not in line.split()[0]]
    if listed.status or not names:
        return ()
    shown = await _systemctl("show", f"--property={_PROPERTIES}", "--", *names)
    units = [_unit(block) for block in blocks(shown.lines) if works_in(block, folder)]
    return tuple(sorted(units, key=lambda unit: _order(unit.name)))


async def failed_units(units: tuple[Unit, ...]) -> str:
    """Return the last words of units that do not run a moment after a restart; "" if all do."""
    await asyncio.sleep(_SETTLING_SECONDS)
    words = ""
    for unit in units:
        state = await _systemctl("is-active", unit.name)
        if state.status:
            words += f"{unit.name} is {state.output}\n{await last_words(unit)}\n"
    return words.strip()


async def last_words(unit: Unit) -> str:
    """Return the last lines of a unit's journal; "" where there is none to read."""
    if shutil.which("journalctl") is None:
        return ""
    argv = ["journalctl", "-u", unit.name, "-n", _JOURNAL_LINES, "-o", "cat", "--no-pager"]
    return (await run(argv, folder=Path("/"), env=environment())).output


async def _systemctl(*arguments: str) -> Completed:
    """Run `systemctl`; all its lines, since a usual Debian has a thousand about its services."""
    lines: list[str] = []
    argv = ["systemctl", *arguments]
    ended = await run(argv, folder=Path("/"), env=environment(), on_line=lines.append)
    return replace(ended, lines=tuple(lines))


def environment() -> dict[str, str]:
    """Return what systemd's own programs need."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}


def blocks(lines: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield the properties of each unit; `systemctl show` separates units by an empty line.

    What has several values comes in as many lines; they are kept as lines.
    """
    block: dict[str, str] = {}
    for line in (*lines, ""):
        if line:
            name, _, value = line.partition("=")
            block[name] = f"{block[name]}\n{value}" if name in block else value
        elif block:
            yield block
            block = {}


def works_in(block: dict[str, str], folder: Path) -> bool:
    """Tell whether a unit of these properties works in a folder."""
    place = block.get("WorkingDirectory", "").lstrip("-!")
    if block.get("LoadState") != "loaded" or not place.startswith("/"):
        return False
    return Path(place).resolve() == folder.resolve()


def _unit(block: dict[str, str]) -> Unit:
    program = re.search(r"path=([^ ;]+)", block.get("ExecStart", ""))
    state, main = block.get("ActiveState"), block.get("MainPID", "0")
    running = state in ("active", "activating", "reloading")
    files = block.get("EnvironmentFiles", "").splitlines()
    return Unit(
        name=block["Id"].removesuffix(".service"),
        user=block.get("User", ""),
        program=Path(program[1] if program else ""),
        ran=running or bool(block.get("ActiveEnterTimestamp")),
        runs=running,
        main=Process.of(int(main)) if main not in ("", "0") else None,
        command=_command(block.get("ExecStart", "")),
        sets=_assignments(block.get("Environment", "")),
        files=tuple(path for file in files if file for path in _paths(file)),
        reload_hups=bool(re.search(r"\bHUP\b", block.get("ExecReload", ""))),
    )


def _paths(shown: str) -> list[Path]:
    """Return the files of one `EnvironmentFile=`, whose name may have wildcards (systemd.exec)."""
    pattern = re.sub(r" \(ignore_errors=\w+\)$", "", shown)
    if not glob.has_magic(pattern):
        return [Path(pattern)]
    return [Path(path) for path in sorted(glob.glob(pattern))]  # noqa: PTH207  # as glob(3) does


def _command(executed: str) -> tuple[str, ...]:
    """Return the words of `argv[]=…` in what `systemctl show` says of a command."""
    found = re.search(r"argv\[\]=(.*?) ; ignore_errors=", executed)
    return tuple(_words(found[1])) if found else ()


def _assignments(value: str) -> dict[str, str]:
    pairs = (word.partition("=") for word in _words(value))
    return {name: text for name, _, text in pairs}


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that is never closed is one of the words
        return text.split()


def _order(name: str) -> tuple[int, str]:
    """Sort the site before its worker and its scheduler, as in BookWyrm's guide."""
    last = ("worker", "scheduler", "-beat")
    place = next((i for i, part in enumerate(last, 1) if part in name), 0)
    return place, name
