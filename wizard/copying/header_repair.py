"""Objects that are there already with the right bytes: their headers are fixed in place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from wizard.copying.crt_client import Request, Response
from wizard.copying.etags import etag_in
from wizard.copying.inventory import Fate, Pair
from wizard.copying.object_headers import object_headers
from wizard.copying.verified_writer import StoredFile
from wizard.media.source import MediaFile, Reason, key_of

if TYPE_CHECKING:
    from wizard.copying.job import Job

_ALL_USERS = b"http://acs.amazonaws.com/groups/global/AllUsers"
_GRANT = re.compile(rb"<Grant>.*?</Grant>", re.DOTALL)


def copied_etag(answer: Response) -> str | None:
    """Return the ETag of what a service copied by itself; None where it did not.

    Amazon says OK before it is done, and puts what went wrong after that into the body.
    """
    failed = not answer.ok or b"<Error>" in answer.body
    return None if failed else etag_in(answer.body)


def copied_from(bucket: str, key: str) -> tuple[str, str]:
    """Return the header that names the object which a service is to copy."""
    return "x-amz-copy-source", f"/{bucket}/{quote(key, safe='/-_.~')}"


def copy_headers(key: str, acl: str, source: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the headers that have a service copy an object to `key`, with the right headers.

    `source` is its bucket and its key there.
    """
    return [
        *object_headers(key, acl),
        copied_from(*source),
        ("x-amz-metadata-directive", "REPLACE"),
    ]


@dataclass(slots=True, kw_only=True)
class HeaderRepair:
    """One object that we did not send: looked at, and fixed where it needs it."""

    job: Job
    file: MediaFile
    md5: bytes
    etag: str

    def begin(self) -> None:
        """Ask for the headers of an object with the right bytes; may block for a while."""
        self.job.dispatcher.submit(self._look())

    def read_back(self, pair: Pair) -> None:
        """Compare the object's bytes, since its ETag is none that we can compute."""
        read = Request(
            operation="GetObject",
            method="GET",
            key=self._key,
            done=lambda answer: self._compared(pair, answer),
            with_md5=True,
        )
        if self.file.size == pair.there_size:
            self.job.dispatcher.submit(read)
        else:
            self._differs(pair)

    @property
    def _key(self) -> str:
        return key_of(self.file.path)

    def _compared(self, pair: Pair, answer: Response) -> None:
        if answer.ok and answer.md5 == self.md5:
            self.job.dispatcher.follow_up(self._look())
        elif answer.ok:
            self._differs(pair)
        else:
            self.job.failed(self.file.path, Reason.REFUSED, answer.words)

    def _differs(self, pair: Pair) -> None:
        """Have other bytes sent again where we once set out to send them, else name a conflict."""
        ours = pair.verified_etag in ("", pair.there_etag) and self.job.journal.was_announced(
            self.job.destination, self._key
        )
        fate = Fate.SEND if ours else Fate.CONFLICT
        self.job.inventory.set_fate_of(self.file.path, fate)

    def _look(self) -> Request:
        return Request(operation="HeadObject", method="HEAD", key=self._key, done=self._looked)

    def _looked(self, answer: Response) -> None:
        if not answer.ok:
            self.job.failed(self.file.path, Reason.REFUSED, answer.words)
            return
        wanted = dict(object_headers(self._key, ""))
        if any(answer.header(name.lower()) != value for name, value in wanted.items()):
            self.job.dispatcher.follow_up(self._copy())
        elif self.job.acl == "public-read":
            ask = Request(
                operation="GetObjectAcl",
                method="GET",
                key=self._key,
                done=self._acl_came,
                query="?acl",
            )
            self.job.dispatcher.follow_up(ask)
        else:
            self._verified()

    def _acl_came(self, answer: Response) -> None:
        """Repair an ACL that does not let the public read; one that cannot be read is left."""
        grants = _GRANT.findall(answer.body)
        if answer.ok and not any(_ALL_USERS in g and b"READ" in g for g in grants):
            self.job.dispatcher.follow_up(self._copy())
        else:
            self._verified()

    def _copy(self) -> Request:
        """Return the request that copies the object onto itself, with the right headers."""
        headers = copy_headers(self._key, self.job.acl, (self.job.bucket, self._key))
        return Request(
            operation="CopyObject", method="PUT", key=self._key, done=self._copied, headers=headers
        )

    def _copied(self, answer: Response) -> None:
        etag = copied_etag(answer)
        if etag is None:
            self.job.failed(self.file.path, Reason.HEADERS, answer.words)
            return
        same = etag in (self.etag, self.md5.hex())
        self.etag = etag
        if same:
            self._verified()
            return
        read = Request(
            operation="GetObject",
            method="GET",
            key=self._key,
            done=self._read_again,
            with_md5=True,
        )
        self.job.dispatcher.follow_up(read)

    def _read_again(self, answer: Response) -> None:
        if answer.ok and answer.md5 == self.md5:
            self._verified()
        else:
            self.job.failed(self.file.path, Reason.CORRUPTED, answer.words)

    def _verified(self) -> None:
        self.job.verified.add(StoredFile(file=self.file, md5=self.md5, etag=self.etag, sent=False))
