"""What the public cannot read in the bucket that it comes from: it is not published elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.copying.inventory import Fate
from wizard.core.message import Message, msg, plural
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.core.quantities import name_some
from wizard.media.source import Reason

if TYPE_CHECKING:
    from wizard.copying.job import Job
    from wizard.copying.outcome import MediaCount
    from wizard.media.source import MediaFailure, MediaFile

_SHOWN = 20


def withhold(job: Job, count: MediaCount, *, may_be_all: bool) -> None:
    """Take such files out of what is to be copied, and out of the `count`.

    What was verified before was asked for then. Where there is no answer, a file counts as
    failed. Raises a `Problem` where the public reads nothing at all, unless that `may_be_all`
    there was to be asked for.
    """
    if not job.media.may_withhold:
        return
    asked = refused = 0
    for fate in (Fate.SEND, Fate.COMPARE, Fate.CONFLICT):
        for page in job.inventory.pairs(fate):
            files = {pair.file.path: pair.file for pair in page}
            found = job.media.withheld(list(files.values()))
            asked += found.asked
            refused += len(found.failures)
            for failure in found.failures:
                _take_out(job, count, files[failure.path], failure)
    if asked == refused > 0 and not may_be_all:
        raise _nothing_is_public(refused, [*count.withheld, *_failed(job)])


def note_of(count: MediaCount) -> Message:
    """Return what is said of them at once, with their names."""
    return msg(
        "Held back, since the public cannot read them where they are now: {names}",
        names=name_some(count.withheld, _SHOWN),
    )


def _take_out(job: Job, count: MediaCount, file: MediaFile, failure: MediaFailure) -> None:
    if failure.reason is not Reason.PRIVATE:
        job.failed(file.path, failure.reason)
        return
    job.inventory.leave_out([file.path])
    count.withhold(file)
    job.counter.found(-1, -file.size)


def _failed(job: Job) -> list[str]:
    return [
        f"{failure.path.decode(errors='backslashreplace')}: {failure.reason.words}"
        for failure in job.inventory.failures(_SHOWN)
    ]


def _nothing_is_public(number: int, names: list[str]) -> Problem:
    return Problem(
        plural(
            "The public cannot read the {n} file in the old bucket that is to be copied.",
            "The public can read none of the {n} files in the old bucket that are to be copied.",
            number,
        ),
        msg(
            "The bucket is private, or its public address does not answer. In the new bucket they "
            "would be public, so none was copied."
        ),
        msg("Let the public read images/ in the old bucket, then try again."),
        TRY_AGAIN,
        raw="\n".join(names[:_SHOWN]),
        code="old-bucket-not-public",
    )
