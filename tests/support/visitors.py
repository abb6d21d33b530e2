"""Visitors of a site: a page every tenth of a second, and uploads, quick and slow ones.

Some open a connection and ask only seconds later: browsers open some ahead, and a busy machine
keeps the others waiting.
"""

from __future__ import annotations

import itertools
import re
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

# Made once: each of thousands of requests would read the list of all authorities, which takes
# longer than the page.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_SECONDS_A_PAGE = 0.1
_SECONDS_A_LOOK_AT_PICTURES = 0.3
_SLOW_PIECES = 16
_SECONDS_A_PIECE = 0.5
_SECONDS_A_LATE_QUESTION = 2.0
# gunicorn closes what has asked nothing for five seconds, where its workers have threads.
_SECONDS_TO_ASK = 6.0
_PATIENCE = 90
# Those that they uploaded themselves; the demo has names that are no address as they stand.
_COVER = re.compile(r'class="book-cover" src="([^"]*/(?:quick|slow)-[^"]+)"')
_ERROR_PAGE = "Something went wrong"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: when it began and how long it took, in seconds; `wrong` says what was."""

    began: float
    seconds: float
    wrong: str = ""


@dataclass
class Visitors:
    """Ask for the first page and upload covers until they are sent away.

    `pace` is how many times longer than usual each of them waits before the next visit.
    `uploaded` maps the names of the covers that the site took to their bytes;
    `asked_again` counts the requests that met the end of a kept connection; `missing` says of each
    cover that a page showed and that was not there how long that went on, in seconds.
    """

    url: str
    seconds_an_upload: float = 0.6
    pace: float = 1.0
    pages: list[Request] = field(default_factory=list)
    uploads: list[Request] = field(default_factory=list)
    uploaded: dict[str, bytes] = field(default_factory=dict)
    asked_again: int = 0
    missing: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # No upload has the name of another visitor's.
        self._token = secrets.token_hex(4)
        self._over = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=64)
        self._threads = [
            threading.Thread(target=self._every, args=arguments, daemon=True)
            for arguments in (
                (_SECONDS_A_PAGE, self._look),
                (_SECONDS_A_LOOK_AT_PICTURES, self._look_at_pictures),
                (_SECONDS_A_LATE_QUESTION, self._ask_late),
                (self.seconds_an_upload, self._upload_at_once),
                (_SLOW_PIECES * _SECONDS_A_PIECE / 4, self._upload_slowly),
            )
        ]
        self._began = time.monotonic()
        # What is not looked at again: a browser has it by now.
        self._seen: set[str] = set()
        self._missing_since: dict[str, float] = {}
        self._one_look = threading.Lock()
        # A browser keeps its connections.
        self._kept = httpx.Client(timeout=_PATIENCE, verify=_NO_TLS)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._pool.shutdown()
        self._kept.close()

    @property
    def failed(self) -> list[Request]:
        """The pages and uploads that went wrong."""
        return [request for request in (*self.pages, *self.uploads) if request.wrong]

    @property
    def down_seconds(self) -> float:
        """From the beginning of the first page that failed to that of the first good one after."""
        bad = [page.began for page in self.pages if page.wrong]
        if not bad:
            return 0.0
        good = [page.began for page in self.pages if not page.wrong and page.began > max(bad)]
        return min(good, default=max(bad)) - min(bad)

    @property
    def figures(self) -> str:
        """What came of it, in a line."""
        slow = sum(page.seconds > 2 for page in self.pages)
        wrong = sum(bool(page.wrong) for page in self.pages)
        lost = sum(bool(upload.wrong) for upload in self.uploads)
        longest = max((page.seconds for page in self.pages), default=0)
        return (
            f"{wrong} of {len(self.pages)} pages and {lost} of {len(self.uploads)} uploads failed, "
            f"down for {self.down_seconds:.1f} s, {self.asked_again} asked again, "
            f"{slow} pages took over 2 s, longest {longest:.1f} s, {len(self.missing)} pictures "
            f"missing for up to {max(self.missing.values(), default=0):.1f} s"
        )

    def check_uploads_on(self, url: str) -> None:
        """The site at `url` shows every cover that it took, byte for byte."""
        with httpx.Client(timeout=_PATIENCE, verify=_NO_TLS) as client:
            for name, data in self.uploaded.items():
                answer = client.get(f"{url}/images/covers/{name}")
                assert (answer.status_code, answer.content == data) == (200, True), name
        assert len(self.uploads) == len(self.uploaded)

    def _every(self, seconds: float, visit: Callable[[int], None]) -> None:
        pending: list[Future[None]] = []
        for number in itertools.count():
            pending.append(self._pool.submit(visit, number))
            if self._over.wait(seconds * self.pace):
                break
        # On a busy machine thousands may wait for their turn: none of them is on the way yet.
        for future in [future for future in pending if not future.cancel()]:
            future.result()

    def _look(self, number: int) -> None:
        def ask() -> str:
            # Every other visitor comes for the first time.
            answer = (
                self._page_kept()
                if number % 2
                else httpx.get(self.url, timeout=_PATIENCE, verify=_NO_TLS)
            )
            return _wrong_with(answer.status_code, answer.text)

        self.pages.append(self._timed(ask))

    def _ask_late(self, number: int) -> None:
        """Open a connection, and ask for the page after a while."""

        def ask() -> str:
            connection.request("GET", "/")
            answer = connection.getresponse()
            return _wrong_with(answer.status, answer.read().decode())

        with closing(HTTPConnection(urlsplit(self.url).netloc, timeout=_PATIENCE)) as connection:
            try:
                connection.connect()
            except OSError:
                return  # What is wrong with the site itself, the other visitors tell.
            self._over.wait(_SECONDS_TO_ASK)
            self.pages.append(self._timed(ask))

    def _look_at_pictures(self, number: int) -> None:
        """Ask for the covers that the page shows, one look at a time."""
        if not self._one_look.acquire(blocking=False):
            return
        try:
            page = httpx.get(self.url, timeout=_PATIENCE, verify=_NO_TLS).text
            urls = {urljoin(self.url, url) for url in _COVER.findall(page)}
            for url in urls - self._seen:
                self._look_at(url)
        except httpx.TransportError:
            pass  # What is wrong with the site itself, the other visitors tell.
        finally:
            self._one_look.release()

    def _look_at(self, url: str) -> None:
        if httpx.get(url, timeout=_PATIENCE, verify=_NO_TLS).status_code != 200:
            since = self._missing_since.setdefault(url, time.monotonic())
            self.missing[url] = time.monotonic() - since
            return
        self._seen.add(url)
        if url in self._missing_since:
            self.missing[url] = time.monotonic() - self._missing_since.pop(url)

    def _page_kept(self) -> httpx.Response:
        """Ask on a connection that is kept, as browsers do.

        A server may close one at any moment, and nginx does at a reload; where the
        request crosses that, a browser asks again (RFC 9110, 9.2.2) and nobody sees it.
        """
        try:
            return self._kept.get(self.url)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            self.asked_again += 1
            return httpx.get(self.url, timeout=_PATIENCE, verify=_NO_TLS)

    def _upload_at_once(self, number: int) -> None:
        self._upload(f"quick-{self._token}-{number}.jpg", lambda body: iter([body]))

    def _upload_slowly(self, number: int) -> None:
        self._upload(f"slow-{self._token}-{number}.jpg", _trickle)

    def _upload(self, name: str, pace: Callable[[bytes], Iterator[bytes]]) -> None:
        data = f"{name} of a reader".encode() * 2000

        def send() -> str:
            files = {"cover": (name, data, "image/jpeg")}
            url = f"{self.url}/create-book"
            request = httpx.Request("POST", url, data={"title": name}, files=files)
            body = request.read()
            headers = {**request.headers, "Content-Length": str(len(body))}
            answer = httpx.post(
                url, content=pace(body), headers=headers, timeout=_PATIENCE, verify=_NO_TLS
            )
            if answer.status_code != 201:
                return f"HTTP {answer.status_code}"
            # The storage may have given it another name.
            self.uploaded[answer.json()["cover"].rpartition("/")[2]] = data
            return ""

        self.uploads.append(self._timed(send))

    def _timed(self, visit: Callable[[], str]) -> Request:
        began = time.monotonic()
        try:
            wrong = visit()
        except (httpx.TransportError, HTTPException, OSError) as error:
            wrong = repr(error)
        return Request(began - self._began, time.monotonic() - began, wrong)


def _wrong_with(status: int, page: str) -> str:
    """Say what is wrong with an answer; "" where it is the site's own page."""
    own = "stylesheet" in page and _ERROR_PAGE not in page
    return "" if status == 200 and own else f"HTTP {status}"


def _trickle(body: bytes) -> Iterator[bytes]:
    size = len(body) // _SLOW_PIECES + 1
    for start in range(0, len(body), size):
        yield body[start : start + size]
        time.sleep(_SECONDS_A_PIECE)
