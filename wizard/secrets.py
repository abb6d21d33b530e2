"""The two keys, and keeping them out of everything but `.env`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MASK = "••••••••"

_SECRET_NAME = re.compile(r"SECRET|PASSWORD|ACCESS_KEY|_KEY$|TOKEN|_HEADERS$|_URL$")
# Below this length a value is too likely to be an ordinary word of the output.
_SHORTEST = 6


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key pair. Neither half shows in `repr`."""

    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.access_key_id and self.secret_access_key)


class Masker:
    """Replaces every secret it was told of by a row of dots."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Learn more secrets; short ones (under six characters) are ignored."""
        self._secrets |= {s for s in secrets if len(s) >= _SHORTEST}
        # Longest first, so that a secret which contains another goes as a whole.
        longest_first = sorted(self._secrets, key=len, reverse=True)
        self._pattern = (
            re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        )

    def add_keys(self, keys: Keys) -> None:
        """Learn both halves of an access key pair."""
        self.add(keys.access_key_id, keys.secret_access_key)

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text


def is_secret_name(name: str) -> bool:
    """Whether a variable of `.env` holds a secret by its name.

    URLs count, since `REDIS_BROKER_URL` and the like carry passwords, but
    for the public address of the S3 service.
    """
    return bool(_SECRET_NAME.search(name)) and name != "AWS_S3_ENDPOINT_URL"
