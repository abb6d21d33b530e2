"""Whether files below `BUCKET/images/` are to be copied to `images/`: what the admin said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.journal.entries import Entry

if TYPE_CHECKING:
    from wizard.core.settings import Settings
    from wizard.journal.journal import Journal

_WORDS = {True: "yes", False: "no"}
_COPIED: Entry[bool] = Entry(
    "media.misplaced", _WORDS.__getitem__, {word: value for value, word in _WORDS.items()}.get
)


def copies_misplaced(journal: Journal, storage: Settings) -> bool | None:
    """Tell whether those of this bucket are to be copied; None where nobody said."""
    return journal.recall(_of(storage))


def note_misplaced(journal: Journal, storage: Settings, *, copied: bool) -> None:
    """Remember what the admin wants."""
    journal.remember(_of(storage), copied)


def forget_misplaced(journal: Journal, storage: Settings) -> None:
    """Forget it, so that the admin is asked again."""
    journal.forget(_of(storage))


def _of(storage: Settings) -> Entry[bool]:
    return _COPIED.of(storage.destination)
