"""Step 4: bring the static assets to the bucket, the themes' compiled CSS among them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from wizard.assets.static import (
    PREFIX,
    Asset,
    Assets,
    Unreadable,
    ask_django,
    differences,
    read_as_visitor,
)
from wizard.core.events import Check, Event, Note, Output, Progress, Report, failed, passed
from wizard.core.plan import Plan, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import count, name_some
from wizard.core.settings import MigrationPath
from wizard.journal.entries import Entry
from wizard.journal.etags import etags_are_md5
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.storage.bucket import Bucket, ObjectInfo
from wizard.switch.site_before import ran_on_this_bucket_before
from wizard.web.browser import Onlooker

# What Django named at the last check.
_ASSETS = Entry("collect_static.assets", Assets.to_json, Assets.from_json)
_NAMED = 5
_AGAIN = Remedy("Do this step again.", Action.RETRY)
_EDIT = Remedy("Change the provider's settings.", Action.EDIT_PROVIDER)


class CollectStatic(TypedStep[Assets | None]):
    """Runs `compile_themes` (where the version has it) and `collectstatic`."""

    name = "collect_static"
    title = "Static assets"
    purpose = (
        "Style sheets, scripts, icons and fonts go to the bucket, before the site points there."
        " BookWyrm's own commands do it; every file is checked afterwards."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return the bucket, its address and BookWyrm's version: others need the files again."""
        return {**context.settings.storage, "BookWyrm": context.instance.version}

    async def inspect(self, context: Context) -> Finding:
        """Look whether the files that Django named at the last check are still in the bucket."""
        assets = context.journal.recall(_ASSETS)
        if assets is None:
            number = await asyncio.to_thread(lambda: len(_stored(_bucket(context))))
            return Finding(False, (Fact("in the bucket", f"{number} static files"),))
        away = await asyncio.to_thread(_away, context, assets)
        if away:
            there = len(assets.files) - len(away)
            gone = f"{len(away)} of {len(assets.files)} static files are no longer in the bucket"
            return Finding(False, (Fact("in the bucket", f"{there} static files"),), gone)
        return Finding(True, (Fact("in the bucket", f"{len(assets.files)} static files, all"),))

    async def plan(self, context: Context) -> Plan:
        """Return the commands. Raises `Problem` where they cannot run."""
        commands = await context.deployment.static_commands()
        target = f"s3://{context.settings.bucket}/{PREFIX}"
        text = f"BookWyrm sends its static files to {target}; each is then compared and read."
        return Plan(
            (*commands, Sentence(text)),
            ""
            if context.settings.path == MigrationPath.FRESH
            else "The running site keeps its own static files until the restart.",
        )

    async def apply(self, context: Context) -> Assets | None:
        """Run the commands, with what `.env` says now.

        Returns what Django named where that was asked already, and nothing had to be done.
        """
        if not context.instance.uses_s3():
            raise Problem(
                "S3 is not enabled in .env.",
                "Without USE_S3=true the static files would be collected on this server.",
                "Do the step “Enable S3” first.",
            )
        assets = await _ask_django(context)
        before = ran_on_this_bucket_before(context)
        if before and not await asyncio.to_thread(_away, context, assets):
            context.report(Note("Every static file is in the bucket already."))
            return assets
        await context.deployment.collect_static(_Counting(context.report, len(assets.files)))
        return None

    async def verify(self, context: Context, found: Assets | None) -> Sequence[Check]:
        """Ask Django which files there are, look for each, and read each as the public does."""
        assets = found or await _ask_django(context)
        checks = [_place(context, assets)]
        away = await asyncio.to_thread(_away, context, assets)
        checks += [_all_there(assets, away), _themes_there(assets, away)]
        for check in checks:
            context.report(check)
        context.report(Note(f"Reading {count(len(assets.files), 'file')} as a stranger would."))
        base = f"{context.settings.public_base}/{PREFIX}"
        browser = Onlooker(origin=context.instance.origins[0])
        there = [a for a in assets.files if a.path not in away]
        wrong = await read_as_visitor(browser, base, there)
        checks.append(_readable(there, wrong, base))
        context.report(checks[-1])
        if all(check.problem is None for check in checks):
            context.journal.remember(_ASSETS, assets)
        return checks


