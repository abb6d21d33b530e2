"""Objects of the bucket to look at as a visitor would: such as pages use, no others."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from wizard.web.page import Kind, fonts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wizard.storage.bucket import Bucket

FONTS = (".woff", ".woff2", ".ttf", ".otf")
_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".svg", ".ico")
_MOST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What to look for: its kind, its endings, and the folders where pages find such files."""

    kind: Kind
    endings: tuple[str, ...]
    folders: tuple[str, ...]


# BookWyrm's pages name the theme's stylesheet, and pictures of its own by name
# (`bookwyrm/templates/layout.html`, v0.9.2); covers and avatars by what the models' `upload_to`
# say (`bookwyrm/models`).
STYLESHEET = Sample(
    kind=Kind.STYLESHEET, endings=(".css",), folders=("static/css/themes/", "static/css/")
)
IMAGE = Sample(kind=Kind.IMAGE, endings=_IMAGES, folders=("static/images/", "static/"))
MEDIUM = Sample(
    kind=Kind.IMAGE, endings=_IMAGES, folders=("images/covers/", "images/avatars/", "images/")
)


def find(bucket: Bucket, sample: Sample) -> str | None:
    """Return the first object of that sort that pages use; None where there is none."""
    found = (key for folder in sample.folders for key in _usable(bucket, folder, sample.endings))
    return next(found, None)


def all_fonts(bucket: Bucket) -> list[str]:
    """Return the fonts among the static assets."""
    return list(_usable(bucket, "static/", FONTS))


def find_font(bucket: Bucket) -> str | None:
    """Return a font that the site's stylesheet names, else the first one; None for none."""
    fonts = all_fonts(bucket)
    if len(fonts) < 2:
        return fonts[0] if fonts else None
    sheet = find(bucket, STYLESHEET)
    css = bucket.get(sheet).decode(errors="replace") if sheet else ""
    named = (file.url for face in fonts_of(css, f"https://bucket/{sheet}") for file in face)
    keys = (unquote(url.partition("?")[0].removeprefix("https://bucket/")) for url in named)
    return next((key for key in keys if key in fonts), fonts[0])


def _usable(bucket: Bucket, folder: str, endings: tuple[str, ...]) -> Iterator[str]:
    """Yield the objects with such endings, but for empty and hidden ones, which no page names."""
    for entry in islice(bucket.list_objects(folder), _MOST):
        hidden = any(part.startswith(".") for part in entry.key.split("/"))
        if entry.key.lower().endswith(endings) and entry.size and not hidden:
            yield entry.key
