"""Whether a bucket's ETags are MD5s: found out with the canaries, and kept.

Amazon gives the MD5 for a simple upload, unless the bucket encrypts with keys of its KMS: then the
ETag looks like one and is none (S3's API reference, "Object").
"""

from __future__ import annotations

from wizard.journal.entries import Entry
from wizard.journal.journal import Journal

_WORDS = {True: "yes", False: "no"}
_ARE_MD5: Entry[bool] = Entry(
    "etags are md5", _WORDS.__getitem__, {word: value for value, word in _WORDS.items()}.get
)


def note_etags(journal: Journal, place: str, *, are_md5: bool) -> None:
    """Remember what an upload to a bucket (`Bucket.place`) has shown; the newest counts."""
    journal.remember(_ARE_MD5.of(place), are_md5)


def etags_are_md5(journal: Journal, place: str) -> bool | None:
    """Tell what uploads to a bucket have shown; None where none was looked at yet."""
    return journal.recall(_ARE_MD5.of(place))
