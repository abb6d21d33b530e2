"""One copy from beginning to end: walk, list, sort out, send, compare."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from wizard.copying.bring_back import (
    BackSurvey,
    BringBack,
    BroughtBack,
    check_room,
    only_there,
    survey_back,
)
from wizard.copying.comparison import Comparison, compare, compare_into
from wizard.copying.crt_client import Client, Response
from wizard.copying.dispatcher import OUTAGE, Dispatcher
from wizard.copying.inventory import Fate, Inventory, Pair
from wizard.copying.job import Job
from wizard.copying.kept_elsewhere import (
    found_elsewhere,
    kept_elsewhere,
    may_be_kept_elsewhere,
    note_elsewhere,
    remove_strays,
)
from wizard.copying.large_file import abort_left_over
from wizard.copying.listing import Listed, ListingRefused
from wizard.copying.outcome import CopyOutcome, FileFailure, MediaCount
from wizard.copying.progress import ProgressCounter
from wizard.copying.sender import Sender
from wizard.copying.server_copy import ServerCopies
from wizard.copying.survey import Survey
from wizard.copying.threads import Stopped, rare_collections
from wizard.copying.verified_writer import VerifiedWriter
from wizard.copying.visitors import Visitors
from wizard.copying.withdrawing import withdraw
from wizard.copying.withholding import Withholding, note_of
from wizard.core.events import Note
from wizard.core.message import Message, msg, plural
from wizard.core.problem import Action, Problem, Remedy
from wizard.journal.etags import etags_are_md5
from wizard.journal.public_files import public_files
from wizard.media.source import (
    PREFIX,
    Media,
    MediaFailure,
    Reason,
    key_of,
    path_of,
)
from wizard.storage.bucket import Bucket

if TYPE_CHECKING:
    from wizard.step import Context

# So many failures and conflicts are handed out by name; all are in the comparison's file.
_NAMED = 1000
# Passes over files that changed while they were read, or that the listing did not show.
_ROUNDS = 4


class CopyRun:
    """One copy, in one thread of its own; `stop` ends it soon with `Stopped`."""

    def __init__(self, context: Context, media: Media, stop: threading.Event) -> None:
        self._context = context
        self._media = media
        self._stop = stop
        self._destination = context.settings.destination
        self._counter = ProgressCounter(context.report)
        self._retries_seen = context.control.retries
        self._verified_before = 0
        public = public_files(context.journal)
        elsewhere = kept_elsewhere(context.journal, self._destination)
        self._survey = Survey(media, self._counter, stop, public=public, kept_elsewhere=elsewhere)

    def count(self) -> MediaCount:
        """Walk the media and count them."""
        return self._survey.walk(lambda files: None, lambda failure: None, by_kind=True)

    def compare_only(self) -> Comparison:
        """Compare both sets as they are now; nothing is sent."""
        with self._job() as job:
            self._survey.take(job)
            if self._media.may_withhold:
                job.inventory.keep_verified()
                withholding = Withholding(job, self._survey.count)
                withholding.work_off(Fate.SEND, Fate.COMPARE, Fate.CONFLICT)
            result = compare(job.inventory)
            self._note_held_back(job, result)
            return result

    def copy_all(self) -> CopyOutcome:
        """Copy all that is not verified, and compare at the end."""
        with self._job() as job:
            self._survey.take(job)
            abort_left_over(job, PREFIX)
            self._sort_out(job)
            touched = self._work_off(job, may_be_all=self._verified_before > 0)
            comparison = self._confirm(job, touched)
            return self._outcome(job, comparison)

    def catch_up(self) -> CopyOutcome:
        """Copy what is not verified as it is here now; asks for few keys one by one."""
        with self._job() as job:
            self._survey.walk_into(job.inventory)
            self._survey.load_verified(job)
            self._survey.ask_or_list(job)
            self._sort_out(job)
            doubtful = may_be_kept_elsewhere(job.inventory)
            touched = self._work_off(job)
            if doubtful:
                self._confirm(job, touched)
            return self._outcome(job, None)

    def withdraw(self) -> bool:
        """Remove what was made private in the old bucket since its copy; whether that was done."""
        if not self._media.may_withhold:
            return False
        with self._job() as job:
            self._survey.walk_into(job.inventory)
            self._survey.load_verified(job)
            self._survey.trust_verified(job)
            bucket = Bucket(self._context.settings, self._context.keys)
            said = withdraw(job, self._survey, bucket, self._stop)
            if said is not None:
                self._context.report(Note(said, True))
            return said is not None

    def survey_back(self) -> BackSurvey:
        """Count what only the bucket has; nothing is read or written."""
        with self._job() as job:
            self._survey.take_everything(job)
            survey = survey_back(job)
            survey.different, survey.unsure = job.inventory.on_both_sides()
            return survey

    def bring_back(
        self, brought: BroughtBack, *, whole: bool, all_public: bool = True
    ) -> BroughtBack:
        """Copy what only the bucket has into the media, and count it; what is here stays.

        `whole`: files of the same names are compared as well, and what the public cannot read
        in the bucket stays there, unless `all_public` says that there is no such thing.
        """
        with self._job() as job:
            self._survey.take_everything(job)
            counter = ProgressCounter(self._context.report)
            survey = survey_back(job)
            if survey.files:
                counter.found(survey.files, survey.size)
                counter.start(0, 0)
            etags = etags_are_md5(self._context.journal, self._context.settings.bucket_place)
            bringing = BringBack(job, counter, self._stop, etags_are_md5=etags, result=brought)
            private: frozenset[bytes] = frozenset()
            if whole:
                check_room(self._media, survey)
                bringing.compare()
                private = frozenset() if all_public else self._private(job)
            bringing.fetch(private)
            if survey.files:
                counter.tell(now=True)
            return brought

    def _private(self, job: Job) -> frozenset[bytes]:
        settings, public = self._context.settings, public_files(self._context.journal)
        with Visitors(settings, self._context.control, self._stop) as visitors:
            objects = (
                (key_of(path), item.size)
                for path, item in only_there(job)
                if isinstance(item, Listed) and public.has(path)
            )
            return frozenset(map(path_of, visitors.unreadable(objects)))

    @contextmanager
    def _job(self) -> Iterator[Job]:
        """Set up all parts of the copy, and close them again whatever happens."""
        context = self._context
        settings = context.settings
        settings.require("endpoint", "bucket")
        if context.control.rate is None:
            context.control.limit_rate(settings.limit_rate)
        # boto3 says at once, and in the service's words, what the runtime tries for long:
        # a wrong key or clock, an untrusted certificate, an unknown host.
        Bucket(settings, context.keys).ask()
        folder = context.journal.folder
        inventory = Inventory(folder, folder, self._failed)
        dispatcher = Dispatcher(Client(settings, context.keys), context.control)
        try:
            with rare_collections(), self._explained(dispatcher):
                yield self._assemble(inventory, dispatcher)
        finally:
            dispatcher.close()
            inventory.close()

    def _assemble(self, inventory: Inventory, dispatcher: Dispatcher) -> Job:
        context = self._context
        verified = VerifiedWriter(
            media=self._media,
            journal=context.journal,
            destination=self._destination,
            inventory=inventory,
            counter=self._counter,
            watch=lambda: self._watch(dispatcher),
            stop=dispatcher.stop,
        )
        return Job(
            media=self._media,
            journal=context.journal,
            destination=self._destination,
            bucket=context.settings.bucket,
            acl=context.settings.acl,
            inventory=inventory,
            dispatcher=dispatcher,
            control=context.control,
            counter=self._counter,
            verified=verified,
        )

    @contextmanager
    def _explained(self, dispatcher: Dispatcher) -> Iterator[None]:
        """Turn what ends a copy early into a `Problem` in the admin's words."""
        try:
            yield
        except ListingRefused as error:
            raise self._problem(error.answer) from error
        except Stopped as error:
            if dispatcher.gone is not None:
                raise self._problem(dispatcher.gone) from error
            raise

    def _problem(self, answer: Response) -> Problem:
        """Return the provider's own words for an answer; ask again where the runtime has none."""
        bucket = Bucket(self._context.settings, self._context.keys)
        if self._media.copied_by_service and answer.code == "NoSuchBucket":
            self._media.ask()  # perhaps it is the one that the service copies from
        if not answer.code:
            try:
                bucket.ask()
            except Problem as problem:
                return problem
        if not answer.status:
            return Problem(
                msg("The storage service does not answer any more."),
                plural(
                    "Nothing got through for {n} minute.",
                    "Nothing got through for {n} minutes.",
                    round(OUTAGE / 60),
                ),
                Remedy(msg("Try again: what is verified is not sent again."), Action.RETRY),
                raw=self._context.masker(answer.words),
                code="storage-not-answering",
            )
        error = {"Code": answer.code or str(answer.status), "Message": answer.words}
        metadata = {"HTTPStatusCode": answer.status}
        return bucket.problem_of(
            ClientError({"Error": error, "ResponseMetadata": metadata}, "PutObject")  # type: ignore[typeddict-item]
        )

    def _watch(self, dispatcher: Dispatcher) -> None:
        """Stop where that was asked, and tell of an outage; called several times a second."""
        if self._stop.is_set():
            dispatcher.stop()
        self._counter.wait(msg("The storage service does not answer"), dispatcher.failing_for)

    def _sort_out(self, job: Job) -> None:
        """Decide for each file: verified, to be sent, to be compared, or in conflict."""
        job.inventory.keep_verified()
        # What nobody has ever seen there is to be sent, as it is already.
        for page in job.inventory.pairs(Fate.SEND, known=True):
            fates = [(self._fate(job, pair), pair) for pair in page]
            job.inventory.set_fates((f, p.id) for f, p in fates if f is not Fate.SEND)
            stale = [p for _, p in fates if p.verified_size >= 0]
            # Forgotten before it is sent again: otherwise a kill after the request would
            # leave an object that looks as if somebody else had changed it.
            keys = [key_of(p.file.path) for p in stale if self._is_ours(job, p)]
            if keys:
                job.journal.forget_verified(self._destination, keys)
                job.journal.announce_sending(self._destination, keys)
        verified = job.inventory.totals(Fate.VERIFIED)
        self._verified_before = verified[0]
        self._counter.start(*verified)

    def _fate(self, job: Job, pair: Pair) -> Fate:
        if pair.there_size < 0:
            return Fate.SEND
        if pair.is_verified_here and pair.there_etag == pair.verified_etag:
            return Fate.COMPARE  # the sizes differ all the same
        if pair.there_size == pair.file.size:
            return Fate.COMPARE
        return Fate.SEND if self._is_ours(job, pair) else Fate.CONFLICT

    def _is_ours(self, job: Job, pair: Pair) -> bool:
        """Tell whether what is there now is what we put there."""
        if pair.there_size < 0:
            return True
        if pair.verified_size >= 0:
            return pair.there_etag == pair.verified_etag
        return job.journal.was_announced(self._destination, key_of(pair.file.path))

    def _work_off(self, job: Job, *, may_be_all: bool = True) -> bool:
        """Compare and send all that needs it; returns whether there was anything to do.

        What the public cannot read where it comes from is left out, and said. It `may_be_all`.
        """
        withholding = Withholding(job, self._survey.count)
        withholding.work_off(Fate.COMPARE, Fate.CONFLICT)
        touched = bool(job.inventory.totals(Fate.COMPARE)[0])
        sender = Sender(job, withholding, self._server_copies(job))
        job.verified.start()
        try:
            sender.compare()
            for _ in range(_ROUNDS):
                self._retry_if_asked(job)
                if not job.inventory.totals(Fate.SEND)[0]:
                    break
                touched = True
                sender.send()
                if self._media.copied_by_service:
                    sender.compare()
                job.verified.settle()
        except BaseException:
            # What is under way may still arrive, and shall be written.
            job.dispatcher.close()
            raise
        finally:
            job.verified.finish()
        withholding.check(may_be_all=may_be_all or self._media.all_may_be_withheld)
        if self._survey.count.withheld:
            self._context.report(Note(note_of(self._survey.count)))
        return touched

    def _server_copies(self, job: Job) -> ServerCopies | None:
        if not self._media.copied_by_service:
            return None
        bucket = Bucket(self._context.settings, self._context.keys)
        etags = etags_are_md5(self._context.journal, bucket.place)
        return ServerCopies(job, bucket, etags_are_md5=etags)

    def _retry_if_asked(self, job: Job) -> None:
        asked = job.control.retries
        if asked != self._retries_seen:
            self._retries_seen = asked
            self._counter.failed -= job.inventory.retry_failures()
            job.control.forget_failures()
            for left in job.inventory.failures(_NAMED):
                if not left.harmless:
                    job.control.note_failure(
                        _path_text(left.path), _words(left.reason, left.detail)
                    )

    def _failed(self, failure: MediaFailure) -> None:
        """Count and name a failure at once, whether the walk, the sending or the end met it."""
        self._counter.fail(folder=failure.folder)
        words = _words(failure.reason, failure.detail)
        self._context.control.note_failure(_path_text(failure.path), words)

    def _confirm(self, job: Job, touched: bool) -> Comparison:
        """List after the copy, and send again what is not listed as it was sent."""
        for last in (False, True):
            if touched:
                self._survey.list_there(job)
                self._survey.load_verified(job)
            elsewhere = frozenset(found_elsewhere(job.inventory))
            unconfirmed = job.inventory.unconfirmed()
            lost = [p for p in unconfirmed if p.file.path not in elsewhere]
            if not lost or last or not touched:
                break
            self._send_again(job, lost)
        # Nothing of what the service keeps under another name counts as sent, either.
        self._mark_unverified(job, unconfirmed)
        for pair in lost:
            reason = Reason.LOST if pair.there_size < 0 else Reason.CORRUPTED
            job.failed(pair.file.path, reason)
        self._give_up(job, sorted(elsewhere))
        return self._compare(job)

    def _give_up(self, job: Job, paths: list[bytes]) -> None:
        """Leave out files that the service keeps under other names, from now on."""
        if not paths:
            return
        ours = [p for p in paths if job.journal.was_announced(self._destination, key_of(p))]
        job.journal.forget_verified(self._destination, [key_of(path) for path in paths])
        for path in paths:
            job.failed(path, Reason.BACKSLASH)
        # A kill in between: they are sent and found again, where otherwise the objects stayed.
        remove_strays(job.inventory, Bucket(self._context.settings, self._context.keys), ours)
        note_elsewhere(job.journal, self._destination, paths)

    def _send_again(self, job: Job, lost: list[Pair]) -> None:
        """Ask one by one for files that are not listed as they were stored, and send them again."""
        gone = [
            pair
            for pair, there in self._survey.heads(job, lost)
            if there is None or (there.size, there.etag) != (pair.file.size, pair.verified_etag)
        ]
        self._mark_unverified(job, gone)
        job.inventory.set_fates((Fate.SEND, pair.id) for pair in gone)
        self._work_off(job)

    def _mark_unverified(self, job: Job, pairs: list[Pair]) -> None:
        """Forget files that turned out not to be stored; they are still ours to send again."""
        job.journal.forget_verified(self._destination, [key_of(p.file.path) for p in pairs])
        size = sum(pair.file.size for pair in pairs)
        job.verified.sent = max(0, job.verified.sent - len(pairs))
        job.verified.sent_bytes = max(0, job.verified.sent_bytes - size)
        self._counter.done(-len(pairs), -size)

    def _compare(self, job: Job) -> Comparison:
        """Return the comparison, saved as a file where the disk has room for it."""
        folder = self._context.journal.folder
        try:
            result = compare_into(job.inventory, folder, owner_like=folder, prefix=PREFIX)
        except OSError as error:
            text = msg("The comparison was not saved as a file: {error}", error=str(error))
            self._context.report(Note(text, True))
            result = compare(job.inventory)
        self._note_held_back(job, result)
        return result

    def _note_held_back(self, job: Job, result: Comparison) -> None:
        count = self._survey.count
        result.files, result.size = count.files, count.size
        result.left_out = [
            msg("{path} ({reason})", path=_path_text(f.path), reason=f.reason.words)
            for f in job.inventory.failures(_NAMED)
            if f.harmless
        ]
        result.held_back, result.held_kinds = count.held_back, count.held_kinds
        result.withheld = count.withheld
        result.outside = count.outside
        found = [path for link in count.outside for path in job.inventory.there_below(link.path)]
        result.published = [key_of(path) for path in found]

    def _outcome(self, job: Job, comparison: Comparison | None) -> CopyOutcome:
        self._counter.tell(now=True)
        failed, folders = job.inventory.failure_counts()
        files, _ = job.inventory.totals()
        conflicting, _ = job.inventory.totals(Fate.CONFLICT)
        return CopyOutcome(
            sent=job.verified.sent,
            sent_bytes=job.verified.sent_bytes,
            already=self._verified_before + job.verified.already,
            failures=tuple(
                FileFailure(
                    path=_path_text(f.path), what=f.reason.words, raw=f.detail, harmless=f.harmless
                )
                for f in job.inventory.failures(_NAMED)
            ),
            conflicts=tuple(key_of(path) for path in job.inventory.paths(Fate.CONFLICT, _NAMED)),
            failed=failed,
            failed_folders=folders,
            withheld=tuple(self._survey.count.withheld),
            conflicting=conflicting,
            misplaced_conflicting=self._media.conflicting,
            misplaced_conflicts=tuple(self._media.conflicts),
            total=files,
            comparison=comparison,
        )


def _words(reason: Reason, detail: str) -> Message:
    if not detail:
        return reason.words
    return msg("{reason}: {detail}", reason=reason.words, detail=detail)


def _path_text(path: bytes) -> str:
    return path.decode(errors="backslashreplace")
