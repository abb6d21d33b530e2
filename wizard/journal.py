"""The durable memory of a migration: settings, what each step proved, each file.

One SQLite file in `.bw-s3/` in the instance's folder. It holds no secrets.
It is never believed alone: steps ask the world again (`Step.inspect`).
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from wizard.events import Check, Verdict
from wizard.owned import give_to_owner, make_private_folder
from wizard.problem import Problem
from wizard.settings import Settings

VERSION = 1
FOLDER = ".bw-s3"
_FILE = "journal.sqlite3"

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE results (
    step TEXT PRIMARY KEY, state TEXT NOT NULL, inputs TEXT NOT NULL,
    checks TEXT NOT NULL, problem TEXT, at REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE files (
    destination TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, md5 BLOB NOT NULL, etag TEXT NOT NULL,
    PRIMARY KEY (destination, key)
) WITHOUT ROWID;
CREATE TABLE sending (
    destination TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (destination, key)
) WITHOUT ROWID;
CREATE TABLE log (at REAL NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL);
"""


class ResultState(StrEnum):
    """How a step ended last time."""

    BEGUN = "begun"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What is remembered of a step: how it ended, with which inputs and proofs.

    `at` is seconds since the epoch, `seconds` how long it took.
    """

    step: str
    state: ResultState
    inputs: Mapping[str, str]
    checks: tuple[Check, ...]
    problem: Problem | None
    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class ProvenFile:
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

    Methods may be called from any thread. Each is one transaction.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection, lock: int | None) -> None:
        self.folder = folder
        self._database = database
        self._lock = lock
        self._guard = threading.RLock()

    @classmethod
    def open(cls, folder: Path, owner_like: Path) -> Journal:
        """Open or create the journal in `folder` (`INSTANCE/.bw-s3` or `--state`).

        Raises `Problem` where another wizard holds it, where it is damaged or
        from a newer version, or where it cannot be written.
        """
        with _explained(folder):
            make_private_folder(folder, owner_like)
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
                give_to_owner(ignore, owner_like)
            lock = _take_lock(folder, owner_like)
            try:
                database = _connect(folder / _FILE, owner_like)
            except BaseException:
                os.close(lock)
                raise
        return cls(folder, database, lock)

    @classmethod
    def read(cls, folder: Path) -> Journal | None:
        """Open the journal to look at it, without the lock; None where there is none."""
        path = folder / _FILE
        with _explained(folder):
            if not path.exists():
                return None
            database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False)
            _check_version(database, path)
        return cls(folder, database, None)

    def copy_to(self, folder: Path) -> None:
        """Write a copy of the journal into another, existing folder."""
        with self._reading() as database:
            copy = sqlite3.connect(folder / _FILE)
            database.backup(copy)
            copy.close()

    def close(self) -> None:
        """Write what is left and let the next one in."""
        with self._guard:
            self._database.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    @property
    def id(self) -> str:
        """Names this migration, e.g. on the containers it starts."""
        return self._meta("id")

    @property
    def settings(self) -> Settings:
        """What was settled so far; empty settings before the first `save_settings`."""
        text = self._meta("settings")
        return Settings.from_dict(json.loads(text)) if text else Settings()

    def save_settings(self, settings: Settings) -> None:
        """Remember the settings (they hold no secrets)."""
        self.remember("settings", json.dumps(settings.to_dict()))

    def remember(self, name: str, value: str) -> None:
        """Keep a small fact of a step's own, such as the CORS rules that were there before."""
        with self._transaction() as database:
            database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def recall(self, name: str) -> str:
        """A fact kept with `remember`, "" where there is none."""
        return self._meta(name)

    def result(self, step: str) -> StepResult | None:
        """What is remembered of a step; None where it never began."""
        with self._reading() as database:
            row = database.execute("SELECT * FROM results WHERE step = ?", (step,)).fetchone()
        return _result(row) if row else None

    def save_result(self, result: StepResult) -> None:
        """Remember how a step ended (or that it began)."""
        checks = json.dumps([_check_to_dict(c) for c in result.checks])
        problem = json.dumps(result.problem.to_dict()) if result.problem else None
        inputs = json.dumps(dict(result.inputs), sort_keys=True)
        row = (result.step, result.state, inputs, checks, problem, result.at, result.seconds)
        with self._transaction() as database:
            database.execute("INSERT OR REPLACE INTO results VALUES (?,?,?,?,?,?,?)", row)

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
        """Whether we ever set out to write this key."""
        query = "SELECT 1 FROM sending WHERE destination = ? AND key = ?"
        with self._reading() as database:
            return database.execute(query, (destination, key.encode())).fetchone() is not None

    def save_proven(self, destination: str, files: Sequence[ProvenFile]) -> None:
        """Remember proven files, all of them or (after a crash) none."""
        rows = [(destination, f.key.encode(), f.size, f.mtime_ns, f.md5, f.etag) for f in files]
        with self._transaction() as database:
            database.executemany("INSERT OR REPLACE INTO files VALUES (?,?,?,?,?,?)", rows)

    def proven(self, destination: str) -> Iterator[ProvenFile]:
        """Proven files of a destination in the order of their keys' bytes, a page at a time."""
        query = "SELECT key, size, mtime_ns, md5, etag FROM files WHERE destination = ? AND key > ? ORDER BY key LIMIT 5000"
        last = b""
        while True:
            with self._reading() as database:
                rows = database.execute(query, (destination, last)).fetchall()
            if not rows:
                return
            for key, size, mtime_ns, md5, etag in rows:
                yield ProvenFile(key.decode(), size, mtime_ns, md5, etag)
            last = rows[-1][0]

    def proven_file(self, destination: str, key: str) -> ProvenFile | None:
        """What is remembered of one object."""
        query = "SELECT size, mtime_ns, md5, etag FROM files WHERE destination = ? AND key = ?"
        with self._reading() as database:
            row = database.execute(query, (destination, key.encode())).fetchone()
        return ProvenFile(key, *row) if row else None

    def proven_count(self, destination: str) -> tuple[int, int]:
        """How many files are proven, and how many bytes they have."""
        query = "SELECT count(*), coalesce(sum(size), 0) FROM files WHERE destination = ?"
        with self._reading() as database:
            count, size = database.execute(query, (destination,)).fetchone()
        return count, size

    def forget_proven(self, destination: str, keys: Iterable[str]) -> None:
        """Forget files that the bucket no longer holds as they were proven."""
        rows = [(destination, key.encode()) for key in keys]
        with self._transaction() as database:
            database.executemany("DELETE FROM files WHERE destination = ? AND key = ?", rows)

    def write_log(self, step: str, text: str) -> None:
        """Add a line to the log; the caller has masked the secrets in it."""
        with self._transaction() as database:
            database.execute("INSERT INTO log VALUES (?,?,?)", (time.time(), step, text))

    def log_lines(self) -> list[tuple[float, str, str]]:
        """The log: seconds since the epoch, step, text."""
        with self._reading() as database:
            return database.execute("SELECT at, step, text FROM log ORDER BY at, rowid").fetchall()

    def _meta(self, name: str) -> str:
        with self._reading() as database:
            row = database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._guard, _explained(self.folder):
            yield self._database

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._guard, _explained(self.folder), self._database:
            yield self._database


