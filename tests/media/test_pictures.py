"""What is a picture by its bytes, whatever it is called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.demo import pictures
from wizard.media.pictures import is_picture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.mark.parametrize(
    "start",
    [
        b"\x89PNG\r\n\x1a\n...",
        b"GIF89a...",
        b"RIFF\x10\x00\x00\x00WEBPVP8 ",
        b"\x00\x00\x01\x00",
        SVG,
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a drawing -->\n" + SVG,
    ],
)
def test_a_picture(start: bytes) -> None:
    assert is_picture(start)


def test_the_demo_s_own_cover() -> None:
    assert is_picture(pictures.cover(1))


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\x1f\x8b\x08 an archive",
        b"%PDF-1.7",
        b"RIFF\x10\x00\x00\x00WAVEfmt ",
        b"<html><body>an error page</body></html>",
        b"SECRET_KEY=<svg>",
    ],
)
def test_no_picture(start: bytes) -> None:
    assert not is_picture(start)


@given(st.binary(max_size=50))
def test_an_archive_is_none_whatever_follows(rest: bytes) -> None:
    assert not is_picture(b"\x1f\x8b" + rest)
