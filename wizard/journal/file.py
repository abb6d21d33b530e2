"""The journal's file: its creation, its lock, and what the disk and SQLite may answer."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import pwd
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wizard.core.message import Message, decode, encode, msg, verbatim
from wizard.core.problem import Problem
from wizard.core.quantities import describe_moment, describe_size
from wizard.system.files import free_bytes, give_to_owner, make_private_folder, write_atomically

VERSION = 1
FOLDER = ".bw-s3"
FILE = "journal.sqlite3"

# A migration of few files needs no more than this; see `check_room` for many.
_ROOM = 2 * 1024 * 1024
# What a file takes in the journal, in bytes: two rows with their key, twice while a
# transaction is under way (seen: 223 in all, with keys of 43 bytes).
_ROOM_PER_FILE = 600

_ANOTHER_PLACE = msg("Or name another place for the journal with --state.")

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


class JournalHeld(Problem):
    """Another process is at work with the journal."""


def prepare_folder(folder: Path, owner_like: Path) -> None:
    """Create the journal's folder, private, and keep it out of the checkout's `git status`."""
    make_private_folder(folder, owner_like)
    if folder.parent == owner_like:
        # A kill may have come between creating and giving, or somebody else created it.
        give_to_owner(folder, owner_like)
        folder.chmod(0o700)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_atomically(ignore, b"*\n", 0o644, folder)
    check_room(folder)


def check_room(folder: Path, files: int = 0) -> None:
    """Raise a `Problem` where the disk has no room for a journal of so many files."""
    needed, free = _ROOM + files * _ROOM_PER_FILE, free_bytes(folder)
    if free < needed:
        raise Problem(
            msg("There is no room for the journal in {folder}.", folder=str(folder)),
            msg(
                "It may need {needed}; {free} are free.",
                needed=describe_size(needed),
                free=describe_size(free),
            ),
            msg("Make room (df -h shows where), or name another place with --state."),
            code="journal-disk-full",
        )


def connect_to_write(path: Path, owner_like: Path) -> sqlite3.Connection:
    """Open the journal to write, created where it is missing. Raises `Problem`, `sqlite3.Error`."""
    if path.is_symlink():
        raise OSError(errno.ELOOP, "the journal is a symbolic link", str(path))
    if not path.exists():
        # Ours and private before SQLite sees it; its -wal and -shm files take after it.
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
        os.close(os.open(path, flags, 0o600))
    give_to_owner(path, owner_like)
    database = sqlite3.connect(path, timeout=10, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        # What is committed outlives a power cut, too: that a key was announced must not
        # be forgotten once its object is there.
        database.execute("PRAGMA synchronous=FULL")
        # An empty file is what a kill between creating and filling it leaves.
        if is_empty(database):
            _create(database)
        check_sound(database, path.parent)
    except BaseException:
        database.close()
        raise
    return database


def connect_beside_writer(path: Path) -> sqlite3.Connection:
    """Look at what the writer of this same process has committed, at any moment."""
    database = sqlite3.connect(path, timeout=10, check_same_thread=False)
    database.execute("PRAGMA query_only=ON")
    return database


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open the journal to look at it, also while a writer has it open. Creates no file."""
    address = address_to_read(path)
    database = sqlite3.connect(address, uri=True, timeout=10, check_same_thread=False)
    try:
        is_empty(database)
    except BaseException:
        database.close()
        raise
    return database


def address_to_read(path: Path) -> str:
    """Return the journal's address for SQLite, to look at it only."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    if path.with_name(f"{FILE}-wal").exists():
        return address
    # Nobody is writing. SQLite would create the files that it shares with writers all the
    # same, could not remove them afterwards, and could not even read on a read-only disk.
    return f"{address}&immutable=1"


def is_empty(database: sqlite3.Connection) -> bool:
    """Tell whether nothing was ever written to it."""
    return database.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def check_sound(database: sqlite3.Connection, folder: Path) -> None:
    """Raise where the journal is damaged (`sqlite3.Error`) or newer than we are (`Problem`)."""
    row = database.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    version = int(row[0]) if row else 0
    if version > VERSION:
        raise Problem(
            msg("The journal was written by a newer bw-s3."),
            msg(
                "It is version {version}; this bw-s3 knows version {known}.",
                version=str(version),
                known=str(VERSION),
            ),
            msg("Update bw-s3 and start it again."),
            msg("Or start over: {how}", how=_move_away(folder)),
            code="journal-newer",
        )
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok" or version < 1:
        raise sqlite3.DatabaseError(verdict)


def check_there(folder: Path) -> None:
    """Raise a `Problem` where the journal is no longer in its folder."""
    if not (folder / FILE).exists():
        raise Problem(
            msg("The journal in {folder} was deleted while bw-s3 was at work.", folder=str(folder)),
            msg("Somebody or something removed it."),
            msg("Start again: the bucket is inspected again, and what is there is not sent twice."),
            code="journal-deleted",
        )


def _create(database: sqlite3.Connection) -> None:
    database.executescript(f"BEGIN; {_SCHEMA}")
    rows = [("version", str(VERSION)), ("id", uuid.uuid4().hex)]
    database.executemany("INSERT INTO meta VALUES (?, ?)", rows)
    database.commit()


def take_lock(folder: Path, owner_like: Path) -> int:
    """Return the lock's descriptor. The kernel frees it when this process ends, however it ends."""
    path = folder / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        give_to_owner(path, owner_like)
        os.truncate(descriptor, 0)
        os.write(descriptor, json.dumps(encode(_ourselves())).encode())
    except BlockingIOError:
        said = os.read(descriptor, 1000)
        os.close(descriptor)
        raise JournalHeld(
            msg("Another bw-s3 is working on this instance."),
            # Translators: what stands there is, for example, “process 4711 of user alice, since …”.
            msg("It is {holder}.", holder=_holder(said)),
            msg(
                "Wait for it or quit it there, then start again. `bw-s3 status` shows where it is."
            ),
            code="journal-locked",
        ) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _ourselves() -> Message:
    """Return who holds the lock, for whoever finds it taken, in that person's language."""
    return msg(
        "process {pid} of {user}, since {when}",
        pid=str(os.getpid()),
        user=_user(os.getuid()),
        when=describe_moment(time.time()),
    )


