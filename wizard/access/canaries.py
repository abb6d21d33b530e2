"""Canary objects: small ones under random names, stored to see what the storage does.

Their names are in the journal before they are in the bucket, so that those of
a run that was killed are removed by the next one.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.core.problem import Problem
from wizard.journal.entries import Entry, json_entry
from wizard.journal.etags import note_etags

if TYPE_CHECKING:
    from wizard.journal.journal import Journal
    from wizard.storage.bucket import Bucket

# Each with its bucket's place.
_STORED: Entry[list[tuple[str, str]]] = json_entry(
    "canaries", lambda data: [(place, key) for place, key in data]
)
# Names and types as BookWyrm has them there, for proxies that let nothing else through.
_USUAL = {"images/": "svg", "static/": "css", "": "txt"}
_TYPES = {"svg": "image/svg+xml", "css": "text/css", "txt": "text/plain", "woff": "font/woff"}


@dataclass(frozen=True, slots=True)
class Canary:
    """An object of ours; `body` is what a reader must get to see."""

    key: str
    content_type: str
    body: bytes


class Canaries:
    """The canaries of one bucket. Methods block; each raises `Problem`."""

    def __init__(self, bucket: Bucket, journal: Journal) -> None:
        self.bucket = bucket
        self._journal = journal

    def put(self, prefix: str, acl: str = "", *, suffix: str = "") -> Canary:
        """Store a new canary below `prefix` (images/, static/, or "" for outside of both).

        `suffix` is its ending, where it is not what is usual there.
        """
        suffix = suffix or _USUAL[prefix]
        content_type = _TYPES[suffix]
        key = f"{prefix}bw-s3-canary-{secrets.token_hex(8)}.{suffix}"
        canary = Canary(key, content_type, _body(suffix))
        self._remember(add=key)
        etag = self.bucket.put(key, canary.body, acl=acl, content_type=content_type)
        md5 = hashlib.md5(canary.body, usedforsecurity=False).hexdigest()
        note_etags(self._journal, self.bucket.place, are_md5=etag == md5)
        return canary

    def overwrite(self, canary: Canary) -> Canary:
        """Store other bytes under the same name."""
        again = Canary(canary.key, canary.content_type, _body(canary.key.rpartition(".")[2]))
        self.bucket.put(again.key, again.body, content_type=again.content_type)
        return again

    def remove(self) -> int:
        """Remove every canary of this bucket, also those of runs before; returns how many."""
        mine = [key for place, key in self._remembered() if place == self.bucket.place]
        for key in mine:
            self.bucket.delete(key)
            self._remember(drop=key)
        return len(mine)

    def try_to_remove(self) -> None:
        """Remove what is there, where another problem is on its way: what stays is remembered."""
        try:
            self.remove()
        except Problem:
            return

    def _remembered(self) -> list[tuple[str, str]]:
        return self._journal.recall(_STORED) or []

    def _remember(self, add: str = "", drop: str = "") -> None:
        now = [entry for entry in self._remembered() if entry != (self.bucket.place, drop)]
        if add:
            now.append((self.bucket.place, add))
        self._journal.remember(_STORED, now)


def _body(suffix: str) -> bytes:
    words = f"bw-s3 {secrets.token_hex(16)}"
    if suffix == "svg":
        return f'<svg xmlns="http://www.w3.org/2000/svg"><desc>{words}</desc></svg>'.encode()
    return f"/* {words} */".encode()
