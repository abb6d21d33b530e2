"""The durable memory of a migration: settings, what each step verified, each file.

One SQLite file in `.bw-s3/` in the instance's folder. It holds no secrets.
It is never believed alone: steps ask the world again (`Step.inspect`).
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.core.events import Check, Verdict
from wizard.core.message import encode
from wizard.core.problem import Problem
from wizard.core.secrets import masked
from wizard.core.settings import Settings
from wizard.core.states import ResultState
from wizard.journal.entries import Entry, Value, json_entry
from wizard.journal.file import (
    FILE,
    FOLDER,
    VERSION,
    address_to_read,
    check_room,
    check_sound,
    check_there,
    connect_beside_writer,
    connect_to_read,
    connect_to_write,
    explained,
    is_empty,
    prepare_folder,
    take_lock,
)

__all__ = ["FOLDER", "VERSION", "Journal", "StepResult", "VerifiedFile"]

_KEEP = "INSERT OR REPLACE INTO meta VALUES (?, ?)"
_TIME = "UPDATE results SET seconds = :seconds WHERE step = :step AND state = :state"
_SETTINGS = json_entry("settings", lambda data: Settings.from_dict(dict(data)), Settings.to_dict)
# One page of verified files: few megabytes, and few milliseconds.
_PAGE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What is remembered of a step: how it ended, with which inputs and checks.

    `at` is seconds since the epoch, `seconds` how long it took.
    """

    step: str
    state: ResultState
    inputs: Mapping[str, str]
    checks: tuple[Check, ...]
    problem: Problem | None
    at: float
    seconds: float

    @property
    def passed_checks(self) -> int:
        """How many of the checks passed: neither remarks nor for later."""
        return sum(1 for check in self.checks if check.verdict is Verdict.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedFile:
    """A media file whose bytes the server was seen to hold.

    `key` is the object's key; `size` in bytes and `mtime_ns` are those of the
    local file that was read; `md5` 16 bytes; `etag` as the server gave it.
    """

    key: str
    size: int
    mtime_ns: int
    md5: bytes
    etag: str


class Journal:
    """The journal of one migration, open and locked for this process.

    Methods may be called from any thread. Each is one transaction. `mask` (a
    `Masker`) takes secrets out of texts for people: log, checks, problems. What
    is compared or put back later (settings, inputs, facts) stays as it is, and
    is no secret.

    Whoever only looks does so through a connection of its own (`reader`), and never waits for
    a commit on its way to the disk: the wizard's screen would stand still in the meantime.
    """

    def __init__(
        self,
        folder: Path,
        database: sqlite3.Connection,
        lock: int | None = None,
        reader: sqlite3.Connection | None = None,
    ) -> None:
        self.folder = folder
        # What plans name: a dry run works on a copy, which is gone when they are read.
        self.shown_folder = folder
        self._database = database
        self._reader = reader or database
        self._lock = lock
        self._guard = threading.RLock()
        self._guard_of_reader = threading.RLock() if reader else self._guard
        self.mask: Callable[[str], str] = str
        # The step that is carried out, and when that began by the monotonic clock.
        self._timed: tuple[str, float] | None = None

    @classmethod
    def open(cls, folder: Path, owner_like: Path, lock: int | None = None) -> Journal:
        """Open or create the journal in `folder` (`INSTANCE/.bw-s3` or `--state`).

        `lock` is the descriptor of a lock that another process handed over. Raises
        `JournalHeld` where another wizard holds it, `Problem` where it is damaged or
        from a newer version, or where it cannot be written.
        """
        with explained(folder):
            prepare_folder(folder, owner_like)
            lock = take_lock(folder, owner_like) if lock is None else lock
            try:
                database = connect_to_write(folder / FILE, owner_like)
                reader = connect_beside_writer(folder / FILE)
            except BaseException:
                os.close(lock)
                raise
        return cls(folder, database, lock, reader)

    @classmethod
    def read(cls, folder: Path) -> Journal | None:
        """Open the journal to look at it, without the lock; None where there is none."""
        with explained(folder):
            if not (folder / FILE).exists():
                return None
            database = connect_to_read(folder / FILE)
            try:
                if not is_empty(database):
                    check_sound(database, folder)
                    return cls(folder, database)
            except BaseException:
                database.close()
                raise
        database.close()
        return None

    def copy_to(self, folder: Path) -> None:
        """Write a copy of the journal into another, existing folder."""
        with self._reading() as database:
            copy = sqlite3.connect(folder / FILE)
            database.backup(copy)
            copy.close()

    def close(self) -> None:
        """Write what is left and let the next one in."""
        with self._guard, self._guard_of_reader:
            try:
                self._reader.close()
                self._database.close()
            finally:
                lock, self._lock = self._lock, None
                if lock is not None:
                    os.close(lock)

    @property
    def lock(self) -> int:
        """The lock's descriptor, for a process that is to go on holding it when we have ended.

        Raises `LookupError` where the journal is only read.
        """
        if self._lock is None:
            raise LookupError("the journal is not locked")
        return self._lock

    def check_room(self, files: int) -> None:
        """Raise a `Problem` where the disk has no room to remember so many files more."""
        with explained(self.folder):
            check_room(self.folder, files)

    @property
    def id(self) -> str:
        """Names this migration, e.g. on the containers it starts."""
        return self._meta("id")

    @property
    def settings(self) -> Settings:
        """What was settled so far; empty settings before the first `save_settings`."""
        return self.recall(_SETTINGS) or Settings()

    def save_settings(self, settings: Settings) -> None:
        """Remember the settings (they hold no secrets)."""
        self.remember(_SETTINGS, settings)

    def remember(self, entry: Entry[Value], value: Value) -> None:
        """Keep an entry, such as the CORS rules that were there before. Never a secret."""
        name, text = entry.name, entry.to_text(value)
        with self._transaction() as database:
            database.execute(_KEEP, (name, text))

    def recall(self, entry: Entry[Value]) -> Value | None:
        """Return what was kept with `remember`; None where nothing is. Raises `Problem`."""
        text = self._meta(entry.name)
        with explained(self.folder):
            return entry.from_text(text) if text else None

    def remembers(self, entry: Entry[Any]) -> bool:
        """Tell whether anything is kept for an entry, and counts."""
        return self.recall(entry) is not None

    def recall_all(self, entry: Entry[Value]) -> dict[str, Value]:
        """Return what is kept of an entry about many (`Entry.of`), by whom each is about."""
        begin = f"{entry.name} "
        query = "SELECT name, value FROM meta WHERE substr(name, 1, ?) = ? AND value <> ''"
        with self._reading() as database:
            rows = database.execute(query, (len(begin), begin)).fetchall()
            read = ((name, entry.from_text(text)) for name, text in sorted(rows))
            return {name.removeprefix(begin): value for name, value in read if value is not None}

    def forget(self, entry: Entry[Any]) -> None:
        """Keep an entry no longer."""
        name = entry.name
        with self._transaction() as database:
            database.execute(_KEEP, (name, ""))

    def result(self, step: str) -> StepResult | None:
        """Return what is remembered of a step; None where it never began."""
        with self._reading() as database:
            row = database.execute("SELECT * FROM results WHERE step = ?", (step,)).fetchone()
        with explained(self.folder):
            return _result(row) if row else None

    def is_done(self, step: str) -> bool:
        """Tell whether a step was done, whatever became of it since."""
        result = self.result(step)
        return result is not None and result.state is ResultState.DONE

    def save_result(self, result: StepResult) -> None:
        """Remember how a step ended (or that it began)."""
        checks = self._json([check.to_dict() for check in result.checks])
        problem = self._json(result.problem.to_dict()) if result.problem else None
        inputs = json.dumps(dict(result.inputs), sort_keys=True)
        row = (result.step, result.state, inputs, checks, problem, result.at, result.seconds)
        with self._transaction() as database:
            database.execute("INSERT OR REPLACE INTO results VALUES (?,?,?,?,?,?,?)", row)

    @contextmanager
    def timing(self, step: str, started: float) -> Iterator[None]:
        """Keep, with whatever is written within, how long a step that has begun takes so far.

        A kill loses no more than the time since the last of that; nothing is written for it alone.
        `started` is a moment of `time.monotonic`.
        """
        before, self._timed = self._timed, (step, started)
        try:
            yield
        finally:
            self._timed = before

    def forget_result(self, step: str) -> None:
        """Forget a step's result, after it was undone."""
        with self._transaction() as database:
            database.execute("DELETE FROM results WHERE step = ?", (step,))

    def announce_sending(self, destination: str, keys: Iterable[str]) -> None:
        """Note, before the request, that these keys are about to be written by us.

        So that after a crash an object that arrived is known as ours.
        """
        rows = [(destination, key.encode()) for key in keys]
        with self._transaction() as database:
            database.executemany("INSERT OR IGNORE INTO sending VALUES (?, ?)", rows)

    def was_announced(self, destination: str, key: str) -> bool:
        """Tell whether we ever set out to write this key."""
        query = "SELECT 1 FROM sending WHERE destination = ? AND key = ?"
        with self._reading() as database:
            return database.execute(query, (destination, key.encode())).fetchone() is not None

    def save_verified(self, destination: str, files: Sequence[VerifiedFile]) -> None:
        """Remember verified files, all of them or (after a crash) none."""
        rows = [(destination, f.key.encode(), f.size, f.mtime_ns, f.md5, f.etag) for f in files]
        with self._transaction() as database:
            database.executemany("INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?)", rows)

    def verified_files(self, destination: str) -> Iterator[VerifiedFile]:
        """Yield verified files of a destination in the order of their keys' bytes."""
        query = (
            "SELECT key, size, mtime_ns, md5, etag FROM files"
            " WHERE destination = ? AND key > ? ORDER BY key LIMIT ?"
        )
        last = b""
        while True:
            with self._reading() as database:
                rows = database.execute(query, (destination, last, _PAGE)).fetchall()
            if not rows:
                return
            for key, size, mtime_ns, md5, etag in rows:
                yield VerifiedFile(
                    key=key.decode(), size=size, mtime_ns=mtime_ns, md5=md5, etag=etag
                )
            last = rows[-1][0]

    def hand_over_verified(
        self, destination: str, prefix: str, database: sqlite3.Connection, table: str
    ) -> None:
        """Add key without prefix, size, time and ETag of the verified files to another's table.

        From database to database: a million rows need not become objects here. `database`
        takes addresses (`uri=True`), and is in no transaction.
        """
        with explained(self.folder):
            database.execute("ATTACH ? AS journal", (address_to_read(self.folder / FILE),))
            try:
                database.execute(
                    f"INSERT INTO {table} SELECT substr(key, ?), size, mtime_ns, etag"  # noqa: S608
                    " FROM journal.files WHERE destination = ? ORDER BY key",
                    (len(prefix.encode()) + 1, destination),
                )
            finally:
                database.execute("DETACH journal")

    def verified_count(self, destination: str) -> tuple[int, int]:
        """Return how many files are verified, and how many bytes they have."""
        query = "SELECT count(*), coalesce(sum(size), 0) FROM files WHERE destination = ?"
        with self._reading() as database:
            count, size = database.execute(query, (destination,)).fetchone()
        return count, size

    def verified_since(
        self, destination: str, mtime_ns: int, limit: int
    ) -> tuple[int, list[tuple[str, int]]]:
        """Count verified files that were written after that time; the first, with their times."""
        where, values = "FROM files WHERE destination = ? AND mtime_ns > ?", (destination, mtime_ns)
        first = f"SELECT key, mtime_ns {where} ORDER BY mtime_ns LIMIT ?"
        with self._reading() as database:
            (number,) = database.execute(f"SELECT count(*) {where}", values).fetchone()
            rows = database.execute(first, (*values, limit)).fetchall()
        return number, [(key.decode(), time_ns) for key, time_ns in rows]

    def forget_verified(self, destination: str, keys: Iterable[str]) -> None:
        """Forget files that the bucket no longer holds as they were verified."""
        rows = [(destination, key.encode()) for key in keys]
        with self._transaction() as database:
            database.executemany("DELETE FROM files WHERE destination = ? AND key = ?", rows)

    def write_log(self, step: str, text: str) -> None:
        """Add a line to the log, secrets masked."""
        with self._transaction() as database:
            # File names may hold bytes that are no text; SQLite takes only text.
            plain = self.mask(text).encode(errors="backslashreplace").decode()
            row = (time.time(), step, plain)
            database.execute("INSERT INTO log VALUES (?,?,?)", row)

    def log_lines(self) -> list[tuple[float, str, str]]:
        """Return the log: seconds since the epoch, step, text."""
        with self._reading() as database:
            return database.execute("SELECT at, step, text FROM log ORDER BY at, rowid").fetchall()

    def _json(self, data: Any) -> str:
        # Masked before, since JSON writes some characters of a secret differently.
        return json.dumps(masked(encode(data), self.mask), sort_keys=True)

    def _meta(self, name: str) -> str:
        with self._reading() as database:
            row = database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._guard_of_reader, explained(self.folder):
            yield self._reader

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guard, explained(self.folder), self._database:
            check_there(self.folder)  # SQLite would write on into a deleted file
            yield self._database
            if self._timed is not None:
                step, started = self._timed
                took = time.monotonic() - started
                values = {"seconds": took, "step": step, "state": ResultState.BEGUN}
                self._database.execute(_TIME, values)


def _result(row: tuple[Any, ...]) -> StepResult:
    step, state, inputs, checks, problem, at, seconds = row
    return StepResult(
        step=step,
        state=ResultState(state),
        inputs=json.loads(inputs),
        checks=tuple(Check.from_dict(c) for c in json.loads(checks)),
        problem=Problem.from_dict(json.loads(problem)) if problem else None,
        at=at,
        seconds=seconds,
    )
