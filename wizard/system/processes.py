"""The processes of this machine, as /proc shows them (proc(5)) to the user we are."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_SECONDS_A_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told from a later one with the same number by its start time.

    `started` is in clock ticks since boot (field 22 of /proc/PID/stat).
    """

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """Return the process that has this number now; None where there is none, or its remains."""
        fields = _stat(pid)
        return cls(pid, int(fields[19])) if fields and fields[0] not in "ZX" else None

    def lives(self) -> bool:
        """Tell whether it has not ended yet."""
        return Process.of(self.pid) == self

    @property
    def began(self) -> float:
        """When it started, in seconds since the epoch as the clock counts now."""
        boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        return boot + self.started / os.sysconf("SC_CLK_TCK")

    def arguments(self) -> tuple[str, ...]:
        """Return its command line; () where it has ended."""
        data = _read(self.pid, "cmdline").decode(errors="surrogateescape")
        return tuple(data.rstrip("\0").split("\0")) if data else ()

    def variables(self) -> dict[str, str] | None:
        """Return the environment that it was started with; None where we may not read that."""
        try:
            data = Path(f"/proc/{self.pid}/environ").read_bytes()
        except OSError:
            return None
        pairs = (v.partition("=") for v in data.decode(errors="surrogateescape").split("\0"))
        return {name: value for name, _, value in pairs if name}

    def children(self) -> list[Process]:
        """Return the processes that it started and that live, the oldest first."""
        found = (Process.of(pid) for pid in _pids() if _parent(pid) == self.pid)
        return sorted((p for p in found if p), key=lambda process: process.started)

    def signs_of_life(self) -> str:
        """Return what changes as long as it computes, reads or writes."""
        return f"{_stat(self.pid)[11:13]} {_read(self.pid, 'io')!r}"

    def resident_bytes(self) -> int:
        """Return how much memory it has; 0 where it has ended."""
        fields = _read(self.pid, "statm").split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0

    def kill(self) -> None:
        """Kill it, if it still is that process. A descriptor holds on to it in the meantime."""
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(self.pid)
            try:
                if self.lives():
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            finally:
                os.close(descriptor)


def services_in(folder: Path) -> frozenset[Process]:
    """Return the processes that work in a folder and were started from elsewhere.

    A restart of a service changes this, a server that replaces one of its workers does not.
    """
    here = {pid for pid in _pids() if _works_in(pid, folder)}
    found = (Process.of(pid) for pid in here if _parent(pid) not in here)
    return frozenset(process for process in found if process)


def with_variable(name: str, begin: str) -> list[tuple[Process, str]]:
    """Return the processes with this variable, and what follows `begin` in its value."""
    wanted = f"{name}={begin}".encode()
    found: list[tuple[Process, str]] = []
    for pid in _pids():
        value = next((v for v in _environment(pid) if v.startswith(wanted)), None)
        process = Process.of(pid) if value is not None else None
        if value is not None and process:
            found.append((process, value.removeprefix(wanted).decode(errors="replace")))
    return found


async def wait_for_end(processes: Sequence[Process], seconds: float) -> bool:
    """Wait until all have ended, so long at most; returns whether they have."""
    deadline = time.monotonic() + seconds
    while any(process.lives() for process in processes):
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(_SECONDS_A_POLL)
    return True


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third, the state, on; none without a process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    # The command's name, in brackets, may hold spaces and brackets itself.
    return stat.rpartition(")")[2].split()


def _read(pid: int, name: str) -> bytes:
    """Return one of a process's files; b"" where it has ended or we may not."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(folder)
    except OSError:
        return False


def _environment(pid: int) -> list[bytes]:
    return _read(pid, "environ").split(b"\0")
