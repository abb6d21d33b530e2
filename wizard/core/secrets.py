"""The two keys, and keeping them out of everything but `.env`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, overload
from urllib.parse import quote, urlsplit

from wizard.core.message import Message

MASK = "••••••••"

_SECRET_NAME = re.compile(
    r"SECRET|PASSW|_PASS$|_PWD$|ACCESS_KEY|_KEY$|_KEYS$|TOKEN|CREDENTIAL|_HEADERS$|_URL$|_DSN$"
)
# Public addresses of S3 services.
_PUBLIC_NAME = re.compile(r"(BW_S3_NEXT_)?(AWS|EXPORTS)_S3_ENDPOINT_URL")
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
        """Learn more secrets; short ones (under six characters) are ignored.

        Also as they look within a URL and within JSON.
        """
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                in_url = quote(secret, safe="", errors="surrogateescape")
                self._secrets |= {secret, in_url, json.dumps(secret)[1:-1]}
        # Longest first, so that a secret which contains another goes as a whole.
        longest_first = sorted(self._secrets, key=len, reverse=True)
        self._pattern = (
            re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
        )

    def add_keys(self, keys: Keys) -> None:
        """Learn both halves of an access key pair."""
        self.add(keys.access_key_id, keys.secret_access_key)

    @overload
    def __call__(self, text: Message) -> Message: ...

    @overload
    def __call__(self, text: str) -> str: ...

    def __call__(self, text: str) -> str:
        if isinstance(text, Message):
            return text.with_values(self)
        return self._pattern.sub(MASK, text) if self._pattern else text


def masked(data: Any, mask: Callable[[str], str]) -> Any:
    """Return `data`, made of what JSON can hold, with secrets masked in each of its texts."""
    match data:
        case str():
            return mask(data)
        case dict():
            return {name: masked(value, mask) for name, value in data.items()}
        case list() | tuple():
            return [masked(value, mask) for value in data]
    return data


def is_secret_name(name: str) -> bool:
    """Tell whether a variable of `.env` holds a secret by its name.

    URLs count, since `REDIS_BROKER_URL` and the like carry passwords, but
    for the public address of the S3 service.
    """
    name = name.upper()
    return bool(_SECRET_NAME.search(name)) and not _PUBLIC_NAME.fullmatch(name)


def secrets_among(values: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return what must not be shown of these variables: (name, value), a name may come twice.

    A value of several lines counts line by line, a URL with a password also
    by its password. A password that is the value of a public variable, too
    ("bookwyrm"), cannot be hidden, and hiding it would hide half the output.
    """
    pairs = list(values)
    public = {value for name, value in pairs if not is_secret_name(name)}
    found = [value for name, value in pairs if is_secret_name(name) and value not in public]
    lines = [line for value in found for line in value.split("\n")]
    return tuple(dict.fromkeys(s for s in [*lines, *map(_url_password, found)] if s))


def _url_password(value: str) -> str:
    try:
        return urlsplit(value).password or ""
    except ValueError:  # not a URL at all
        return ""
