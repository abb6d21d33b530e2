"""Every object of a prefix, listed in parallel, as quickly as the service answers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from wizard.copying.crt_client import Request, Response
from wizard.core.message import msg
from wizard.core.problem import Problem

if TYPE_CHECKING:
    from wizard.copying.dispatcher import Dispatcher

_LISTERS = 8
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


class OutOfOrder(Exception):
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

    `splits` are keys in the order of their bytes that cut the prefix into
    ranges of about the same size; they need not exist. Raises `ListingRefused`,
    `Stopped`, and `OutOfOrder` where ranges cannot be trusted with this
    service: then list again, without splits.
    """
    if not splits:
        _list_range(dispatcher, prefix, sink, after="", last=None)
        return
    bounds = ["", *splits]
    ranges = zip(bounds, [*splits, None], strict=True)
    with ThreadPoolExecutor(_LISTERS, thread_name_prefix="listing") as pool:
        jobs = [
            pool.submit(_list_range, dispatcher, prefix, sink, after=after, last=last)
            for after, last in ranges
        ]
        seams = [job.result() for job in jobs]
    for (_, beyond), (first, _) in pairwise(seams):
        # SeaweedFS lists folder by folder: `a/x` before `a-b/x`, which no single range
        # notices. Where one range ends, the next has to begin with the very same key.
        if beyond != first:
            raise OutOfOrder(first or beyond)


def _list_range(
    dispatcher: Dispatcher, prefix: str, sink: Sink, *, after: str, last: str | None
) -> tuple[str, str]:
    """List the keys after `after` up to and including `last`.

    Returns the first key that the service gave, and the first beyond `last`
    ("" where there is none).
    """
    in_order = bool(after or last)
    token, previous, first = "", after.encode(), ""
    while True:
        page, token = _page(dispatcher, prefix, after, token)
        first = first or (page[0].key if page else "")
        if in_order:
            previous = _check_order(page, previous)
        beyond = [] if last is None else [o for o in page if o.key.encode() > last.encode()]
        # In order, so what is beyond comes last.
        sink(page[: len(page) - len(beyond)])
        if beyond or not token:
            return first, beyond[0].key if beyond else ""


def _check_order(page: Iterable[Listed], previous: bytes) -> bytes:
    for found in page:
        key = found.key.encode()
        if key <= previous:
            raise OutOfOrder(found.key)
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
