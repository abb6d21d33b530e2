"""A large file in parts: each sent, verified and repeated on its own, flat in memory."""

from __future__ import annotations

import hashlib
import re
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape, unescape

from wizard.copying.crt_client import Request, Response
from wizard.copying.etags import MIB, etag_in, etag_of_parts
from wizard.copying.object_headers import object_headers
from wizard.copying.threads import Stopped
from wizard.copying.verified_writer import StoredFile
from wizard.core.message import msg
from wizard.media.source import MediaFile, Reason, Stream, key_of

if TYPE_CHECKING:
    from wizard.copying.job import Job

# Above this a file goes up in parts; S3 takes at most 10,000 of them.
LARGE = 8 * MIB
_PART = 8 * MIB
# The least that S3 takes. A part leaves at the line's full speed, so at a low limit parts are
# small: a burst is shorter, and the pause after it too.
_SMALLEST_PART = 5 * MIB
_PARTS_A_SECOND = 2
_MOST_PARTS = 9_000
_UPLOAD_ID = re.compile(rb"<UploadId>([^<]+)</UploadId>")
_UPLOAD = re.compile(rb"<Upload>.*?</Upload>", re.DOTALL)
_KEY = re.compile(rb"<Key>([^<]*)</Key>")
_BLOCK = MIB


