"""bw-s3 in a process that kills itself with SIGKILL at its N-th commit or external call.

`python -m tests.kill_points N COUNT_FILE ARGUMENT…`: dies at point N (0: never)
and writes the number of points that it passed into COUNT_FILE.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import awscrt.s3
import botocore.client
import httpx

from wizard import cli, owned
from wizard.journal import Journal


class Points:
    """Counts the points passed, and dies at one of them."""

    def __init__(self, target: int, count_file: Path) -> None:
        self._target = target
        self._count_file = count_file
        self._passed = 0
        self._guard = threading.Lock()

    def pass_one(self) -> None:
        """One more point; the last thing this process does if it is the one."""
        with self._guard:
            self._passed += 1
            if self._passed == self._target:
                os.kill(os.getpid(), signal.SIGKILL)

    def write_count(self) -> None:
        """Leave the number of points for whoever asked."""
        self._count_file.write_text(str(self._passed))


def _around(points: Points, owner: Any, name: str) -> None:
    """Make each call of `owner.name` a point before it and one after it."""
    original: Callable[..., Any] = getattr(owner, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        points.pass_one()
        result = original(*args, **kwargs)
        points.pass_one()
        return result

    setattr(owner, name, wrapped)


def _around_transactions(points: Points) -> None:
    original = Journal._transaction

    @contextmanager
    def transaction(journal: Journal) -> Iterator[sqlite3.Connection]:
        with original(journal) as database:
            yield database
            points.pass_one()  # written, not committed
        points.pass_one()  # committed

    Journal._transaction = transaction  # type: ignore[assignment, method-assign]


def main() -> None:
    """Run the command line with a point at every commit and every external call."""
    points = Points(int(sys.argv[1]), Path(sys.argv[2]))
    _around_transactions(points)
    _around(points, awscrt.s3.S3Client, "make_request")
    _around(points, botocore.client.BaseClient, "_make_api_call")
    _around(points, httpx.AsyncHTTPTransport, "handle_async_request")
    _around(points, httpx.HTTPTransport, "handle_request")
    _around(points, asyncio, "create_subprocess_exec")
    _around(points, owned, "_sync_folder")
    status = cli.main(sys.argv[3:], rehearse=lambda call: 2)
    points.write_count()
    sys.exit(status)


if __name__ == "__main__":
    main()
