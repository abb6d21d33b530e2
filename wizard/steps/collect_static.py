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
from wizard.copying.sources import moves_address_only
from wizard.core.events import Check, Event, Note, Output, Progress, Report, failed, passed
from wizard.core.message import NOTHING, msg, plural, sentences
from wizard.core.plan import Plan, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import count_files, name_some
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
_AGAIN = Remedy(msg("Do this step again."), Action.RETRY)
_EDIT = Remedy(msg("Change the provider's settings."), Action.EDIT_PROVIDER)


class CollectStatic(TypedStep[Assets | None]):
    """Runs `compile_themes` (where the version has it) and `collectstatic`."""

    name = "collect_static"
    title = msg("Static assets")
    purpose = msg(
        "Uploads stylesheets, scripts, icons and fonts with BookWyrm's own commands, then "
        "checks every file. The site uses them only after the restart."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return the bucket, its address and BookWyrm's version: others need the files again."""
        return {**context.settings.storage, "BookWyrm": context.instance.version}

    async def inspect(self, context: Context) -> Finding:
        """Look whether the files that Django named at the last check are still in the bucket."""
        assets = context.journal.recall(_ASSETS)
        if assets is None:
            number = await asyncio.to_thread(lambda: len(_stored(_bucket(context))))
            return Finding(False, (_in_bucket(number),))
        away = await asyncio.to_thread(_away, context, assets)
        if away:
            there = len(assets.files) - len(away)
            gone = plural(
                "{n} of {total} static files is no longer in the bucket",
                "{n} of {total} static files are no longer in the bucket",
                len(away),
                total=len(assets.files),
            )
            return Finding(False, (_in_bucket(there),), gone)
        every = plural("{n} static file, all", "{n} static files, all", len(assets.files))
        return Finding(True, (Fact(msg("in the bucket"), every),))

    async def plan(self, context: Context) -> Plan:
        """Return the commands. Raises `Problem` where they cannot run."""
        commands = await context.deployment.static_commands()
        target = f"s3://{context.settings.bucket}/{PREFIX}"
        text = msg(
            "BookWyrm sends its static files to {target}; each is then compared and read.",
            target=target,
        )
        if _is_left_alone(context):
            unless = msg("If every static file is in the bucket already, no command is run.")
            text = sentences(unless, text)
        return Plan(
            (*commands, Sentence(text)),
            NOTHING
            if context.settings.path == MigrationPath.FRESH
            else msg("The running site keeps its own static files until the restart."),
        )

    async def apply(self, context: Context) -> Assets | None:
        """Run the commands, with what `.env` says now.

        Returns what Django named where that was asked already, and nothing had to be done.
        """
        if not context.instance.uses_s3():
            raise Problem(
                msg("S3 is not enabled in .env."),
                msg("Without USE_S3=true the static files would be collected on this server."),
                msg("Do the step “Enable S3” first."),
                code="s3-not-enabled",
            )
        assets = await _ask_django(context)
        if _is_left_alone(context) and not await asyncio.to_thread(_away, context, assets):
            context.report(Note(msg("Every static file is in the bucket already.")))
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
        reading = plural(
            "Reading {n} file as an anonymous visitor.",
            "Reading {n} files as an anonymous visitor.",
            len(assets.files),
        )
        context.report(Note(reading))
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


def _is_left_alone(context: Context) -> bool:
    """Tell whether static files that are there as they are here are not sent again."""
    return ran_on_this_bucket_before(context) or moves_address_only(context)


def _in_bucket(number: int) -> Fact:
    return Fact(msg("in the bucket"), plural("{n} static file", "{n} static files", number))


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
    context.report(Note(msg("Asking Django which static files the site needs.")))
    return await ask_django(context.deployment, context.instance.abilities.compile_themes)


def _place(context: Context, assets: Assets) -> Check:
    asked, code = msg("Does Django store static files in this bucket?"), "static-files-place"
    base = f"{context.settings.public_base}/{PREFIX}"
    if (assets.url, assets.bucket) == (base, context.settings.bucket):
        seen = msg("bucket {bucket}, read from {url}", bucket=assets.bucket, url=assets.url)
        return passed(asked, seen, code=code)
    problem = Problem(
        msg("Django stores static files elsewhere."),
        msg(
            "It says {url} in bucket “{bucket}”, not {own_url} in “{own_bucket}”. .env was "
            "changed, or another file overrides it.",
            url=assets.url,
            bucket=assets.bucket,
            own_url=base,
            own_bucket=context.settings.bucket,
        ),
        _EDIT,
        _AGAIN,
        code="static-files-elsewhere",
    )
    return failed(asked, problem, code=code)


def _all_there(assets: Assets, away: Mapping[str, str]) -> Check:
    asked, code = (
        msg("Is every static file in the bucket, identical to the one here?"),
        "static-files-stored",
    )
    if not away:
        files = count_files(len(assets.files))
        seen = msg("{files}: all, with the same size and MD5", files=files)
        return passed(asked, seen, code=code)
    named = [msg("{path} ({why})", path=path, why=why) for path, why in away.items()]
    problem = Problem(
        plural(
            "{n} of {total} static files is missing from the bucket or differs.",
            "{n} of {total} static files are missing from the bucket or differ.",
            len(away),
            total=len(assets.files),
        ),
        msg("{files}.", files=name_some(named, _NAMED)),
        _AGAIN,
        code="static-files-missing",
    )
    return failed(asked, problem, code=code)


def _themes_there(assets: Assets, away: Mapping[str, str]) -> Check:
    asked, code = msg("Is the compiled CSS of every theme in the bucket?"), "themes-compiled"
    missing = [path for path in assets.themes if path in away]
    if not missing:
        seen = name_some(assets.themes, _NAMED) or msg("this version has no themes")
        return passed(asked, seen, code=code)
    problem = Problem(
        msg("The compiled CSS of a theme is missing: {files}.", files=name_some(missing, _NAMED)),
        msg(
            "Every page would be unstyled. compile_themes did not write it, or collectstatic "
            "did not find what it wrote."
        ),
        _AGAIN,
        code="theme-missing",
    )
    return failed(asked, problem, code=code)


def _readable(there: Sequence[Asset], wrong: Sequence[Unreadable], base: str) -> Check:
    asked, code = msg("Can the public read the static files?"), "static-files-readable"
    fonts = sum(asset.is_font for asset in there)
    number = len(there) - fonts
    if not wrong:
        seen = msg("{files} read from {base}", files=count_files(number), base=base)
        if fonts:
            seen = plural(
                "{seen}; {n} font is read once the CORS rules are set",
                "{seen}; {n} fonts are read once the CORS rules are set",
                fonts,
                seen=seen,
            )
        return passed(asked, seen, code=code)
    first = wrong[0]
    lines = [f"{base}{item.path}: {item.problem.what}" for item in wrong]
    problem = Problem(
        plural(
            "Visitors' browsers cannot use {n} of {total} static files.",
            "Visitors' browsers cannot use {n} of {total} static files.",
            len(wrong),
            total=number,
        ),
        msg(
            "{path}: {problem}",
            path=first.path,
            problem=sentences(first.problem.what, first.problem.why),
        ),
        *first.problem.remedies,
        raw=str(name_some(lines, 20, between="\n")),
        field=first.problem.field or "custom_domain",
        code="static-files-unreadable",
    )
    return failed(asked, problem, code=code)