def _holder(said: bytes) -> Message:
    """Return who holds the lock; an earlier version wrote it in English."""
    try:
        return decode(json.loads(said))
    except (ValueError, LookupError, TypeError):
        words = said.decode(errors="replace")
        return verbatim(words) if words else msg("another process")


def _user(uid: int) -> Message:
    try:
        return msg("user {name}", name=pwd.getpwuid(uid).pw_name)
    except KeyError:
        return msg("user number {number}", number=str(uid))


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the disk and SQLite can answer into a `Problem`."""
    try:
        yield
    except PermissionError as error:
        raise _not_ours(folder, error) from error
    except OSError as error:
        raise _unwritable(folder, error) from error
    except sqlite3.OperationalError as error:
        raise _refused(folder, error) from error
    except (sqlite3.DatabaseError, ValueError, LookupError, TypeError) as error:
        raise _damaged(folder, error) from error


def _refused(folder: Path, error: sqlite3.OperationalError) -> Problem:
    text = str(error)
    if "no such" in text or "has no column" in text:
        return _damaged(folder, error)
    if _is_full(folder) or "full" in text:
        return _unwritable(folder, error)
    if "readonly" in text or "unable to open" in text:
        return _not_ours(folder, error)
    return _unwritable(folder, error)


def _is_full(folder: Path) -> bool:
    try:
        return free_bytes(folder) < 64 * 1024
    except OSError:
        return False


def _unwritable(folder: Path, error: Exception) -> Problem:
    what = msg("The journal in {folder} cannot be written.", folder=str(folder))
    if _is_full(folder) or "full" in str(error):
        return Problem(
            what,
            msg("The disk is full."),
            msg("Make room (df -h shows where), then start again: it resumes where it left off."),
            _ANOTHER_PLACE,
            raw=str(error),
            code="journal-disk-full",
        )
    return Problem(
        what,
        msg("The disk or the file system refused it."),
        msg("To see whether the file system is mounted read-only: mount"),
        _ANOTHER_PLACE,
        raw=str(error),
        code="journal-not-writable",
    )


def _damaged(folder: Path, error: Exception) -> Problem:
    return Problem(
        msg("The journal in {folder} is damaged.", folder=str(folder)),
        msg("The disk failed, or something else wrote to it."),
        msg("Start over: {how}", how=_move_away(folder)),
        raw=str(error),
        code="journal-damaged",
    )


def _move_away(folder: Path) -> Message:
    return msg(
        "{command} (keep it: it holds backups of .env), then start bw-s3 again."
        " The bucket is inspected again, and what is there already is not sent twice.",
        command=f"mv {folder} {folder}.old",
    )


def _not_ours(folder: Path, error: Exception) -> Problem:
    at_home = folder.name == FOLDER
    return Problem(
        msg("The journal in {folder} cannot be opened or written.", folder=str(folder)),
        _whose(folder),
        verbatim(f"sudo bw-s3 {folder.parent}" if at_home else f"sudo bw-s3 --state {folder}"),
        _ANOTHER_PLACE,
        raw=str(error),
        code="journal-not-permitted",
    )


def _whose(folder: Path) -> Message:
    for path in (folder, *folder.absolute().parents):
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        if owner == os.geteuid():
            return msg(
                "{path} is yours, but its permissions forbid it, or the file system is read-only.",
                path=str(path),
            )
        return msg(
            "{path} belongs to {owner}, and you are {user}.",
            path=str(path),
            owner=_user(owner),
            user=_user(os.geteuid()),
        )
    return msg("The folder is not there any more.")