class _Counting:
    """Passes on what the commands write, and tells how many files they have sent of how many.

    `collectstatic` writes a line for each file that it copies; those that are there it leaves out.
    """

    def __init__(self, report: Report, total: int) -> None:
        self._report, self._total, self._sent = report, total, 0

    def __call__(self, event: Event) -> None:
        self._report(event)
        if isinstance(event, Output) and event.text.startswith("Copying "):
            self._sent = min(self._sent + 1, self._total)
            self._report(
                Progress(
                    files_done=self._sent,
                    files_total=self._total,
                    bytes_done=0,
                    bytes_total=0,
                    rate=0,
                    seconds_left=None,
                )
            )


def _bucket(context: Context) -> Bucket:
    return Bucket(context.settings, context.keys)


def _stored(bucket: Bucket) -> dict[str, ObjectInfo]:
    """Return what is below `static/`, by its path there; nothing without a bucket."""
    if not bucket.exists():
        return {}
    return {entry.key.removeprefix(PREFIX): entry for entry in bucket.list_objects(PREFIX)}


def _away(context: Context, assets: Assets) -> Mapping[str, str]:
    """Return the static files that the bucket does not hold as they are here, each with why."""
    bucket = _bucket(context)
    shown = etags_are_md5(context.journal, bucket.place) or False
    return differences(assets, _stored(bucket), etags_are_md5=shown, read=bucket.get)


async def _ask_django(context: Context) -> Assets:
    context.report(Note("Asking Django which static files the site needs."))
    return await ask_django(context.deployment, context.instance.abilities.compile_themes)


def _place(context: Context, assets: Assets) -> Check:
    asked = "Does Django keep static files in this bucket?"
    base = f"{context.settings.public_base}/{PREFIX}"
    if (assets.url, assets.bucket) == (base, context.settings.bucket):
        return passed(asked, f"bucket {assets.bucket}, read from {assets.url}")
    problem = Problem(
        "Django keeps static files elsewhere.",
        f"It says {assets.url} in bucket “{assets.bucket}”, not {base} in"
        f" “{context.settings.bucket}”. .env was changed, or another file overrides it.",
        _EDIT,
        _AGAIN,
    )
    return failed(asked, problem)


def _all_there(assets: Assets, away: Mapping[str, str]) -> Check:
    asked = "Is every static file in the bucket, as it is here?"
    if not away:
        seen = f"{count(len(assets.files), 'file')}: all, with the same size and MD5"
        return passed(asked, seen)
    problem = Problem(
        f"{len(away)} of {len(assets.files)} static files are missing in the bucket or differ.",
        f"{name_some([f'{path} ({why})' for path, why in away.items()], _NAMED)}.",
        _AGAIN,
    )
    return failed(asked, problem)


def _themes_there(assets: Assets, away: Mapping[str, str]) -> Check:
    asked = "Is the compiled CSS of every theme in the bucket?"
    missing = [path for path in assets.themes if path in away]
    if not missing:
        return passed(asked, name_some(assets.themes, _NAMED) or "this version has no themes")
    problem = Problem(
        f"The compiled CSS of a theme is missing: {name_some(missing, _NAMED)}.",
        "Every page would come without its style. compile_themes did not write it,"
        " or collectstatic did not see what it wrote.",
        _AGAIN,
    )
    return failed(asked, problem)


def _readable(there: Sequence[Asset], wrong: Sequence[Unreadable], base: str) -> Check:
    asked = "Can a stranger read the static files?"
    fonts = sum(asset.is_font for asset in there)
    number = len(there) - fonts
    if not wrong:
        are = count(fonts, "font is", "fonts are")
        later = f"; {are} read once the CORS rules are set" if fonts else ""
        return passed(asked, f"{count(number, 'file')} read from {base}{later}")
    first = wrong[0]
    problem = Problem(
        f"A stranger's browser cannot use {len(wrong)} of {number} static files.",
        f"{first.path}: {first.problem.what} {first.problem.why}",
        *first.problem.remedies,
        raw=name_some(
            [f"{base}{item.path}: {item.problem.what}" for item in wrong], 20, between="\n"
        ),
        field=first.problem.field or "custom_domain",
    )
    return failed(asked, problem)
