"""Small valid pictures without a picture library: JPEG covers, PNG avatars.

The same seed gives the same bytes. A cover's rows of blocks are encoded once
and set together again for each cover (JPEG's restart markers make every row
independent of the one before), so thousands take no time.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache

_WIDTHS = (25, 32, 40, 50)
_PALETTE = (
    (96, 150, 118),
    (70, 140, 150),
    (60, 128, 170),
    (110, 105, 140),
    (84, 118, 160),
    (130, 120, 135),
    (50, 160, 120),
    (150, 110, 150),
)
_TEXTURES = 6
# Both Huffman codes are of one length, which JPEG allows: a symbol's code is its index.
_DC_BITS, _DC_SYMBOLS = 4, tuple(range(12))
_AC_BITS, _AC_SYMBOLS = 3, (0x00, 0x01, 0x02, 0x03, 0x04)
_QUANTISER = bytes([8] + [12] * 63)


def cover(seed: int) -> bytes:
    """Return a book cover as JPEG, 200 to 400 pixels wide, about 5 to 60 kB."""
    draw = _dice(seed)
    width = draw.choice(_WIDTHS)
    height = int(width * draw.uniform(1.3, 1.65))
    colour = draw.randrange(len(_PALETTE))
    title = draw.randint(6, height // 2)
    rows = [
        _row(width, (colour + (title <= y < title + 6)) % len(_PALETTE), draw.randrange(_TEXTURES))
        for y in range(height)
    ]
    return _jpeg(width, height, rows, f"cover {seed}".encode())


def thumbnail(seed: int) -> bytes:
    """Return the small version of a cover, about 1 to 3 kB."""
    draw = _dice(seed)
    colour = draw.randrange(len(_PALETTE))
    rows = [_row(10, colour, draw.randrange(_TEXTURES)) for _ in range(15)]
    return _jpeg(10, 15, rows, f"thumbnail {seed}".encode())


def avatar(seed: int, cells: int = 5, cell: int = 24) -> bytes:
    """Return a symmetric pattern of squares as PNG, as many sites draw for new users."""
    draw = _dice(seed)
    ink = bytes(draw.randint(40, 200) for _ in range(3))
    paper = bytes([238, 238, 238])
    lines = []
    for _ in range(cells):
        half = [draw.random() < 0.5 for _ in range((cells + 1) // 2)]
        pattern = half + half[: cells // 2][::-1]
        line = b"".join((ink if on else paper) * cell for on in pattern)
        lines += [b"\0" + line] * cell
    return _png(cells * cell, cells * cell, b"".join(lines))


def _dice(seed: int | str) -> random.Random:
    """Return chance that falls alike for the same seed; nothing here is a secret."""
    return random.Random(seed)  # noqa: S311


def _png(width: int, height: int, lines: bytes) -> bytes:
    """Return a PNG in RGB, eight bits a channel; each line begins with its filter byte."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def _jpeg(width: int, height: int, rows: list[bytes], comment: bytes) -> bytes:
    """Return a baseline JPEG of `width` times `height` blocks of 8 by 8 pixels."""
    size = struct.pack(">BHHB", 8, height * 8, width * 8, 3)
    parts = [
        b"\xff\xd8",
        _segment(0xFE, comment),
        _segment(0xDB, b"\0" + _QUANTISER),
        _segment(0xC0, size + b"".join(bytes([c, 0x11, 0]) for c in (1, 2, 3))),
        _segment(0xC4, _huffman(0x00, _DC_BITS, _DC_SYMBOLS)),
        _segment(0xC4, _huffman(0x10, _AC_BITS, _AC_SYMBOLS)),
        _segment(0xDD, struct.pack(">H", width)),
        _segment(0xDA, b"\x03\x01\0\x02\0\x03\0" + bytes([0, 63, 0])),
    ]
    for index, row in enumerate(rows):
        parts += [row, bytes([0xFF, 0xD0 + index % 8])]
    return b"".join(parts[:-1]) + b"\xff\xd9"


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _huffman(table: int, bits: int, symbols: tuple[int, ...]) -> bytes:
    counts = [len(symbols) if length == bits else 0 for length in range(1, 17)]
    return bytes([table, *counts, *symbols])


@cache
def _row(width: int, colour: int, texture: int) -> bytes:
    """Return one row of blocks, entropy coded, ready to stand between two restart markers."""
    draw = _dice(f"{width} {colour} {texture}")
    luma, *chroma = _PALETTE[colour]
    before = [0, 0, 0]
    bits: list[str] = []
    for _ in range(width):
        values = [luma + draw.randint(-9, 9), *chroma]
        for component, value in enumerate(values):
            bits.append(_dc(value - 128 - before[component]))
            before[component] = value - 128
            bits.extend(_texture(draw, texture * 8) if component == 0 else ())
            bits.append(_code(0, _AC_BITS))
    return _packed("".join(bits))


def _texture(draw: random.Random, amount: int) -> Iterator[str]:
    for _ in range(draw.randint(0, amount)):
        value = draw.choice((-3, -2, -1, 1, 2, 3))
        size = abs(value).bit_length()
        yield _code(_AC_SYMBOLS.index(size), _AC_BITS) + _magnitude(value, size)


def _dc(difference: int) -> str:
    size = abs(difference).bit_length()
    return _code(size, _DC_BITS) + _magnitude(difference, size)


def _magnitude(value: int, size: int) -> str:
    """Return a number's bits; JPEG writes a negative one as those of itself less one."""
    if not size:
        return ""
    return _code(value if value > 0 else value + (1 << size) - 1, size)


def _code(value: int, bits: int) -> str:
    return format(value, f"0{bits}b")


def _packed(bits: str) -> bytes:
    """Return bits as bytes, filled up with ones; a 0 after each FF, lest it look like a marker."""
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
