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

    def fits(self, body: bytes) -> bool:
        """Tell whether a file's bytes have this digest."""
        made = hashlib.new(f"sha{self.bits}", body).digest()
        return base64.b64encode(made).decode().rstrip("=") == self.value


def digests(metadata: str) -> tuple[Digest, ...]:
    """Return the digests of an `integrity` attribute; what browsers do not know is left out."""
    found = (_METADATA.fullmatch(word) for word in metadata.split())
    return tuple(
        Digest(int(match[1]), match[2].replace("-", "+").replace("_", "/"))
        for match in found
        if match
    )


def fits(metadata: str, body: bytes) -> bool:
    """Tell whether a file is one that the attribute names: by its longest digests only."""
    known = digests(metadata)
    longest = max((digest.bits for digest in known), default=0)
    return not known or any(digest.fits(body) for digest in known if digest.bits == longest)
