"""Step 6: have the running services use S3, wait for the site's own page, and catch up.

A process of its own does it (`wizard.switch`); if the site does not come back, it puts the old
`.env` back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence

from wizard.access.earlier_buckets import note_used
from wizard.copying.upload import copy_new_media, withdraw_private
from wizard.core.events import Check, Note, Waiting, failed, passed, remark
from wizard.core.message import NOTHING, Message, msg, plural, sentences, verbatim
from wizard.core.plan import Plan, Sentence
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.core.quantities import count_failed
from wizard.core.settings import MigrationPath
from wizard.journal.entries import number_entry
from wizard.step import Applicability, Context, Fact, Finding, Question, TypedStep
from wizard.switch.course import SWITCHING_STEP, switched
from wizard.switch.first_run import once_it_runs
from wizard.switch.follow import PATIENCE, carry_out_switch, under_way
from wizard.switch.late_files import about_late, late_files, question_about, switched_at
from wizard.switch.launch import why_a_logout_ends_it
from wizard.switch.plan import about_choice, noticed, stages_of
from wizard.switch.problems import conflicting_uploads, left_behind, still_writing, words
from wizard.switch.run import SECONDS_TO_ANSWER
from wizard.switch.site_before import was_here_before
from wizard.switch.state import Direction, SwitchPhase
from wizard.switch.undo import put_services_back
from wizard.switch.updates import about_update, confirm_update
from wizard.switch.ways import choose
from wizard.web.visitor import SiteView, look_at_site

# How many files were copied since all services use S3; true of the bucket and its address only.
_CAUGHT_UP = number_entry("restart.caught_up")
# Between two passes the community may upload; a busy one does not do so for ever.
_MOST_PASSES = 20
# So long after the switch, or after its beginning, nothing may have been written any more.
_SECONDS_TO_SEE = 3.0
_ON_ITS_OWN = msg(
    "A separate process does all this: it keeps running whatever happens to this terminal, and "
    "the next start of bw-s3 follows it or finishes its work."
)
_MEDIA_STAY = msg("The local media stay where they are.")
_OLD_STAYS = msg("The old bucket and the local media stay as they are.")


class Restart(TypedStep[int]):
    """Restarts the services; `patience` in seconds is how long the site may take to come back."""

    name = SWITCHING_STEP
    title = msg("Restart")
    switches_site = True
    undone_too = ("verify_cors",)
    undone_before = ("update_connector",)
    purpose = msg(
        "Restarts the services, which use the bucket from then on, and copies what was "
        "uploaded in the meantime. If the site does not come back, everything is put back as "
        "it was."
    )

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience

    def applies(self, context: Context) -> Applicability:
        """Apply later where a fresh instance does not run yet."""
        return once_it_runs(context)

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return what the running site was switched to."""
        return context.settings.storage

    async def inspect(self, context: Context) -> Finding:
        """Look whether the site points to the bucket now, and nothing is left behind."""
        view = await _look(context)
        facts = (Fact(msg("site"), context.settings.site_url), Fact(msg("seen"), words(view)))
        gone = NOTHING if _on_bucket(view) else words(view)
        needed = context.settings.path != MigrationPath.FRESH
        caught_up = not needed or self._recall(context) is not None
        return Finding(_on_bucket(view) and caught_up, facts, gone)

    async def plan(self, context: Context) -> Plan:
        """Return the stages word for word, what visitors notice, and what happens if it fails."""
        fresh = context.settings.path == MigrationPath.FRESH
        if await _is_switched(context):
            return _plan_of_a_switched_site(fresh=fresh)
        choice = await choose(context)
        items = [*stages_of(choice), *about_choice(choice), *await about_update(context)]
        if not fresh:
            text = msg(
                "Whatever was uploaded since the copy is copied: before the first stage, during"
                " the others, and then until nothing new is found."
            )
            items.append(Sentence(text))
        items += [Sentence(self._way_back()), Sentence(_ON_ITS_OWN)]
        if reason := await why_a_logout_ends_it():
            items.append(Sentence(reason, warning=True))
        stays = _MEDIA_STAY if context.old_storage is None else _OLD_STAYS
        return Plan(tuple(items), NOTHING if fresh else stays)

    async def apply(self, context: Context) -> int:
        """Restart, unless a start before this one did; then catch up. Returns how many files."""
        if not context.instance.uses_s3():
            raise Problem(
                msg("S3 is not enabled in .env."),
                msg("A restart would change nothing."),
                msg("Do the step “Enable S3” first."),
                code="s3-not-enabled",
            )
        copied = 0
        if not await _is_switched(context):
            copied = await self._switch(context)
        note_used(context)
        if context.settings.path == MigrationPath.FRESH:
            return 0
        return await self._catch_up(context, copied)

    async def verify(self, context: Context, found: int) -> Sequence[Check]:
        """Look at the site as a visitor, and say what was caught up."""
        view = await _look(context)
        checks = [_is_own(view), _points(view, context)]
        if context.settings.path != MigrationPath.FRESH:
            late = late_files(context, switched_at(context))
            checks.append(_caught_up(found, found_more=bool(late.number)))
            checks += [about_late(late)] if late.number else []
            checks += _about_old(context)
        checks += noticed(context, Direction.TO_S3)
        for check in checks:
            context.report(check)
        return checks

    async def undo(self, context: Context) -> bool:
        """Put the old `.env` back, and the services; what was uploaded since is copied back.

        Not where the site ran with this bucket before bw-s3 came, or never ran without it.
        """
        fresh = context.settings.path == MigrationPath.FRESH
        if was_here_before(context) or (fresh and _on_bucket(await _look(context))):
            return False
        if not under_way(context):
            await confirm_update(context)
        await put_services_back(context, self.patience)
        return True

    def _way_back(self) -> Message:
        """Say in the plan what is done where the site does not come back."""
        return msg(
            "If a stage fails, or if after {patience} the site is not back, shows its error "
            "page or has stylesheets that browsers do not use, bw-s3 undoes “Enable S3” in "
            ".env and switches the services back. You will be asked first; while visitors see "
            "errors, the question waits {deadline} at most, and it is not asked where nobody "
            "is there. What visitors uploaded to the bucket by then is copied back, before "
            "pages need it and while the services are switched back.",
            patience=plural("{n} second", "{n} seconds", round(self.patience)),
            deadline=plural("{n} second", "{n} seconds", round(SECONDS_TO_ANSWER)),
        )

    async def _switch(self, context: Context) -> int:
        """Switch, and return how many files were copied before it and beside it."""
        if not under_way(context):
            await _ask_if_down(context)
            await confirm_update(context)
            context.journal.forget(switched(context))
            context.journal.forget(_CAUGHT_UP)
        ended = await carry_out_switch(context, self.patience)
        if ended.problem:
            raise ended.problem
        if ended.phase is not SwitchPhase.DONE:
            raise Problem(
                msg("The site runs without S3 again: the old .env was put back."),
                msg("That had already been started."),
                TRY_AGAIN,
                code="switch-put-back",
            )
        return ended.copied

    async def _catch_up(self, context: Context, copied: int) -> int:
        """Copy what was uploaded since the copy, until a pass finds nothing.

        Returns how many files that were, with those `copied` before.
        """
        context.report(Note(msg("Looking for files that were uploaded in the meantime.")))
        since, late = max(time.time(), switched_at(context) or 0.0), late_files(context, None)
        for _ in range(_MOST_PASSES):
            # All that was written until then is seen by this pass.
            waited = time.time() >= since + _SECONDS_TO_SEE
            sent = await _catch_up_once(context)
            copied, late = copied + sent, late_files(context, since)
            if waited and (late.number or not sent):
                break
            if not sent:
                await _wait_until(since + _SECONDS_TO_SEE, context)
        if late.number and not await context.ask(question_about(late)):
            raise still_writing(late.words, late.paths)
        if sent and not late.number:
            raise still_writing(msg("They have old dates."), ())
        await withdraw_private(context)
        self._remember(context, copied)
        return copied

    def _remember(self, context: Context, copied: int) -> None:
        context.journal.remember(_CAUGHT_UP.true_of(self.inputs(context)), copied)

    def _recall(self, context: Context) -> int | None:
        """Return how many files were copied, unless the bucket or its address is another by now."""
        return context.journal.recall(_CAUGHT_UP.true_of(self.inputs(context)))


