"""The systemd units that run an instance."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.system.programs import Completed, run

_PROPERTIES = "Id,LoadState,ActiveState,User,WorkingDirectory,ExecStart,ActiveEnterTimestamp"
_ENVIRONMENT = ("PATH", "LANG", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")
# Long enough for a service that cannot start to have ended, and to say so.
_SETTLING_SECONDS = 2.0
_JOURNAL_LINES = "20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A service whose working directory is the instance's folder.

    `user` is "" for root; `program` what ExecStart starts; `ran` whether it
    was active since the machine started.
    """

    name: str
    user: str
    program: Path
    ran: bool


async def units_of(folder: Path) -> tuple[Unit, ...]:
    """Return the services of the instance, the site itself first; () without systemd."""
    if shutil.which("systemctl") is None:
        return ()
    listed = await _systemctl("list-unit-files", "--type=service", "--no-legend", "--plain")
    # A template (name@.service) is no unit before it is given an instance.
    names = [line.split()[0] for line in listed.lines if line and "@." not in line.split()[0]]
    if listed.status or not names:
        return ()
    shown = await _systemctl("show", f"--property={_PROPERTIES}", "--", *names)
    units = [_unit(block) for block in _blocks(shown.lines) if _works_in(block, folder)]
    return tuple(sorted(units, key=lambda unit: _order(unit.name)))


async def failed_units(units: tuple[Unit, ...]) -> str:
    """Return the last words of units that do not run a moment after a restart; "" if all do."""
    await asyncio.sleep(_SETTLING_SECONDS)
    words = ""
    for unit in units:
        state = await _systemctl("is-active", unit.name)
        if state.status:
            words += f"{unit.name} is {state.output}\n{await _last_words(unit)}\n"
    return words.strip()


async def _last_words(unit: Unit) -> str:
    if shutil.which("journalctl") is None:
        return ""
    argv = ["journalctl", "-u", unit.name, "-n", _JOURNAL_LINES, "-o", "cat", "--no-pager"]
    return (await run(argv, folder=Path("/"), env=environment())).output


async def _systemctl(*arguments: str) -> Completed:
    return await run(["systemctl", *arguments], folder=Path("/"), env=environment())


def environment() -> dict[str, str]:
    """Return what systemd's own programs need."""
    return {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}


def _blocks(lines: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Yield the properties of each unit; `systemctl show` separates units by an empty line."""
    block: dict[str, str] = {}
    for line in (*lines, ""):
        if line:
            name, _, value = line.partition("=")
            block[name] = value
        elif block:
            yield block
            block = {}


def _works_in(block: dict[str, str], folder: Path) -> bool:
    place = block.get("WorkingDirectory", "").lstrip("-!")
    if block.get("LoadState") != "loaded" or not place.startswith("/"):
        return False
    return Path(place).resolve() == folder.resolve()


def _unit(block: dict[str, str]) -> Unit:
    program = re.search(r"path=([^ ;]+)", block.get("ExecStart", ""))
    running = block.get("ActiveState") in ("active", "activating", "reloading")
    return Unit(
        name=block["Id"].removesuffix(".service"),
        user=block.get("User", ""),
        program=Path(program[1] if program else ""),
        ran=running or bool(block.get("ActiveEnterTimestamp")),
    )


def _order(name: str) -> tuple[int, str]:
    """Sort the site before its worker and its scheduler, as in BookWyrm's guide."""
    place = next((i for i, part in enumerate(("worker", "scheduler"), 1) if part in name), 0)
    return place, name
