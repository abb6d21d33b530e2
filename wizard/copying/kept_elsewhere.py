"""Files that the storage service keeps under another name than it was given.

SeaweedFS takes a backslash in a name for a slash. No page asks for such a name; it is said once,
not sent again, and the object that appeared under the other name is removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.copying.inventory import FATES
from wizard.journal.entries import Entry, json_entry
from wizard.media.source import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from wizard.copying.inventory import Inventory
    from wizard.journal.journal import Journal
    from wizard.storage.bucket import Bucket

# Paths below `MEDIA_ROOT`, for each destination.
_KEPT: Entry[list[str]] = json_entry("names kept otherwise", list)
# Where a file is, but its object is under its name with slashes.
_SLASHED = """
SELECT here.path FROM here JOIN there AS slashed ON instr(here.path, x'5c') > 0
    AND slashed.path = CAST(replace(CAST(here.path AS TEXT), '\\', '/') AS BLOB)
LEFT JOIN there ON there.path = here.path WHERE there.path IS NULL
"""
_TO_SEND = "SELECT 1 FROM here WHERE fate = :send AND instr(path, x'5c') > 0"
_IS_HERE = "SELECT 1 FROM here WHERE path = :path"


def kept_elsewhere(journal: Journal, destination: str) -> frozenset[bytes]:
    """Return the paths that were found to be kept under another name."""
    return frozenset(path.encode() for path in journal.recall(_KEPT.of(destination)) or ())


def may_be_kept_elsewhere(inventory: Inventory) -> bool:
    """Tell whether a file is to be sent whose name a service may take for another one."""
    return any(True for _ in inventory.rows(_TO_SEND, FATES))


def found_elsewhere(inventory: Inventory) -> list[bytes]:
    """Return the paths whose object lies under another name, as it was listed."""
    return [row[0] for row in inventory.rows(_SLASHED, {})]


def note_elsewhere(journal: Journal, destination: str, paths: Iterable[bytes]) -> None:
    """Remember paths that need not be sent again."""
    known = kept_elsewhere(journal, destination) | set(paths)
    journal.remember(_KEPT.of(destination), sorted(path.decode() for path in known))


def remove_strays(inventory: Inventory, bucket: Bucket, paths: Collection[bytes]) -> None:
    """Delete the objects that our uploads left under other names, unless a file has that name."""
    for path in paths:
        other = path.replace(b"\\", b"/")
        if not any(True for _ in inventory.rows(_IS_HERE, {"path": other})):
            bucket.delete(key_of(other))
