"""What a file is by its bytes, where its name is not to be trusted."""

from __future__ import annotations

_SIGNATURES = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"II*\x00",  # TIFF
    b"MM\x00*",
    b"\x00\x00\x01\x00",  # Windows icon
)
# So many bytes tell; a drawing may begin with a declaration and remarks.
START = 1024


def is_picture(start: bytes) -> bool:
    """Tell whether a file that begins like this is a picture of a kind that BookWyrm serves."""
    if start.startswith(_SIGNATURES):
        return True
    if start[:4] == b"RIFF":
        return start[8:12] == b"WEBP"
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and b"<svg" in start
