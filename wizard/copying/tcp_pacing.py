"""Has the kernel spread a connection's bytes over time: a part of a large file is no burst then."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

# asm-generic/socket.h; Python's module has no name for it. Linux does the pacing in TCP itself
# (since 4.13), no queueing discipline is needed.
_SO_MAX_PACING_RATE = 47
_UNLIMITED = 0xFFFFFFFF


def pace_connections(bytes_per_second: int) -> None:
    """Let no TCP connection of this process send faster; 0 lifts the limit.

    The runtime hands out none of its sockets, so they are found among all open files.
    """
    rate = min(bytes_per_second or _UNLIMITED, _UNLIMITED)
    for file in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed in the meantime, or no socket at all
            _pace(int(file.name), rate)


def _pace(file: int, rate: int) -> None:
    # A duplicate, so that nothing of the runtime's is closed with ours.
    copy = os.dup(file)
    try:
        connection = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return
    with connection:
        if connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(
                socket.SOL_SOCKET, _SO_MAX_PACING_RATE, rate.to_bytes(4, sys.byteorder)
            )
