"""The objects of a bucket that media are read from, by the paths that their files have.

They are in a file of SQLite's own, without a name, which goes away with the connection.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from wizard.copying.listing import Listed
from wizard.media.source import PREFIX, MediaFile, key_of, path_of
from wizard.storage.bucket import is_folder_marker

if TYPE_CHECKING:
    from wizard.journal.journal import VerifiedFile

_PAGE = 2000

_COLUMNS = """(
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, etag TEXT NOT NULL,
    misplaced INTEGER NOT NULL
) WITHOUT ROWID"""

# Those that are at both places, and known to be the same, or not.
_BOTH = """
SELECT misplaced.path, misplaced.size, misplaced.etag, objects.size, objects.etag
FROM misplaced JOIN objects ON objects.path = misplaced.path
WHERE misplaced.path > ? AND (misplaced.size, misplaced.etag) != (objects.size, objects.etag)
ORDER BY misplaced.path LIMIT ?
"""


_SOME = "SELECT path, size, etag, misplaced FROM objects WHERE path IN"
# SQLite takes so many values in a statement wherever it was built.
_AT_ONCE = 500


class ObjectList:
    """What a bucket holds. Thread-safe.

    Misplaced are the objects below `BUCKET/images/`, stored while the bucket's name was part of the
    endpoint: BookWyrm's storage put it in front of their keys a second time.
    """

    def __init__(self, bucket: str) -> None:
        self.misplaced_prefix = f"{bucket}/{PREFIX}"
        self._guard = threading.RLock()
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        for table in ("objects", "misplaced"):
            self._database.execute(f"CREATE TABLE {table} {_COLUMNS}")

    def clear(self) -> None:
        """Forget everything."""
        self._write("DELETE FROM objects", [()])
        self._write("DELETE FROM misplaced", [()])

    def add_known(self, files: Iterable[VerifiedFile]) -> None:
        """Add objects as the journal knows them."""
        rows = ((path_of(f.key), f.size, f.mtime_ns, f.etag, 0) for f in files)
        self._write("INSERT INTO objects VALUES (?,?,?,?,?)", rows)

    def add(self, page: Iterable[Listed]) -> None:
        """Add objects below `images/` of a listing."""
        self._write("INSERT OR REPLACE INTO objects VALUES (?,?,?,?,?)", _rows(page, PREFIX, 0))

    def add_misplaced(self, page: Iterable[Listed]) -> None:
        """Add objects below `BUCKET/images/` of a listing; they count after `take_misplaced`."""
        rows = _rows(page, self.misplaced_prefix, 1)
        self._write("INSERT OR REPLACE INTO misplaced VALUES (?,?,?,?,?)", rows)

    def leave_out(self, paths: Iterable[bytes]) -> None:
        """Leave out the objects of these paths."""
        self._write("DELETE FROM objects WHERE path = ?", ((path,) for path in paths))

    @property
    def has_misplaced(self) -> bool:
        """Whether any was found."""
        return bool(self._rows("SELECT 1 FROM misplaced LIMIT 1", ()))

    def on_both_places(self) -> Iterator[list[tuple[bytes, Listed, Listed]]]:
        """Yield, page by page, what is at both places and not plainly the same: misplaced first."""
        last = b""
        while rows := self._rows(_BOTH, (last, _PAGE)):
            last = rows[-1][0]
            yield [
                (
                    path,
                    Listed(key=self._key(path, misplaced=True), size=size, etag=etag),
                    Listed(key=key_of(path), size=other_size, etag=other_etag),
                )
                for path, size, etag, other_size, other_etag in rows
            ]

    def take_misplaced(self, *, only: bool) -> None:
        """Count misplaced ones among the objects where there is no other; `only`: no others."""
        with self._guard:
            self._database.execute("INSERT OR IGNORE INTO objects SELECT * FROM misplaced")
            self._database.execute("DELETE FROM misplaced")
            if only:
                self._database.execute("DELETE FROM objects WHERE NOT misplaced")

    def walk(self) -> Iterator[MediaFile]:
        """Yield all as files, in the order of their paths."""
        last = b""
        query = "SELECT path, size, mtime_ns FROM objects WHERE path > ? ORDER BY path LIMIT ?"
        while rows := self._rows(query, (last, _PAGE)):
            last = rows[-1][0]
            yield from (MediaFile(*row) for row in rows)

    def has(self, path: bytes) -> bool:
        """Tell whether there is such an object."""
        return bool(self._rows("SELECT 1 FROM objects WHERE path = ?", (path,)))

    def is_misplaced(self, path: bytes) -> bool:
        """Tell whether there is such an object, and it is misplaced."""
        return bool(self._rows("SELECT 1 FROM objects WHERE path = ? AND misplaced", (path,)))

    def find_all(self, paths: Sequence[bytes]) -> dict[bytes, Listed]:
        """Return those that there are, by their paths: much quicker than one by one."""
        found: dict[bytes, Listed] = {}
        for start in range(0, len(paths), _AT_ONCE):
            some = tuple(paths[start : start + _AT_ONCE])
            query = f"{_SOME} ({', '.join('?' * len(some))})"
            for path, size, etag, misplaced in self._rows(query, some):
                key = self._key(path, misplaced=misplaced)
                found[path] = Listed(key=key, size=size, etag=etag)
        return found

    def find(self, path: bytes) -> Listed | None:
        """Return an object with its key, size and ETag; None where there is none."""
        return self.find_all([path]).get(path)

    def count(self) -> int:
        """Return how many there are."""
        number: int = self._rows("SELECT count(*) FROM objects", ())[0][0]
        return number

    def first(self, most: int) -> list[bytes]:
        """Return the first so many paths."""
        return [file.path for file in islice(self.walk(), most)]

    def _key(self, path: bytes, *, misplaced: bool) -> str:
        key = key_of(path)
        return self.misplaced_prefix + key.removeprefix(PREFIX) if misplaced else key

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._guard:
            self._database.execute("BEGIN")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._guard:
            return self._database.execute(query, values).fetchall()


def _rows(page: Iterable[Listed], prefix: str, misplaced: int) -> Iterator[tuple[object, ...]]:
    for found in page:
        if not is_folder_marker(found.key, found.size):
            path = found.key.removeprefix(prefix).encode()
            yield path, found.size, _time_of(found), found.etag, misplaced


def _time_of(found: Listed) -> int:
    """Return when an object was stored, in nanoseconds since the epoch; 0 where nobody says it."""
    try:
        return round(datetime.fromisoformat(found.modified).timestamp() * 1e3) * 1_000_000
    except ValueError:
        return 0
