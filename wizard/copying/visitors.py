"""What anonymous visitors cannot read in the bucket: on a disk, the site would serve it to them."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import httpx

from wizard.copying.crt_client import Client, Request, Response
from wizard.copying.dispatcher import Dispatcher
from wizard.copying.threads import Stopped
from wizard.media.source import key_of
from wizard.web.trust import trusted

if TYPE_CHECKING:
    from wizard.core.copy_control import CopyControl
    from wizard.core.settings import Settings

_ASKERS = 16
_SECONDS = 30.0


class Visitors:
    """Asks for objects without keys: at the endpoint, and where that refuses, as browsers do."""

    def __init__(self, settings: Settings, control: CopyControl, stop: threading.Event) -> None:
        self._settings = settings
        self._stop = stop
        self._dispatcher = Dispatcher(Client(settings, None), control)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._dispatcher.close()

    def cannot_read(self, paths: Iterable[bytes]) -> frozenset[bytes]:
        """Return which of these no visitor can read. Raises `Stopped`."""
        refused: list[bytes] = []
        for path in paths:
            if self._stop.is_set():
                raise Stopped
            self._dispatcher.submit(self._request(path, refused))
        self._dispatcher.drain()
        return frozenset(self._not_at_the_address(refused))

    def _request(self, path: bytes, refused: list[bytes]) -> Request:
        def done(answer: Response) -> None:
            if not answer.ok and answer.status != 404:
                refused.append(path)

        return Request(
            operation="HeadObject", method="HEAD", key=key_of(path), done=done, anonymous=True
        )

    def _not_at_the_address(self, paths: list[bytes]) -> Iterator[bytes]:
        """Yield those that the public address does not give out either."""
        base = self._settings.public_base
        with (
            httpx.Client(verify=trusted(), timeout=_SECONDS, follow_redirects=True) as client,
            ThreadPoolExecutor(_ASKERS, thread_name_prefix="visiting") as pool,
        ):

            def is_refused(path: bytes) -> bool:
                try:
                    return client.head(f"{base}/{quote(key_of(path))}").status_code in (401, 403)
                except httpx.HTTPError:
                    # Nobody can tell, so nothing is published.
                    return True

            for path, is_private in zip(paths, pool.map(is_refused, paths), strict=True):
                if is_private:
                    yield path
