"""The way back, step 4: have the running services use this server's disk, and catch up.

A process of its own does it (`wizard.switch`); if the site does not come back, `.env` names the
bucket again and the services follow it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from wizard.core.events import Check, Note, failed, passed, remark
from wizard.core.message import msg, plural
from wizard.core.os_errors import words_of
from wizard.core.plan import Plan, PlanItem, Sentence
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.journal.journal import VerifiedFile
from wizard.journal.public_files import public_files
from wizard.media.source import path_of
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.switch.course import SWITCHING_BACK_STEP
from wizard.switch.follow import PATIENCE, carry_out_switch, under_way
from wizard.switch.launch import why_a_logout_ends_it
from wizard.switch.on_disk import is_on_disk, look, require_s3_off, serves_itself
from wizard.switch.plan import about_choice, noticed, stages_of
from wizard.switch.problems import words
from wizard.switch.state import Direction, SwitchPhase
from wizard.switch.updates import about_update, confirm_update
from wizard.switch.uploads_back import bring_uploads_back, expect_uploads, uploads_are_missing
from wizard.switch.ways import choose
from wizard.web.own_style import own_style_problem
from wizard.web.served_files import ServedFiles
from wizard.web.visitor import SiteView


class SwitchBack(TypedStep[None]):
    """Restarts the services, which use the disk from then on, and copies back what came late."""

    name = SWITCHING_BACK_STEP
    title = msg("Restart")
    switches_site = True
    purpose = msg(
        "The services restart and use this server's disk from now on. Then what was uploaded to "
        "the bucket in the meantime is copied back too."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return the storage that the site ran with."""
        return context.settings.storage

    async def inspect(self, context: Context) -> Finding:
        """Look whether the site serves its own files, and nothing is left in the bucket only."""
        view = await look(context)
        facts = (Fact(msg("site"), context.settings.site_url), Fact(msg("seen"), words(view)))
        return Finding(await is_on_disk(context), facts)

    async def plan(self, context: Context) -> Plan:
        """Return the stages word for word, what visitors notice, and what happens if it fails."""
        if serves_itself(context, await look(context)):
            text = msg("The site serves its own files already: nothing is restarted.")
            catch_up = msg("What was uploaded to the bucket in the meantime is copied back.")
            return Plan((Sentence(text), Sentence(catch_up)))
        choice = await choose(context)
        items: list[PlanItem] = [
            *stages_of(choice),
            *about_choice(choice),
            *await about_update(context),
            Sentence(_CATCH_UP),
            Sentence(_UNDONE),
        ]
        if reason := await why_a_logout_ends_it():
            items.append(Sentence(reason, warning=True))
        return Plan(tuple(items), msg("The objects in the bucket stay where they are."))

    async def apply(self, context: Context) -> None:
        """Restart, unless a start before this one did; then catch up."""
        require_s3_off(context, msg("A restart would change nothing."))
        if under_way(context) or not serves_itself(context, await look(context)):
            await self._switch(context)
        if uploads_are_missing(context):
            context.report(Note(msg("Looking for files that were uploaded in the meantime.")))
            await bring_uploads_back(context, may_refuse=True)

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        """Look at the site as a visitor: its page, its styles, and some of its media."""
        view = await look(context)
        checks = [_on_disk(context, view), await _styles(context, view)]
        checks += await asyncio.to_thread(_media, context)
        checks += noticed(context, Direction.TO_DISK)
        for check in checks:
            context.report(check)
        return checks

    async def _switch(self, context: Context) -> None:
        if not under_way(context):
            await confirm_update(context)
            expect_uploads(context)
        ended = await carry_out_switch(context, PATIENCE, Direction.TO_DISK)
        if ended.problem:
            raise ended.problem
        if ended.phase is not SwitchPhase.DONE:
            raise Problem(
                msg("The site runs with S3 again: .env names the bucket as before."),
                msg("That had already been started."),
                TRY_AGAIN,
                code="switch-put-back",
            )


_CATCH_UP = msg(
    "Files uploaded to the bucket until the switch is complete are copied back in three "
    "rounds: before pages change, while the services are switched, and after the last of them "
    "is."
)
_UNDONE = msg(
    "If a stage fails, or if the site is not back in time or has no style, .env names the "
    "bucket again, and the services are switched back to it."
)


def _on_disk(context: Context, view: SiteView) -> Check:
    asked, code = msg("Does the site serve its own files?"), "site-on-disk"
    if serves_itself(context, view):
        return passed(asked, words(view), code=code)
    sheets = ", ".join(view.stylesheets[:3])
    problem = view.problem or Problem(
        msg("The site's pages still point to a bucket."),
        msg("Their stylesheets come from {urls}.", urls=sheets or "?"),
        TRY_AGAIN,
        raw=sheets,
        code="site-not-on-disk",
    )
    return failed(asked, problem, code=code)


async def _styles(context: Context, view: SiteView) -> Check:
    asked, code = msg("Does it serve its stylesheets and scripts?"), "site-own-style"
    problem = await own_style_problem(context.settings, context.instance.domain, view)
    return failed(asked, problem, code=code) if problem else passed(asked, msg("yes"), code=code)


def _media(context: Context) -> Iterator[Check]:
    """Ask the site for some of the files that bw-s3 knows the MD5 of, from all over the media."""
    asked, code = msg("Does it serve its media, byte for byte?"), "site-own-media"
    samples = _samples(context)
    if not samples:
        return
    wrong: list[str] = []
    try:
        with ServedFiles.of_site(context.settings, context.instance.domain) as served:
            wrong = [file.key for file in samples if served.md5(path_of(file.key)) != file.md5]
    except OSError as error:
        yield remark(asked, msg("not known: {reason}", reason=words_of(error)), code=code)
        return
    if not wrong:
        seen = plural("yes, {n} file tried", "yes, {n} files tried", len(samples))
        yield passed(asked, seen, code=code)
        return
    problem = Problem(
        plural(
            "The site does not serve {n} of {total} files as they are.",
            "The site does not serve {n} of {total} files as they are.",
            len(wrong),
            total=len(samples),
        ),
        msg("Its web server has to serve /images/ from this server's disk."),
        msg(
            "See whether nginx still has a location for /images/, and is allowed to read the files."
        ),
        TRY_AGAIN,
        raw="\n".join(wrong),
        code="own-media-missing",
    )
    yield failed(asked, problem, code=code)


def _samples(context: Context) -> list[VerifiedFile]:
    """Return the first, second, fourth, eighth … public file that was verified."""
    public, number, samples = public_files(context.journal), 0, []
    for file in context.journal.verified_files(context.settings.destination):
        if not public.has(path_of(file.key)) or not file.size:
            continue
        number += 1
        if number & (number - 1) == 0:
            samples.append(file)
    return samples
