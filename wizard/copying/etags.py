"""The MD5 of a file, and the ETags that S3 could give its bytes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.media.source import Stream

MIB = 1 << 20
_BLOCK = MIB
# Part sizes of what people copy with: rclone 5, aws and boto3 8, s3cmd 15, MinIO's mc 16 to 64,
# s5cmd 50; and ours. The others are multiples that these use for very large files.
_PART_SIZES = tuple(n * MIB for n in (5, 8, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 256, 512))


_ETAG = re.compile(rb"<ETag>(?:&quot;|&#34;|\")?([^<&\"]*)")


def etag_in(body: bytes) -> str | None:
    """Return the ETag that an answer's XML names, without quotes; None where it names none."""
    found = _ETAG.search(body)
    return found[1].decode() if found else None


@dataclass(slots=True, kw_only=True)
class PartDigests:
    """The ETag of a multipart upload: the MD5 of the parts' MD5s, and their number."""

    part_size: int
    _whole: list[bytes] = field(default_factory=list)
    _part: hashlib._Hash = field(default_factory=hashlib.md5)
    _filled: int = 0

    def update(self, data: memoryview) -> None:
        """Add the next bytes of the file."""
        while data:
            piece = data[: self.part_size - self._filled]
            self._part.update(piece)
            self._filled += len(piece)
            data = data[len(piece) :]
            if self._filled == self.part_size:
                self._end_part()

    def etag(self) -> str:
        """Return the ETag, after the last byte."""
        if self._filled:
            self._end_part()
        return etag_of_parts(self._whole)

    def _end_part(self) -> None:
        self._whole.append(self._part.digest())
        self._part = hashlib.md5(usedforsecurity=False)
        self._filled = 0


@dataclass(frozen=True, slots=True)
class Digests:
    """A file's MD5, and all ETags that a service could give its bytes."""

    md5: bytes
    etags: frozenset[str]


def etag_of_parts(md5s: list[bytes]) -> str:
    """Return the ETag that S3 gives an object of these parts."""
    whole = hashlib.md5(b"".join(md5s), usedforsecurity=False)
    return f"{whole.hexdigest()}-{len(md5s)}"


class RunningDigests:
    """The digests of bytes that pass by; those of the usual part sizes where `etag` has parts."""

    def __init__(self, size: int, etag: str) -> None:
        self._whole = hashlib.md5(usedforsecurity=False)
        self._parts = [PartDigests(part_size=n) for n in _possible_part_sizes(size, etag)]

    def update(self, data: bytes) -> None:
        """Add the next bytes."""
        self._whole.update(data)
        for part in self._parts:
            part.update(memoryview(data))

    def digests(self) -> Digests:
        """Return them, after the last byte."""
        etags = {self._whole.hexdigest(), *(part.etag() for part in self._parts)}
        return Digests(self._whole.digest(), frozenset(etags))


def read_digests(stream: Stream, size: int, etag: str) -> Digests:
    """Read a file to its end; where `etag` is one of a multipart upload, try usual part sizes."""
    running = RunningDigests(size, etag)
    while block := stream.read(_BLOCK):
        running.update(block)
    return running.digests()


def _possible_part_sizes(size: int, etag: str) -> list[int]:
    _, dash, count = etag.rpartition("-")
    if not dash or not count.isdigit():
        return []
    fitting = [n for n in _PART_SIZES if max(1, ceil(size / n)) == int(count)]
    # A single part may have had any size above the file's.
    return fitting[:1] if int(count) == 1 else fitting
