"""Which of an instance's media are public, as its site was seen to serve them."""

from __future__ import annotations

from collections.abc import Iterable

from wizard.journal.entries import Entry, json_entry
from wizard.journal.journal import Journal
from wizard.media.public import FileKind, PublicFiles

_PUBLIC: Entry[PublicFiles] = json_entry("public media", PublicFiles.from_dict, PublicFiles.to_dict)
# The same for files that are on the disk only, once the site was judged by what its bucket gives.
_ON_DISK: Entry[PublicFiles] = json_entry(
    "public media on disk", PublicFiles.from_dict, PublicFiles.to_dict
)
# Kinds that the site serves beyond BookWyrm's own list, and that the admin wants held back.
_DECLINED: Entry[list[list[str]]] = json_entry("public media declined", list)

# Kinds beyond that list that the site was asked about, whatever it answered.
_ASKED: Entry[list[list[str]]] = json_entry("public media asked about", list)


def public_files(journal: Journal) -> PublicFiles:
    """Return which media are public; BookWyrm's own list where nothing else is known."""
    return journal.recall(_PUBLIC) or PublicFiles()


def public_files_on_disk(journal: Journal) -> PublicFiles:
    """Return which media are public that only the disk has: as the site served them from there."""
    return journal.recall(_ON_DISK) or public_files(journal)


def keep_public_files(journal: Journal, files: PublicFiles, *, in_bucket: bool = False) -> None:
    """Remember which media are public; `in_bucket`: in the one that the site serves from.

    What was known of those on the disk holds for what is only there.
    """
    if in_bucket:
        journal.remember(_ON_DISK, public_files_on_disk(journal))
    else:
        journal.forget(_ON_DISK)
    journal.remember(_PUBLIC, files)


def declined(journal: Journal) -> frozenset[FileKind]:
    """Return the kinds that the admin wants held back, though the site serves them."""
    return frozenset(FileKind(*pair) for pair in journal.recall(_DECLINED) or ())


def never_asked(journal: Journal, kinds: Iterable[FileKind]) -> list[FileKind]:
    """Return those of some kinds that the site was never asked about.

    None where the copy was made by a version that did not note that.
    """
    known = journal.recall(_ASKED)
    return [] if known is None else sorted(set(kinds) - {FileKind(*pair) for pair in known})


def note_asked(journal: Journal, kinds: Iterable[FileKind]) -> None:
    """Remember kinds that the site was asked about."""
    all_kinds = {FileKind(*pair) for pair in journal.recall(_ASKED) or ()} | set(kinds)
    journal.remember(_ASKED, [[kind.folder, kind.ending] for kind in sorted(all_kinds)])


def decline(journal: Journal, kinds: frozenset[FileKind]) -> None:
    """Remember kinds that are to be held back."""
    all_kinds = declined(journal) | kinds
    journal.remember(_DECLINED, [[kind.folder, kind.ending] for kind in sorted(all_kinds)])


def forget_declined(journal: Journal) -> None:
    """Forget what is to be held back, so that the admin is asked about it again."""
    journal.forget(_DECLINED)
