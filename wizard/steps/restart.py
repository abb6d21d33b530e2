"""Step 6: restart the instance with S3, wait for its own page, and catch up.

If the site does not come back, the old `.env` does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from wizard.access.earlier_buckets import note_used
from wizard.copying.upload import copy_new_media
from wizard.core.events import Check, Event, Note, Output, Report, failed, passed
from wizard.core.plan import Plan, Sentence
from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.core.quantities import count, count_failed
from wizard.core.settings import MigrationPath
from wizard.journal.entries import Entry, Value, flag_entry, number_entry
from wizard.step import Applicability, Context, Fact, Finding, Question, TypedStep
from wizard.switch.first_run import once_it_runs
from wizard.switch.problems import (
    conflicting_uploads,
    left_behind,
    not_back,
    nothing_restarted,
    words,
)
from wizard.switch.s3_lines import ENABLING_STEP, disarm
from wizard.switch.site_watch import Awaited, SiteWatch
from wizard.web.visitor import SiteView, look_at_site

# That all services were restarted with S3, and how many files were copied since, true of the
# bucket and its address only.
_SWITCHED, _CAUGHT_UP = flag_entry("restart.switched"), number_entry("restart.caught_up")
# Between two passes the community may upload; a busy one does not do so for ever.
_MOST_PASSES = 20
# What is done by then, or is named anyway.
_SAID = (Action.RESTORE_ENV, Action.DISARM, Action.EDIT_PROVIDER)
_RESTORE = Remedy("Put the old .env back and restart.", Action.RESTORE_ENV)
_LAST_LINES = 15
# So long the site must show its old settings after a command that failed, to count as untouched.
_SECONDS_UNTOUCHED = 2.0


class Restart(TypedStep[int]):
    """Restarts the services; `patience` in seconds is how long the site may take to come back."""

    name = "restart"
    title = "Restart"
    purpose = (
        "The services start anew and use the bucket from now on. Then what was uploaded meanwhile"
        " is copied too. If the site does not come back, everything is put back."
    )

    def __init__(self, patience: float = 120) -> None:
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
        facts = (Fact("site", context.settings.site_url), Fact("seen", words(view)))
        gone = "" if _on_bucket(view) else words(view)
        needed = context.settings.path != MigrationPath.FRESH
        caught_up = not needed or self._recall(context, _CAUGHT_UP) is not None
        return Finding(_on_bucket(view) and caught_up, facts, gone)

    async def plan(self, context: Context) -> Plan:
        """Return the commands, whom they interrupt, and what happens if the site stays away."""
        commands = await context.deployment.restart_commands()
        sentences = [Sentence(await context.deployment.interruption(), warning=True)]
        if context.settings.path != MigrationPath.FRESH:
            text = (
                "Then whatever was uploaded since the copy is copied, until nothing new is found."
            )
            sentences.append(Sentence(text))
        back = (
            f"If the site is not back after {self.patience:.0f} seconds, or with its error page,"
            " the lines of “Enable S3” are put back in .env and the services restarted."
        )
        return Plan((*commands, *sentences, Sentence(back)), "The local media stay where they are.")

    async def apply(self, context: Context) -> int:
        """Restart, unless a start before this one did; then catch up. Returns how many files."""
        if not context.instance.uses_s3():
            raise Problem(
                "S3 is not enabled in .env.",
                "A restart would change nothing.",
                "Do the step “Enable S3” first.",
            )
        if not await self._is_switched(context):
            await self._switch(context)
        note_used(context)
        if context.settings.path == MigrationPath.FRESH:
            return 0
        return await self._catch_up(context)

    async def verify(self, context: Context, found: int) -> Sequence[Check]:
        """Look at the site as a visitor, and say what was caught up."""
        view = await _look(context)
        checks = [_is_own(view), _points(view, context)]
        if context.settings.path != MigrationPath.FRESH:
            files = count(found, "file")
            seen = f"{files} copied after the restart; the last pass found nothing new"
            checks.append(passed("Is what was uploaded meanwhile in the bucket?", seen))
        for check in checks:
            context.report(check)
        return checks

    async def undo(self, context: Context) -> bool:
        """Put the old `.env` back and restart, where the site did not come back with S3.

        Not once it runs with S3: what was uploaded since is in the bucket only.
        """
        if self._recall(context, _SWITCHED) or _on_bucket(await _look(context)):
            return False
        await self._put_back(context)
        return True

    async def _is_switched(self, context: Context) -> bool:
        """Tell whether all services were restarted with S3: by us, or a fresh instance's admin."""
        if context.settings.path == MigrationPath.FRESH or self._recall(context, _SWITCHED):
            return _on_bucket(await _look(context))
        return False

    async def _switch(self, context: Context) -> None:
        await _ask_if_away(context)
        context.journal.forget(_SWITCHED)
        context.journal.forget(_CAUGHT_UP)
        last: deque[str] = deque(maxlen=_LAST_LINES)
        watch = SiteWatch(context.settings, context.instance.domain, context.report)
        before = await context.deployment.services()
        try:
            async with watch:
                await context.deployment.restart(_keeping(context.report, last))
        except Problem as problem:
            if await watch.stays(Awaited.LOCAL, _SECONDS_UNTOUCHED) and (
                await context.deployment.services() == before
            ):
                await self._stay(context, problem, seen=bool(before))
            await self._go_back(context, problem, last)
        try:
            await watch.wait_for(Awaited.BUCKET, self.patience)
        except Problem as problem:
            await self._go_back(context, problem, last)
        self._remember(context, _SWITCHED, True)
        context.report(Note(watch.absence))

    async def _stay(self, context: Context, problem: Problem, *, seen: bool) -> None:
        """Put only `.env` back, since the command failed before it restarted anything."""
        question = Question(
            f"{problem.what} The site still runs as before. Put the old .env back, too, so that"
            " nothing switches it to S3 by chance?",
            "Put it back",
            "Leave .env as it is",
        )
        put_back = await context.ask(question)
        if put_back:
            await self._put_env_back(context)
        raise nothing_restarted(problem, seen=seen, put_back=put_back) from problem

    async def _go_back(self, context: Context, problem: Problem, last: Sequence[str]) -> None:
        """Put the old `.env` back, restart, see that the site is as before; always raises."""
        more = [line for line in last if line not in problem.raw]
        raw = context.masker("\n".join(filter(None, (problem.raw, *more))))
        question = Question(
            f"{problem.what} Put the old .env back and restart?",
            "Put it back: the instance runs as before",
            "Leave it as it is",
        )
        if not await context.ask(question):
            raise Problem(problem.what, problem.why, _RESTORE, TRY_AGAIN, raw=raw) from problem
        try:
            view = await self._put_back(context)
        except Problem as second:
            raise not_back(problem, second, await _look(context), raw) from second
        context.report(passed("Does the site run as before?", words(view)))
        raise Problem(
            "The site did not come back with S3. It runs as before: the old .env was put back.",
            f"{problem.what} {problem.why}",
            *[r for r in problem.remedies if r.action not in _SAID],
            Remedy("Change the provider's settings.", Action.EDIT_PROVIDER),
            "Then start bw-s3 again: what is proven is not done twice.",
            raw=raw,
            field=problem.field,
        ) from problem

    async def _put_back(self, context: Context) -> SiteView:
        """Restore the old `.env` and restart. Raises `Problem` where that does not help either."""
        context.report(Note("Putting the old .env back and restarting.", warning=True))
        context.journal.forget(_SWITCHED)
        await self._put_env_back(context)
        watch = SiteWatch(context.settings, context.instance.domain, context.report)
        await context.deployment.restart(context.report)
        return await watch.wait_for(Awaited.LOCAL, self.patience)

    async def _put_env_back(self, context: Context) -> None:
        await disarm(context)
        context.journal.forget_result(ENABLING_STEP)

    async def _catch_up(self, context: Context) -> int:
        """Copy what was uploaded since the copy, until a pass finds nothing; how many files."""
        context.report(Note("Looking for files that were uploaded meanwhile."))
        copied = 0
        for _ in range(_MOST_PASSES):
            outcome = await copy_new_media(context)
            if outcome.conflicts:
                raise conflicting_uploads(outcome.conflicts, outcome.conflicting)
            if outcome.failed:
                which = count_failed(outcome.failed, outcome.failed_folders)
                raise left_behind(which, [f.path for f in outcome.failures if not f.harmless])
            copied += outcome.sent
            if not outcome.sent:
                self._remember(context, _CAUGHT_UP, copied)
                return copied
        raise Problem(
            "New files keep appearing in the local media.",
            "Part of the instance still writes to its own disk: a worker that was not restarted.",
            "Restart all services of the instance, then try again.",
            TRY_AGAIN,
        )

    def _remember(self, context: Context, entry: Entry[Value], value: Value) -> None:
        """Keep an entry together with what it is true of."""
        context.journal.remember(entry.true_of(self.inputs(context)), value)

    def _recall(self, context: Context, entry: Entry[Value]) -> Value | None:
        """Return the entry, unless the bucket or its address is another by now."""
        return context.journal.recall(entry.true_of(self.inputs(context)))


