"""The media of a moving instance: all objects of its old bucket, and what only its disk has.

Where both have a file of one name, that of the bucket counts: it is what visitors see. And objects
of the bucket in use that are misplaced there, as media that it is given where they belong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from wizard.copying.crt_client import Client
from wizard.copying.dispatcher import Dispatcher
from wizard.copying.fetching import Fetcher, Verified
from wizard.copying.listing import Listed, ListingRefused, list_all
from wizard.copying.object_list import ObjectList
from wizard.copying.threads import Stopped
from wizard.copying.visitors import Visitors
from wizard.core.os_errors import ExplainedError
from wizard.core.problem import Problem
from wizard.journal.etags import etags_are_md5
from wizard.journal.public_files import public_files_on_disk
from wizard.media.public import PublicFiles
from wizard.media.source import (
    PREFIX,
    CopySource,
    Digest,
    Digested,
    Folding,
    IncomingFile,
    Media,
    MediaFailure,
    MediaFile,
    Reason,
    Room,
    Spoiled,
    Stream,
    Withheld,
    path_of,
)
from wizard.storage.bucket import Bucket

if TYPE_CHECKING:
    from wizard.copying.crt_client import Response
    from wizard.journal.journal import VerifiedFile
    from wizard.step import Context

_PAGE = 2000
# So many names of what is in conflict are kept.
_NAMED = 1000


class Wanted(Enum):
    """Which objects: those below `images/`, the misplaced ones as well, or those alone."""

    PLACED = "placed"
    ALL = "all"
    MISPLACED = "misplaced"


def _is_foreign(path: bytes) -> bool:
    """Tell whether services or programs may take a name for another one, outside of the media."""
    *folders, name = path.split(b"/")
    odd = b"\0" in path or name in (b".", b"..")
    return odd or any(part in (b"", b".", b"..") for part in folders)


class BucketMedia(Media):
    """The media in a bucket that is read, with those of `disk` beside them (None: without any).

    `context` is that of the bucket, with its keys. `besides` is that of another bucket: what this
    one has by then is left out. `known` gives the objects where the bucket is not to be listed.
    `copied_by_service`: the service that is copied to is the same, and may do it by itself.
    `wanted`: misplaced ones alone are those of the bucket that is copied to, without what the disk
    has as well.
    """

    # While one of them asks what is public, others copy and read.
    readers = 4
    batch = 512

    def __init__(
        self,
        context: Context,
        disk: Media | None,
        *,
        besides: Context | None = None,
        known: Callable[[], Iterator[VerifiedFile]] | None = None,
        copied_by_service: bool = False,
        wanted: Wanted = Wanted.PLACED,
    ) -> None:
        self._context, self._besides, self._known = context, besides, known
        self._disk, self._wanted = disk, wanted
        self._bucket = Bucket(context.settings, context.keys)
        self._etags_are_md5 = etags_are_md5(context.journal, self._bucket.place)
        self.copied_by_service = copied_by_service
        self._stop = threading.Event()
        self._on_disk = public_files_on_disk(context.journal)
        self.may_withhold = known is None
        self._source: Dispatcher | None = None
        self._visitors: Visitors | None = None
        self._guard = threading.RLock()
        self._objects = ObjectList(self._bucket.name)
        self.all_may_be_withheld = wanted is Wanted.MISPLACED

    @property
    def label(self) -> str:
        prefixes = [PREFIX] if self._wanted is not Wanted.MISPLACED else []
        if self._wanted is not Wanted.PLACED:
            prefixes.append(self._objects.misplaced_prefix)
        places = [f"s3://{self._bucket.name}/{prefix}" for prefix in prefixes]
        return " + ".join([*places, *([self._disk.label] if self._disk else [])])

    def ask(self) -> None:
        self._bucket.ask()

    @contextmanager
    def in_use(self, stop: threading.Event) -> Iterator[None]:
        self._stop = stop
        try:
            yield
        finally:
            if self._source is not None:
                self._source.close()
                self._source = None
            if self._visitors is not None:
                self._visitors.close()
                self._visitors = None

    def walk(self) -> Iterator[MediaFile | MediaFailure]:
        self._list()
        if self._wanted is Wanted.MISPLACED and self._objects.count():
            self._leave_out_walked(self._disk)
        for file in self._objects.walk():
            foreign = MediaFailure(path=file.path, reason=Reason.FOREIGN)
            yield foreign if _is_foreign(file.path) else file
        for item in self._disk.walk() if self._disk else ():
            if not self._objects.has(item.path):
                yield item

    def only_here(self, disk: Media, most: int) -> tuple[int, list[str]]:
        """Return how many objects `disk` has no file for, and the names of the first `most`."""
        self._list()
        self._leave_out_walked(disk)
        names = [p.decode(errors="backslashreplace") for p in self._objects.first(most)]
        return self._objects.count(), names

    def _leave_out_walked(self, disk: Media | None) -> None:
        found = iter(disk.walk() if disk else ())
        while batch := list(islice(found, _PAGE)):
            self._objects.leave_out([item.path for item in batch])

    def read(self, files: Sequence[MediaFile]) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        objects = self._objects_of(files)
        if objects:
            yield from self._read_objects([f for f in files if f.path in objects], objects)
        others = [file for file in files if file.path not in objects]
        if others and self._disk:
            yield from self._disk.read(others)

    def look_again(self, files: Sequence[MediaFile]) -> Iterator[MediaFile | MediaFailure]:
        """Yield them; an object is as it was when it was read, or its ETag would be another."""
        objects = self._objects_of(files)
        others = [file for file in files if file.path not in objects]
        looks = iter(self._disk.look_again(others) if self._disk else ())
        for file in files:
            yield file if file.path in objects else next(looks)

    def write(self, files: Iterable[IncomingFile]) -> Iterator[MediaFile | MediaFailure]:
        raise NotImplementedError("a bucket that media come from is only read")

    def folding(self) -> Folding:
        raise NotImplementedError("a bucket that media come from is only read")

    def room(self) -> Room:
        raise NotImplementedError("a bucket that media come from is only read")

    @contextmanager
    def digesting(self) -> Iterator[Digest]:
        if self._disk is None:
            yield lambda files: ()
            return
        with self._disk.digesting() as digest:
            yield lambda files: self._digested(files, digest)

    def _digested(
        self, files: Sequence[MediaFile], digest: Digest
    ) -> Iterable[Digested | MediaFailure]:
        objects = self._objects_of(files)
        return digest([file for file in files if file.path not in objects])

    def copy_source(self, path: bytes) -> CopySource | None:
        if not self.copied_by_service:
            return None
        found = self._objects.find(path)
        return CopySource(self._bucket.name, found.key, found.etag) if found else None

    def is_in_place(self, path: bytes) -> bool:
        return not self._objects.is_misplaced(path)

    def is_public(self, path: bytes, public: PublicFiles) -> bool:
        """Tell it of what only the disk has by what the site served while it was there."""
        return public.has(path) and (self._on_disk.has(path) or self._objects.has(path))

    def withheld(self, files: Sequence[MediaFile]) -> Withheld:
        """Ask for each object without keys: any of them may have an ACL of its own."""
        objects = self._objects_of(files)
        keys = {objects[file.path].key: file for file in files if file.path in objects}
        if not keys:
            return Withheld(asked=0, failures=())
        refused = self._asking().unreadable((key, file.size) for key, file in keys.items())
        failures = [
            MediaFailure(path=keys[key].path, reason=reason)
            for key, reason in sorted(refused.items(), key=itemgetter(0))
        ]
        return Withheld(asked=len(keys), failures=failures)

    def _asking(self) -> Visitors:
        with self._guard:
            if self._visitors is None:
                control = self._context.control
                self._visitors = Visitors(self._context.settings, control, self._stop)
            return self._visitors

    # The bucket ------------------------------------------------------------------------------

    def _list(self) -> None:
        """Find out what the bucket holds now."""
        self._objects.clear()
        self.conflicting, self.conflicts = 0, ()
        if self._known is not None:
            self._objects.add_known(self._known())
            return
        with self._explained():
            # boto3 says in the service's words what is wrong with keys and bucket.
            self._bucket.ask()
            self._list_objects()
        if self._besides is not None:
            self._leave_out(self._besides)

    def _list_objects(self) -> None:
        objects, only = self._objects, self._wanted is Wanted.MISPLACED
        if self._wanted is not Wanted.PLACED:
            self._list_prefix(objects.misplaced_prefix, objects.add_misplaced)
        if objects.has_misplaced or not only:
            self._list_prefix(PREFIX, objects.add)
        if objects.has_misplaced:
            for pairs in objects.on_both_places():
                self._note_conflicts(pairs)
            objects.take_misplaced(only=only)

    def _list_prefix(self, prefix: str, add: Callable[[list[Listed]], None]) -> None:
        def take(page: list[Listed]) -> None:
            add(page)
            if self._stop.is_set():
                raise Stopped

        list_all(self._dispatcher(), prefix, (), take)

    def _note_conflicts(self, pairs: list[tuple[bytes, Listed, Listed]]) -> None:
        """Note which of these are not the same; where the ETags do not tell, by their bytes."""
        unsure = {
            path: (misplaced, placed)
            for path, misplaced, placed in pairs
            if misplaced.size == placed.size and not self._are_md5s(misplaced, placed)
        }
        md5s = [
            self._md5s([(path, both[which]) for path, both in unsure.items()]) for which in (0, 1)
        ]
        differing = [
            misplaced.key
            for path, misplaced, _ in pairs
            if path not in unsure or md5s[0].get(path) != md5s[1].get(path)
        ]
        self.conflicting += len(differing)
        self.conflicts = [*self.conflicts, *differing][:_NAMED]

    def _are_md5s(self, *objects: Listed) -> bool:
        return bool(self._etags_are_md5) and not any("-" in found.etag for found in objects)

    def _md5s(self, objects: list[tuple[bytes, Listed]]) -> dict[bytes, bytes]:
        fetcher = Fetcher(self._dispatcher(), self._stop, etags_are_md5=self._etags_are_md5)
        found: dict[bytes, bytes] = {}
        for incoming in fetcher.incoming(objects):
            try:
                for _ in incoming.pieces():
                    pass
            except Spoiled:
                continue  # what cannot be read is not known to be the same
            found[incoming.path] = fetcher.verified.pop(incoming.path).md5
        return found

    def _leave_out(self, besides: Context) -> None:
        for found in Bucket(besides.settings, besides.keys).list_objects(PREFIX):
            self._objects.leave_out([path_of(found.key)])
            if self._stop.is_set():
                raise Stopped

    def _objects_of(self, files: Sequence[MediaFile]) -> dict[bytes, Listed]:
        return self._objects.find_all([file.path for file in files])

    def _read_objects(
        self, files: Sequence[MediaFile], objects: dict[bytes, Listed]
    ) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        by_path = {file.path: file for file in files}
        wanted = [(file.path, replace(objects[file.path], size=file.size)) for file in files]
        with self._explained():
            fetcher = Fetcher(self._dispatcher(), self._stop, etags_are_md5=self._etags_are_md5)
            for incoming in fetcher.incoming(wanted):
                yield _as_read(incoming, by_path[incoming.path], fetcher.verified)
                fetcher.verified.pop(incoming.path, None)

    def _dispatcher(self) -> Dispatcher:
        with self._guard:
            if self._source is None:
                client = Client(self._context.settings, self._context.keys)
                self._source = Dispatcher(client, self._context.control)
            return self._source

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say what is wrong with this bucket, and not with the one that is written to."""
        try:
            yield
        except ListingRefused as error:
            raise self._problem(error.answer) from error
        except Stopped as error:
            gone = self._source.gone if self._source else None
            if gone is None:
                raise
            raise self._problem(gone) from error

    def _problem(self, answer: Response) -> Problem:
        if not answer.code:
            self._bucket.ask()
        error = {"Code": answer.code or str(answer.status), "Message": answer.words}
        metadata = {"HTTPStatusCode": answer.status}
        return self._bucket.problem_of(
            ClientError({"Error": error, "ResponseMetadata": metadata}, "GetObject")  # type: ignore[typeddict-item]
        )


def _as_read(
    incoming: IncomingFile, file: MediaFile, verified: Mapping[bytes, Verified]
) -> tuple[MediaFile, Stream] | MediaFailure:
    try:
        stream = _Pieces(incoming)
    except Spoiled as spoiled:
        return spoiled.failure
    if incoming.size != file.size:
        # Replaced since it was listed; the next listing has it as it is now.
        return MediaFailure(path=file.path, reason=Reason.CHANGED)
    if whole := verified.get(file.path):
        stream.md5 = whole.md5
    return file, stream


class _Pieces:
    """An object's bytes as a stream. Raises `Spoiled` at once where a small one is spoiled.

    `md5` is that of a small one, which is here as a whole.
    """

    def __init__(self, incoming: IncomingFile) -> None:
        self._pieces = iter(incoming.pieces())
        self._rest = b""
        self.md5 = b""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, b"" at the end. Raises `OSError` where they are not as listed."""
        while not self._rest:
            try:
                piece = next(self._pieces, None)
            except Spoiled as spoiled:
                raise ExplainedError(spoiled.failure.reason.words) from spoiled
            if piece is None:
                return b""
            self._rest = piece
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece
