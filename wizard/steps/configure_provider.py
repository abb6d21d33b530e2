"""Step 1: the bucket, its keys, and the ways in: found, tried, opened, written into `.env`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from wizard.access.canaries import Canaries
from wizard.access.cors_access import allow_by_hand
from wizard.access.earlier_buckets import (
    close_again,
    earlier_plan,
    is_used,
    lost_opening,
    settle_earlier,
)
from wizard.access.openings import open_to_public, opening_plan
from wizard.access.page_policies import refuse_policies_of_others
from wizard.access.policy import PREFIXES
from wizard.access.probe import Probe, live_checks, require_keys
from wizard.access.problems import ReadAccess, is_missing_bucket
from wizard.access.public_read import listing_check, others_closed, public_read_check
from wizard.access.rights import rights_plan
from wizard.assets.cors_rules import document_by_hand
from wizard.core.events import Check, failed, later, passed
from wizard.core.message import Message, listed, msg, plural, sentences, verbatim
from wizard.core.plan import Diff, Plan, PlanItem, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.settings import MigrationPath, Settings
from wizard.env.file import EnvFile
from wizard.env.next_lines import with_next_values
from wizard.step import Context, Fact, Finding, Question, TypedStep
from wizard.storage.answers import another_service
from wizard.storage.bucket import Bucket
from wizard.switch.env_change import (
    conversion_plan,
    env_to_change,
    write_back,
    write_changed,
)
from wizard.switch.env_mode import mode_check, mode_plan, offer_narrower_mode, put_mode_back
from wizard.switch.env_readers import (
    about_systemd,
    misread_by_systemd,
    report_readers,
    rewritten_for_systemd,
)
from wizard.switch.exports import (
    confirm_exports,
    exports_plan,
    kept_for_exports,
    refuse_shared_bucket,
)
from wizard.switch.moving import env_names_old, planned_values
from wizard.switch.s3_lines import armed_by_us
from wizard.switch.site_before import refuse_another_bucket
from wizard.switch.storage_lines import remember_storage_lines, restore_storage_lines
from wizard.web.blocked import as_mixed
from wizard.web.origins import is_mixed


class ConfigureProvider(TypedStep[str]):
    """Tries the storage with canary objects, opens it to readers, and writes the `AWS_*` lines."""

    name = "configure_provider"
    title = msg("Provider")
    purpose = msg(
        "Tests your storage with small files, exactly as BookWyrm will use it, then writes the "
        "settings into .env. The site does not use them yet."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return all that names the bucket, from inside and from outside."""
        return {**context.settings.storage, "region": context.settings.region}

    async def inspect(self, context: Context) -> Finding:
        """Look whether `.env` has the lines, the keys fit, and the bucket's policy is ours."""
        settings = context.settings
        facts = (
            Fact(
                msg("bucket"),
                msg(
                    "{bucket} at {endpoint}",
                    bucket=settings.bucket or "?",
                    endpoint=settings.endpoint_host or "?",
                ),
            ),
            Fact(msg("seen by visitors at"), settings.public_base),
        )
        if not (settings.acl_known and settings.bucket and context.keys):
            return Finding(False, facts)
        lacking = await _lacking(context, context.instance.env_file())
        if lacking:
            gone = msg(
                "your answers and .env are no longer the same: {names}", names=", ".join(lacking)
            )
            return Finding(False, facts, gone)
        gone = await asyncio.to_thread(_gone, context)
        return Finding(not gone, facts, gone)

    async def plan(self, context: Context) -> Plan:
        """Return the lines, policy and canaries to come, after the checks that store nothing."""
        await _check_instance(context)
        probe = Probe(context=context)
        items: list[PlanItem] = []
        async for check in probe.looks():
            if is_missing_bucket(check):
                seen = msg("no; it can be created, and you will be asked first")
                context.report(later(check.asked, seen, code=check.code))
                text = msg(
                    "The bucket {bucket} will be created; you will be asked first.",
                    bucket=probe.bucket.name,
                )
                items.append(Sentence(text, warning=True))
                continue
            context.report(check)
            if check.problem is not None:
                raise check.problem
        opening = await opening_plan(context, probe.bucket, there=not items)
        if belongs := another_service(context.settings):
            items.append(Sentence(belongs, warning=True))
        items += [*await _env_plan(context), *opening, *earlier_plan(context)]
        items += rights_plan(context.settings)
        text = msg("Small test files are stored under images/ and static/, read, and then removed.")
        safe = msg("The lines in .env can be undone.")
        if context.settings.path != MigrationPath.FRESH:
            safe = msg("The running site does not change, and the lines in .env can be undone.")
        return Plan((Sentence(text), *items), safe)

    async def apply(self, context: Context) -> str:
        """Try the storage out, open it to readers where that is needed, and write the lines.

        Returns the ACL that BookWyrm shall send, as the test files showed it.
        """
        await _check_instance(context)
        await confirm_exports(context, context.instance.env_file(), env_values(context))
        probe = Probe(context=context)
        async with aclosing(live_checks(probe)) as checks:
            async for check in checks:
                context.report(check)
                if check.problem is not None:
                    raise check.problem
        context = context.with_settings(self.settled(context.settings, probe.acl))
        if probe.read_access is ReadAccess.CLOSED:
            await open_to_public(context, probe.bucket)
        if probe.cors_by_hand:
            # Before S3 is enabled: nothing that needs a person is to come up after that.
            await allow_by_hand(
                context,
                probe.bucket,
                document=document_by_hand(context),
                refused=probe.cors_refused,
                again=probe.set_cors_and_back,
            )
        await settle_earlier(context)
        await _write_env(context)
        await offer_narrower_mode(context)
        return probe.acl

    def settled(self, settings: Settings, found: str) -> Settings:
        """Return the settings with the ACL that the test files showed."""
        return replace(settings, acl=found, acl_known=True)

    async def verify(self, context: Context, found: str) -> Sequence[Check]:
        """Check what the public gets of fresh canaries, and the lines as `.env` has them now."""
        require_keys(context)
        bucket = await asyncio.to_thread(Bucket, context.settings, context.keys)
        canaries = Canaries(bucket, context.journal)
        checks: list[Check] = []

        def add(check: Check) -> None:
            context.report(check)
            checks.append(check)

        try:
            for prefix in PREFIXES:
                add(await public_read_check(context, canaries, prefix))
            add(await others_closed(bucket, canaries))
        finally:
            await asyncio.to_thread(canaries.try_to_remove)
        add(await listing_check(bucket))
        add(await _lines_there(context))
        add(await mode_check(context))
        return checks

    async def undo(self, context: Context) -> bool:
        """Put the lines of `.env` and the bucket's policy back as they were.

        Not once the site runs with this bucket: visitors read from it.
        """
        if is_used(context):
            return False
        _refuse_while_armed(context)
        if context.old_storage is not None:
            lines = await _forget_waiting(context)
        else:
            lines = await restore_storage_lines(context)
            put_mode_back(context)
        policy = await asyncio.to_thread(close_again, context, context.settings)
        await settle_earlier(context)
        return lines or policy