async def _wait_until(moment: float, context: Context) -> None:
    """Wait until then (seconds since the epoch), and say for what."""
    began = time.time()
    while (now := time.time()) < moment:
        words = msg("Checking whether anything still writes to this server's disk")
        if context.old_storage is not None:
            words = msg("Checking whether anything still writes to the old storage")
        context.report(Waiting(words, now - began))
        await asyncio.sleep(min(0.5, moment - now))


async def _catch_up_once(context: Context) -> int:
    """Copy what is new in one pass; how many files."""
    outcome = await copy_new_media(context)
    if outcome.conflicts:
        raise conflicting_uploads(outcome.conflicts, outcome.conflicting)
    if outcome.failed:
        which = count_failed(outcome.failed, outcome.failed_folders)
        raise left_behind(which, [f.path for f in outcome.failures if not f.harmless])
    return outcome.sent


async def _is_switched(context: Context) -> bool:
    """Tell whether all services run with S3 already: by us, or by a fresh instance's admin."""
    fresh = context.settings.path == MigrationPath.FRESH
    known = context.journal.recall(switched(context)) or was_here_before(context)
    if fresh or known:
        return _on_bucket(await _look(context))
    return False


def _plan_of_a_switched_site(*, fresh: bool) -> Plan:
    """Return what is left to do where the site serves its files from the bucket already."""
    switched = Sentence(
        msg("The site serves its files from this bucket already: nothing is restarted.")
    )
    if fresh:
        return Plan((switched,))
    in_the_meantime = Sentence(
        msg("Whatever was uploaded since the copy is copied until nothing new is found.")
    )
    return Plan((switched, in_the_meantime), _MEDIA_STAY)


