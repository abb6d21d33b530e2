"""Every object of a prefix, listed in parallel, as quickly as the service answers."""

from __future__ import annotations

import threading
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from wizard.copying.crt_client import Request, Response
from wizard.core.message import msg
from wizard.core.problem import Problem

if TYPE_CHECKING:
    from wizard.copying.dispatcher import Dispatcher

_LISTERS = 8
# A range with more objects is cut where a lister has nothing to do; an empty piece costs a request.
_LONG = 2000
# Storage classes whose objects cannot be read at once (S3's user guide, "Storage classes").
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An object as the listing shows it; `size` in bytes, `etag` without quotes.

    `archived`: it may have to be restored before it can be read. `modified` is when it was
    stored, as the service writes it.
    """

    key: str
    size: int
    etag: str
    archived: bool = False
    modified: str = ""


class _OutOfOrder(Exception):
    """The service does not list in the order of the keys' bytes."""


class ListingRefused(Exception):
    """The listing was refused; the answer says why."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.words)
        self.answer = answer


# Takes a page of objects; called from several threads at once.
Sink = Callable[[list[Listed]], None]


def list_all(dispatcher: Dispatcher, prefix: str, splits: Sequence[str], sink: Sink) -> None:
    """Hand all objects below `prefix` to `sink`, page by page.

    `splits` are keys in the order of their bytes that cut the prefix into ranges of about the same
    size; they need not exist. A range that turns out to be long is cut further, by what its keys
    look like. Where ranges cannot be trusted with this service, all is listed again in one piece:
    then `sink` gets some objects twice. Raises `ListingRefused`, `Stopped` and what `sink` raises.
    """
    ranges = _ranges(["", *splits], None)
    try:
        _Listing(dispatcher, prefix, sink).list(ranges)
    except _OutOfOrder:
        _Listing(dispatcher, prefix, sink, keeps_order=False).list(_ranges([""], None))


@dataclass(slots=True, kw_only=True)
class _Range:
    """The keys after `after` up to and including `last`.

    Once it was listed: the first key that the service gave, and the first beyond `last` ("" where
    there is none). `rest` are the ranges that were cut off its end.
    """

    after: str
    last: str | None
    first: str = ""
    beyond: str = ""
    rest: list[_Range] = field(default_factory=list)

    def pieces(self) -> Iterator[_Range]:
        """Yield it, and what was cut off, in the order of the keys."""
        yield self
        for piece in self.rest:
            yield from piece.pieces()


def _ranges(bounds: Sequence[str], last: str | None) -> list[_Range]:
    """Return the ranges that begin at these keys, of which the final one ends with `last`."""
    ends = [*bounds[1:], last]
    return [_Range(after=after, last=end) for after, end in zip(bounds, ends, strict=True)]


class _Listing:
    """Lists ranges beside each other, and cuts those that are long."""

    def __init__(
        self, dispatcher: Dispatcher, prefix: str, sink: Sink, *, keeps_order: bool = True
    ) -> None:
        self._dispatcher, self._prefix, self._sink = dispatcher, prefix, sink
        self._pool = ThreadPoolExecutor(_LISTERS, thread_name_prefix="listing")
        self._guard = threading.Lock()
        self._jobs: list[Future[None]] = []
        self._left = 0
        # Where one piece is enough for all, it may come in any order.
        self._is_cut = False
        self._keeps_order = keeps_order
        self._failed = False

    def list(self, ranges: Sequence[_Range]) -> None:
        """List these ranges, of which each begins where the one before ends."""
        self._is_cut = len(ranges) > 1
        with self._pool:
            self._submit(ranges)
            while self._jobs:
                self._jobs.pop().result()
        pieces = [piece for one in ranges for piece in one.pieces()]
        for before, after in pairwise(pieces):
            # SeaweedFS lists folder by folder: `a/x` before `a-b/x`, which no single range
            # notices. Where one range ends, the next has to begin with the very same key.
            if before.beyond != after.first:
                raise _OutOfOrder(after.first or before.beyond)

    def _submit(self, ranges: Sequence[_Range]) -> None:
        with self._guard:
            self._left += len(ranges)
        self._jobs += [self._pool.submit(self._list_range, one) for one in ranges]

    def _list_range(self, one: _Range) -> None:
        try:
            self._list_pages(one)
        except BaseException:
            self._failed = True
            raise
        finally:
            with self._guard:
                self._left -= 1

    def _list_pages(self, one: _Range) -> None:
        token, previous, seen = "", one.after.encode(), list[str]()
        while not self._failed:
            page, token = _page(self._dispatcher, self._prefix, one.after, token)
            one.first = one.first or (page[0].key if page else "")
            previous = self._check_order(page, previous)
            beyond = [] if one.last is None else _beyond(page, one.last)
            one.beyond = beyond[0].key if beyond else ""
            # In order, so what is beyond comes last.
            self._sink(page[: len(page) - len(beyond)])
            if beyond or not token:
                return
            seen += [found.key for found in page]
            if len(seen) >= _LONG:
                self._cut(one, seen)
                seen = []

    def _check_order(self, page: Sequence[Listed], previous: bytes) -> bytes:
        try:
            return _check_order(page, previous) if self._keeps_order else previous
        except _OutOfOrder:
            if self._is_cut:
                raise
            self._keeps_order = False
            return previous

    def _cut(self, one: _Range, seen: Sequence[str]) -> None:
        """Cut a range that continues after what was `seen` of it, if a lister has nothing to do."""
        if self._left >= _LISTERS or not self._keeps_order:
            return
        cuts = [cut for cut in likely_cuts(seen) if self._is_within(cut, one)]
        if not cuts:
            return
        pieces = _ranges(cuts, one.last)
        one.last = cuts[0]
        one.rest = [*pieces, *one.rest]
        self._is_cut = True
        self._submit(pieces)

    def _is_within(self, cut: str, one: _Range) -> bool:
        return cut.startswith(self._prefix) and (one.last is None or _is_before(cut, one.last))


def likely_cuts(seen: Sequence[str]) -> list[str]:
    """Return a few keys that may cut what comes after these into ranges of a similar number.

    Names of uploads are random or counted: what comes next at the place where the first and the
    last one differ is likely to begin as many. And another folder may come.
    """
    first, last = seen[0], seen[-1]
    place = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), -1)
    if place < 0:
        return []
    folder = last.rfind("/", 0, place) + 1
    letters = {c for key in seen for c in key[place : place + 2] if c.isascii() and c.isalnum()}
    cuts: list[str] = []
    while not cuts and place >= folder:
        cuts = [last[:place] + letter for letter in sorted(letters) if letter > last[place]]
        place -= 1
    if folder:
        # "0" comes after "/".
        cuts.append(last[: folder - 1] + "0")
    return cuts[:: ceil(len(cuts) / _LISTERS) or 1]


def _is_before(key: str, other: str) -> bool:
    return key.encode() < other.encode()


def _beyond(page: Sequence[Listed], last: str) -> list[Listed]:
    return [found for found in page if _is_before(last, found.key)]


def _check_order(page: Iterable[Listed], previous: bytes) -> bytes:
    for found in page:
        key = found.key.encode()
        if key <= previous:
            raise _OutOfOrder(found.key)
        previous = key
    return previous


def _page(dispatcher: Dispatcher, prefix: str, after: str, token: str) -> tuple[list[Listed], str]:
    query = f"?encoding-type=url&list-type=2&prefix={quote(prefix, safe='')}"
    if token:
        query = f"?continuation-token={quote(token, safe='')}&{query[1:]}"
    elif after:
        query += f"&start-after={quote(after, safe='')}"
    request = Request(
        operation="ListObjectsV2",
        method="GET",
        key="",
        done=lambda answer: None,
        query=query,
        collect=True,
    )
    answer = dispatcher.ask(request)
    if not answer.ok:
        raise ListingRefused(answer)
    return _parse(answer.body)


def _parse(body: bytes) -> tuple[list[Listed], str]:
    """Return a page's objects and the token of the next page, "" at the last."""
    try:
        root = ET.fromstring(body)  # noqa: S314 (expat refuses entity bombs since 2.4.1)
    except ET.ParseError as error:
        raise _no_listing(str(error)) from error
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    if root.tag != f"{space}ListBucketResult":
        raise _no_listing(f"<{root.tag}>")
    encoded = root.findtext(f"{space}EncodingType") == "url"
    objects = []
    for item in root.iterfind(f"{space}Contents"):
        key = item.findtext(f"{space}Key", "")
        size, etag = item.findtext(f"{space}Size", "0"), item.findtext(f"{space}ETag", "")
        archived = item.findtext(f"{space}StorageClass", "") in _ARCHIVES
        listed = Listed(
            key=unquote_plus(key) if encoded else key,
            size=int(size),
            etag=etag.strip('"'),
            archived=archived,
            modified=item.findtext(f"{space}LastModified", ""),
        )
        objects.append(listed)
    more = root.findtext(f"{space}IsTruncated") == "true"
    return objects, (root.findtext(f"{space}NextContinuationToken") or "") if more else ""


def _no_listing(raw: str) -> Problem:
    return Problem(
        msg("The storage service answered with something that is not a listing."),
        msg("The endpoint may be a website or a proxy rather than an S3 service."),
        msg("Check the endpoint, then start again."),
        raw=raw,
        field="endpoint",
        code="endpoint-not-s3",
    )
