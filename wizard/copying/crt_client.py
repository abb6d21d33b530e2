"""One bucket's requests on `awscrt.s3.S3Client`: what goes out, what comes back."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from awscrt.auth import AwsCredentialsProvider, AwsSigningConfig
from awscrt.exceptions import AwsCrtError
from awscrt.http import HttpHeaders, HttpRequest
from awscrt.io import (
    ClientBootstrap,
    ClientTlsContext,
    DefaultHostResolver,
    EventLoopGroup,
    TlsConnectionOptions,
    TlsContextOptions,
)
from awscrt.s3 import (
    S3Client,
    S3Request,
    S3RequestTlsMode,
    S3RequestType,
    S3ResponseError,
    S3RetryConfig,
    create_default_s3_signing_config,
)

from wizard.copying.crt_threads import Body, keep_thread
from wizard.web.trust import ca_bundle

if TYPE_CHECKING:
    from wizard.core.secrets import Keys
    from wizard.core.settings import Settings

# 256 connections come with this target; `max_active_connections_override` only caps.
_THROUGHPUT_GBPS = 100.0
_MEMORY = 256 << 20
# Large files are cut into parts by us, never by the runtime: so each part can
# be governed by the rate limit, and verified by its own MD5.
_NEVER_SPLIT = 5 << 30
_PART_OF_GET = 8 << 20
_CONNECT_MS = 10_000
# Enough for an error's XML; a listing's page asks for more by `collect`.
_WORDS = 64 << 10
# What the runtime tries again by itself comes without the service's body, but under these names.
_CODES = {
    "AWS_ERROR_S3_INTERNAL_ERROR": "InternalError",
    "AWS_ERROR_S3_REQUEST_TIME_TOO_SKEWED": "RequestTimeTooSkewed",
    "AWS_ERROR_S3_REQUEST_TIMEOUT": "RequestTimeout",
    "AWS_ERROR_S3_SLOW_DOWN": "SlowDown",
}
_FIELD = re.compile(rb"<(Code|Message)>([^<]*)</")
_CA_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(slots=True, kw_only=True)
class Response:
    """What came back. `status` is 0 where no answer came; `error` the runtime's name for why.

    `body` holds errors (and what was asked to be collected), `md5` that of a body, if asked for.
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    md5: bytes = b""
    error: str = ""
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether the service did what was asked."""
        return not self.error and 200 <= self.status < 300

    @property
    def etag(self) -> str:
        """The ETag without quotes, "" where there is none."""
        return self.header("etag").removeprefix("W/").strip('"')

    def header(self, name: str) -> str:
        """Return a header's value by its lower-case name, "" where it is missing."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return ""

    @property
    def code(self) -> str:
        """S3's own code for the error, such as SlowDown; "" where it is not known."""
        return self._field(b"Code") or _CODES.get(self.error, "")

    @property
    def words(self) -> str:
        """What the service or the runtime said, in one line, for people."""
        said = ": ".join(x for x in (self.code, self._field(b"Message")) if x)
        status = f"HTTP {self.status}" if self.status else ""
        return said or ", ".join(x for x in (status, self.message or self.error) if x)

    def _field(self, name: bytes) -> str:
        found = (value for key, value in _FIELD.findall(self.body) if key == name)
        return next(found, b"").decode(errors="replace")


@dataclass(slots=True, kw_only=True)
class Request:
    """One S3 request; `done` is called with the last answer, after all retries.

    `key` "" means the bucket itself; `collect` keeps the answer's whole body, `expects` bytes of
    it as far as is known; `with_md5` has it hashed as it comes, whether it is kept or not.
    `anonymous`: a refusal is an answer as good as any. What is sent is `body`, or the `file_size`
    bytes of `file`, a path that the runtime reads by itself; `is_current` says, before another
    attempt, whether that is still the file that was meant.
    """

    operation: str
    method: str
    key: str
    done: Callable[[Response], None]
    query: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    file: str = ""
    file_size: int = 0
    is_current: Callable[[], bool] | None = None
    collect: bool = False
    expects: int = 0
    anonymous: bool = False
    with_md5: bool = False
    attempts: int = 0
    first_failed: float = 0.0

    @property
    def size(self) -> int:
        """How many bytes are sent."""
        return self.file_size if self.file else len(self.body)

    @property
    def weight(self) -> int:
        """How many bytes are sent and come back, as far as is known before."""
        return self.size + self.expects


