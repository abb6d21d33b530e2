"""Files that were made private where they come from after their copy: they are public nowhere.

Each was asked for without keys before it was copied. So that this need not be repeated by every
pass, all of them are asked for again at the end.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wizard.copying.inventory import Fate
from wizard.copying.threads import Stopped
from wizard.core.message import Message, msg, plural
from wizard.core.quantities import name_some
from wizard.media.source import Reason, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from wizard.copying.inventory import Pair
    from wizard.copying.job import Job
    from wizard.copying.listing import Listed
    from wizard.copying.survey import Survey
    from wizard.storage.bucket import Bucket

# Before those that were refused are asked for again: a network in between may refuse for a moment.
_SECONDS = 2.0
# Where more than half of so many are refused, the old bucket as a whole was closed.
_ENOUGH = 1000
_SHOWN = 20


def withdraw(job: Job, survey: Survey, bucket: Bucket, stop: threading.Event) -> Message | None:
    """Delete in `bucket` the copies of what is private by now where it comes from.

    Only those that are as they were when they were verified. Returns what became of them, None
    where there are none. Raises `Stopped`.
    """
    asked, private = _refused(job, stop)
    if not private:
        return None
    if stop.wait(_SECONDS):
        raise Stopped
    private = _still_refused(job, private)
    if not private:
        return None
    if len(private) * 2 > asked:
        return _closed(len(private), asked)
    gone = [p for p, there in survey.heads(job, private) if there and _is_ours(p, there)]
    for pair in gone:
        # Forgotten first: what a kill leaves in between is ours to replace, and asked for again.
        job.journal.forget_verified(job.destination, [key_of(pair.file.path)])
        bucket.delete(key_of(pair.file.path))
        job.inventory.leave_out([pair.file.path])
    return _withdrawn([pair.file.path for pair in gone]) if gone else None


def _is_ours(pair: Pair, there: Listed) -> bool:
    return (there.size, there.etag) == (pair.verified_size, pair.verified_etag)


def _refused(job: Job, stop: threading.Event) -> tuple[int, list[Pair]]:
    """Return how many were asked for, and which of them the public was refused."""
    asked = 0
    private: list[Pair] = []
    for page in job.inventory.pairs(Fate.VERIFIED):
        number, refused = _ask(job, page)
        asked += number
        private += refused
        if stop.is_set():
            raise Stopped
        if asked > _ENOUGH and len(private) * 2 > asked:
            break
    return asked, private


def _still_refused(job: Job, pairs: Sequence[Pair]) -> list[Pair]:
    return _ask(job, pairs)[1]


def _ask(job: Job, pairs: Sequence[Pair]) -> tuple[int, list[Pair]]:
    found = job.media.withheld([pair.file for pair in pairs])
    refused = {f.path for f in found.failures if f.reason is Reason.PRIVATE}
    return found.asked, [pair for pair in pairs if pair.file.path in refused]


def _withdrawn(paths: Iterable[bytes]) -> Message:
    names = [path.decode(errors="backslashreplace") for path in paths]
    return msg(
        "Made private in the old bucket since they were copied, so removed from the new one "
        "again: {names}",
        names=name_some(names, _SHOWN),
    )


def _closed(refused: int, asked: int) -> Message:
    return plural(
        "The public can no longer read {n} of {asked} copied files in the old bucket: it seems to "
        "have been closed. In the new bucket it stays public.",
        "The public can no longer read {n} of {asked} copied files in the old bucket: it seems to "
        "have been closed. In the new bucket they stay public.",
        refused,
        asked=asked,
    )
