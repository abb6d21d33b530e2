"""Pictures of the screen without secrets."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.core.secrets import Keys

# What is shorter is no key yet, and may be part of any word.
_SHORTEST = 4


def without_keys(picture: str, keys: Keys) -> str:
    """Return an SVG picture with both keys replaced by dots, even where one is shown."""
    for key in (keys.secret_access_key, keys.access_key_id):
        if len(key) >= _SHORTEST:
            picture = picture.replace(escape(key), "•" * len(key))
    return picture