class Client:
    """Starts requests to one bucket; the answers come on the runtime's own threads.

    Without keys they are those of an anonymous visitor.
    """

    def __init__(self, settings: Settings, keys: Keys | None) -> None:
        url = urlsplit(settings.endpoint)
        self._host = url.netloc
        self._path = f"{url.path.rstrip('/')}/{quote(settings.bucket)}"
        region = settings.region or "us-east-1"
        # A group of our own, not the process-wide default: its threads inherit
        # the low priority of the thread that makes it.
        loops = EventLoopGroup(1)
        secure = url.scheme == "https"
        self._client = S3Client(
            bootstrap=ClientBootstrap(loops, DefaultHostResolver(loops)),
            region=region,
            tls_mode=S3RequestTlsMode.ENABLED if secure else S3RequestTlsMode.DISABLED,
            tls_connection_options=_tls(url.hostname or "") if secure else None,
            signing_config=_signing(region, keys) if keys else None,
            throughput_target_gbps=_THROUGHPUT_GBPS,
            memory_limit=_MEMORY,
            part_size=_PART_OF_GET,
            multipart_upload_threshold=_NEVER_SPLIT,
            retry_config=S3RetryConfig(max_retries=1),
            connect_timeout_ms=_CONNECT_MS,
        )

    def start(self, attempt: Attempt) -> None:
        """Send an attempt's request; it fails at once where its file is not there any more."""
        request = attempt.request
        path = f"{self._path}/{quote(request.key, safe='/-_.~')}" if request.key else self._path
        headers = [
            ("Host", self._host),
            ("Content-Length", str(request.size)),
            *request.headers,
        ]
        message = HttpRequest(
            request.method,
            path + request.query,
            HttpHeaders(headers),
            Body(request.body) if request.body else None,
        )
        try:
            attempt.crt = self._client.make_request(
                type=S3RequestType.DEFAULT,
                operation_name=request.operation,
                request=message,
                send_filepath=request.file or None,
                on_headers=attempt.on_headers,
                on_body=attempt.on_body,
                on_done=attempt.on_done,
            )
        except RuntimeError as error:
            # So the runtime says that it cannot open a file.
            if not request.file:
                raise
            attempt.on_done(error)


class Attempt:
    """One attempt of a request; `completed` gets its answer once, on the runtime's thread."""

    __slots__ = ("_body", "_completed", "_headers", "_md5", "_status", "crt", "request")

    def __init__(self, request: Request, completed: Callable[[Attempt, Response], None]) -> None:
        self.request = request
        self.crt: S3Request | None = None
        self._completed = completed
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._md5 = hashlib.md5(usedforsecurity=False) if request.with_md5 else None

    def cancel(self) -> None:
        """Give the attempt up; it completes with an error."""
        if self.crt is not None:
            self.crt.cancel()

    def on_headers(self, status_code: int, headers: list[tuple[str, str]], **_: Any) -> None:
        """Take the answer's headers, which come first; the runtime calls this."""
        keep_thread()
        self._status = status_code
        self._headers = headers

    def on_body(self, chunk: bytes, offset: int, **_: Any) -> None:
        """Take a piece of the answer's body; the runtime calls this, on its other thread."""
        keep_thread()
        md5 = self._md5 if self._status < 300 else None
        if md5 is not None:
            md5.update(chunk)
        if self.request.collect or (md5 is None and sum(map(len, self._body)) < _WORDS):
            self._body.append(chunk)

    def on_done(
        self, error: BaseException | None, status_code: int | None = None, **_: Any
    ) -> None:
        """Complete the attempt, well or not; the runtime calls this."""
        answer = Response(
            status=status_code or self._status, headers=self._headers, body=b"".join(self._body)
        )
        if self._md5 is not None:
            answer.md5 = self._md5.digest()
        if error is not None:
            answer.error = getattr(error, "name", type(error).__name__)
            answer.message = getattr(error, "message", str(error))
        if isinstance(error, S3ResponseError):
            answer.headers = error.headers or answer.headers
            answer.body = error.body or answer.body
        elif isinstance(error, AwsCrtError):
            answer.status = 0
        self._completed(self, answer)


def _signing(region: str, keys: Keys) -> AwsSigningConfig:
    credentials = AwsCredentialsProvider.new_static(keys.access_key_id, keys.secret_access_key)
    return create_default_s3_signing_config(region=region, credential_provider=credentials)


def _tls(host: str) -> TlsConnectionOptions:
    """Return TLS options with the certificates that boto3 would trust in this environment.

    And with those of the admin's own CA file.
    """
    options = TlsContextOptions()
    named = next((os.environ[name] for name in _CA_VARIABLES if os.environ.get(name)), None)
    bundle = ca_bundle() or named
    if bundle:
        options.override_default_trust_store_from_path(None, bundle)
    connection = ClientTlsContext(options).new_connection_options()
    connection.set_server_name(host)
    return connection
