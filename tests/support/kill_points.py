"""bw-s3 in a process that kills itself with SIGKILL at a commit or external call it never saw.

`python -m tests.support.kill_points SEEN_FILE EVERY ARGUMENT…`: SEEN_FILE names the points that
were passed before, a line each, and gets those of this run; at the EVERY-th new one the process
dies.
So a migration that is started again and again dies once at each point that it ever passes
(EVERY 1), on a way that was interrupted everywhere before; or at some of them.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import awscrt.s3
import botocore.client
import httpx

from wizard.cli import commands
from wizard.journal.journal import Journal, StepResult
from wizard.system import files

# What is another at each start: canaries' names, what keeps caches away, which covers are read
# as a sample.
_BY_CHANCE = re.compile(r"(?<=canary-)\w+|(?<=bw-s3=)\w+|(?<=GET )\S+/images/\S+")


class Watcher(Protocol):
    """Is told each point that the process comes to."""

    def pass_one(self, name: str) -> None:
        """One more point."""


class Points:
    """Knows the points passed in all starts, and dies at the `every`-th new one."""

    def __init__(self, seen_file: Path, every: int) -> None:
        self._file = os.open(seen_file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        self._seen = set(seen_file.read_text().splitlines())
        self._every = every
        self._new = 0
        self._guard = threading.Lock()

    def pass_one(self, name: str) -> None:
        """One more point; the last thing this process does if it is the one."""
        name = _BY_CHANCE.sub("#", name.replace("\n", " "))
        with self._guard:
            if name in self._seen:
                return
            self._seen.add(name)
            os.write(self._file, f"{name}\n".encode())
            self._new += 1
            if self._new == self._every:
                os.kill(os.getpid(), signal.SIGKILL)


def _around(points: Watcher, owner: Any, method: str, named: Callable[..., str]) -> None:
    """Make each call of `owner.method` a point before it and one after it."""
    original: Callable[..., Any] = getattr(owner, method)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        name = f"{method} {named(*args, **kwargs)}"
        points.pass_one(f"before {name}")
        result = original(*args, **kwargs)
        points.pass_one(f"after {name}")
        return result

    setattr(owner, method, wrapped)


def _around_transactions(points: Watcher) -> None:
    original = Journal._transaction

    @contextmanager
    def transaction(journal: Journal) -> Iterator[sqlite3.Connection]:
        name = _name_of_transaction()
        with original(journal) as database:
            yield database
            points.pass_one(f"written {name}")
        points.pass_one(f"committed {name}")

    Journal._transaction = transaction  # type: ignore[assignment, method-assign]


def _name_of_transaction() -> str:
    """The journal's method that writes, and what it was given."""
    frame = sys._getframe(3)  # above: this function, the generator, contextlib
    given = frame.f_locals
    match given.get("result"):
        case StepResult() as result:
            return f"{frame.f_code.co_name} {result.step} {result.state}"
    what = given.get("name") or given.get("step") or given.get("rows") or ""
    return f"{frame.f_code.co_name} {what if isinstance(what, str) else what[:1]}"


def _crt(_: Any, **kwargs: Any) -> str:
    message = kwargs["request"]
    return f"{message.method} {message.path}"


def _boto(_: Any, operation: str, parameters: dict[str, Any]) -> str:
    return f"{operation} {parameters.get('Key', '')}"


def _http(_: Any, request: httpx.Request) -> str:
    return f"{request.method} {request.url}"


def _process(*argv: str, **_: Any) -> str:
    return " ".join(argv)


def watch(points: Watcher) -> None:
    """Tell `points` of every commit and every external call from now on."""
    _around_transactions(points)
    _around(points, awscrt.s3.S3Client, "make_request", _crt)
    _around(points, botocore.client.BaseClient, "_make_api_call", _boto)
    _around(points, httpx.AsyncHTTPTransport, "handle_async_request", _http)
    _around(points, httpx.HTTPTransport, "handle_request", _http)
    _around(points, asyncio, "create_subprocess_exec", _process)
    _around(points, files, "_sync_folder", str)


def main() -> None:
    """Run the command line with a point at every commit and every external call."""
    watch(Points(Path(sys.argv[1]), int(sys.argv[2])))
    sys.exit(commands.main(sys.argv[3:], lambda call: 2))


if __name__ == "__main__":
    main()
