"""The headers each object gets: those that BookWyrm's own storage would send."""

from __future__ import annotations

import mimetypes
from functools import cache

# As `bookwyrm/settings.py` (AWS_S3_OBJECT_PARAMETERS, v0.9.2).
CACHE_CONTROL = "max-age=86400"
# django-storages' S3Storage.default_content_type.
_DEFAULT_TYPE = "application/octet-stream"
# Python's own table only, and not the machine's mime.types: the same name
# gets the same type wherever the wizard runs. WebP is missing there before 3.13.
_TYPES = mimetypes.MimeTypes()
_TYPES.add_type("image/webp", ".webp")


def content_type(key: str) -> str:
    """Return the Content-Type that django-storages guesses from the name.

    As its `_get_write_parameters` does.
    """
    return _type_of(key.rpartition(".")[2])


@cache
def _type_of(suffix: str) -> str:
    """Return the type by the last suffix: what is public has no encoding (`.svgz`) beside it."""
    guessed, _ = _TYPES.guess_type(f"name.{suffix}")
    return guessed or _DEFAULT_TYPE


def object_headers(key: str, acl: str) -> list[tuple[str, str]]:
    """Return Content-Type, Cache-Control, and the ACL unless it is ""."""
    headers = [("Content-Type", content_type(key)), ("Cache-Control", CACHE_CONTROL)]
    return [*headers, ("x-amz-acl", acl)] if acl else headers
