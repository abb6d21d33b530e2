"""A tiny valid web font: one square, at the letters an icon font would use.

Browsers check fonts strictly before they use them, so a file that only looks
like one would show nothing about CORS.
"""

from __future__ import annotations

import struct
import zlib

_UNITS = 1000
_FIRST, _LAST = 0xE900, 0xE903
_NAME = "icomoon"


def woff() -> bytes:
    """Return the font as WOFF 1.0, its tables compressed with zlib (W3C, 2012)."""
    tables = _tables()
    offset = 44 + 20 * len(tables)
    directory, bodies = b"", b""
    for tag, data in sorted(tables.items()):
        packed = min(zlib.compress(data, 9), data, key=len)
        directory += struct.pack(
            ">4sIIII", tag, offset + len(bodies), len(packed), len(data), _table_checksum(tag, data)
        )
        bodies += _padded(packed)
    flat = 12 + 16 * len(tables) + sum(len(_padded(data)) for data in tables.values())
    length = offset + len(bodies)
    signature = b"wOFF\0\1\0\0"
    header = struct.pack(">IHHIHHIIIII", length, len(tables), 0, flat, 1, 0, 0, 0, 0, 0, 0)
    return signature + header + directory + bodies


def _tables() -> dict[bytes, bytes]:
    glyph = _square()
    tables = {
        b"OS/2": _os2(),
        b"cmap": _cmap(),
        b"glyf": glyph * 2,
        b"head": _head(),
        b"hhea": _hhea(),
        b"hmtx": struct.pack(">HhHh", _UNITS, 100, _UNITS, 100),
        b"loca": struct.pack(">HHH", 0, len(glyph) // 2, len(glyph)),
        b"maxp": struct.pack(">IH13H", 0x10000, 2, 4, 1, 0, 0, 2, *[0] * 8),
        b"name": _names(),
        b"post": struct.pack(">IIhhIIIII", 0x30000, 0, -100, 50, 0, 0, 0, 0, 0),
    }
    adjusted = (0xB1B0AFBA - _whole_checksum(tables)) & 0xFFFFFFFF
    head = tables[b"head"]
    tables[b"head"] = head[:8] + struct.pack(">I", adjusted) + head[12:]
    return tables


def _square() -> bytes:
    """Return one contour of four points, from (100, 0) to (900, 800)."""
    header = struct.pack(">hhhhhHH", 1, 100, 0, 900, 800, 3, 0)
    xs = struct.pack(">hhhh", 100, 800, 0, -800)
    ys = struct.pack(">hhhh", 0, 0, 800, 0)
    return _padded(header + b"\x01" * 4 + xs + ys)


def _head() -> bytes:
    times = struct.pack(">qq", 0, 0)
    box = struct.pack(">hhhhHHhhh", 100, 0, 900, 800, 0, 8, 2, 0, 0)
    return struct.pack(">IIIIHH", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, _UNITS) + times + box


def _hhea() -> bytes:
    heights = struct.pack(">IhhhH", 0x10000, 800, -200, 0, _UNITS)
    return heights + struct.pack(">11hH", 100, 100, 900, 1, 0, 0, 0, 0, 0, 0, 0, 2)


def _cmap() -> bytes:
    """Return a table of format 4: every icon is the square (glyph 1)."""
    count = _LAST - _FIRST + 1
    body = struct.pack(">HHHH", 4, 4, 1, 0)
    body += struct.pack(">HH", _LAST, 0xFFFF) + struct.pack(">H", 0)
    body += struct.pack(">HH", _FIRST, 0xFFFF) + struct.pack(">HH", 0, 1)
    body += struct.pack(">HH", 4, 0) + struct.pack(f">{count}H", *[1] * count)
    table = struct.pack(">HHH", 4, len(body) + 6, 0) + body
    return struct.pack(">HHHHI", 0, 1, 3, 1, 12) + table


def _os2() -> bytes:
    version_and_sizes = struct.pack(">HhHHH", 3, _UNITS, 400, 5, 0)
    scripts = struct.pack(">hhhhhhhhhhh", 650, 700, 0, 140, 650, 700, 0, 480, 50, 258, 0)
    rest = struct.pack(">10s4I4s", b"\0" * 10, 0, 1 << 28, 0, 0, b"demo")
    metrics = struct.pack(">HHHhhhHH", 64, _FIRST, _LAST, 800, -200, 0, 800, 200)
    last = struct.pack(">IIhhHHH", 1, 0, 500, 700, 0, 32, 1)
    return version_and_sizes + scripts + rest + metrics + last


def _names() -> bytes:
    entries = {1: _NAME, 2: "Regular", 3: f"{_NAME} demo", 4: _NAME, 5: "Version 1.0", 6: _NAME}
    records, text = b"", b""
    for number, value in entries.items():
        data = value.encode("utf-16-be")
        records += struct.pack(">HHHHHH", 3, 1, 0x409, number, len(data), len(text))
        text += data
    return struct.pack(">HHH", 0, len(entries), 6 + len(records)) + records + text


def _whole_checksum(tables: dict[bytes, bytes]) -> int:
    """Return the checksum of the font as it would stand in an uncompressed file."""
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    search = (power * 16, power.bit_length() - 1, (count - power) * 16)
    font = struct.pack(">IHHHH", 0x10000, count, *search)
    offset = 12 + 16 * count
    bodies = b""
    for tag, data in sorted(tables.items()):
        font += struct.pack(
            ">4sIII", tag, _table_checksum(tag, data), offset + len(bodies), len(data)
        )
        bodies += _padded(data)
    return _checksum(font + bodies)


def _table_checksum(tag: bytes, data: bytes) -> int:
    """Return a table's checksum; that of `head` leaves out the field it will be written into."""
    return _checksum(data[:8] + b"\0" * 4 + data[12:] if tag == b"head" else data)


def _checksum(data: bytes) -> int:
    padded = _padded(data)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
