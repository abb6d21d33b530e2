"""The way back, step 1: what only the bucket has comes to this server's disk as well."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from wizard.access.policy import is_opened, refuses_anybody
from wizard.copying.bring_back import check_room
from wizard.copying.outcome import FileFailure
from wizard.copying.sources import only_in_old
from wizard.copying.upload import BackSurvey, BroughtBack, bring_all_media_back, survey_back
from wizard.core.events import Check, passed, remark
from wizard.core.message import Message, msg, plural, sentences
from wizard.core.plan import Plan, PlanItem, Sentence
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.core.quantities import count_files, describe_size, in_a_row, name_some
from wizard.journal.entries import number_entry
from wizard.media.source import PREFIX, Reason
from wizard.step import Context, Fact, Finding, Question, TypedStep
from wizard.storage.bucket import Bucket

# How `rollback` is told to go on without what cannot be copied back.
LEAVE_REST = "--leave-rest"
_SHOWN, _NAMED = 3, 100
# How many objects stay in the bucket only, as was agreed to; true of this bucket only.
_REST = number_entry("copy_back.rest")
# On a busy site a few more are uploaded once all was copied: the restart catches up with them.
_FEW = 100
_RESTORE = msg(
    "Have archived objects restored first (in the service's console, or with aws s3api "
    "restore-object); that may take hours."
)
# What else helps, by the reason for which some stay there.
_WAYS_OUT = {
    Reason.ARCHIVED: _RESTORE,
    Reason.FOLDED: msg(
        "Where the disk cannot tell two names apart: move the media to a file system that "
        "distinguishes uppercase and lowercase letters."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surveyed(Finding):
    """What was seen, with all that the plan says about it."""

    survey: BackSurvey


class CopyBack(TypedStep[BroughtBack]):
    """Copies what only the bucket has; nothing here is replaced, nothing there is deleted."""

    name = "copy_back"
    title = msg("Copy back")
    purpose = msg(
        "Copies every file that only the bucket has to this server's disk, and checks each by "
        "its MD5. The site does not change, and the bucket keeps everything."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return where the objects are."""
        return {"endpoint": context.settings.endpoint, "bucket": context.settings.bucket}

    async def inspect(self, context: Context) -> Finding:
        """Look whether the bucket has anything that is not here; one listing, one walk."""
        media = await context.deployment.media()
        rest = context.journal.recall(_REST.true_of(self.inputs(context)))
        survey = await survey_back(context)
        others = survey.refused_count + survey.different + survey.unsure
        few = _FEW if context.journal.is_done(self.name) else 0
        done = rest is not None and others <= rest and survey.files + others <= rest + few
        facts = (
            Fact(msg("from"), f"s3://{context.settings.bucket}/{PREFIX}"),
            Fact(msg("to"), media.label),
        )
        return _Surveyed(done, facts, survey=survey)

    async def plan(self, context: Context) -> Plan:
        """Return how much comes back, and what cannot. Raises `Problem` for a disk too small."""
        return await _plan_of(context, await survey_back(context))

    async def plan_after(self, context: Context, finding: Finding) -> Plan:
        """Return the same without another listing: a million objects are listed for long."""
        if isinstance(finding, _Surveyed):
            return await _plan_of(context, finding.survey)
        return await self.plan(context)

    async def apply(self, context: Context) -> BroughtBack:
        """Copy, and ask where something has to stay behind."""
        all_public = await asyncio.to_thread(_everything_is_public, context)
        result = await bring_all_media_back(context, all_public=all_public)
        if result.left_count:
            raise _left(result)
        await _confirm_rest(context, result)
        context.journal.remember(_REST.true_of(self.inputs(context)), result.refused_count)
        return result

    async def verify(self, context: Context, found: BroughtBack) -> Sequence[Check]:
        """Say what was copied, and what stays in the bucket only."""
        checks = [_copied(found), *_rest(found), *await _about_old(context)]
        for check in checks:
            context.report(check)
        return checks


async def _plan_of(context: Context, survey: BackSurvey) -> Plan:
    media = await context.deployment.media()
    await asyncio.to_thread(check_room, media, survey)
    safe = msg("Nothing on this server is replaced, and no object is changed or deleted.")
    return Plan(tuple(_planned(survey)), safe)


def _everything_is_public(context: Context) -> bool:
    """Tell whether the bucket's policy alone says that the public may read all media."""
    bucket = Bucket(context.settings, context.keys)
    try:
        policy = bucket.get_policy()
    except Problem:
        return False
    return is_opened(bucket.name, policy) and not refuses_anybody(policy)


def _planned(survey: BackSurvey) -> Iterator[PlanItem]:
    if not survey.files:
        yield Sentence(msg("Every object below images/ is on this server already."))
    else:
        yield Sentence(
            plural(
                "{n} file ({size}) is in the bucket only, and is copied back.",
                "{n} files ({size}) are in the bucket only, and are copied back.",
                survey.files,
                size=describe_size(survey.size),
            )
        )
        yield Sentence(
            msg(
                "Each gets the owner and mode of the files beside it, and its final name only "
                "when it is complete on the disk. What the public cannot read in the bucket "
                "stays there."
            )
        )
    if survey.unsure:
        yield Sentence(
            plural(
                "{n} file that is on both sides is compared byte by byte.",
                "{n} files that are on both sides are compared byte by byte.",
                survey.unsure,
            )
        )
    yield from _warnings(survey)


