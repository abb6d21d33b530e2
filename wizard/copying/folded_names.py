"""Names that a disk takes for the same as another's: by case, or by how accents are stored.

They are in a file of SQLite's own, without a name, which goes away with the connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.media.source import Folding


class FoldedNames:
    """The names of files and folders that are taken; `taken` gives the files that are there."""

    def __init__(self, folding: Folding, taken: Callable[[], Iterable[bytes]]) -> None:
        self._folding = folding
        self._is_plain = not (folding.case or folding.accents)
        self._latest = b""
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute(
            "CREATE TABLE names (folded BLOB PRIMARY KEY, path BLOB NOT NULL) WITHOUT ROWID"
        )
        for path in () if self._is_plain else taken():
            self.take(path)

    def take(self, path: bytes) -> bytes | None:
        """Take the names of a file and its folders; returns whose one of them is, if anybody's."""
        if self._is_plain:
            return None
        above = path.rpartition(b"/")[0]
        if above and above != self._latest:
            other = self.take(above)
            if other is not None:
                return other
            self._latest = above
        return self._take_one(path)

    def _take_one(self, path: bytes) -> bytes | None:
        folded = self._folding.folded(path)
        self._database.execute("INSERT OR IGNORE INTO names VALUES (?, ?)", (folded, path))
        found = self._database.execute("SELECT path FROM names WHERE folded = ?", (folded,))
        other: bytes = found.fetchone()[0]
        return None if other == path else other
