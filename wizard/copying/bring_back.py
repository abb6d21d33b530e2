"""From the bucket to the instance's own media: what only the bucket has is copied back."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wizard.copying.crt_client import Request
from wizard.copying.fetching import Fetcher
from wizard.copying.folded_names import FoldedNames
from wizard.copying.listing import Listed
from wizard.copying.outcome import FileFailure
from wizard.copying.same_names import differ_now, find_different
from wizard.core.message import msg, plural
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.core.quantities import count_files, describe_size
from wizard.journal.journal import VerifiedFile
from wizard.media.root_folder import SharedName
from wizard.media.root_writer import NoFileName, check_name
from wizard.media.source import MediaFailure, MediaFile, Reason, as_unwritten, key_of
from wizard.storage.bucket import is_folder_marker

if TYPE_CHECKING:
    from wizard.copying.job import Job
    from wizard.copying.progress import ProgressCounter
    from wizard.media.source import Media

# So many that could not be copied back are named.
_NAMED = 1000
# An object that is gone was deleted by somebody.
_NO_LOSS = (Reason.VANISHED,)
# Another try would come to the same.
_FOR_GOOD = (
    *(Reason.NO_FILE_NAME, Reason.CLASH, Reason.OUTSIDE, Reason.ARCHIVED, Reason.DIFFERENT),
    *(Reason.PRIVATE, Reason.FOLDED),
)
# Objects that were replaced while they were read are read again so often.
_ROUNDS = 4
_KEPT_AT_ONCE = 500


@dataclass(slots=True, kw_only=True)
class BroughtBack:
    """What was copied back; `by_size` of the `files` could be checked by their size only.

    `left` names the first objects that another try may copy, `left_count` counts all;
    `refused` and `refused_counts` those that stay in the bucket only, whatever is tried.
    """

    files: int = 0
    size: int = 0
    by_size: int = 0
    left_count: int = 0
    left: list[FileFailure] = field(default_factory=list)
    refused: list[FileFailure] = field(default_factory=list)
    refused_counts: dict[Reason, int] = field(default_factory=dict)

    def add(self, more: BroughtBack) -> None:
        """Count what another pass copied back; what is left is for the last one to say."""
        self.files += more.files
        self.size += more.size
        self.by_size += more.by_size

    @property
    def refused_count(self) -> int:
        """How many objects stay in the bucket only."""
        return sum(self.refused_counts.values())

    def take(self, item: MediaFile | MediaFailure) -> None:
        """Count what became of one object."""
        if isinstance(item, MediaFile):
            self.files += 1
            self.size += item.size
        elif item.reason in _FOR_GOOD:
            self.refused_counts[item.reason] = self.refused_counts.get(item.reason, 0) + 1
            _name(item, self.refused)
        elif item.reason not in _NO_LOSS:
            self.left_count += 1
            _name(item, self.left)


def _name(item: MediaFailure, named: list[FileFailure]) -> None:
    if len(named) < _NAMED:
        path = item.path.decode(errors="backslashreplace")
        named.append(FileFailure(path=path, what=item.reason.words, raw=item.detail))


@dataclass(slots=True, kw_only=True)
class BackSurvey:
    """What would be copied back, by one walk and one listing.

    `files` with `size` bytes are in the bucket only; `archived` of them may have to be restored
    first; `refused` names the first of the `refused_count` that cannot be files here; `blocks`
    is the room that they need; `different` files here have another size than the objects of
    their names, and `unsure` are to be compared byte by byte.
    """

    files: int = 0
    size: int = 0
    blocks: int = 0
    archived: int = 0
    refused_count: int = 0
    refused: list[FileFailure] = field(default_factory=list)
    different: int = 0
    unsure: int = 0


# What a file takes on most file systems, and what is to be free after all.
_BLOCK, _SPARE = 4096, 32 << 20


def survey_back(job: Job) -> BackSurvey:
    """Count what only the bucket has, and what stands against copying it."""
    result = BackSurvey()
    for item in _told_apart(job):
        if isinstance(item, MediaFailure):
            result.refused_count += 1
            _name(item, result.refused)
            continue
        result.files += 1
        result.size += item.size
        result.blocks += -(-item.size // _BLOCK) * _BLOCK
        result.archived += item.archived
    return result


def _told_apart(job: Job) -> Iterator[Listed | MediaFailure]:
    """Yield what only the bucket has, or why it cannot be a file here beside all the others."""
    names: FoldedNames | None = None
    for path, item in only_there(job):
        if isinstance(item, MediaFailure):
            yield item
            continue
        # Tried only where there is something to come.
        names = names or FoldedNames(job.media.folding(), job.inventory.all_paths)
        other = names.take(path)
        yield item if other is None else _shared(path, other)


def _shared(path: bytes, other: bytes) -> MediaFailure:
    name = SharedName(other.rpartition(b"/")[2])
    return as_unwritten(path, name)


def check_room(media: Media, survey: BackSurvey) -> None:
    """Raise a `Problem` where the media's file system has no room for what is to come back."""
    room = media.room()
    needed = survey.blocks + _SPARE if survey.files else 0
    if needed <= room.size and (room.files is None or survey.files <= room.files):
        return
    why = msg(
        "To be copied back: {files} ({size}). Free on the disk: {free}.",
        size=describe_size(survey.size),
        files=count_files(survey.files),
        free=describe_size(room.size),
    )
    if needed <= room.size:
        why = plural(
            "To be copied back: {files}. The file system has room for only {n} more file.",
            "To be copied back: {files}. The file system has room for only {n} more files.",
            room.files or 0,
            files=count_files(survey.files),
        )
    raise Problem(
        msg("The disk of the media does not have enough room: {place}.", place=media.label),
        why,
        msg("Free some space (df -h and df -i show where), or enlarge the disk. Then try again."),
        TRY_AGAIN,
        code="disk-too-small",
    )


