"""Subresource Integrity: the digests that a page names for a file.

After W3C's Subresource Integrity (https://www.w3.org/TR/sri-2/). Where the text and Chromium
differ, Chromium is followed: it also reads `sha-256`, and the alphabet of base64 for URLs.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

_METADATA = re.compile(r"sha-?(256|384|512)-([A-Za-z0-9+/_-]+)={0,2}(?:\?[!-~]*)?")


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest: how many bits it has, and itself in base64 without padding."""

    bits: int
    value: str


class IntegrityDigester:
    """Makes the digest of a file that comes in pieces."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._made = hashlib.new(f"sha{bits}")

    def add(self, piece: bytes) -> None:
        """Take the next piece."""
        self._made.update(piece)

    def digest(self) -> Digest:
        """Return the digest of all pieces so far."""
        value = base64.b64encode(self._made.digest()).decode()
        return Digest(self._bits, value.rstrip("="))


def digests(metadata: str) -> tuple[Digest, ...]:
    """Return the digests of an `integrity` attribute; what browsers do not know is left out."""
    found = (_METADATA.fullmatch(word) for word in metadata.split())
    return tuple(
        Digest(int(match[1]), match[2].replace("-", "+").replace("_", "/"))
        for match in found
        if match
    )


def bits_that_count(metadata: str) -> int:
    """Return the length of the digests that decide, the longest ones; 0 where none is known."""
    return max((digest.bits for digest in digests(metadata)), default=0)
