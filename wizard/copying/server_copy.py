"""Objects that the service copies from the old bucket by itself: no bytes pass through here.

Verified by the ETag where it is an MD5; else the bytes of both sides are compared like those of
an object that was there before.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from wizard.copying.crt_client import Request, Response
from wizard.copying.header_repair import copied_etag, copied_from, copy_headers
from wizard.copying.inventory import Fate
from wizard.copying.large_file import LargeFile, PartFailed
from wizard.copying.listing import Listed
from wizard.copying.object_headers import CACHE_CONTROL, content_type
from wizard.copying.verified_writer import StoredFile
from wizard.media.source import CopySource, MediaFile, key_of
from wizard.storage.bucket import S3_ERRORS, Bucket

if TYPE_CHECKING:
    from wizard.copying.inventory import Pair
    from wizard.copying.job import Job

# S3 takes up to 5 GiB at once, but says nothing until it is done; what says nothing for a minute
# counts as hanging. Larger objects are copied in parts of this size.
MOST_AT_ONCE = 256 << 20
_MD5 = re.compile(r"[0-9a-f]{32}")


class ServerCopies:
    """Has the service copy what it can; `etags_are_md5` is how its ETags are known to be.

    Whether it may at all, the first object shows: the keys of the new bucket have to be let into
    the old one.
    """

    def __init__(self, job: Job, bucket: Bucket, *, etags_are_md5: bool | None) -> None:
        self._job, self._bucket = job, bucket
        self._etags_are_md5 = etags_are_md5
        self._guard = threading.Lock()
        self._tried = False
        self._refused: set[bytes] = set()

    def copy(self, batch: Sequence[Pair]) -> list[Pair]:
        """Have these copied; returns those that have to be read. Raises `Stopped`."""
        left = []
        for pair in batch:
            source = self._source(pair.file)
            if source is None:
                left.append(pair)
            elif pair.file.size > MOST_AT_ONCE:
                self._copy_parts(pair.file, source)
            else:
                self._job.dispatcher.submit(self._request(pair.file, source))
        return left

    def _source(self, file: MediaFile) -> CopySource | None:
        if file.path in self._refused:
            return None
        source = self._job.media.copy_source(file.path)
        if source is None:
            return None
        with self._guard:
            if not self._tried:
                if file.size > MOST_AT_ONCE:
                    return None  # a smaller one shows it
                self._tried = True
                self._job.media.copied_by_service = self._is_allowed(file, source)
        return source if self._job.media.copied_by_service else None

    def _is_allowed(self, file: MediaFile, source: CopySource) -> bool:
        """Have one object copied to where it belongs, and see whether that is let."""
        key, extra = key_of(file.path), {"ACL": self._job.acl} if self._job.acl else {}
        client, name = self._bucket.client, self._bucket.name
        try:
            client.copy_object(
                Bucket=name,
                Key=key,
                CopySource={"Bucket": source.bucket, "Key": source.key},
                MetadataDirective="REPLACE",
                ContentType=content_type(key),
                CacheControl=CACHE_CONTROL,
                **extra,  # type: ignore[arg-type]
            )
            there = client.head_object(Bucket=name, Key=key)
        except S3_ERRORS:
            return False
        return there["ContentLength"] == file.size

    def _request(self, file: MediaFile, source: CopySource) -> Request:
        key = key_of(file.path)
        headers = copy_headers(key, self._job.acl, (source.bucket, source.key))
        headers.append(("x-amz-copy-source-if-match", f'"{source.etag}"'))
        return Request(
            operation="CopyObject",
            method="PUT",
            key=key,
            done=lambda answer: self._copied(file, source, answer),
            headers=headers,
        )

    def _copied(self, file: MediaFile, source: CopySource, answer: Response) -> None:
        etag = copied_etag(answer)
        if etag is None:
            # It stays among those to be sent, and is read here.
            self._refused.add(file.path)
        elif etag == source.etag and _MD5.fullmatch(etag) and self._etags_are_md5 is not False:
            self._job.verified.add(
                StoredFile(file=file, md5=bytes.fromhex(etag), etag=etag, sent=True)
            )
        else:
            self._to_compare(file, etag)

    def _copy_parts(self, file: MediaFile, source: CopySource) -> None:
        copy = _CopyInParts(job=self._job, file=file, source=source)
        etag = copy.run()
        if etag is None:
            self._refused.add(file.path)
        else:
            self._to_compare(file, etag)

    def _to_compare(self, file: MediaFile, etag: str) -> None:
        """Have its bytes compared on both sides."""
        inventory = self._job.inventory
        inventory.note_there(file.path, Listed(key="", size=file.size, etag=etag))
        inventory.set_fate_of(file.path, Fate.COMPARE)


@dataclass(slots=True, kw_only=True)
class _CopyInParts(LargeFile):
    """An object that is too large to be copied at once."""

    source: CopySource = field(default_factory=lambda: CopySource("", "", ""))

    def run(self) -> str | None:
        """Have it copied part by part; returns its ETag, None where the service does not.

        Raises `Stopped`.
        """
        self.key = key_of(self.file.path)
        try:
            self._begin()
            for start in range(0, self.file.size, MOST_AT_ONCE):
                self._copy_part(start)
            return self._finish()
        except PartFailed:
            self._abort()
            return None

    def _copy_part(self, start: int) -> None:
        number = start // MOST_AT_ONCE + 1
        last = min(start + MOST_AT_ONCE, self.file.size) - 1
        headers = [
            copied_from(self.source.bucket, self.source.key),
            ("x-amz-copy-source-range", f"bytes={start}-{last}"),
            ("x-amz-copy-source-if-match", f'"{self.source.etag}"'),
        ]
        query = f"?partNumber={number}&uploadId={quote(self._upload, safe='')}"
        answer = self._ask("UploadPartCopy", "PUT", query, headers)
        etag = copied_etag(answer)
        if etag is None:
            raise PartFailed(answer.words)
        self._etags[number] = etag
