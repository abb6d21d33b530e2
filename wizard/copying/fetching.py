"""Objects of a bucket as files to be written: read ahead, and checked while they pass by."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from wizard.copying.etags import RunningDigests
from wizard.copying.threads import Stopped
from wizard.core.problem import Problem
from wizard.media.source import IncomingFile, MediaFailure, Reason, Spoiled, key_of
from wizard.storage.bucket import S3_ERRORS
from wizard.storage.problems import error_response_of

if TYPE_CHECKING:
    from wizard.copying.listing import Listed
    from wizard.storage.bucket import Bucket

# Smaller objects are read ahead as a whole, so many at once; the writer takes one at a time.
_SMALL = 4 << 20
_READERS = 8
_PIECE = 1 << 20
# Such an object's ETag is no MD5 of its bytes (S3's user guide, "Checking object integrity").
_ENCRYPTED = "ServerSideEncryption"


class Fetcher:
    """Reads objects below the media prefix; `by_size` counts those without a digest to check by.

    `etags_are_md5` as `wizard.journal.etags` says it.
    """

    def __init__(
        self, bucket: Bucket, stop: threading.Event, *, etags_are_md5: bool | None
    ) -> None:
        self._etags_are_md5 = etags_are_md5
        self._bucket = bucket
        self._stop = stop
        self.by_size = 0

    def incoming(self, objects: Iterable[tuple[bytes, Listed]]) -> Iterator[IncomingFile]:
        """Yield each object, by its path, as a file to be written. Raises `Stopped`."""
        ahead: deque[tuple[bytes, Listed, Future[list[bytes]] | None]] = deque()
        with ThreadPoolExecutor(_READERS, thread_name_prefix="fetching") as pool:
            try:
                for path, found in objects:
                    small = found.size <= _SMALL
                    future = pool.submit(self._whole, path, found) if small else None
                    ahead.append((path, found, future))
                    if len(ahead) > 2 * _READERS:
                        yield self._file(*ahead.popleft())
                while ahead:
                    yield self._file(*ahead.popleft())
            finally:
                pool.shutdown(cancel_futures=True)

    def _file(self, path: bytes, found: Listed, future: Future[list[bytes]] | None) -> IncomingFile:
        if self._stop.is_set():
            raise Stopped
        pieces = future.result if future else partial(self._pieces, path, found)
        return IncomingFile(path, found.size, pieces)

    def _whole(self, path: bytes, found: Listed) -> list[bytes]:
        return list(self._pieces(path, found))

    def _pieces(self, path: bytes, found: Listed) -> Iterator[bytes]:
        """Yield an object's bytes. Raises `Spoiled` where it is another than the listing says."""
        digests, size = RunningDigests(found.size, found.etag), 0
        try:
            answer = self._bucket.client.get_object(Bucket=self._bucket.name, Key=key_of(path))
            for piece in answer["Body"].iter_chunks(_PIECE):
                digests.update(piece)
                size += len(piece)
                yield piece
        except S3_ERRORS as error:
            raise Spoiled(self._refused(path, error)) from error
        if size != found.size:
            raise Spoiled(MediaFailure(path=path, reason=Reason.SPOILED))
        if found.etag in digests.digests().etags:
            return
        encrypted = str(answer.get(_ENCRYPTED, "")).startswith("aws:")
        if "-" not in found.etag and not encrypted and self._etags_are_md5 is not False:
            raise Spoiled(MediaFailure(path=path, reason=Reason.SPOILED))
        self.by_size += 1

    def _refused(self, path: bytes, error: Exception) -> MediaFailure:
        answer = error_response_of(error)
        if answer and answer.status == 404:
            return MediaFailure(path=path, reason=Reason.VANISHED)
        problem: Problem = self._bucket.problem_of(error)
        return MediaFailure(path=path, reason=Reason.REFUSED, detail=problem.what)
