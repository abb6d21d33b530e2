"""Objects of a bucket as files to be written: many on their way at once, and checked by MD5."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from wizard.copying.crt_client import Request, Response
from wizard.copying.etags import MIB, RunningDigests
from wizard.copying.threads import Stopped, Worker
from wizard.media.source import IncomingFile, MediaFailure, Reason, Spoiled, key_of

if TYPE_CHECKING:
    from wizard.copying.dispatcher import Dispatcher
    from wizard.copying.listing import Listed

# Above this an object comes in parts, so many of them at once.
_LARGE = _PART = 8 * MIB
_PARTS_AHEAD = 4
# What is on its way or waits for the disk; more would only fill the memory.
_MOST_BYTES, _MOST_OBJECTS = 48 * MIB, 512
# More is asked for when such a part of that was taken: waking for each object costs more than it.
_A_WAKING = 16
_SECONDS_A_LOOK = 0.2
# Such an object's ETag is no MD5 of its bytes (S3's user guide, "Checking object integrity").
_ENCRYPTED = "x-amz-server-side-encryption"


@dataclass(frozen=True, slots=True)
class Verified:
    """The MD5 of an object's bytes, and the ETag that the service gives it."""

    md5: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class _Object:
    path: bytes
    listed: Listed

    @property
    def key(self) -> str:
        return self.listed.key or key_of(self.path)

    @property
    def is_large(self) -> bool:
        return self.listed.size > _LARGE


_Pair = tuple[bytes, "Listed"]


class Fetcher:
    """Reads objects by their keys, or those of their paths.

    `by_size` counts those without a digest to check by.
    What is there when it is read counts, not what was listed. `verified` has each that was read to
    its end, until somebody takes it out. `etags_are_md5` as `wizard.journal.etags` says it.
    """

    def __init__(
        self, dispatcher: Dispatcher, stop: threading.Event, *, etags_are_md5: bool | None
    ) -> None:
        self._dispatcher = dispatcher
        self._stop = stop
        self._etags_are_md5 = etags_are_md5
        self.by_size = 0
        self.verified: dict[bytes, Verified] = {}

    def incoming(self, objects: Iterable[_Pair]) -> Iterator[IncomingFile]:
        """Yield each object, by its path, as a file to be written, as they arrive.

        Raises `Stopped`, and what `objects` raises.
        """
        flow = _Flow(self._dispatcher, self._stop, objects)
        try:
            for found, answer in flow.arrived():
                yield self._file(found, answer)
        finally:
            flow.end()

    def _file(self, found: _Object, answer: Response | None) -> IncomingFile:
        if answer is None:
            return IncomingFile(found.path, found.listed.size, partial(self._parts, found))
        # As long as it is now: it may have been replaced since it was listed.
        size = len(answer.body) if answer.ok else 0
        return IncomingFile(found.path, size, partial(self._whole, found.path, answer))

    def _whole(self, path: bytes, answer: Response) -> list[bytes]:
        """Return a small object's bytes. Raises `Spoiled`."""
        _refuse(path, answer)
        etag = answer.etag
        if etag == answer.md5.hex():
            self.verified[path] = Verified(answer.md5, etag)
        else:
            digests = RunningDigests(len(answer.body), etag)
            digests.update(answer.body)
            self._verify(path, digests, answer)
        return [answer.body]

    def _parts(self, found: _Object) -> Iterator[bytes]:
        """Yield a large object's bytes. Raises `Spoiled`, also where another takes its place."""
        path, size = found.path, found.listed.size
        first = self._dispatcher.ask(_part_of(found, 0, ""))
        _refuse(path, first)
        digests, left = RunningDigests(size, first.etag), size
        for answer in self._answers(found, first):
            _refuse(path, answer)
            digests.update(answer.body)
            left -= len(answer.body)
            yield answer.body
        if left:
            raise Spoiled(MediaFailure(path=path, reason=Reason.SPOILED))
        self._verify(path, digests, first)

    def _answers(self, found: _Object, first: Response) -> Iterator[Response]:
        """Yield the answers for all parts in their order, a few of them asked for ahead."""
        yield first
        ahead: deque[SimpleQueue[Response]] = deque()
        for start in range(_PART, found.listed.size, _PART):
            came: SimpleQueue[Response] = SimpleQueue()
            request = _part_of(found, start, first.etag)
            request.done = came.put
            self._dispatcher.submit(request)
            ahead.append(came)
            if len(ahead) == _PARTS_AHEAD:
                yield self._awaited(ahead.popleft())
        while ahead:
            yield self._awaited(ahead.popleft())

    def _awaited(self, came: SimpleQueue[Response]) -> Response:
        while True:
            try:
                return came.get(timeout=_SECONDS_A_LOOK)
            except Empty:
                raise_if_stopped(self._dispatcher, self._stop)

    def _verify(self, path: bytes, read: RunningDigests, answer: Response) -> None:
        """Note that these are the object's bytes. Raises `Spoiled` where they are not."""
        digests, etag = read.digests(), answer.etag
        if etag not in digests.etags:
            encrypted = answer.header(_ENCRYPTED).startswith("aws:")
            if "-" not in etag and not encrypted and self._etags_are_md5 is not False:
                raise Spoiled(MediaFailure(path=path, reason=Reason.SPOILED))
            self.by_size += 1
        self.verified[path] = Verified(digests.md5, etag)


