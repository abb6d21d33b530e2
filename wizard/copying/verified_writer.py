"""What makes a stored file a verified one: a last look at it here, and a line in the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event
from typing import TYPE_CHECKING

from wizard.copying.threads import Worker
from wizard.journal.journal import VerifiedFile
from wizard.media.source import MediaFailure, MediaFile, Reason, key_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from wizard.copying.inventory import Inventory
    from wizard.copying.progress import ProgressCounter
    from wizard.journal.journal import Journal
    from wizard.media.source import Media

# A quarter of a second's files in one commit: at most so much is done again after a kill.
_INTERVAL = 0.25
_CHANGES = 3


@dataclass(slots=True, kw_only=True)
class StoredFile:
    """A file whose bytes the service holds, by the MD5 that was compared.

    `counted` bytes of it are in the progress already; `sent` is false where the
    object was there before.
    """

    file: MediaFile
    md5: bytes
    etag: str
    sent: bool
    counted: int = 0


@dataclass(slots=True, kw_only=True)
class VerifiedWriter:
    """Collects stored files and writes them to the journal, a few commits a second."""

    media: Media
    journal: Journal
    destination: str
    inventory: Inventory
    counter: ProgressCounter
    watch: Callable[[], None]
    stop: Callable[[], None]
    sent: int = 0
    sent_bytes: int = 0
    already: int = 0
    _queue: SimpleQueue[StoredFile] = field(default_factory=SimpleQueue)
    _shifting: SimpleQueue[MediaFile] = field(default_factory=SimpleQueue)
    _ending: Event = field(default_factory=Event)
    _changes: dict[bytes, int] = field(default_factory=dict)
    _worker: Worker | None = None

    def start(self) -> None:
        """Begin to take stored files."""
        self._ending.clear()
        self._worker = Worker(self._work, "verified")

    def add(self, stored: StoredFile) -> None:
        """Take a file that is stored; from any thread."""
        self._queue.put(stored)

    def add_changed(self, file: MediaFile) -> None:
        """Take a file that was not as long as it should be when it was read; from any thread."""
        self._shifting.put(file)

    def finish(self) -> None:
        """Write what is left. Raises what the journal or the media raised."""
        self._ending.set()
        if self._worker is not None:
            self._worker.join()
            self._worker.raise_error()
            self._worker = None

    def settle(self) -> None:
        """Wait until all that was added is written, and continue taking."""
        self.finish()
        self.start()

    def _work(self) -> None:
        try:
            self._take()
        except BaseException:
            # Nothing more can be verified, so nothing more should be sent.
            self.stop()
            raise

    def _take(self) -> None:
        ended = False
        while not ended:
            ended = self._ending.wait(_INTERVAL)
            batch = [self._queue.get() for _ in range(self._queue.qsize())]
            if batch:
                self._verify(batch)
            for _ in range(self._shifting.qsize()):
                self._changed(self._shifting.get())
            self.watch()
            self.counter.tell()

    def _verify(self, batch: list[StoredFile]) -> None:
        verified: list[StoredFile] = []
        looks = self.media.look_again([s.file for s in batch])
        for stored, now in zip(batch, looks, strict=True):
            if isinstance(now, MediaFailure):
                self._lost_here(stored, now)
            elif (now.size, now.mtime_ns) != (stored.file.size, stored.file.mtime_ns):
                self.counter.done(0, -stored.counted)
                self._changed(stored.file)
            else:
                verified.append(stored)
        self.journal.save_verified(self.destination, [_row(s) for s in verified])
        self.inventory.save_verified([s.file for s in verified])
        for stored in verified:
            self._count(stored)

    def _count(self, stored: StoredFile) -> None:
        self.counter.done(1, stored.file.size - stored.counted)
        if stored.sent:
            self.sent += 1
            self.sent_bytes += stored.file.size
        else:
            self.already += 1

    def _lost_here(self, stored: StoredFile, now: MediaFailure) -> None:
        self.counter.done(0, -stored.counted)
        self.inventory.lost_here(now)

    def _changed(self, file: MediaFile) -> None:
        """Keep a file among those to be sent, unless it never comes to rest."""
        path = file.path
        self._changes[path] = self._changes.get(path, 0) + 1
        if self._changes[path] >= _CHANGES:
            self.inventory.add_failure(MediaFailure(path=path, reason=Reason.CHANGED))


def _row(stored: StoredFile) -> VerifiedFile:
    file = stored.file
    return VerifiedFile(
        key=key_of(file.path),
        size=file.size,
        mtime_ns=file.mtime_ns,
        md5=stored.md5,
        etag=stored.etag,
    )