class PartFailed(Exception):
    """The file failed; `words` are the service's, or ours."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(slots=True, kw_only=True)
class LargeFile:
    """One large file under way. `send` blocks until it is stored or has failed."""

    job: Job
    file: MediaFile
    key: str = ""
    _upload: str = ""
    _part_size: int = _PART
    _md5s: list[bytes] = field(default_factory=list)
    _etags: dict[int, str] = field(default_factory=dict)
    _completed: threading.Condition = field(default_factory=threading.Condition)
    _refusal: str = ""
    _counted: int = 0

    def send(self, stream: Stream) -> None:
        """Send all parts and put them together. Raises `Stopped`, `OSError`."""
        self.key = key_of(self.file.path)
        self._part_size = part_size(self.file.size, self.job.control.rate or 0)
        try:
            self._begin()
            md5 = self._send_parts(stream)
            etag = self._complete()
        except PartFailed as error:
            self._abort()
            self.job.failed(self.file.path, Reason.REFUSED, error.words)
        except _Changed:
            self._abort()
            self.job.verified.add_changed(self.file)
        except OSError:
            self._abort()
            raise
        else:
            self.job.verified.add(
                StoredFile(file=self.file, md5=md5, etag=etag, sent=True, counted=self._counted)
            )

    def _begin(self) -> None:
        headers = object_headers(self.key, self.job.acl)
        answer = self._ask("CreateMultipartUpload", "POST", "?uploads", headers=headers)
        found = _UPLOAD_ID.search(answer.body)
        if found is None:
            raise PartFailed(msg("the service gave no upload id"))
        self._upload = found[1].decode()

    def _send_parts(self, stream: Stream) -> bytes:
        """Send all parts, as many at once as the dispatcher lets; returns the file's MD5."""
        whole = hashlib.md5(usedforsecurity=False)
        size = self._part_size
        left = self.file.size
        while left:
            body = _read_part(stream, min(size, left))
            if len(body) < min(size, left):
                raise _Changed
            left -= len(body)
            whole.update(body)
            self._send_part(body)
            self._raise_failure()
        if stream.read(1):
            raise _Changed
        with self._completed:
            while len(self._etags) < len(self._md5s) and not self._refusal:
                self._raise_if_stopped()
                self._completed.wait(0.2)
        self._raise_failure()
        return whole.digest()

    def _send_part(self, body: bytes) -> None:
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        self._md5s.append(md5)
        number = len(self._md5s)
        request = Request(
            operation="UploadPart",
            method="PUT",
            key=self.key,
            done=lambda answer: self._part_completed(number, len(body), answer),
            query=f"?partNumber={number}&uploadId={quote(self._upload, safe='')}",
            headers=[("Content-MD5", b64encode(md5).decode())],
            body=body,
        )
        self.job.dispatcher.submit(request)

    def _part_completed(self, number: int, size: int, answer: Response) -> None:
        with self._completed:
            if answer.ok:
                self._etags[number] = answer.etag
                self._counted += size
                self.job.counter.done(0, size)
            else:
                self._refusal = self._refusal or answer.words
            self._completed.notify_all()

    def _complete(self) -> str:
        """Put the parts together; returns the ETag, verified to be that of our bytes."""
        expected = etag_of_parts(self._md5s)
        etag = self._finish()
        if expected in (etag, self._etag_there()):
            return expected
        # Neither MD5: an encrypted bucket. Its parts were each checked by Content-MD5, and
        # the whole is read back.
        if not self._same_bytes():
            raise PartFailed(msg("the service stored other bytes than were sent"))
        return etag

    def _finish(self) -> str:
        parts = "".join(
            f"<Part><PartNumber>{n}</PartNumber><ETag>&quot;{escape(e)}&quot;</ETag></Part>"
            for n, e in sorted(self._etags.items())
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        query = f"?uploadId={quote(self._upload, safe='')}"
        request = Request(
            operation="CompleteMultipartUpload",
            method="POST",
            key=self.key,
            done=_nowhere,
            query=query,
            body=body,
        )
        answer = self.job.dispatcher.ask(request)
        if answer.code == "NoSuchUpload":
            # An earlier attempt got through and only its answer was lost.
            return ""
        if not answer.ok or b"<Error>" in answer.body:
            raise PartFailed(answer.words)
        return etag_in(answer.body) or ""

    def _etag_there(self) -> str:
        return self.job.dispatcher.ask(
            Request(operation="HeadObject", method="HEAD", key=self.key, done=_nowhere)
        ).etag

    def _same_bytes(self) -> bool:
        """Read the object back a piece at a time, flat in memory; whether it is the same."""
        position, step = 0, self._part_size
        for md5 in self._md5s:
            last = min(position + step, self.file.size) - 1
            request = Request(
                operation="GetObject", method="GET", key=self.key, done=_nowhere, with_md5=True
            )
            request.headers = [("Range", f"bytes={position}-{last}")]
            answer = self.job.dispatcher.ask(request)
            if not answer.ok or answer.md5 != md5:
                return False
            position = last + 1
        return True

    def _abort(self) -> None:
        self.job.counter.done(0, -self._counted)
        if self._upload:
            abort(self.job, self.key, self._upload)

    def _ask(
        self, operation: str, method: str, query: str, headers: list[tuple[str, str]]
    ) -> Response:
        request = Request(
            operation=operation,
            method=method,
            key=self.key,
            done=_nowhere,
            query=query,
            headers=headers,
        )
        answer = self.job.dispatcher.ask(request)
        if not answer.ok:
            raise PartFailed(answer.words)
        return answer

    def _raise_failure(self) -> None:
        if self._refusal:
            raise PartFailed(self._refusal)

    def _raise_if_stopped(self) -> None:
        if self.job.dispatcher.stopped:
            raise Stopped


class _Changed(Exception):
    """The file is not as long as it was when it was opened."""


def part_size(size: int, rate: int = 0) -> int:
    """Return the size of the parts of a file of `size` bytes: a whole number of MiB.

    `rate` is the limit in bytes a second, 0 where there is none.
    """
    needed = -(-size // _MOST_PARTS)
    wanted = _SMALLEST_PART if 0 < rate < _PARTS_A_SECOND * _PART else _PART
    return max(wanted, -(-needed // MIB) * MIB)


def abort(job: Job, key: str, upload: str) -> None:
    """Have the service throw away the parts of an upload."""
    query = f"?uploadId={quote(upload, safe='')}"
    job.dispatcher.ask(
        Request(
            operation="AbortMultipartUpload", method="DELETE", key=key, done=_nowhere, query=query
        )
    )


def abort_left_over(job: Job, prefix: str) -> int:
    """Abort uploads that a killed run of ours left unfinished; returns how many there were.

    Only keys that the journal says we were sending: others may be at work.
    """
    query = f"?prefix={quote(prefix, safe='')}&uploads"
    total = 0
    while True:
        request = Request(
            operation="ListMultipartUploads",
            method="GET",
            key="",
            done=_nowhere,
            query=query,
            collect=True,
        )
        answer = job.dispatcher.ask(request)
        count = _abort_ours(job, answer.body) if answer.ok else 0
        total += count
        # A page holds a thousand; what was aborted makes room for more.
        if not count or b"<IsTruncated>true" not in answer.body:
            return total


def _abort_ours(job: Job, listing: bytes) -> int:
    count = 0
    for upload in _UPLOAD.findall(listing):
        key, number = _KEY.search(upload), _UPLOAD_ID.search(upload)
        if key and number and job.journal.was_announced(job.destination, _unescaped(key[1])):
            abort(job, _unescaped(key[1]), _unescaped(number[1]))
            count += 1
    return count


def _unescaped(text: bytes) -> str:
    return unescape(text.decode(), {"&quot;": '"', "&#34;": '"', "&apos;": "'", "&#39;": "'"})


def _read_part(stream: Stream, size: int) -> bytes:
    pieces: list[bytes] = []
    while size and (piece := stream.read(min(size, _BLOCK))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _nowhere(_: Response) -> None:
    """Ignore an answer that `Dispatcher.ask` returns."""
