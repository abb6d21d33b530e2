"""An internet of the test's own: hosts under real names, over http and https, all on loopback.

Clients and browsers reach it through its proxy, as they reach the real one through a company's.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.servers.certificates import Authority

_NAMES = ("example.org", "*.example.org", "example.net", "*.example.net", "*.example.com")


@dataclass(frozen=True)
class Page:
    """What an address answers with; a header may be there several times."""

    body: bytes
    kind: str = "text/html; charset=utf-8"
    headers: Sequence[tuple[str, str]] = ()
    status: int = 200


def redirect(url: str, *headers: tuple[str, str]) -> Page:
    """A redirect to another address."""
    return Page(b"", "", (("Location", url), *headers), 302)


@dataclass(frozen=True)
class Asked:
    """One request: its address without the query, and its headers with lower-case names."""

    url: str
    headers: dict[str, str]


class Internet:
    """`pages` are what there is, by address without query; the rest is 404."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.pages: dict[str, Page] = {}
        self.asked: list[Asked] = []
        tls = self.authority.server(",".join(f"DNS:{name}" for name in _NAMES))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, tls))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def proxy(self) -> str:
        """The proxy's address, for `HTTP_PROXY` and `HTTPS_PROXY`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, url: str, headers: dict[str, str]) -> Page:
        """What to answer."""
        parts = urlsplit(url)
        plain = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self.asked.append(Asked(plain, headers))
        return self.pages.get(plain, Page(b"not here", "text/plain", status=404))


def _handler(of: Internet, with_tls: ssl.SSLContext) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        internet, tls = of, with_tls

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    internet: Internet
    tls: ssl.SSLContext
    inside = ""  # scheme and host within a tunnel

    def do_CONNECT(self) -> None:
        self.send_response_only(200)
        self.end_headers()
        try:
            self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.inside = f"https://{self.path.removesuffix(':443')}"
        self.close_connection = False

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        page = self.internet.answer(self.inside + self.path, headers)
        self.send_response_only(page.status)
        if page.kind:
            self.send_header("Content-Type", page.kind)
        usual = (("Content-Length", str(len(page.body))), ("Cache-Control", "no-store"))
        for name, value in (*usual, *page.headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page.body)
        self.wfile.flush()

    do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is to be seen of it."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True