def env_values(context: Context) -> dict[str, str | None]:
    """Return the lines of `.env` that BookWyrm needs for this storage."""
    settings, abilities = context.settings, context.instance.abilities
    values: dict[str, str | None] = {
        "AWS_ACCESS_KEY_ID": context.keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": context.keys.secret_access_key,
        "AWS_STORAGE_BUCKET_NAME": settings.bucket,
        # What the bucket was tried with where no region is known (wizard.storage.bucket.connect).
        "AWS_S3_REGION_NAME": settings.region or "us-east-1",
        "AWS_S3_CUSTOM_DOMAIN": settings.custom_domain,
        "AWS_S3_ENDPOINT_URL": settings.endpoint,
    }
    if abilities.url_protocol:
        values["AWS_S3_URL_PROTOCOL"] = settings.url_protocol
    if abilities.default_acl and settings.acl_known:
        values["AWS_DEFAULT_ACL"] = settings.acl
    if "/" in settings.custom_domain:
        values["CSP_ADDITIONAL_HOSTS"] = _merged_hosts(context)
    return values


def _merged_hosts(context: Context) -> str:
    """Return the CSP hosts with ours: a path in the custom domain makes BookWyrm's own useless."""
    host = f"{context.settings.url_protocol}//{context.settings.custom_domain_host}"
    there = context.instance.env_file().get("CSP_ADDITIONAL_HOSTS") or ""
    hosts = [h.strip() for h in there.split(",") if h.strip()]
    return ",".join(hosts if host in hosts else [*hosts, host])


