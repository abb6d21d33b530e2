"""Which files below `MEDIA_ROOT` everybody may read, and what the others are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from wizard.core.message import Message, msg

# What BookWyrm's nginx serves below /images/ (`nginx/locations`, v0.9.2), as
# written: its location matches case, so it answers 403 for `cover.JPG`.
# Everything else there is private: exports, import archives.
PUBLIC_SUFFIXES = frozenset({"bmp", "ico", "jpg", "jpeg", "png", "svg", "tif", "tiff", "webp"})
_STOCK = frozenset(suffix.encode() for suffix in PUBLIC_SUFFIXES)

# Exports and imports of accounts: never public, whatever a site serves.
_ARCHIVES = frozenset(
    {b"7z", b"bz2", b"csv", b"gz", b"json", b"rar", b"tar", b"tgz", b"xz", b"zip"}
)


class HeldBack(Enum):
    """Why something among the media is held back, in the order in which people read of it."""

    ARCHIVE = "archive"
    NO_ENDING = "no-ending"
    OUTSIDE = "outside"  # what `Reason.OUTSIDE` holds back
    OTHER = "other"
    REFUSED = "refused"
    CAPITALS = "capitals"
    PRIVATE = "private"  # in the bucket that an instance moves from

    @property
    def words(self) -> Message:
        """What is held back for this reason."""
        return _HELD_BACK[self]


_HELD_BACK: Mapping[HeldBack, Message] = MappingProxyType(
    {
        # Translators: this and the following come behind "Held back, never uploaded:".
        HeldBack.ARCHIVE: msg("archives and lists (exports and imports of accounts)"),
        HeldBack.NO_ENDING: msg("files without an extension"),
        HeldBack.OUTSIDE: msg("links that lead out of the media folder"),
        HeldBack.OTHER: msg("other files"),
        HeldBack.REFUSED: msg("pictures that your site refuses too"),
        HeldBack.CAPITALS: msg(
            "pictures with an uppercase extension (BookWyrm's nginx refuses them too)"
        ),
        HeldBack.PRIVATE: msg("files that the public cannot read where they are now"),
    }
)


@dataclass(frozen=True, slots=True, order=True)
class FileKind:
    """Files with one ending, as written, in one of the media's top folders ("" for none)."""

    folder: str
    ending: str

    def __str__(self) -> str:
        """Return it as a pattern, such as `covers/*.gif`."""
        return f"{self.folder}/*.{self.ending}" if self.folder else f"*.{self.ending}"

    @property
    def stock(self) -> bool:
        """Whether BookWyrm's own web server serves such files."""
        return self.ending in PUBLIC_SUFFIXES


def kind_of(path: bytes) -> FileKind | None:
    """Return the kind of a file; None where it has no ending, or is an archive or a list."""
    _, dot, ending = path.rpartition(b".")
    if not dot or not ending or b"/" in ending or ending.lower() in _ARCHIVES:
        return None
    folder, slash, _ = path.partition(b"/")
    try:
        return FileKind(folder.decode() if slash else "", ending.decode())
    except UnicodeDecodeError:
        return None


@dataclass(frozen=True, slots=True)
class PublicFiles:
    """Which files of an instance everybody may read: BookWyrm's own list, but for two exceptions.

    `served` are kinds beyond that list that this instance's site serves, and that the admin
    agreed to; `refused` are kinds of that list that the site refuses.
    """

    served: frozenset[FileKind] = frozenset()
    refused: frozenset[FileKind] = frozenset()

    def has(self, path: bytes) -> bool:
        """Tell whether everybody may read this file."""
        ending = path.rpartition(b".")[2]
        if ending in _STOCK and len(ending) < len(path):
            return not self.refused or kind_of(path) not in self.refused
        return bool(self.served) and kind_of(path) in self.served

    def class_of(self, path: bytes) -> HeldBack:
        """Return why a file is held back, by its name."""
        _, dot, suffix = path.rpartition(b"/")[2].rpartition(b".")
        ending = suffix.lower()
        if not dot:
            return HeldBack.NO_ENDING
        if suffix in _STOCK:
            return HeldBack.REFUSED
        if ending in _STOCK:
            return HeldBack.CAPITALS
        if ending in _ARCHIVES:
            return HeldBack.ARCHIVE
        return HeldBack.OTHER

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it; `from_dict` is the way back."""
        return {"served": _pairs(self.served), "refused": _pairs(self.refused)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PublicFiles:
        """Return what `to_dict` gave."""
        return cls(*(frozenset(FileKind(*pair) for pair in data[n]) for n in ("served", "refused")))


def _pairs(kinds: frozenset[FileKind]) -> list[list[str]]:
    return [[kind.folder, kind.ending] for kind in sorted(kinds)]
