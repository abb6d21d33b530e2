"""Sends files and verifies what was stored, with many requests at once."""

from __future__ import annotations

import hashlib
import threading
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.copying.crt_client import Request, Response
from wizard.copying.etags import read_digests
from wizard.copying.header_repair import HeaderRepair
from wizard.copying.inventory import Fate, Pair
from wizard.copying.large_file import LARGE, LargeFile
from wizard.copying.object_headers import object_headers
from wizard.copying.threads import Stopped, Worker, raise_first
from wizard.copying.verified_writer import StoredFile
from wizard.media.source import MediaFailure, MediaFile, Reason, Stream, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wizard.copying.job import Job
    from wizard.copying.server_copy import ServerCopies
    from wizard.copying.withholding import Withholding
    from wizard.media.digester import OpenFile
    from wizard.media.source import Digest

_SENDS = 3
# Files in one commit before their requests: each waits for the disk, 10 to 60 ms where it is busy.
_ANNOUNCED = 512


@dataclass(slots=True, kw_only=True)
class _Small:
    """A file on its way: in memory, or open, so that the runtime reads it by itself.

    The open file is the one whose MD5 was computed, whatever its name leads to by now.
    """

    job: Job
    file: MediaFile
    key: str
    md5: bytes
    body: bytes = b""
    opened: OpenFile | None = None
    sends: int = 0
    etag: str = ""

    def request(self) -> Request:
        """Return the request that stores it; Content-MD5 has the service refuse a torn body."""
        self.sends += 1
        headers = object_headers(self.key, self.job.acl)
        headers.append(("Content-MD5", b64encode(self.md5).decode()))
        request = Request(
            operation="PutObject", method="PUT", key=self.key, done=self.stored, headers=headers
        )
        request.body = self.body
        if self.opened:
            request.file, request.file_size = self.opened.path, self.file.size
            request.is_current = self.is_current
        return request

    def is_current(self) -> bool:
        """Tell whether the file is still as it was when its MD5 was computed."""
        return next(iter(self.job.media.look_again([self.file]))) == self.file

    def stored(self, answer: Response) -> None:
        """Take the service's last answer: the file is verified where its ETag is our MD5."""
        self.etag = answer.etag
        if answer.ok and self.etag == self.md5.hex():
            self.verified()
        elif self.opened and not self.is_current():
            # The runtime read other bytes than we did, a moment later.
            self.job.verified.add_changed(self.file)
            self.close()
        elif not answer.ok:
            self.failed(Reason.REFUSED, answer.words)
        else:
            # Encrypted buckets give an ETag that is no MD5: then the bytes themselves are asked
            # for.
            read = Request(
                operation="GetObject",
                method="GET",
                key=self.key,
                done=self.read_back,
                with_md5=True,
            )
            self.job.dispatcher.follow_up(read)

    def read_back(self, answer: Response) -> None:
        """Compare what the service gives for the key, byte by byte."""
        if answer.ok and answer.md5 == self.md5:
            self.etag = answer.etag or self.etag
            self.verified()
        elif self.sends < _SENDS:
            self.job.dispatcher.follow_up(self.request())
        elif answer.ok:
            self.failed(Reason.CORRUPTED)
        else:
            self.failed(Reason.LOST, answer.words)

    def verified(self) -> None:
        """Note that the service holds these bytes."""
        self.job.verified.add(StoredFile(file=self.file, md5=self.md5, etag=self.etag, sent=True))
        self.close()

    def failed(self, reason: Reason, detail: str = "") -> None:
        """Give the file up."""
        self.job.failed(self.file.path, reason, detail)
        self.close()

    def close(self) -> None:
        """Close the file at once: a request may live on until Python looks for cycles."""
        if self.opened:
            self.opened.close()


