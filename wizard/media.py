"""The media to read: a folder here, or a volume elsewhere through a tar stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

# What BookWyrm's nginx serves below /images/ (`nginx/locations`, v0.9.2);
# everything else there is private: exports, import archives.
PUBLIC_SUFFIXES = frozenset({"bmp", "ico", "jpg", "jpeg", "png", "svg", "tif", "tiff", "webp"})


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file below `MEDIA_ROOT`.

    `path` is relative, as the file system's raw bytes; `size` in bytes;
    `mtime_ns` in nanoseconds since the epoch (a container's `find` may give
    less precision, but always the same for the same file).
    """

    path: bytes
    size: int
    mtime_ns: int


class Media(ABC):
    """The media of an instance. Methods block; call them in a thread."""

    @property
    @abstractmethod
    def label(self) -> str:
        """Where it is, for people: a folder's path or a volume's name."""

    @abstractmethod
    def walk(self) -> Iterator[MediaFile]:
        """Every regular file (links to files followed, dangling ones reported by `read`)."""

    @abstractmethod
    def read(self, files: Iterable[MediaFile]) -> Iterator[tuple[MediaFile, AbstractContextManager[BinaryIO]]]:
        """The bytes of just these files, in any order."""