def _about_old(context: Context) -> Iterator[Check]:
    """Say what still points to the storage that a moving instance came from."""
    old = context.old_storage
    if old is None:
        return
    seen = msg(
        "yes: other servers, and pages that they keep, still load files from {base}/images/; keep "
        "it as it is for as long as you can",
        base=old.public_base,
    )
    asked = msg("Does anything still need the old storage?")
    yield remark(asked, seen, code="old-storage-needed")


async def _look(context: Context) -> SiteView:
    return await look_at_site(context.settings, context.instance.domain)


def _on_bucket(view: SiteView) -> bool:
    return view.own_page and view.points_to_bucket


async def _ask_if_down(context: Context) -> None:
    """Without a site that answers now, nobody can tell whether the restart broke it."""
    view = await _look(context)
    if view.own_page:
        return
    question = Question(
        text=sentences(
            msg("The site does not show its own page, even before the restart."),
            view.shown_instead,
            msg("Restart it?"),
        ),
        yes=msg("Restart: it should come back with S3"),
        no=msg("Stop here and look at the site first"),
    )
    refused = Problem(
        msg("The site does not answer as it should."),
        msg(
            "Tried {address}: {seen}",
            address=context.settings.site_url,
            seen=view.shown_instead,
        ),
        msg("Use --site-url to specify the address at which this machine reaches the instance."),
        TRY_AGAIN,
        field="site_url",
        decision=True,
        code="site-not-itself",
    )
    await context.agree(question, refused)


def _is_own(view: SiteView) -> Check:
    asked, code = msg("Does the site answer with its own page?"), "site-own-page"
    if view.own_page:
        seen = msg("HTTP {status}, BookWyrm's first page", status=str(view.status))
        return passed(asked, seen, code=code)
    down = Problem(
        msg("The site does not answer."), msg("It is down."), TRY_AGAIN, code="site-down"
    )
    return failed(asked, view.problem or down, code=code)


def _points(view: SiteView, context: Context) -> Check:
    asked, code = msg("Do its pages point to the bucket?"), "site-points-to-bucket"
    sheets, base = ", ".join(view.stylesheets[:3]), context.settings.public_base
    if view.points_to_bucket:
        return passed(asked, verbatim(sheets), code=code)
    style = msg("They name no stylesheet; one should come from {base}.", base=base)
    if sheets:
        style = msg("Their stylesheets come from {urls}, not from {base}.", urls=sheets, base=base)
    problem = Problem(
        msg("The site's pages do not point to the bucket."),
        sentences(style, msg("The services may not have been restarted.")),
        TRY_AGAIN,
        code="site-not-on-bucket",
    )
    return failed(asked, problem, code=code)


def _caught_up(copied: int, *, found_more: bool) -> Check:
    """Say how many files were copied since the step began; `found_more`: and more came then."""
    asked = msg("Is what was uploaded in the meantime in the bucket?")
    seen = plural("{n} file copied in this step", "{n} files copied in this step", copied)
    if not copied and not found_more:
        # Another run, or the switch that went on by itself, may have copied them.
        seen = msg("yes, the last pass found nothing new")
    elif not found_more:
        seen = msg("{copied}; the last pass found nothing new", copied=seen)
    return passed(asked, seen, code="uploads-copied")