class _Flow:
    """Asks for objects in a thread of its own, so many ahead as may wait here."""

    def __init__(
        self, dispatcher: Dispatcher, stop: threading.Event, objects: Iterable[_Pair]
    ) -> None:
        self._dispatcher, self._stop, self._objects = dispatcher, stop, objects
        self._arrived: SimpleQueue[tuple[_Object, Response | None]] = SimpleQueue()
        self._room = threading.Condition()
        self._count = self._bytes = self._asked = self._enough = 0
        self._ended = False
        self._feeder = Worker(self._feed, "fetching")

    def arrived(self) -> Iterator[tuple[_Object, Response | None]]:
        """Yield each object with its answer; without one where it is too large for that."""
        taken = 0
        while self._feeder.is_alive() or taken < self._asked:
            try:
                item = self._arrived.get(timeout=_SECONDS_A_LOOK)
            except Empty:
                self._feeder.raise_error()
                raise_if_stopped(self._dispatcher, self._stop)
                continue
            taken += 1
            # What ends all, such as a bucket that is gone, is no answer about this object.
            raise_if_stopped(self._dispatcher, self._stop)
            yield item
            self._change(-1, -_held(item[0]))
        self._feeder.raise_error()
        raise_if_stopped(self._dispatcher, self._stop)

    def end(self) -> None:
        """Ask for nothing more."""
        with self._room:
            self._ended = True
            self._room.notify_all()
        self._feeder.join()

    def _feed(self) -> None:
        for path, listed in self._objects:
            found = _Object(path, listed)
            if not self._await_room(_held(found)):
                return
            self._change(1, _held(found))
            self._asked += 1
            if found.is_large:
                self._arrived.put((found, None))
            else:
                self._dispatcher.submit(_whole_of(found, partial(self._arrive, found)))

    def _arrive(self, found: _Object, answer: Response) -> None:
        self._arrived.put((found, answer))

    def _await_room(self, size: int) -> bool:
        """Wait until there is room; False where nobody wants more."""
        with self._room:
            while not self._ended and self._count and not self._fits(size):
                raise_if_stopped(self._dispatcher, self._stop)
                self._enough = self._count - self._count // _A_WAKING
                self._room.wait(_SECONDS_A_LOOK)
            return not self._ended

    def _fits(self, size: int) -> bool:
        return self._count < _MOST_OBJECTS and self._bytes + size <= _MOST_BYTES

    def _change(self, count: int, size: int) -> None:
        with self._room:
            self._count += count
            self._bytes += size
            if self._count <= self._enough:
                self._room.notify_all()


def raise_if_stopped(dispatcher: Dispatcher, stop: threading.Event) -> None:
    """Raise `Stopped` where somebody wants that, or where going on makes no sense."""
    if stop.is_set() or dispatcher.stopped:
        raise Stopped


def _held(found: _Object) -> int:
    return 0 if found.is_large else found.listed.size


def _whole_of(found: _Object, done: Callable[[Response], None]) -> Request:
    return Request(
        operation="GetObject",
        method="GET",
        key=found.key,
        done=done,
        collect=True,
        expects=found.listed.size,
        with_md5=True,
    )


def _part_of(found: _Object, start: int, etag: str) -> Request:
    """Return the request for a part; with `etag` of that very object only."""
    last = min(start + _PART, found.listed.size) - 1
    headers = [("Range", f"bytes={start}-{last}")]
    if etag:
        headers.append(("If-Match", f'"{etag}"'))
    return Request(
        operation="GetObject",
        method="GET",
        key=found.key,
        done=lambda answer: None,
        headers=headers,
        collect=True,
        expects=last + 1 - start,
    )


def _refuse(path: bytes, answer: Response) -> None:
    """Raise `Spoiled` for an answer without the bytes."""
    if answer.ok:
        return
    if answer.status == 404 and answer.code != "NoSuchBucket":
        raise Spoiled(MediaFailure(path=path, reason=Reason.VANISHED))
    if answer.code == "InvalidObjectState":
        raise Spoiled(MediaFailure(path=path, reason=Reason.ARCHIVED))
    if answer.status in (412, 416):
        raise Spoiled(MediaFailure(path=path, reason=Reason.SPOILED))
    raise Spoiled(MediaFailure(path=path, reason=Reason.REFUSED, detail=answer.words))
