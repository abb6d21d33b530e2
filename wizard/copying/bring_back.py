"""From the bucket to the instance's own media: what only the bucket has is copied back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wizard.copying.fetching import Fetcher
from wizard.copying.outcome import FileFailure
from wizard.media.source import IncomingFile, MediaFailure, Reason

if TYPE_CHECKING:
    from wizard.copying.listing import Listed
    from wizard.copying.progress import ProgressCounter
    from wizard.media.source import Media
    from wizard.storage.bucket import Bucket

# So many that could not be copied back are named.
_NAMED = 1000
# An object that is gone was deleted by somebody; a file that is here by now is what is wanted.
_NO_LOSS = (Reason.VANISHED, Reason.EXISTS)


@dataclass(slots=True, kw_only=True)
class BroughtBack:
    """What was copied back; `by_size` of the `files` could be checked by their size only.

    `left` names the first objects that are in the bucket only, `left_count` counts all.
    """

    files: int = 0
    size: int = 0
    by_size: int = 0
    left_count: int = 0
    left: list[FileFailure] = field(default_factory=list)

    def add(self, more: BroughtBack) -> None:
        """Count what another pass copied back; what is left is for the last one to say."""
        self.files += more.files
        self.size += more.size
        self.by_size += more.by_size

    def take(self, item: IncomingFile | MediaFailure) -> None:
        """Count what became of one object."""
        if isinstance(item, IncomingFile):
            self.files += 1
            self.size += item.size
        elif item.reason not in _NO_LOSS:
            self.left_count += 1
            if len(self.left) < _NAMED:
                path = item.path.decode(errors="backslashreplace")
                self.left.append(FileFailure(path=path, what=item.reason.words, raw=item.detail))


def bring_back(
    objects: Iterator[tuple[bytes, Listed]],
    *,
    bucket: Bucket,
    media: Media,
    counter: ProgressCounter,
    stop: threading.Event,
    etags_are_md5: bool | None,
) -> BroughtBack:
    """Write these objects, each by its path, into the media. Raises `Stopped`, `Problem`.

    `etags_are_md5` as `wizard.journal.etags` says it of this bucket.
    """
    result, fetcher = BroughtBack(), Fetcher(bucket, stop, etags_are_md5=etags_are_md5)
    for item in media.write(fetcher.incoming(objects)):
        result.take(item)
        if isinstance(item, IncomingFile):
            counter.done(1, item.size)
        counter.tell()
    result.by_size = fetcher.by_size
    return result
