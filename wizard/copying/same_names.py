"""Files here and objects there of the same name: do they have the same bytes?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from wizard.copying.crt_client import Request
from wizard.copying.etags import read_digests
from wizard.copying.inventory import Fate, Pair
from wizard.copying.threads import Stopped
from wizard.journal.journal import VerifiedFile
from wizard.media.source import MediaFailure, MediaFile, key_of

if TYPE_CHECKING:
    from wizard.copying.job import Job
    from wizard.media.source import Digest


def find_different(job: Job, *, etags_are_md5: bool | None) -> Iterator[bytes]:
    """Yield the paths of files that differ from the objects of their names.

    What is the same is remembered as verified. Files that the bucket does not have are left out.
    """
    job.inventory.keep_verified()
    with job.media.digesting() as digest:
        for page in job.inventory.pairs(Fate.SEND):
            there = [pair for pair in page if pair.there_size >= 0]
            yield from (p.file.path for p in there if p.there_size != p.file.size)
            same_size = [p for p in there if p.there_size == p.file.size]
            for start in range(0, len(same_size), job.media.batch):
                batch = same_size[start : start + job.media.batch]
                yield from _different(job, batch, digest, etags_are_md5=etags_are_md5)


def _different(
    job: Job, pairs: Sequence[Pair], digest: Digest, *, etags_are_md5: bool | None
) -> Iterator[bytes]:
    if job.dispatcher.stopped:
        raise Stopped
    verified: list[VerifiedFile] = []
    by_path = {pair.file.path: pair for pair in pairs}
    for file, md5, etags in _digested(job, pairs, digest):
        pair = by_path[file.path]
        same = pair.there_etag in etags
        if not same and ("-" in pair.there_etag or not etags_are_md5):
            same = _md5_there(job, file.path) == md5
        if not same:
            yield file.path
            continue
        verified.append(
            VerifiedFile(
                key=key_of(file.path),
                size=file.size,
                mtime_ns=file.mtime_ns,
                md5=md5,
                etag=pair.there_etag,
            )
        )
    job.journal.save_verified(job.destination, verified)


def _digested(
    job: Job, pairs: Sequence[Pair], digest: Digest
) -> Iterator[tuple[MediaFile, bytes, frozenset[str]]]:
    """Yield each file with its MD5 and the ETags it may have; what cannot be read is left out."""
    plain = [pair.file for pair in pairs if "-" not in pair.there_etag]
    done: set[bytes] = set()
    for found in digest(plain):
        if isinstance(found, MediaFailure):
            continue
        found.opened.close()
        done.add(found.file.path)
        yield found.file, found.md5, frozenset({found.md5.hex()})
    left = {pair.file.path: pair for pair in pairs if pair.file.path not in done}
    for read in job.media.read([pair.file for pair in left.values()]):
        if isinstance(read, MediaFailure):
            continue
        file, stream = read
        digests = read_digests(stream, file.size, left[file.path].there_etag)
        yield file, digests.md5, digests.etags


def _md5_there(job: Job, path: bytes) -> bytes:
    request = Request(
        operation="GetObject",
        method="GET",
        key=key_of(path),
        done=lambda answer: None,
        with_md5=True,
    )
    answer = job.dispatcher.ask(request)
    return answer.md5 if answer.ok else b""


def differ_now(job: Job, paths: Iterable[bytes]) -> Iterator[bytes]:
    """Yield which of these are no files with the bytes of the objects of their names."""
    files = [MediaFile(path, 0, 0) for path in paths]
    for start in range(0, len(files), job.media.batch):
        for read in job.media.read(files[start : start + job.media.batch]):
            if isinstance(read, MediaFailure):
                yield read.path
                continue
            file, stream = read
            if read_digests(stream, file.size, "").md5 != _md5_there(job, file.path):
                yield file.path
