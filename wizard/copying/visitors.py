"""What anonymous visitors cannot read in a bucket: elsewhere, it would be served to them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import httpx

from wizard.copying.crt_client import Client, Request, Response
from wizard.copying.dispatcher import Dispatcher
from wizard.copying.threads import Stopped
from wizard.media.source import PREFIX, Reason
from wizard.web.trust import trusted

if TYPE_CHECKING:
    from wizard.core.copy_control import CopyControl
    from wizard.core.settings import Settings

_ASKERS = 16
_SECONDS = 30.0
_SECONDS_A_LOOK = 0.2
_ATTEMPTS, _PAUSE = 3, 1.0
# How long nothing is asked after an address did not answer: there may be thousands of objects.
_AWAY = 30.0


class Visitors:
    """Asks for objects without keys: at the endpoint, and where that refuses, as browsers do."""

    def __init__(self, settings: Settings, control: CopyControl, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._dispatcher = Dispatcher(Client(settings, None), control)
        self._address = _PublicAddress(_base(settings), stop)

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
        self._dispatcher.close()
        self._address.close()

    def unreadable(self, objects: Iterable[tuple[str, int]]) -> Mapping[str, Reason]:
        """Return which of these keys, each with its size, no visitor was seen to be given.

        `Reason.PRIVATE` where the service refuses them, `Reason.UNSEEN` where it did not answer.
        Raises `Stopped`.
        """
        answers = _Answers()
        for key, size in objects:
            if self._stop.is_set():
                raise Stopped
            self._dispatcher.submit(
                Request(
                    operation="HeadObject",
                    method="HEAD",
                    key=key,
                    done=answers.expect(key, size),
                    anonymous=True,
                )
            )
        while not answers.have_come():
            if self._stop.is_set() or self._dispatcher.stopped:
                raise Stopped
        return self._not_at_the_address(answers.refused)

    def _not_at_the_address(self, objects: Mapping[str, int]) -> Mapping[str, Reason]:
        """Return those that the public address does not give out either."""
        if not objects:
            return {}
        with ThreadPoolExecutor(_ASKERS, thread_name_prefix="visiting") as pool:
            found = pool.map(self._address.refusal, objects, objects.values())
            refused = {key: why for key, why in zip(objects, found, strict=True) if why}
        if self._stop.is_set():
            raise Stopped
        return refused


class _Answers:
    """The answers of one call, which others may be beside: who is refused, and how many miss."""

    def __init__(self) -> None:
        self.refused: dict[str, int] = {}
        self._missing = 0
        self._came = threading.Condition()

    def expect(self, key: str, size: int) -> Callable[[Response], None]:
        """Return what takes the answer for this key."""
        with self._came:
            self._missing += 1

        def done(answer: Response) -> None:
            with self._came:
                if not answer.ok:
                    self.refused[key] = size
                self._missing -= 1
                if not self._missing:
                    self._came.notify_all()

        return done

    def have_come(self) -> bool:
        """Wait a moment for them; whether all are there."""
        with self._came:
            return self._came.wait_for(lambda: not self._missing, _SECONDS_A_LOOK)


def _base(settings: Settings) -> str:
    """Return the public address of the bucket's top, also where its name was part of the endpoint.

    There keys begin with the name a second time, and so does the address that visitors use.
    """
    base, bucket = settings.public_base, settings.bucket
    doubled = settings.custom_domain.lower().startswith(f"{bucket}.".lower())
    return base.removesuffix(f"/{bucket}") if doubled else base


class _PublicAddress:
    """Asks a bucket's public address. Several threads may ask at once."""

    def __init__(self, base: str, stop: threading.Event) -> None:
        self._base, self._stop = base, stop
        # As they are: a compressed one has another size, or none.
        headers = {"Accept-Encoding": "identity"}
        self._client = httpx.Client(
            verify=trusted(), timeout=_SECONDS, follow_redirects=True, headers=headers
        )
        self._guard = threading.Lock()
        self._says_no: bool | None = None
        self._away_until = 0.0

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def refusal(self, key: str, size: int) -> Reason | None:
        """Return why an object counts as kept from the public; None where it is given out."""
        answer = self._ask(key)
        if answer is None:
            return Reason.UNSEEN
        if answer.status_code != 200:
            return Reason.PRIVATE
        if answer.headers.get("content-length") == str(size):
            return None
        # A network in between makes pictures smaller. Others have a page or a picture for
        # whatever they do not give out.
        says_no = self._says_what_is_missing()
        if says_no is None:
            return Reason.UNSEEN
        return None if says_no else Reason.PRIVATE

    def _says_what_is_missing(self) -> bool | None:
        """Tell whether it refuses what nobody has; None where it does not answer."""
        with self._guard:
            if self._says_no is None:
                answer = self._ask(f"{PREFIX}{secrets.token_hex(8)}.jpg")
                self._says_no = None if answer is None else answer.status_code != 200
            return self._says_no

    def _ask(self, key: str) -> httpx.Response | None:
        """Return the answer for a key; None where there is none that says anything of it."""
        for attempt in range(_ATTEMPTS):
            if time.monotonic() < self._away_until or self._stop.wait(_PAUSE if attempt else 0):
                return None
            try:
                answer = self._client.head(f"{self._base}/{quote(key)}")
            except httpx.HTTPError:
                continue
            if answer.status_code < 500 and answer.status_code not in (408, 429):
                return answer
        self._away_until = time.monotonic() + _AWAY
        return None