def only_there(job: Job) -> Iterator[tuple[bytes, Listed | MediaFailure]]:
    """Yield what only the bucket has, by its path, or why it cannot be a file here."""
    for path, found, is_folder in job.inventory.only_there():
        if not is_folder_marker(key_of(path), found.size):
            yield path, _refusal(path, is_folder=is_folder) or found


def _refusal(path: bytes, *, is_folder: bool) -> MediaFailure | None:
    try:
        check_name(path)
    except NoFileName as error:
        return as_unwritten(path, error)
    return MediaFailure(path=path, reason=Reason.CLASH) if is_folder else None


class BringBack:
    """One pass from the bucket to the media. Raises `Stopped`, `Problem`.

    Each object is counted in `result` at once, so that a stop in the middle loses no count.
    """

    def __init__(
        self,
        job: Job,
        counter: ProgressCounter,
        stop: threading.Event,
        *,
        etags_are_md5: bool | None,
        result: BroughtBack,
    ) -> None:
        self._job, self._counter, self._stop = job, counter, stop
        self._etags_are_md5 = etags_are_md5
        self._fetcher = Fetcher(job.dispatcher, stop, etags_are_md5=etags_are_md5)
        self.result = result

    def compare(self) -> None:
        """Find the files here that differ from the objects of their names."""
        for path in find_different(self._job, etags_are_md5=self._etags_are_md5):
            self.result.take(MediaFailure(path=path, reason=Reason.DIFFERENT))

    def fetch(self, private: frozenset[bytes] = frozenset()) -> None:
        """Copy back what only the bucket has, but what is `private` there."""
        again = self._write(self._wanted(private))
        for _ in range(_ROUNDS):
            if not again:
                break
            again = self._write(self._looked_at_again(again))
        for path in again:
            self.result.take(MediaFailure(path=path, reason=Reason.SPOILED))

    def _wanted(self, private: frozenset[bytes]) -> Iterator[tuple[bytes, Listed]]:
        for path, item in only_there(self._job):
            if isinstance(item, MediaFailure):
                self.result.take(item)
            elif path in private:
                self.result.take(MediaFailure(path=path, reason=Reason.PRIVATE))
            else:
                yield path, item

    def _write(self, objects: Iterable[tuple[bytes, Listed]]) -> list[bytes]:
        """Write these; returns those that were replaced while they were read."""
        again: list[bytes] = []
        there: list[bytes] = []
        kept: list[MediaFile] = []
        for item in self._job.media.write(self._fetcher.incoming(objects)):
            if isinstance(item, MediaFile):
                kept.append(item)
                self._counter.done(1, item.size)
                self.result.take(item)
                # It reads ahead, so it may have counted files that do not come any more.
                self.result.by_size = min(self._fetcher.by_size, self.result.files)
            elif item.reason is Reason.SPOILED:
                again.append(item.path)
            elif item.reason is Reason.EXISTS:
                there.append(item.path)
            else:
                self._fail(item)
            if len(kept) >= _KEPT_AT_ONCE:
                self._remember(kept)
            self._counter.tell()
        self._remember(kept)
        for path in differ_now(self._job, there):
            self.result.take(MediaFailure(path=path, reason=Reason.DIFFERENT))
        return again

    def _fail(self, item: MediaFailure) -> None:
        if item.reason is Reason.DISK_FULL:
            raise _disk_full(self._job.media.label, item.detail)
        if item.reason is Reason.QUOTA:
            raise _quota_reached(self._job.media.label, item.detail)
        self.result.take(item)
        if item.reason not in (*_FOR_GOOD, *_NO_LOSS):
            self._counter.fail()

    def _remember(self, kept: list[MediaFile]) -> None:
        """Note that the bucket has these files just so: a next copy need not read them."""
        verified = [(file, self._fetcher.verified.pop(file.path)) for file in kept]
        rows = [
            VerifiedFile(
                key=key_of(file.path),
                size=file.size,
                mtime_ns=file.mtime_ns,
                md5=found.md5,
                etag=found.etag,
            )
            for file, found in verified
        ]
        self._job.journal.save_verified(self._job.destination, rows)
        kept.clear()

    def _looked_at_again(self, paths: Iterable[bytes]) -> Iterator[tuple[bytes, Listed]]:
        for path in paths:
            request = Request(
                operation="HeadObject", method="HEAD", key=key_of(path), done=lambda answer: None
            )
            answer = self._job.dispatcher.ask(request)
            # A refusal has no words here: those come when the object is asked for.
            size = int(answer.header("content-length") or 0) if answer.ok else 0
            yield path, Listed(key="", size=size, etag=answer.etag)


def _disk_full(label: str, raw: str) -> Problem:
    return Problem(
        msg("The disk of the media is full: {place}.", place=label),
        msg("Something else filled it while files were copied back. What was copied stays."),
        msg("Free some space (df -h shows where), then start again: it continues from there."),
        TRY_AGAIN,
        raw=raw,
        code="disk-full",
    )


def _quota_reached(label: str, raw: str) -> Problem:
    return Problem(
        msg("The quota for the media is used up: {place}.", place=label),
        msg(
            "The disk may have room, but no more of it for the user or the folder that the files "
            "belong to. What was copied stays."
        ),
        msg(
            "Raise the quota, or free some space within it, then start again: it continues from "
            "there."
        ),
        TRY_AGAIN,
        raw=raw,
        code="quota-reached",
    )
