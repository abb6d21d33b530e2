"""Taking stock, before, during and after a copy: what is here, what is there, what holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from wizard.copying.crt_client import Request
from wizard.copying.inventory import Fate, Inventory, Pair
from wizard.copying.listing import Listed, ListingRefused, list_all
from wizard.copying.outcome import MediaCount
from wizard.copying.threads import Stopped
from wizard.media.public import PublicFiles
from wizard.media.source import (
    PREFIX,
    Media,
    MediaFailure,
    MediaFile,
    Reason,
    key_of,
    path_of,
)

if TYPE_CHECKING:
    from wizard.copying.job import Job
    from wizard.copying.progress import ProgressCounter

_WALKED = 2000
# Objects a range of the listing should have at least, for listing in parallel to pay.
_RANGE = 5000
_MOST_RANGES = 64
# Up to so many candidates, catching up asks for each key instead of listing all of them.
_ASKED_ONE_BY_ONE = 500
_ASKERS = 32


class Survey:
    """Walks the media and lists the bucket, for one copy; `count` is what the last walk found."""

    def __init__(
        self,
        media: Media,
        counter: ProgressCounter,
        stop: threading.Event,
        *,
        public: PublicFiles,
        kept_elsewhere: frozenset[bytes],
    ) -> None:
        self._kept_elsewhere = kept_elsewhere
        self._media = media
        self._public = public
        self._counter = counter
        self._stop = stop
        self.count = MediaCount(public=public)

    def walk(
        self,
        found: Callable[[list[MediaFile]], None],
        failed: Callable[[MediaFailure], None],
        *,
        by_kind: bool = False,
    ) -> MediaCount:
        """Hand on all public files, in batches, and what cannot be had. Raises `Stopped`.

        `by_kind`: count them by folder and ending, too; a copy of millions has no use for that.
        """
        count = MediaCount(public=self._public)
        public, is_public = self._public, self._media.is_public
        note = self._kinds_into(count) if by_kind else _leave
        batch: list[MediaFile] = []
        for item in self._media.walk():
            if item.path in self._kept_elsewhere:
                failed(MediaFailure(path=item.path, reason=Reason.BACKSLASH))
            elif isinstance(item, MediaFile):
                note(item)
                if is_public(item.path, public):
                    batch.append(item)
                else:
                    count.hold_back(item)
            elif item.reason is Reason.OUTSIDE:
                count.hold_back_link(item)
            elif item.folder or is_public(item.path, public):
                count.failures += item.reason is not Reason.FILE_SYSTEM
                failed(item)
            if len(batch) == _WALKED:
                self._add(count, batch, found)
                batch = []
        self._add(count, batch, found)
        return count

    def _kinds_into(self, count: MediaCount) -> Callable[[MediaFile], None]:
        """Return what counts a file by its kind, which the site is asked about."""

        def note(file: MediaFile) -> None:
            if self._media.is_in_place(file.path):
                count.count_kind(file)

        return note

    def _add(
        self, count: MediaCount, batch: list[MediaFile], found: Callable[[list[MediaFile]], None]
    ) -> None:
        self._raise_if_stopped()
        found(batch)
        size = sum(file.size for file in batch)
        count.files += len(batch)
        count.size += size
        self._counter.found(len(batch), size)

    def _raise_if_stopped(self) -> None:
        if self._stop.is_set():
            raise Stopped

    def walk_into(self, inventory: Inventory) -> None:
        """Walk the media and write down what is here."""
        self.count = self.walk(inventory.add_files, inventory.add_failure)
        inventory.index()

    def take_everything(self, job: Job) -> None:
        """Find out what is here, public or not, what is there and what was verified."""
        batch: list[MediaFile] = []
        for item in self._media.walk():
            if isinstance(item, MediaFile):
                batch.append(item)
            if len(batch) == _WALKED:
                job.inventory.add_files(batch)
                batch = []
                self._raise_if_stopped()
        job.inventory.add_files(batch)
        job.inventory.index()
        self.list_there(job)
        self.load_verified(job)

    def take(self, job: Job) -> None:
        """Find out what is here, what is there and what was verified."""
        self.walk_into(job.inventory)
        verified, _ = job.journal.verified_count(job.destination)
        job.journal.check_room(max(0, self.count.files - verified))
        self.list_there(job)
        self.load_verified(job)

    def load_verified(self, job: Job) -> None:
        """Load what the journal holds of this destination."""
        job.inventory.load_verified(job.journal, job.destination)

    def list_there(self, job: Job) -> None:
        """List the prefix, in parallel where it is large and the service keeps order."""

        def take(page: list[Listed]) -> None:
            job.inventory.add_there((path_of(o.key), o) for o in page)
            if self._stop.is_set():
                job.dispatcher.stop()

        job.inventory.forget_there()
        list_all(job.dispatcher, PREFIX, self._splits(job), take)
        job.inventory.index_there()

    def _splits(self, job: Job) -> list[str]:
        """Return keys that cut the listing into ranges; none before anything can be there."""
        verified, _ = job.journal.verified_count(job.destination)
        files, _ = job.inventory.totals()
        ranges = min(_MOST_RANGES, max(verified, job.verified.sent) // _RANGE)
        return [key_of(path) for path in job.inventory.splits(files, ranges)]

    def ask_or_list(self, job: Job) -> None:
        """Find out what is there for unverified files: one by one where they are few."""
        candidates = 0
        for page in job.inventory.pairs(Fate.SEND):
            candidates += sum(not pair.is_verified_here for pair in page)
        if candidates > _ASKED_ONE_BY_ONE:
            self.list_there(job)
            return
        for page in job.inventory.pairs(Fate.SEND):
            # Not listed, and not doubted: what was verified before.
            known = [p for p in page if p.is_verified_here]
            job.inventory.add_there(
                (p.file.path, Listed(key="", size=p.file.size, etag=p.verified_etag)) for p in known
            )
            asked = self.heads(job, [p for p in page if not p.is_verified_here])
            job.inventory.add_there((p.file.path, there) for p, there in asked if there)
        job.inventory.index_there()

    def trust_verified(self, job: Job) -> None:
        """Take what was once verified for verified, without a look."""
        for page in job.inventory.pairs(Fate.SEND, known=True):
            known = [pair for pair in page if pair.verified_size >= 0]
            job.inventory.set_fates((Fate.VERIFIED, pair.id) for pair in known)

    def heads(self, job: Job, pairs: list[Pair]) -> list[tuple[Pair, Listed | None]]:
        """Return what is there under these files' keys, None where nothing is."""
        with ThreadPoolExecutor(_ASKERS, thread_name_prefix="asking") as pool:
            found = pool.map(lambda pair: self._head(job, key_of(pair.file.path)), pairs)
            return list(zip(pairs, found, strict=True))

    def _head(self, job: Job, key: str) -> Listed | None:
        answer = job.dispatcher.ask(
            Request(operation="HeadObject", method="HEAD", key=key, done=lambda answer: None)
        )
        if answer.status == 404:
            return None
        if not answer.ok:
            raise ListingRefused(answer)
        return Listed(key=key, size=int(answer.header("content-length") or 0), etag=answer.etag)


def _leave(file: MediaFile) -> None:
    """Count a file nowhere."""