class Sender:
    """Works off the files with a fate: compares those that are there, sends the others.

    Before a file is sent, `withholding` asks whether it is public where it comes from, while
    others are on their way. `copies` has the service copy by itself what it can, where there is
    such a thing.
    """

    def __init__(
        self, job: Job, withholding: Withholding, copies: ServerCopies | None = None
    ) -> None:
        self._job = job
        self._withholding, self._copies = withholding, copies
        self._guard = threading.Lock()
        self._last_id = 0

    def compare(self) -> None:
        """Compare the bytes of files whose objects are there, but not verified by us."""
        self._work(Fate.COMPARE, self._compare)

    def send(self) -> None:
        """Send all that is to be sent."""
        self._work(Fate.SEND, self._send)

    def _work(self, fate: Fate, handle: Callable[[Pair, MediaFile, Stream], None]) -> None:
        """Hand every file with this fate to `handle`, in as many threads as the media allow."""
        self._last_id = 0
        readers = [
            Worker(lambda: self._read(fate, handle), f"reader-{n}")
            for n in range(self._job.media.readers)
        ]
        for reader in readers:
            reader.join()
        raise_first(readers)
        self._job.dispatcher.drain()

    def _read(self, fate: Fate, handle: Callable[[Pair, MediaFile, Stream], None]) -> None:
        try:
            with self._job.media.digesting() as digest:
                for batch in self._batches(fate):
                    left = self._without_reading(batch, digest) if fate is Fate.SEND else batch
                    self._read_batch(left, handle)
        except BaseException:
            self._job.dispatcher.stop()
            raise

    def _without_reading(self, batch: Sequence[Pair], digest: Digest) -> Sequence[Pair]:
        """Send those that need not be read here; returns the others."""
        if self._copies is not None:
            batch = self._copies.copy(batch)
        return self._send_digested(batch, digest)

    def _batches(self, fate: Fate) -> Iterator[Sequence[Pair]]:
        """Yield the next files, announced in the journal before their requests."""
        job = self._job
        while True:
            with self._guard:
                found = job.inventory.to_do(fate, self._last_id, max(job.media.batch, _ANNOUNCED))
                if not found:
                    return
                self._last_id = found[-1].id
            batch: Sequence[Pair] = found
            if fate is Fate.SEND:
                batch = self._withholding.keep_public(found)
                keys = [key_of(pair.file.path) for pair in batch]
                job.journal.announce_sending(job.destination, keys)
            for start in range(0, len(batch), job.media.batch):
                yield batch[start : start + job.media.batch]

    def _send_digested(self, batch: Sequence[Pair], digest: Digest) -> Sequence[Pair]:
        """Send those whose MD5s can be had without their bytes; returns the others."""
        small = [pair.file for pair in batch if pair.file.size <= LARGE]
        digested: set[bytes] = set()
        for found in digest(small):
            if self._job.dispatcher.stopped:
                raise Stopped
            if isinstance(found, MediaFailure):
                digested.add(found.path)
                self._unreadable(found)
            elif found.file.size <= LARGE:
                digested.add(found.file.path)
                key = key_of(found.file.path)
                small_file = _Small(
                    job=self._job, file=found.file, key=key, md5=found.md5, opened=found.opened
                )
                self._job.dispatcher.submit(small_file.request())
        return [pair for pair in batch if pair.file.path not in digested]

    def _read_batch(
        self, batch: Sequence[Pair], handle: Callable[[Pair, MediaFile, Stream], None]
    ) -> None:
        pairs = {pair.file.path: pair for pair in batch}
        for found in self._job.media.read([pair.file for pair in batch]):
            if self._job.dispatcher.stopped:
                raise Stopped
            if isinstance(found, MediaFailure):
                self._unreadable(found)
                continue
            file, stream = found
            try:
                handle(pairs[file.path], file, stream)
            except OSError as error:
                self._unreadable(
                    MediaFailure(path=file.path, reason=Reason.UNREADABLE, detail=str(error))
                )

    def _unreadable(self, failure: MediaFailure) -> None:
        if failure.reason is not Reason.VANISHED:
            self._job.counter.fail()
        self._job.inventory.lost_here(failure)

    def _send(self, _: Pair, file: MediaFile, stream: Stream) -> None:
        if file.size > LARGE:
            LargeFile(job=self._job, file=file).send(stream)
            return
        body = _read_whole(stream, file.size)
        if len(body) != file.size:
            # It grows or shrinks under our eyes: the check would fail, so look again later.
            self._job.verified.add_changed(file)
            return
        # Of an object of another bucket it is known: its bytes were compared when they came.
        known: bytes = getattr(stream, "md5", b"")
        md5 = known or hashlib.md5(body, usedforsecurity=False).digest()
        self._job.dispatcher.submit(
            _Small(job=self._job, file=file, key=key_of(file.path), md5=md5, body=body).request()
        )

    def _compare(self, pair: Pair, file: MediaFile, stream: Stream) -> None:
        """Compare an object that we did not verify: the same bytes are as good as sent."""
        digests = read_digests(stream, file.size, pair.there_etag)
        if file.size == pair.there_size and pair.there_etag in digests.etags:
            HeaderRepair(job=self._job, file=file, md5=digests.md5, etag=pair.there_etag).begin()
            return
        HeaderRepair(job=self._job, file=file, md5=digests.md5, etag=pair.there_etag).read_back(
            pair
        )


def _read_whole(stream: Stream, size: int) -> bytes:
    """Return `size` bytes, or one more or less where the file is no longer as long."""
    body = stream.read(size + 1) or b""
    if len(body) >= size:
        return body
    # A pipe gives less than was asked for.
    pieces = [body]
    missing = size + 1 - len(body)
    while missing and (piece := stream.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
