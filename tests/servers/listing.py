"""A server whose buckets all list the same number of objects, however many: made as asked for."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

_MODIFIED = "2026-11-01T10:00:00.000Z"
_MOST = 1000


def key(number: int) -> str:
    """The key of an object, by its place in the order of all."""
    return f"images/covers/{number:08}.jpg"


def size(number: int) -> int:
    """The size of an object."""
    return 1000 + number % 40_000


def digest(number: int) -> bytes:
    """The MD5 of an object."""
    return md5(b"%d" % number).digest()


class _Lists(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    objects = 0

    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if "list-type" in asked:
            self._answer(200, self._page(asked))
        elif "uploads" in urlsplit(self.path).query:
            self._answer(200, "<ListMultipartUploadsResult></ListMultipartUploadsResult>")
        else:
            self._answer(404, "<Error><Code>NoSuchBucketPolicy</Code></Error>")

    def _page(self, asked: dict[str, str]) -> str:
        after = asked.get("continuation-token", asked.get("start-after", ""))
        first = bisect_right(range(self.objects), after, key=key)
        if not asked.get("prefix", "").startswith("images/"[: len(asked.get("prefix", ""))]):
            first = self.objects
        last = min(first + int(asked.get("max-keys", _MOST)), self.objects)
        more = last < self.objects
        objects = (
            f"<Contents><Key>{key(n)}</Key><LastModified>{_MODIFIED}</LastModified>"
            f"<ETag>&quot;{digest(n).hex()}&quot;</ETag><Size>{size(n)}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for n in range(first, last)
        )
        token = f"<NextContinuationToken>{key(last - 1)}</NextContinuationToken>" if more else ""
        return (
            f"<ListBucketResult><Name>b</Name><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token}{''.join(objects)}</ListBucketResult>"
        )

    def _answer(self, status: int, text: str) -> None:
        body = f'<?xml version="1.0"?>{text}'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def listing_server(objects: int) -> Iterator[str]:
    """The endpoint of one whose buckets hold so many objects."""
    handler = type("Lists", (_Lists,), {"objects": objects})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
