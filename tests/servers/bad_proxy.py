"""A proxy in front of a real S3 server that misbehaves as told, in real HTTP."""

from __future__ import annotations

import http.client
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from wizard.storage.bucket import connect

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from wizard.core.secrets import Keys
    from wizard.core.settings import Settings


class Fault(StrEnum):
    """What the proxy does to one request instead of passing it on."""

    NONE = "none"
    RESET = "reset"  # the connection is torn before an answer
    CUT = "cut"  # the answer ends in the middle
    ERROR = "error"  # 500 InternalError
    SLOW_DOWN = "slow-down"  # 503 SlowDown
    BARE_SLOW_DOWN = "bare-slow-down"  # 429 without words
    REFUSED = "refused"  # 403 AccessDenied for this request
    REVOKED = "revoked"  # 403 InvalidAccessKeyId
    ARCHIVED = "archived"  # 403 InvalidObjectState
    NO_BUCKET = "no-bucket"  # 404 NoSuchBucket
    SKEWED = "skewed"  # 403 RequestTimeTooSkewed
    OTHER_BYTES = "other-bytes"  # stores something else
    SWALLOWED = "swallowed"  # says 200 with the right ETag, stores nothing
    SHORTENED = "shortened"  # stores all but the last byte, with the ETag of the whole
    STALLED = "stalled"  # never answers, and keeps the connection open
    NO_ETAG = "no-etag"  # stores, with an ETag that is no MD5, as encrypted buckets do


_ERRORS = {
    Fault.ERROR: (500, "InternalError", "We encountered an internal error."),
    Fault.SLOW_DOWN: (503, "SlowDown", "Please reduce your request rate."),
    Fault.REFUSED: (403, "AccessDenied", "Access Denied."),
    Fault.REVOKED: (403, "InvalidAccessKeyId", "The key does not exist in our records."),
    Fault.ARCHIVED: (403, "InvalidObjectState", "The object's storage class does not allow that."),
    Fault.NO_BUCKET: (404, "NoSuchBucket", "The specified bucket does not exist."),
    Fault.SKEWED: (403, "RequestTimeTooSkewed", "The difference between the times is too large."),
}
_ETAG = re.compile(rb"<ETag>[^<]*</ETag>")
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}

# Decides by method, path with query, and how many requests came before.
Plan = Callable[[str, str, int], Fault]


@dataclass
class BadProxy:
    """The proxy's address, what it is told to do, and what it saw."""

    endpoint: str
    plan: Plan
    client: S3Client
    seen: list[tuple[str, str]] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    def number(self, method: str, path: str) -> int:
        """Note a request; how many came before it."""
        with self.guard:
            self.seen.append((method, path))
            return len(self.seen) - 1

    def count(self, method: str, part: str = "") -> int:
        """How many requests with this method had this in their path."""
        with self.guard:
            return sum(m == method and part in path for m, path in self.seen)


@contextmanager
def bad_proxy(settings: Settings, keys: Keys, plan: Plan) -> Iterator[BadProxy]:
    """A misbehaving proxy in front of these settings' endpoint, on a free port."""
    address = urlsplit(settings.endpoint)

    class Handler(_Handler):
        target = (address.hostname or "", address.port or 80)

    server = _Server(("127.0.0.1", 0), Handler)
    endpoint = f"http://127.0.0.1:{server.server_port}"
    Handler.proxy = BadProxy(endpoint, plan, connect(settings, keys))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Handler.proxy
    finally:
        Handler.proxy.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections are torn on purpose here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: tuple[str, int]
    proxy: BadProxy

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        number = self.proxy.number(self.command, self.path)
        fault = self.proxy.plan(self.command, self.path, number)
        if fault in _ERRORS:
            self._refuse(*_ERRORS[fault])
        elif fault is Fault.BARE_SLOW_DOWN:
            self._answer(429, [], b"")
        elif fault is Fault.RESET:
            self._reset()
        elif fault is Fault.SWALLOWED:
            self._answer(200, [("ETag", f'"{md5(body).hexdigest()}"')], b"")
        elif fault is Fault.SHORTENED:
            self._store(body[:-1])
            self._answer(200, [("ETag", f'"{md5(body).hexdigest()}"')], b"")
        elif fault is Fault.STALLED:
            self.proxy.over.wait()
            self._reset()
        else:
            self._forward(body, fault)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _handle  # noqa: N815

    def _forward(self, body: bytes, fault: Fault) -> None:
        upstream = http.client.HTTPConnection(*self.target, timeout=60)
        upstream.request(self.command, self.path, body, dict(self.headers.items()))
        answer = upstream.getresponse()
        data = answer.read()
        upstream.close()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP]
        if fault is Fault.OTHER_BYTES and body:
            kept = [(k, self._spoil(body) if k.lower() == "etag" else v) for k, v in kept]
        if fault is Fault.NO_ETAG and "partNumber=" not in self.path:
            kept = [(k, _opaque(v) if k.lower() == "etag" else v) for k, v in kept]
            data = _ETAG.sub(lambda m: _opaque(m[0].decode()).encode(), data)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self._answer(answer.status, kept, data, length, cut=fault is Fault.CUT)

    def _spoil(self, body: bytes) -> str:
        """Store other bytes of the same length under the key; their ETag."""
        return self._store(bytes([body[0] ^ 1]) + body[1:])

    def _store(self, body: bytes) -> str:
        _, bucket, key = unquote(urlsplit(self.path).path).split("/", 2)
        return self.proxy.client.put_object(Bucket=bucket, Key=key, Body=body)["ETag"]

    def _refuse(self, status: int, code: str, message: str) -> None:
        text = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        self._answer(status, [("Content-Type", "application/xml")], text.encode())

    def _answer(
        self,
        status: int,
        headers: list[tuple[str, str]],
        body: bytes,
        length: str | None = None,
        *,
        cut: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(body) + 100 * cut))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if cut:
            self.wfile.flush()
            time.sleep(0.01)
            self._reset()

    def _reset(self) -> None:
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()


def _opaque(etag: str) -> str:
    """An ETag that looks like an MD5 and is none, as with SSE-KMS; the same for the same bytes."""
    return re.sub("[0-9a-f]{32}(-[0-9]+)?", lambda m: md5(m[0].encode()).hexdigest(), etag)
