"""What a copy did, and what a walk found, for those who asked for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wizard.core.message import Message, msg, verbatim
from wizard.media.public import FileKind, HeldBack, PublicFiles, kind_of
from wizard.media.source import MediaFailure, MediaFile

if TYPE_CHECKING:
    from wizard.copying.comparison import Comparison

_NAMED = 1000
_SAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFailure:
    """A file that is not accounted for: which, why, the system's or service's own words.

    `harmless`: nobody could ever ask for it (a link to nothing, a name that
    no page can hold), so nothing is lost without it.
    """

    path: str
    what: Message
    raw: str = ""
    harmless: bool = False

    @property
    def line(self) -> Message:
        """Which, and why, in a line."""
        if not self.raw:
            return msg("{path}: {reason}", path=self.path, reason=self.what)
        return msg("{path}: {reason} ({detail})", path=self.path, reason=self.what, detail=self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOutcome:
    """What a copy did. `already` were there with the same bytes, and not sent.

    `failures` and `conflicts` (keys that hold other bytes, and that we never
    wrote) name the first thousand; `failed` and `conflicting` count all,
    without the harmless ones; `failed_folders` of them are folders that cannot be
    looked into. `total` files are here. `withheld` names the first thousand that the public
    cannot read where they come from: they are not copied, and no failures.
    `misplaced_conflicts` names misplaced objects that differ from those where they belong.
    """

    sent: int
    sent_bytes: int
    already: int
    failures: tuple[FileFailure, ...]
    conflicts: tuple[str, ...]
    failed: int = 0
    conflicting: int = 0
    total: int = 0
    comparison: Comparison | None = None
    failed_folders: int = 0
    withheld: tuple[str, ...] = ()
    misplaced_conflicting: int = 0
    misplaced_conflicts: tuple[str, ...] = ()


def describe_link(link: MediaFailure) -> Message:
    """Return a link that leads out of the media, and where it leads, for people.

    Without a target it is a file behind such a link.
    """
    path = link.path.decode(errors="backslashreplace")
    if link.detail:
        return verbatim(f"{path} → {link.detail}")
    return msg("{path} (no picture that is served)", path=path)


@dataclass(slots=True)
class KindCount:
    """How many files there are of a kind, and the first few of them to ask the site for."""

    number: int = 0
    samples: list[MediaFile] = field(default_factory=list)

    def add(self, file: MediaFile) -> None:
        """Count a file. Hidden ones are refused by many web servers, and tell nothing."""
        self.number += 1
        if len(self.samples) < _SAMPLES and b"/." not in b"/" + file.path:
            self.samples.append(file)


@dataclass(slots=True, kw_only=True)
class MediaCount:
    """What a walk found: public files and their bytes, what is held back, what cannot be had.

    `held_back` maps each class to its number of files and bytes, `held_kinds` are those of them
    that are on no list;
    `outside` are the first links that lead out of the media, `withheld` the first files that the
    public cannot read in the bucket that they come from; `kinds` are all files by folder and
    ending, but archives and lists, where that was asked; `public` says which of them are public.
    """

    public: PublicFiles = field(default_factory=PublicFiles)
    files: int = 0
    size: int = 0
    failures: int = 0
    held_back: dict[HeldBack, tuple[int, int]] = field(default_factory=dict)
    held_kinds: set[FileKind] = field(default_factory=set)
    outside: list[MediaFailure] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    kinds: dict[FileKind, KindCount] = field(default_factory=dict)

    def count_kind(self, file: MediaFile) -> None:
        """Count a file among those of its kind, and keep the first few."""
        kind = kind_of(file.path)
        if kind is None:
            return
        counted = self.kinds.get(kind)
        if counted is None:
            counted = self.kinds[kind] = KindCount()
        counted.add(file)

    def hold_back(self, file: MediaFile) -> None:
        """Count a file that is not public."""
        self._hold_back(self.public.class_of(file.path), file.size)
        kind = kind_of(file.path)
        if kind is not None and not kind.stock:
            self.held_kinds.add(kind)

    def withhold(self, file: MediaFile) -> None:
        """Count a file that was taken for public, and turned out not to be."""
        self.files -= 1
        self.size -= file.size
        self._hold_back(HeldBack.PRIVATE, file.size)
        if len(self.withheld) < _NAMED:
            self.withheld.append(file.path.decode(errors="backslashreplace"))

    def hold_back_link(self, link: MediaFailure) -> None:
        """Count a link that leads out of the media, and keep its name."""
        self._hold_back(HeldBack.OUTSIDE, 0)
        if len(self.outside) < _NAMED:
            self.outside.append(link)

    def _hold_back(self, kind: HeldBack, size: int) -> None:
        count, total = self.held_back.get(kind, (0, 0))
        self.held_back[kind] = (count + 1, total + size)
