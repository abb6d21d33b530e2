"""Objects of the bucket to look at as a visitor would: a font, a stylesheet, an image."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.storage.bucket import Bucket

FONTS = (".woff", ".woff2", ".ttf", ".otf")
STYLESHEETS = (".css",)
IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".svg", ".ico")
_MOST = 20_000


def find(bucket: Bucket, prefix: str, endings: tuple[str, ...]) -> str | None:
    """Return the first object below a prefix whose name ends so; None where there is none."""
    objects = islice(bucket.list_objects(prefix), _MOST)
    return next((o.key for o in objects if o.key.lower().endswith(endings) and o.size), None)
