"""What the public cannot read in the bucket that it comes from: it is not published elsewhere."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wizard.copying.inventory import Fate
from wizard.core.message import Message, msg, plural
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.core.quantities import name_some
from wizard.media.source import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wizard.copying.inventory import Pair
    from wizard.copying.job import Job
    from wizard.copying.outcome import MediaCount
    from wizard.media.source import MediaFailure, MediaFile

_SHOWN = 20


class Withholding:
    """Takes such files out of what is to be copied, and out of the `count`. Thread-safe.

    What was verified before was asked for then. Where there is no answer, a file counts as failed.
    """

    def __init__(self, job: Job, count: MediaCount) -> None:
        self._job, self._count = job, count
        self._guard = threading.Lock()
        self._asked = self._refused = 0

    def work_off(self, *fates: Fate) -> None:
        """Ask for all files with these fates."""
        if self._job.media.may_withhold:
            for fate in fates:
                for page in self._job.inventory.pairs(fate):
                    self.keep_public(page)

    def keep_public(self, pairs: Sequence[Pair]) -> Sequence[Pair]:
        """Return those of these files that the public can read where they come from."""
        if not self._job.media.may_withhold:
            return pairs
        files = {pair.file.path: pair.file for pair in pairs}
        found = self._job.media.withheld(list(files.values()))
        with self._guard:
            self._asked += found.asked
            self._refused += len(found.failures)
            for failure in found.failures:
                self._take_out(files.pop(failure.path), failure)
        return [pair for pair in pairs if pair.file.path in files]

    def check(self, *, may_be_all: bool) -> None:
        """Raise a `Problem` where the public reads nothing of what was asked for.

        Unless that `may_be_all` there was to be asked for.
        """
        if self._asked == self._refused > 0 and not may_be_all:
            raise _nothing_is_public(self._refused, [*self._count.withheld, *_failed(self._job)])

    def _take_out(self, file: MediaFile, failure: MediaFailure) -> None:
        if failure.reason is not Reason.PRIVATE:
            self._job.failed(file.path, failure.reason)
            return
        self._job.inventory.leave_out([file.path])
        self._count.withhold(file)
        self._job.counter.found(-1, -file.size)


def note_of(count: MediaCount) -> Message:
    """Return what is said of them at once, with their names."""
    return msg(
        "Held back, since the public cannot read them where they are now: {names}",
        names=name_some(count.withheld, _SHOWN),
    )


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
