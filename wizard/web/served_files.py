"""Media as they are served to visitors now: by the instance itself, or from a bucket."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx

from wizard.core.message import msg
from wizard.core.os_errors import ExplainedError
from wizard.core.settings import Settings
from wizard.web.challenges import challenge_in
from wizard.web.visitor import bucket_client, site_client

_MOST_OF_A_PAGE = 100_000
_ATTEMPTS, _PAUSE = 3, 1.0
# How long nothing is asked after a site did not answer: there may be thousands of files to ask for.
_AWAY = 30.0
# Translators: says why something is not known, behind a colon or in parentheses.
_NO_ANSWER = msg("the site does not answer")


@dataclass(frozen=True, slots=True)
class _Served:
    """What the site answered for a file: the status, and the bytes' MD5 where that is 200."""

    status: int
    md5: bytes | None


class ServedFiles:
    """Asks for files below `/images/`, as visitors do. Blocks; several threads may ask at once."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._away_until = 0.0

    @classmethod
    def of_site(cls, settings: Settings, domain: str) -> Self:
        """Ask the instance itself."""
        return cls(site_client(settings, domain))

    @classmethod
    def of_bucket(cls, base: str) -> Self:
        """Ask the public address of a bucket."""
        return cls(bucket_client(base))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def md5(self, path: bytes) -> bytes | None:
        """Return the MD5 of what the public gets for this file; None where the site gives nothing.

        Raises `OSError` where the site gives no answer, or one that says nothing of the file.
        """
        return self._look(path).md5

    def status(self, path: bytes) -> int:
        """Return with which status the site answers for this file. Raises `OSError` as `md5`."""
        return self._look(path).status

    def _look(self, path: bytes) -> _Served:
        if time.monotonic() < self._away_until:
            raise ExplainedError(_NO_ANSWER)
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_PAUSE)
            try:
                served = self._ask(path)
            except httpx.HTTPError as error:
                words = msg("the site does not answer: {error}", error=str(error))
            else:
                if served.status < 500:
                    return served
                words = msg("the site answers with HTTP {status}", status=str(served.status))
        self._away_until = time.monotonic() + _AWAY
        raise ExplainedError(words)

    def _ask(self, path: bytes) -> _Served:
        digest = hashlib.md5(usedforsecurity=False)
        with self._client.stream("GET", f"/images/{quote(path)}") as response:
            if response.status_code != 200:
                _refuse_challenge(response)
                return _Served(response.status_code, None)
            for piece in response.iter_bytes():
                digest.update(piece)
        return _Served(200, digest.digest())


def _refuse_challenge(response: httpx.Response) -> None:
    """Raise `OSError` where an answer is a challenge, which says nothing of the file."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    text = headers.get("location", "") + response.read()[:_MOST_OF_A_PAGE].decode(errors="replace")
    if whose := challenge_in(str(response.url), headers, text):
        raise ExplainedError(
            msg("a challenge by {challenge} answers in place of the site", challenge=whose)
        )
