"""The storage that a moving instance comes from: remembered without its keys.

These are in `.env`, and once the new ones took their place, in its backups.
"""

from __future__ import annotations

from wizard.core.settings import Settings
from wizard.journal.entries import json_entry
from wizard.journal.journal import Journal

_FROM = json_entry("moving.from", Settings.from_dict, Settings.to_dict)


def note_moving_from(journal: Journal, storage: Settings) -> None:
    """Remember the storage that the running site serves from, while another one is named."""
    journal.remember(_FROM, storage)


def forget_moving(journal: Journal) -> None:
    """Forget it where nothing moves any more."""
    journal.forget(_FROM)


def moving_from(journal: Journal) -> Settings | None:
    """Return the storage that the instance comes from, None where none is known."""
    return journal.recall(_FROM)
