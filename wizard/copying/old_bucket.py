"""The media of a moving instance: all objects of its old bucket, and what only its disk has.

Where both have a file of one name, that of the bucket counts: it is what visitors see.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from wizard.copying.crt_client import Client
from wizard.copying.dispatcher import Dispatcher
from wizard.copying.fetching import Fetcher
from wizard.copying.listing import Listed, ListingRefused, list_all
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

_SCHEMA = """
CREATE TABLE objects (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, etag TEXT NOT NULL
) WITHOUT ROWID;
"""


class BucketMedia(Media):
    """The media in a bucket that is read, with those of `disk` beside them (None: without any).

    `context` is that of the bucket, with its keys. `besides` is that of another bucket: what this
    one has by then is left out. `known` gives the objects where the bucket is not to be listed.
    `copied_by_service`: the service that is copied to is the same, and may do it by itself.
    """

    readers = 2
    batch = 512

    def __init__(
        self,
        context: Context,
        disk: Media | None,
        *,
        besides: Context | None = None,
        known: Callable[[], Iterator[VerifiedFile]] | None = None,
        copied_by_service: bool = False,
    ) -> None:
        self._context, self._besides, self._known = context, besides, known
        self._disk = disk
        self._bucket = Bucket(context.settings, context.keys)
        self._etags_are_md5 = etags_are_md5(context.journal, self._bucket.place)
        self.copied_by_service = copied_by_service
        self._stop = threading.Event()
        self._on_disk = public_files_on_disk(context.journal)
        self.may_withhold = known is None
        self._source: Dispatcher | None = None
        self._visitors: Visitors | None = None
        self._guard = threading.RLock()
        # A file of SQLite's own, without a name, which goes away with the connection.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.executescript(_SCHEMA)

    @property
    def label(self) -> str:
        bucket = f"s3://{self._bucket.name}/{PREFIX}"
        return f"{bucket} + {self._disk.label}" if self._disk else bucket

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
        last = b""
        query = "SELECT path, size, mtime_ns FROM objects WHERE path > ? ORDER BY path LIMIT ?"
        while rows := self._rows(query, (last, _PAGE)):
            last = rows[-1][0]
            yield from (MediaFile(*row) for row in rows)
        for item in self._disk.walk() if self._disk else ():
            if not self._is_object(item.path):
                yield item

    def only_here(self, disk: Media, most: int) -> tuple[int, list[str]]:
        """Return how many objects `disk` has no file for, and the names of the first `most`."""
        self._list()
        found = iter(disk.walk())
        while batch := list(islice(found, _PAGE)):
            self._write("DELETE FROM objects WHERE path = ?", [(item.path,) for item in batch])
        number = self._rows("SELECT count(*) FROM objects", ())[0][0]
        rows = self._rows("SELECT path FROM objects ORDER BY path LIMIT ?", (most,))
        return number, [path.decode(errors="backslashreplace") for (path,) in rows]

    def read(self, files: Sequence[MediaFile]) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        objects = {file.path: file for file in files if self._is_object(file.path)}
        if objects:
            yield from self._read_objects(objects)
        others = [file for file in files if file.path not in objects]
        if others and self._disk:
            yield from self._disk.read(others)

    def look_again(self, files: Sequence[MediaFile]) -> Iterator[MediaFile | MediaFailure]:
        """Yield them; an object is as it was when it was read, or its ETag would be another."""
        others = [file for file in files if not self._is_object(file.path)]
        looks = iter(self._disk.look_again(others) if self._disk else ())
        for file in files:
            yield file if self._is_object(file.path) else next(looks)

    def write(self, files: Iterable[IncomingFile]) -> Iterator[MediaFile | MediaFailure]:
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
        return digest([file for file in files if not self._is_object(file.path)])

    def copy_source(self, path: bytes) -> CopySource | None:
        if not self.copied_by_service:
            return None
        rows = self._rows("SELECT etag FROM objects WHERE path = ?", (path,))
        return CopySource(self._bucket.name, rows[0][0]) if rows else None

    def is_public(self, path: bytes, public: PublicFiles) -> bool:
        """Tell it of what only the disk has by what the site served while it was there."""
        return public.has(path) and (self._on_disk.has(path) or self._is_object(path))

    def withheld(self, files: Sequence[MediaFile]) -> Withheld:
        """Ask for each object without keys: any of them may have an ACL of its own."""
        objects = [(file.path, file.size) for file in files if self._is_object(file.path)]
        if not objects:
            return Withheld(asked=0, failures=())
        if self._visitors is None:
            self._visitors = Visitors(self._context.settings, self._context.control, self._stop)
        found = self._visitors.unreadable(objects)
        failures = [
            MediaFailure(path=path, reason=reason)
            for path, reason in sorted(found.items(), key=itemgetter(0))
        ]
        return Withheld(asked=len(objects), failures=failures)

    # The bucket ------------------------------------------------------------------------------

    def _list(self) -> None:
        """Find out what the bucket holds now."""
        self._write("DELETE FROM objects", [()])
        if self._known is not None:
            rows = ((path_of(f.key), f.size, f.mtime_ns, f.etag) for f in self._known())
            self._write("INSERT INTO objects VALUES (?,?,?,?)", rows)
            return
        with self._explained():
            # boto3 says in the service's words what is wrong with keys and bucket.
            self._bucket.ask()
            list_all(self._dispatcher(), PREFIX, (), self._take)
        if self._besides is not None:
            self._leave_out(self._besides)

    def _take(self, page: list[Listed]) -> None:
        rows = [
            (path, found.size, _time_of(found), found.etag)
            for path, found in ((path_of(found.key), found) for found in page)
            # What consoles store for an empty folder is no file.
            if found.size or not (path.endswith(b"/") or not path)
        ]
        self._write("INSERT OR REPLACE INTO objects VALUES (?,?,?,?)", rows)
        if self._stop.is_set():
            raise Stopped

    def _leave_out(self, besides: Context) -> None:
        for found in Bucket(besides.settings, besides.keys).list_objects(PREFIX):
            self._write("DELETE FROM objects WHERE path = ?", [(path_of(found.key),)])
            if self._stop.is_set():
                raise Stopped

    def _read_objects(
        self, files: dict[bytes, MediaFile]
    ) -> Iterator[tuple[MediaFile, Stream] | MediaFailure]:
        etags = {path: self._listed(file) for path, file in files.items()}
        with self._explained():
            fetcher = Fetcher(self._dispatcher(), self._stop, etags_are_md5=self._etags_are_md5)
            for incoming in fetcher.incoming(etags.items()):
                yield _as_read(incoming, files[incoming.path])
                fetcher.proofs.pop(incoming.path, None)

    def _listed(self, file: MediaFile) -> Listed:
        rows = self._rows("SELECT etag FROM objects WHERE path = ?", (file.path,))
        return Listed(key="", size=file.size, etag=rows[0][0])

    def _is_object(self, path: bytes) -> bool:
        return bool(self._rows("SELECT 1 FROM objects WHERE path = ?", (path,)))

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._guard:
            self._database.execute("BEGIN")
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")

    def _rows(self, query: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        with self._guard:
            return self._database.execute(query, values).fetchall()

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


def _time_of(found: Listed) -> int:
    """Return when an object was stored, in nanoseconds since the epoch; 0 where nobody says it."""
    try:
        return round(datetime.fromisoformat(found.modified).timestamp() * 1e3) * 1_000_000
    except ValueError:
        return 0


def _as_read(incoming: IncomingFile, file: MediaFile) -> tuple[MediaFile, Stream] | MediaFailure:
    try:
        stream = _Pieces(incoming)
    except Spoiled as spoiled:
        return spoiled.failure
    if incoming.size != file.size:
        # Replaced since it was listed; the next listing has it as it is now.
        return MediaFailure(path=file.path, reason=Reason.CHANGED)
    return file, stream


class _Pieces:
    """An object's bytes as a stream. Raises `Spoiled` at once where a small one is spoiled."""

    def __init__(self, incoming: IncomingFile) -> None:
        self._pieces = iter(incoming.pieces())
        self._rest = b""

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
