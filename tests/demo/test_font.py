"""The demo's font is one, by the tables that browsers check."""

from __future__ import annotations

import struct
import zlib

from wizard.demo.font import woff


def tables(font: bytes) -> dict[bytes, bytes]:
    """The tables of a WOFF 1.0, unpacked and compared with their checksums."""
    signature, _, length, count, _, flat = struct.unpack_from(">4sIIHHI", font)
    assert (signature, length) == (b"wOFF", len(font))
    found = {}
    for number in range(count):
        tag, offset, packed, size, checksum = struct.unpack_from(">4sIIII", font, 44 + 20 * number)
        assert offset % 4 == 0
        data = font[offset : offset + packed]
        data = zlib.decompress(data) if packed < size else data
        assert len(data) == size
        if tag != b"head":  # its own checksum is among its bytes
            assert sum_of(data) == checksum, tag
        found[tag] = data
    assert flat == 12 + 16 * count + sum(len(padded(data)) for data in found.values())
    return found


def padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def sum_of(data: bytes) -> int:
    words = padded(data)
    return int(sum(struct.unpack(f">{len(words) // 4}I", words)) & 0xFFFFFFFF)


def test_each_table_is_whole() -> None:
    found = tables(woff())
    needed = {b"OS/2", b"cmap", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"name"}
    assert needed | {b"post"} == found.keys()
    assert found[b"head"][12:16] == b"\x5f\x0f\x3c\xf5", "the magic number"
    (glyphs,) = struct.unpack_from(">H", found[b"maxp"], 4)
    assert glyphs == 2
    *_, end = struct.unpack(">3H", found[b"loca"])
    assert end * 2 == len(found[b"glyf"])


def test_it_is_the_same_each_time() -> None:
    assert woff() == woff()
