"""A server that answers as services do when they refuse, over real HTTP or TLS.

It keeps objects in memory, just enough to get past what works, and refuses
what the test says, in the words of a real service. It is no S3: nothing is
checked here but how our own side takes an answer.
"""

from __future__ import annotations

import email.utils
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import path_style

_LIST = (
    '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<IsTruncated>false</IsTruncated></ListBucketResult>"
)


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    raw_path: str = ""

    @property
    def call(self) -> str:
        """S3's name for it, as far as the tests need it."""
        method = self.method.title()
        for word, subject in (("cors", "BucketCors"), ("policy", "BucketPolicy")):
            if word in self.query:
                return f"{method}{subject}"
        if "publicAccessBlock" in self.query:
            return f"{method}PublicAccessBlock"
        if "acl" in self.query:
            return f"{method}{'Object' if self.key else 'Bucket'}Acl"
        if not self.key:
            return {"GET": "ListObjectsV2", "PUT": "CreateBucket"}.get(self.method, self.method)
        kind = {"GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject"}
        return kind.get(self.method, self.method)

    @property
    def key(self) -> str:
        """The object's key, "" for a call about the bucket; addresses are in path style."""
        return unquote(self.path.lstrip("/").partition("/")[2])

    @property
    def signed(self) -> bool:
        """Whether somebody asks who has keys."""
        return "authorization" in self.headers


@dataclass(frozen=True)
class Reply:
    """What goes out; headers go over the usual ones."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def error(status: int, code: str, message: str, extra: str = "", **headers: str) -> Reply:
    """An error in S3's form; `extra` is more XML within it."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message>{extra}</Error>"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, f'<?xml version="1.0"?>{body}'.encode(), named)


Rule = Callable[[Request], "Reply | None"]


def always(reply: Reply) -> Rule:
    """Refuse everything in the same way."""
    return lambda request: reply


def refuse(call: str, reply: Reply) -> Rule:
    """Refuse one call, such as PutBucketCors."""
    return lambda request: reply if request.call == call else None


class Refusing:
    """The server: `rule` is asked first; what it leaves (None) goes as if all were well."""

    def __init__(self, rule: Rule, tls: ssl.SSLContext | None = None, skew: float = 0) -> None:
        self.rule, self.skew = rule, skew
        self.keys = Keys("AKIAREFUSEDREFUSED00", "secret-of-the-refusing-server")
        self.objects: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.cors = b""
        # What every answer has as Access-Control-Allow-Origin, whatever the rules are.
        self.cors_of_the_server = ""
        self.requests: list[Request] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.scheme = "http"
        if tls is not None:
            self.scheme = "https"
            # The handshake in the handler's thread, or one that fails would stop the server.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def settings(self, provider: str = "other", bucket: str = "books") -> Settings:
        """Settings that lead here."""
        return path_style(provider, f"{self.scheme}://{self.host}", bucket)

    def answer(self, request: Request) -> Reply:
        """What to answer."""
        self.requests.append(request)
        refusal = self.rule(request)
        if refusal is not None:
            return refusal
        return self._as_if_well(request)

    def _as_if_well(self, request: Request) -> Reply:
        if request.call == "PutObject":
            self.objects[request.path] = request.body
            self.types[request.path] = request.headers.get("content-type", "")
            return Reply(200)
        if request.call == "GetObject":
            return self._get(request)
        if request.call == "ListObjectsV2" and request.path.strip("/"):
            well = Reply(200, _LIST.encode())
            return well if request.signed else error(403, "AccessDenied", "Access Denied")
        if "cors" in request.query and (request.method == "PUT" or self.cors):
            return self._keep_cors(request)
        missing = {
            "GetBucketCors": "NoSuchCORSConfiguration",
            "GetBucketPolicy": "NoSuchBucketPolicy",
        }
        if request.call in missing:
            return error(404, missing[request.call], "There is none.")
        return Reply(200)

    def _get(self, request: Request) -> Reply:
        found, allowed = self.objects.get(request.path), self.cors_of_the_server
        if found is None:
            return error(404, "NoSuchKey", "Not there.")
        headers = {"Access-Control-Allow-Origin": allowed} if allowed else {}
        return Reply(200, found, {"Content-Type": self.types.get(request.path, ""), **headers})

    def _keep_cors(self, request: Request) -> Reply:
        if request.method == "GET":
            return Reply(200, self.cors)
        self.cors = request.body if request.method == "PUT" else b""
        return Reply(200)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10

            def _go(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                url = urlsplit(self.path)
                # A proxy is asked with the whole address.
                raw = self.path[self.path.index(url.netloc) + len(url.netloc) :]
                query = parse_qs(url.query, keep_blank_values=True)
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = outer.answer(Request(self.command, url.path, query, headers, body, raw))
                self.send_response_only(reply.status)
                now = email.utils.formatdate(time.time() + outer.skew, usegmt=True)
                usual = {"Date": now, "Content-Length": str(len(reply.body))}
                for name, value in (usual | reply.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(reply.body)

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do_OPTIONS = _go  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing is to be seen of it."""

        return Handler