async def _lacking(context: Context, env: EnvFile) -> list[str]:
    """Return the names whose lines are not as they should be, for whoever reads them."""
    if (waiting := planned_values(context, env)) is not None:
        return [name for name, value in env_values(context).items() if waiting.get(name) != value]
    misread = await misread_by_systemd(context, env)
    wanted = env_values(context).items()
    return [name for name, value in wanted if env.get(name) != value or name in misread]


def _gone(context: Context) -> Message:
    """Return what the world no longer has, "" where all is there; three requests at most."""
    try:
        bucket = Bucket(context.settings, context.keys)
        bucket.ask()
        return lost_opening(context, bucket)
    except Problem as problem:
        return verbatim(problem.what)


async def _check_instance(context: Context) -> None:
    """Raise what would stand in the way later, before the first change."""
    _require_new_keys(context)
    await refuse_another_bucket(context, ran_with_it=is_used(context))
    await report_readers(context)
    env = context.instance.env_file()
    refuse_shared_bucket(env, env_values(context))
    await asyncio.to_thread(env.check_changeable)
    _refuse_http(context)
    await refuse_policies_of_others(context)


def _require_new_keys(context: Context) -> None:
    """Raise where only the keys of the old storage are known: they are not sent elsewhere."""
    if context.old_storage is None or context.keys:
        return
    raise Problem(
        msg("The keys of the new storage are not known."),
        msg(
            "Those in .env are for {host}, which the site uses now; they are sent nowhere else.",
            host=context.old_storage.endpoint_host,
        ),
        Remedy(msg("Enter the two keys of the new storage."), Action.EDIT_PROVIDER),
        msg("With “run”: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY as environment variables."),
        field="access_key_id",
        code="keys-missing",
    )


def _refuse_http(context: Context) -> None:
    """Raise where browsers, or this BookWyrm, take no files over http."""
    origin, public = context.instance.origins[0], f"{context.settings.public_base}/static/"
    if is_mixed(origin, public):
        raise as_mixed(origin, public, redirected=False)
    if context.settings.url_protocol == "https:" or context.instance.abilities.url_protocol:
        return
    raise Problem(
        msg(
            "BookWyrm {version} cannot use storage that is served over http.",
            version=context.instance.version,
        ),
        msg(
            "Since version 0.7.4 BookWyrm lets you choose (AWS_S3_URL_PROTOCOL); yours uses "
            "the site's own protocol in every address."
        ),
        msg("Serve the files over https, or update BookWyrm first."),
        field="url_protocol",
        code="http-not-supported",
    )


def _refuse_while_armed(context: Context) -> None:
    if armed_by_us(context):
        raise Problem(
            msg("S3 is still enabled in .env."),
            msg("Without the lines from this step BookWyrm would fail at its next start."),
            msg("Undo “Enable S3” first: bw-s3 disarm"),
            code="s3-still-enabled",
        )


async def _env_plan(context: Context) -> list[PlanItem]:
    env, items = conversion_plan(context, context.instance.env_file())
    values = env_values(context)
    if env_names_old(context):
        return [*items, *_waiting_plan(context, env)]
    changes = await _own_changes(context, env)
    others = await rewritten_for_systemd(context, env, values)
    new = env.with_values({**changes, **others})
    found: list[PlanItem] = list(items)
    if not new.changed:
        found.append(Sentence(msg("{env} has all the lines already.", env=str(env.path))))
    else:
        found.append(Diff(str(env.path), env.diff(new, context.masker)))
        text = msg(
            "{env} is copied to {folder} first.",
            env=str(env.path),
            folder=str(context.journal.shown_folder),
        )
        found.append(Sentence(text))
    found += [*exports_plan(env, values), *await mode_plan(context)]
    if others:
        asks = msg("You will be asked whether to rewrite them.")
        text = sentences(about_systemd(others), asks)
        found.append(Sentence(text, warning=True))
    if context.instance.abilities.default_acl and not context.settings.acl_known:
        found.append(
            Sentence(msg("AWS_DEFAULT_ACL is set too, depending on what the test files show."))
        )
    if context.instance.uses_s3():
        text = msg(
            "USE_S3 is true already: these lines take effect the next time the services start."
        )
        found.append(Sentence(text, warning=True))
    return found