def _warnings(survey: BackSurvey) -> Iterator[PlanItem]:
    if survey.archived:
        archived = plural("{n} of them is archived.", "{n} of them are archived.", survey.archived)
        yield Sentence(sentences(archived, _RESTORE), warning=True)
    if survey.refused_count:
        text = plural(
            "{n} object has a name that no file on this server can have: {names}",
            "{n} objects have names that no file on this server can have: {names}",
            survey.refused_count,
            names=_names(survey.refused, survey.refused_count),
        )
        yield Sentence(text, warning=True)
    if survey.different:
        text = plural(
            "{n} file here has another size than the object of the same name; it is never "
            "replaced.",
            "{n} files here have other sizes than the objects of the same names; they are "
            "never replaced.",
            survey.different,
        )
        yield Sentence(text, warning=True)


def _names(failures: Sequence[FileFailure], number: int) -> Message:
    """Return the first of them, those of the same reason together."""
    named = failures[:_SHOWN]
    alike: dict[tuple[str, str], list[FileFailure]] = {}
    for failure in named:
        alike.setdefault((failure.what, failure.raw), []).append(failure)
    lines = [
        replace(group[0], path=in_a_row([failure.path for failure in group])).line
        for group in alike.values()
    ]
    return name_some(lines, len(lines), number=number - len(named) + len(lines))


def _left(result: BroughtBack) -> Problem:
    return Problem(
        plural(
            "{n} file could not be copied back from the bucket.",
            "{n} files could not be copied back from the bucket.",
            result.left_count,
        ),
        msg("{files}.", files=_names(result.left, result.left_count)),
        TRY_AGAIN,
        raw="\n".join(failure.line for failure in result.left[:_NAMED]),
        code="files-not-copied-back",
    )


def _for_a_person(result: BroughtBack) -> int:
    """Return how many objects somebody has to decide about; what is private is no loss."""
    return result.refused_count - result.refused_counts.get(Reason.PRIVATE, 0)


async def _confirm_rest(context: Context, result: BroughtBack) -> None:
    number = _for_a_person(result)
    if not number:
        return
    failures = [f for f in result.refused if f.what != Reason.PRIVATE.words]
    what = plural(
        "{n} object cannot be copied back as it is.",
        "{n} objects cannot be copied back as they are.",
        number,
    )
    which = msg("{files}.", files=_names(failures, number))
    stays = msg("The bucket keeps them, and nothing on this server was replaced.")
    question = Question(
        text=sentences(what, which, stays, msg("Continue without them?")),
        yes=msg("Continue: visitors will not see these"),
        no=msg("Stop here and look at them first"),
        only_a_person=True,
        option=LEAVE_REST,
    )
    ways = [way for reason, way in _WAYS_OUT.items() if reason in result.refused_counts]
    refused = Problem(
        what,
        sentences(which, stays),
        msg(
            "Where a file on this server differs from the object of the same name: compare "
            "both, and rename or remove one of them."
        ),
        *ways,
        msg("Then try again, or continue without them: --leave-rest"),
        raw="\n".join(failure.line for failure in failures[:_NAMED]),
        decision=True,
        code="files-stay-in-bucket",
    )
    await context.agree(question, refused)


def _copied(found: BroughtBack) -> Check:
    asked = msg("Is every file that only the bucket had on this server too?")
    code = "files-copied-back"
    if not found.files:
        return passed(asked, msg("yes: the bucket has no file that is not here"), code=code)
    seen = plural(
        "{n} file copied back ({size}), with the MD5 given by the bucket",
        "{n} files copied back ({size}), each with the MD5 given by the bucket",
        found.files,
        size=describe_size(found.size),
    )
    if found.by_size:
        seen = msg(
            "{copied}; {unsure} could be checked by size only",
            copied=seen,
            unsure=count_files(found.by_size),
        )
    return passed(asked, seen, code=code)


async def _about_old(context: Context) -> list[Check]:
    """Say what only the bucket has that the instance moved from, where it moved."""
    asked = msg("Are there files only in the old bucket, which the site used before it moved?")
    code = "left-in-old-bucket"
    try:
        found = await only_in_old(context, _SHOWN)
    except Problem as problem:
        return [remark(asked, msg("not known: {reason}", reason=problem.what), code=code)]
    if found is None:
        return []
    number, names = found
    if not number:
        return [passed(asked, msg("no"), code=code)]
    seen = plural(
        "{n} file, which stays there: {names}",
        "{n} files, which stay there: {names}",
        number,
        names=name_some(names, _SHOWN, number=number),
    )
    return [remark(asked, seen, code=code)]


def _rest(found: BroughtBack) -> Iterator[Check]:
    asked = msg("What stays in the bucket only?")
    if found.refused_count:
        seen = _names(found.refused, found.refused_count)
        yield remark(asked, seen, code="files-left-in-bucket")