def _connect(path: Path, owner_like: Path) -> sqlite3.Connection:
    is_new = not path.exists()
    if is_new:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        give_to_owner(path, owner_like)
    database = sqlite3.connect(path, timeout=10, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        # An empty file is what a kill between creating and filling it leaves.
        if is_new or not database.execute("SELECT 1 FROM sqlite_master").fetchone():
            _create(database)
        _check_version(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _create(database: sqlite3.Connection) -> None:
    row = f"INSERT INTO meta VALUES ('version', '{VERSION}'), ('id', '{uuid.uuid4().hex}')"
    database.executescript(f"BEGIN; {_SCHEMA} {row}; COMMIT;")


def _check_version(database: sqlite3.Connection, path: Path) -> None:
    row = database.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    version = int(row[0]) if row else 0
    if version > VERSION:
        raise Problem(
            "The journal was written by a newer bw-s3.",
            f"It is version {version}; this bw-s3 knows version {VERSION}.",
            "Update bw-s3 and start it again.",
            f"Or move {path.parent} away and start anew: the bucket is inspected again, and nothing that is there already is sent twice.",
        )


def _take_lock(folder: Path, owner_like: Path) -> int:
    """The lock's descriptor. The kernel frees it when this process ends, however it ends."""
    path = folder / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 1000).decode(errors="replace") or "another process"
        os.close(descriptor)
        raise Problem(
            "Another bw-s3 is working on this instance.",
            f"It is {holder}.",
            "Wait for it or quit it there, then start again. `bw-s3 status` shows where it is.",
        ) from None
    give_to_owner(path, owner_like)
    user = pwd.getpwuid(os.getuid()).pw_name if _has_name(os.getuid()) else str(os.getuid())
    os.truncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} of user {user}, since {time.strftime('%F %T')}".encode())
    return descriptor


def _has_name(uid: int) -> bool:
    return any(entry.pw_uid == uid for entry in pwd.getpwall())


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn what the disk and SQLite can answer into a `Problem`."""
    try:
        yield
    except PermissionError as error:
        raise _not_ours(folder, error) from error
    except OSError as error:
        raise Problem(
            f"The folder {folder} cannot be written.",
            "The disk may be full or read-only.",
            "Make room (df -h shows where) or name another place with --state, then start again.",
            raw=str(error),
        ) from error
    except sqlite3.OperationalError as error:
        if "readonly" in str(error) or "unable to open" in str(error):
            raise _not_ours(folder, error) from error
        raise Problem(
            "The journal cannot be written.",
            "The disk is probably full." if "full" in str(error) else "The disk or the file system refused it.",
            "Make room (df -h shows where), then start again: it goes on where it was.",
            raw=str(error),
        ) from error
    except (sqlite3.DatabaseError, ValueError) as error:
        raise Problem(
            "The journal is damaged.",
            "The disk failed, or something else wrote to it.",
            f"Move {folder} away (it holds backups of .env: keep it) and start again: the bucket is inspected anew, and nothing that is there already is sent twice.",
            raw=str(error),
        ) from error


def _not_ours(folder: Path, error: Exception) -> Problem:
    return Problem(
        f"The journal in {folder} cannot be opened or written.",
        "It probably belongs to another user, who began this migration.",
        f"sudo bw-s3 {folder.parent}",
        "Or name another place for the journal with --state.",
        raw=str(error),
    )


def _check_to_dict(check: Check) -> dict[str, Any]:
    problem = check.problem.to_dict() if check.problem else None
    return {"asked": check.asked, "seen": check.seen, "verdict": check.verdict, "problem": problem}


def _check_from_dict(data: Mapping[str, Any]) -> Check:
    problem = Problem.from_dict(data["problem"]) if data["problem"] else None
    return Check(data["asked"], data["seen"], Verdict(data["verdict"]), problem)


def _result(row: tuple[Any, ...]) -> StepResult:
    step, state, inputs, checks, problem, at, seconds = row
    return StepResult(
        step,
        ResultState(state),
        json.loads(inputs),
        tuple(_check_from_dict(c) for c in json.loads(checks)),
        Problem.from_dict(json.loads(problem)) if problem else None,
        at,
        seconds,
    )