def _waiting_plan(context: Context, env: EnvFile) -> Iterator[PlanItem]:
    """Yield what is written where the running site still needs the lines of the old storage."""
    new = with_next_values(env, _set_values(context))
    if not new.changed:
        yield Sentence(msg("{env} has all the lines already.", env=str(env.path)))
        return
    yield Diff(str(env.path), env.diff(new, context.masker))
    yield Sentence(
        msg(
            "Until the step “Enable S3” these lines are comments: the site uses its old "
            "storage, and an unplanned restart changes nothing. {env} is copied to {folder} "
            "first.",
            env=str(env.path),
            folder=str(context.journal.shown_folder),
        )
    )


def _set_values(context: Context) -> dict[str, str]:
    return {name: value for name, value in env_values(context).items() if value is not None}


async def _write_waiting(context: Context, env: EnvFile) -> None:
    """Keep the lines in `.env` for “Enable S3”."""
    new = with_next_values(env, _set_values(context))
    if new.changed:
        await write_changed(context, new)


async def _forget_waiting(context: Context) -> bool:
    """Take the lines that wait out of `.env`; whether there were any."""
    env = await env_to_change(context)
    new = with_next_values(env, {})
    if not new.changed:
        return False
    await write_back(context, new)
    return True


async def _write_env(context: Context) -> None:
    context.masker.add_keys(context.keys)
    env = await env_to_change(context)
    if env_names_old(context):
        await _write_waiting(context, env)
        return
    values = env_values(context)
    changes = await _own_changes(context, env)
    changes |= await _others_rewritten(context, env, values)
    if not changes:
        return
    new = env.with_values(changes)
    # Before the file is written, in case that is the last thing that happens.
    remember_storage_lines(context, dict.fromkeys(changes, ""))
    backup = await write_changed(context, new)
    remember_storage_lines(context, dict.fromkeys(changes, backup.name))


async def _own_changes(context: Context, env: EnvFile) -> dict[str, str | None]:
    """Return what has to be set: for the media, and so that exports stay where they are."""
    values = env_values(context)
    lacking = {name: values[name] for name in await _lacking(context, env)}
    return {**lacking, **kept_for_exports(env, values)}


async def _others_rewritten(
    context: Context, env: EnvFile, own: Mapping[str, object]
) -> Mapping[str, str]:
    """Return what of the admin's own lines is to be rewritten for systemd; asks about it."""
    others = await rewritten_for_systemd(context, env, own)
    if not others:
        return {}
    question = Question(
        text=sentences(
            about_systemd(others),
            msg("Rewrite them so that both read the same, from the next start of the services?"),
        ),
        yes=msg("Rewrite them"),
        no=msg("Leave them as they are"),
    )
    return others if await context.ask(question) else {}


async def _lines_there(context: Context) -> Check:
    asked, code = msg("Does .env have BookWyrm's lines for this storage?"), "env-lines"
    lacking = await _lacking(context, context.instance.env_file())
    if not lacking:
        seen = msg("yes, {number} of them", number=len(env_values(context)))
        return passed(asked, seen, code=code)
    problem = Problem(
        plural(
            "{names} in .env is not as it was written.",
            "{names} in .env are not as they were written.",
            len(lacking),
            names=listed(lacking),
        ),
        msg("Somebody changed the file in the meantime."),
        Remedy(msg("Do this step again."), Action.RETRY),
        code="env-lines-changed",
    )
    return failed(asked, problem, code=code)