async def _look(context: Context) -> SiteView:
    return await look_at_site(context.settings, context.instance.domain)


def _on_bucket(view: SiteView) -> bool:
    return view.own_page and view.points_to_bucket


async def _ask_if_away(context: Context) -> None:
    """Ask before a restart that nobody can judge, since no site answers now."""
    view = await _look(context)
    if view.own_page:
        return
    # It may end in an address, without a full stop.
    seen = (view.problem.what if view.problem else f"HTTP {view.status}").rstrip(".") + "."
    question = Question(
        f"The site does not show its own page even before the restart. {seen} Restart it?",
        "Restart: it should come back with S3",
        "Stop here and look at the site first",
    )
    if not await context.ask(question):
        raise Problem(
            "The site does not answer as it should.",
            f"It was asked at {context.settings.site_url}: {seen}",
            "Say with --site-url where the instance is reached from here.",
            TRY_AGAIN,
            field="site_url",
            decision=True,
        )


def _keeping(report: Report, last: deque[str]) -> Report:
    """Return a report that passes everything on, and keeps the last lines that commands wrote."""

    def keep(event: Event) -> None:
        if isinstance(event, Output):
            last.append(event.text)
        report(event)

    return keep


def _is_own(view: SiteView) -> Check:
    asked = "Does the site answer with a page of its own?"
    if view.own_page:
        return passed(asked, f"HTTP {view.status}, BookWyrm's first page")
    return failed(
        asked, view.problem or Problem("The site does not answer.", "It is down.", TRY_AGAIN)
    )


def _points(view: SiteView, context: Context) -> Check:
    asked = "Do its pages point to the bucket?"
    if view.points_to_bucket:
        return passed(asked, ", ".join(view.stylesheets[:3]))
    problem = Problem(
        "The site's pages do not point to the bucket.",
        f"Their style comes from {', '.join(view.stylesheets[:3]) or 'nowhere'}, not from"
        f" {context.settings.public_base}. The services may not have been restarted.",
        TRY_AGAIN,
    )
    return failed(asked, problem)
