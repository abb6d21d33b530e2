"""The two sets that are compared, here and there, kept on disk so that memory stays flat."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.copying.listing import Listed
from wizard.core.message import Message, decode, encode, msg
from wizard.core.problem import Problem
from wizard.media.source import PREFIX, MediaFailure, MediaFile, Reason
from wizard.system.files import give_to_owner

if TYPE_CHECKING:
    from wizard.journal.journal import Journal

_FILE = "inventory.sqlite3"
_PAGE = 2000
# Pages of SQLite's cache, in KiB (negative, as PRAGMA cache_size wants it).
_CACHE = -8000

# `path` is below MEDIA_ROOT here and below the prefix there: the same bytes.
_SCHEMA = """
CREATE TABLE here (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, fate INTEGER NOT NULL
);
CREATE TABLE there (
    path BLOB NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL, archived INTEGER NOT NULL
);
CREATE TABLE verified (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, etag TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE failures (
    path BLOB PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL, harmless INTEGER NOT NULL
) WITHOUT ROWID;
"""


_PAIRS = """
SELECT here.id, here.path, here.size, here.mtime_ns,
    coalesce(there.size, -1), coalesce(there.etag, ''),
    coalesce(verified.size, -1), coalesce(verified.mtime_ns, -1), coalesce(verified.etag, '')
FROM here LEFT JOIN there ON there.path = here.path LEFT JOIN verified ON verified.path = here.path
"""


_KNOWN = "AND (there.path IS NOT NULL OR verified.path IS NOT NULL)"


_KEEP_VERIFIED = """
UPDATE here SET fate = :verified WHERE EXISTS (
    SELECT 1 FROM there JOIN verified ON verified.path = there.path
    WHERE there.path = here.path AND there.size = here.size AND there.etag = verified.etag
        AND verified.size = here.size AND verified.mtime_ns = here.mtime_ns)
"""


_UNCONFIRMED = """
WHERE here.fate = :verified AND (there.size IS NOT here.size OR there.etag IS NOT verified.etag)
"""


# With each, whether it has the name of a folder that others are in.
_ONLY_THERE = """
SELECT path, size, etag, archived, EXISTS (
    SELECT 1 FROM there AS other WHERE other.path > CAST(there.path || '/' AS BLOB)
        AND other.path < CAST(there.path || '0' AS BLOB)
) FROM there
WHERE NOT EXISTS (SELECT 1 FROM here WHERE here.path = there.path AND here.fate != :gone)
ORDER BY path
"""


# Faults of files that nobody could ask for anyway: a link to nothing has no
# bytes to lose, a name that is not UTF-8 cannot stand in BookWyrm's database
# (PostgreSQL in UTF-8), Django's uploads never have a backslash in theirs, and
# what is outside is looked at only where the site serves it, and BookWyrm's storage
# makes no names with empty parts or dots as parts (django-storages: `clean_name`).
_HARMLESS = (
    *(Reason.DANGLING, Reason.NAME, Reason.LOOP, Reason.SPECIAL, Reason.BACKSLASH),
    *(Reason.FILE_SYSTEM, Reason.OUTSIDE, Reason.FOREIGN),
)


class Fate(IntEnum):
    """What is to be done with a file."""

    SEND = 0
    VERIFIED = 1
    COMPARE = 2
    CONFLICT = 3
    GONE = 4
    FAILED = 5


# For statements that name a fate: `:failed` and so on.
FATES: Mapping[str, int] = {fate.name.lower(): fate.value for fate in Fate}

_Values = tuple[Any, ...] | Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A file here, with what is there under its key and what was verified of it.

    `there_size` and `verified_size` are -1 where there is nothing.
    """

    id: int
    file: MediaFile
    there_size: int
    there_etag: str
    verified_size: int
    verified_mtime_ns: int
    verified_etag: str

    @property
    def is_verified_here(self) -> bool:
        """Whether the file is still as it was when it was verified."""
        file = self.file
        return (file.size, file.mtime_ns) == (self.verified_size, self.verified_mtime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFailure:
    """A file that is not accounted for; `harmless` where nobody could ever ask for it."""

    path: bytes
    reason: Reason
    detail: Message
    harmless: bool


class Inventory:
    """Files here, objects there, what was verified, what failed. Thread-safe.

    A temporary database in the journal's folder: it is thrown away at the
    end, and at the next start where a kill left it behind. `failed` hears of
    each failure that matters, wherever it was met.
    """

    def __init__(
        self,
        folder: Path,
        owner_like: Path,
        failed: Callable[[MediaFailure], None] = lambda failure: None,
    ) -> None:
        self.failed = failed
        self._path = folder / _FILE
        self._guard = threading.RLock()
        self._remove()
        with _explained(self._path):
            os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            give_to_owner(self._path, owner_like)
            self._database = sqlite3.connect(
                self._path, check_same_thread=False, isolation_level=None, uri=True
            )
            # Nothing here outlives a crash, so nothing needs to be safe from one.
            for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size={_CACHE}"):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Throw everything away."""
        with self._guard:
            self._database.close()
            self._remove()

    def add_files(self, files: Iterable[MediaFile]) -> None:
        """Add files found here; `index` must be called before they are looked up."""
        rows = [_row(file, Fate.SEND) for file in files]
        self._write_many(
            "INSERT INTO here (path, size, mtime_ns, fate) VALUES (:path, :size, :mtime_ns, :fate)",
            rows,
        )

    def index(self) -> None:
        """Sort what was found: afterwards files are found by path."""
        self._write("CREATE UNIQUE INDEX here_path ON here (path)")

    def splits(self, count: int, ranges: int) -> list[bytes]:
        """Return paths that cut the files into this many ranges of the same number."""
        query = "SELECT path FROM here ORDER BY path LIMIT 1 OFFSET ?"
        offsets = [count * i // ranges for i in range(1, ranges)]
        found = [self._rows(query, (offset,)) for offset in offsets]
        return [rows[0][0] for rows in found if rows]

    def forget_there(self) -> None:
        """Forget the listing, before a new one."""
        self._write("DROP INDEX IF EXISTS there_path")
        self._write("DELETE FROM there")

    def add_there(self, objects: Iterable[tuple[bytes, Listed]]) -> None:
        """Add objects of the listing."""
        rows = [(path, o.size, o.etag, o.archived) for path, o in objects]
        self._write_many("INSERT INTO there VALUES (?,?,?,?)", rows)

    def note_there(self, path: bytes, found: Listed) -> None:
        """Note what is there under one path since the listing."""
        row = (path, found.size, found.etag, found.archived)
        self._write("INSERT OR REPLACE INTO there VALUES (?,?,?,?)", row)

    def index_there(self) -> None:
        """Index the listing by path, after its end; an object listed twice is kept once."""
        try:
            self._write("CREATE UNIQUE INDEX there_path ON there (path)")
        except sqlite3.IntegrityError:
            self._write(
                "DELETE FROM there WHERE rowid NOT IN (SELECT max(rowid) FROM there GROUP BY path)"
            )
            self._write("CREATE UNIQUE INDEX there_path ON there (path)")

    def load_verified(self, journal: Journal, destination: str) -> None:
        """Load what the journal holds of this destination."""
        self._write("DELETE FROM verified")
        with self._guard, _explained(self._path):
            journal.hand_over_verified(destination, PREFIX, self._database, "verified")

    def keep_verified(self) -> None:
        """Give all files their fate that are still as they were verified, here as there."""
        self._write(_KEEP_VERIFIED, FATES)

    def pairs(self, fate: Fate, *, known: bool = False) -> Iterator[list[Pair]]:
        """Yield all files with this fate, what is there and what was verified; page by page.

        `known`: only those of which something is there, or was verified.
        """
        which = f"here.id > :last AND here.fate = :fate {_KNOWN if known else ''}"
        query = f"{_PAIRS} WHERE {which} ORDER BY here.id LIMIT :most"
        last = 0
        while rows := self._rows(query, {"last": last, "fate": fate, "most": _PAGE}):
            last = rows[-1][0]
            yield [_pair(row) for row in rows]

    def unconfirmed(self) -> list[Pair]:
        """Return files that were verified, but are not listed as they were stored."""
        return [_pair(row) for row in self.rows(f"{_PAIRS} {_UNCONFIRMED}", FATES)]

    def to_do(self, fate: Fate, after: int, limit: int) -> list[Pair]:
        """Return the next files with this fate after that id, in the order of the walk."""
        which = "here.fate = :fate AND here.id > :after"
        query = f"{_PAIRS} WHERE {which} ORDER BY here.id LIMIT :most"
        values = {"fate": fate, "after": after, "most": limit}
        return [_pair(row) for row in self._rows(query, values)]

    def set_fates(self, fates: Iterable[tuple[Fate, int]]) -> None:
        """Set what is to be done with the files of these ids."""
        rows = [{"fate": fate, "id": number} for fate, number in fates]
        self._write_many("UPDATE here SET fate = :fate WHERE id = :id", rows)

    def totals(self, fate: Fate | None = None) -> tuple[int, int]:
        """Return how many files (with this fate), and their bytes."""
        query = (
            "SELECT count(*), coalesce(sum(size), 0) FROM here WHERE coalesce(:fate, fate) = fate"
        )
        row = self._rows(query, {"fate": fate})[0]
        return row[0], row[1]

    def paths(self, fate: Fate, limit: int) -> list[bytes]:
        """Return the first paths with this fate, in order."""
        query = "SELECT path FROM here WHERE fate = :fate ORDER BY path LIMIT :most"
        return [row[0] for row in self._rows(query, {"fate": fate, "most": limit})]

    def all_paths(self) -> Iterator[bytes]:
        """Yield the paths of all files here."""
        yield from (path for (path,) in self.rows("SELECT path FROM here", {}))

    def there_below(self, path: bytes) -> list[bytes]:
        """Return the first objects with this path, or below it as a folder."""
        query = "SELECT path FROM there WHERE path = ? OR path >= ? AND path < ? LIMIT 3"
        return [row[0] for row in self._rows(query, (path, path + b"/", path + b"0"))]

    def only_there(self) -> Iterator[tuple[bytes, Listed, bool]]:
        """Yield all objects that are not here, by their paths.

        With each, whether others are in a folder of its name.
        """
        for path, size, etag, archived, is_folder in self.rows(_ONLY_THERE, FATES):
            yield (
                path,
                Listed(key="", size=size, etag=etag, archived=bool(archived)),
                bool(is_folder),
            )

    def on_both_sides(self) -> tuple[int, int]:
        """Return how many files differ in size from the objects of their names, and how many more
        are not known to be the same.
        """
        self.keep_verified()
        query = (
            "SELECT coalesce(sum(there.size != here.size), 0), "
            "coalesce(sum(there.size = here.size), 0) "
            "FROM here JOIN there ON there.path = here.path WHERE here.fate != :verified"
        )
        row = next(self.rows(query, FATES))
        return row[0], row[1]

    def leave_out(self, paths: Iterable[bytes]) -> None:
        """Take files out of those found here: they are not to be copied."""
        self._write_many("DELETE FROM here WHERE path = ?", [(path,) for path in paths])

    def set_fate_of(self, path: bytes, fate: Fate) -> None:
        """Set what is to be done with one file."""
        statement = "UPDATE here SET fate = :fate WHERE path = :path"
        self._write(statement, {"fate": fate, "path": path})

    def save_verified(self, files: Iterable[MediaFile]) -> None:
        """Mark files as verified as they are now, which may be other than the walk saw them."""
        self._write_many(
            "UPDATE here SET fate = :fate, size = :size, mtime_ns = :mtime_ns WHERE path = :path",
            [_row(file, Fate.VERIFIED) for file in files],
        )

    def add_failure(self, failure: MediaFailure) -> None:
        """Record a file that failed; it stays in the list until it is tried again."""
        harmless = failure.reason in _HARMLESS
        detail = json.dumps(encode(failure.detail))
        row = (failure.path, failure.reason.value, detail, harmless)
        self._write("INSERT OR REPLACE INTO failures VALUES (?,?,?,?)", row)
        self.set_fate_of(failure.path, Fate.FAILED)
        if not harmless:
            self.failed(failure)

    def lost_here(self, failure: MediaFailure) -> None:
        """Record a file that cannot be had: deleted since, which is no failure, or worse."""
        if failure.reason is Reason.VANISHED and not failure.folder:
            self.set_fate_of(failure.path, Fate.GONE)
        else:
            self.add_failure(failure)

    def retry_failures(self) -> int:
        """Put the files that failed back among those to be sent; returns how many there are."""
        failed = self.totals(Fate.FAILED)[0]
        self._write("UPDATE here SET fate = :send WHERE fate = :failed", FATES)
        self._write("DELETE FROM failures WHERE path IN (SELECT path FROM here)")
        return failed

    def failures(self, limit: int) -> list[RecordedFailure]:
        """Return the first failures, in the order of their paths; those that matter first."""
        query = "SELECT * FROM failures ORDER BY harmless, path LIMIT ?"
        return [
            RecordedFailure(
                path=path,
                reason=Reason(reason),
                detail=decode(json.loads(detail)),
                harmless=bool(harmless),
            )
            for path, reason, detail, harmless in self._rows(query, (limit,))
        ]

    def failure_counts(self) -> tuple[int, int]:
        """Return how many failures matter, and how many of these are folders."""
        query = (
            "SELECT count(*), coalesce(sum(substr(path, -1) = x'2f'), 0) FROM failures "
            "WHERE NOT harmless"
        )
        row = self._rows(query, ())[0]
        return row[0], row[1]

    def _rows(self, query: str, values: _Values) -> list[tuple[Any, ...]]:
        with self._guard, _explained(self._path):
            return self._database.execute(query, values).fetchall()

    def rows(self, query: str, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query of `wizard.copying.comparison`, without holding them all."""
        with self._guard, _explained(self._path):
            cursor = self._database.execute(query, values)
        while True:
            with self._guard, _explained(self._path):
                page = cursor.fetchmany(_PAGE)
            if not page:
                return
            yield from page

    def _write(self, statement: str, values: _Values = ()) -> None:
        with self._guard, _explained(self._path):
            self._database.execute(statement, values)

    def _write_many(self, statement: str, rows: Sequence[_Values]) -> None:
        with self._guard, _explained(self._path):
            self._database.execute("BEGIN")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")

    def _remove(self) -> None:
        for suffix in ("", "-journal"):
            self._path.with_name(_FILE + suffix).unlink(missing_ok=True)


def _row(file: MediaFile, fate: Fate) -> dict[str, Any]:
    return {"path": file.path, "size": file.size, "mtime_ns": file.mtime_ns, "fate": fate}


def _pair(row: tuple[Any, ...]) -> Pair:
    id_, path, size, mtime_ns, there_size, there_etag, verified_size, verified_mtime_ns, etag = row
    return Pair(
        id=id_,
        file=MediaFile(path, size, mtime_ns),
        there_size=there_size,
        there_etag=there_etag,
        verified_size=verified_size,
        verified_mtime_ns=verified_mtime_ns,
        verified_etag=etag,
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise Problem(
            msg(
                "The lists for the comparison cannot be written to {folder}.",
                folder=str(path.parent),
            ),
            msg("The disk may be full or read-only; they take about 200 bytes per file."),
            msg(
                "Free some space (df -h shows where) or specify another folder with --state, "
                "then start again."
            ),
            raw=str(error),
            code="comparison-not-writable",
        ) from error
