"""Step 1: the bucket, its keys, and the ways in: found, tried, opened, written into `.env`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing

from wizard.access import (
    as_text,
    blocking,
    closing_policy,
    exposure,
    is_opened,
    opening_policy,
    unblocked,
)
from wizard.bucket import Bucket, Policy
from wizard.canary import Canaries
from wizard.env_change import conversion_plan, env_to_change
from wizard.env_file import EnvFile, backups
from wizard.events import Check, Note, Verdict, failed, later, passed
from wizard.probe import Probe, Way, is_missing_bucket, probing, reads, require_keys, wrong_domain
from wizard.problem import Action, Problem, Remedy
from wizard.providers import preset
from wizard.settings import Settings
from wizard.step import (
    Context,
    Diff,
    Document,
    Fact,
    Finding,
    Plan,
    PlanItem,
    Question,
    Sentence,
    Step,
)

_POLICY_BEFORE = "configure_provider.policy-before"
_LINES = "configure_provider.lines"
# Policies take a moment to reach all of a service's servers.
_SECONDS_TO_OPEN = 30


class ConfigureProvider(Step):
    """Tries the storage with canary objects, opens it to readers, and writes the `AWS_*` lines."""

    name = "configure_provider"
    title = "Provider"
    purpose = (
        "Your storage is tried out with small test files, exactly as BookWyrm will use it. "
        "What was found goes into .env; the site does not use it yet."
    )

    def inputs(self, context: Context) -> Mapping[str, str]:
        """All that names the bucket, from inside and from outside."""
        settings = context.settings
        return {
            "endpoint": settings.endpoint,
            "region": settings.region,
            "bucket": settings.bucket,
            "custom_domain": settings.custom_domain,
            "url_protocol": settings.url_protocol,
        }

    async def inspect(self, context: Context) -> Finding:
        """Whether `.env` has the lines, the bucket takes the keys, and its policy is still ours."""
        settings = context.settings
        facts = (
            Fact("bucket", f"{settings.bucket or '?'} at {settings.endpoint_host or '?'}"),
            Fact("seen by visitors at", settings.public_base),
        )
        if not (settings.acl_known and settings.bucket and context.keys):
            return Finding(False, facts)
        lacking = _lacking(context, context.instance.env_file())
        if lacking:
            gone = f".env no longer says what was found: {', '.join(lacking)}"
            return Finding(False, facts, gone)
        gone = await asyncio.to_thread(_gone, context)
        return Finding(not gone, facts, gone)

    async def plan(self, context: Context) -> Plan:
        """The checks that store nothing, and the lines, policy and canaries to come."""
        _refuse_http(context)
        probe = Probe(context)
        items: list[PlanItem] = []
        async for check in probe.looks():
            if is_missing_bucket(check):
                context.report(
                    later(check.asked, "no; it can be created, and you are asked before")
                )
                text = f"The bucket {probe.bucket.name} is created; you are asked before."
                items.append(Sentence(text, warning=True))
                continue
            context.report(check)
            if check.problem is not None:
                raise check.problem
        items += await _policy_plan(context, probe.bucket, there=not items)
        items += _env_plan(context)
        text = "Small test files are stored below images/ and static/, read, and removed again."
        safe = "The running site does not change, and the lines in .env can be taken back."
        return Plan((Sentence(text), *items), safe)

    async def apply(self, context: Context) -> None:
        """Try the storage out, open it to readers where that is needed, and write the lines."""
        _refuse_http(context)
        probe = Probe(context)
        async with aclosing(probing(context, probe)) as checks:
            async for check in checks:
                context.report(check)
                if check.problem is not None:
                    raise check.problem
        if probe.way is Way.POLICY:
            await _open(context, probe.bucket)
        await _write_env(context)

    async def prove(self, context: Context) -> Sequence[Check]:
        """What a stranger gets of fresh canaries, and the lines as `.env` has them now."""
        require_keys(context)
        bucket = await asyncio.to_thread(Bucket, context.settings, context.keys)
        canaries = Canaries(bucket, context.journal)
        checks: list[Check] = []
        try:
            for prefix in ("images/", "static/"):
                checks.append(await _stranger_reads(context, canaries, prefix))
                context.report(checks[-1])
        finally:
            await asyncio.to_thread(canaries.try_to_remove)
        checks += [await _hidden(context, bucket), _lines_there(context)]
        for check in checks[-2:]:
            context.report(check)
        return checks

    async def undo(self, context: Context) -> bool:
        """Put the lines of `.env` and the bucket's policy back as they were."""
        lines = await _restore_lines(context)
        policy = await asyncio.to_thread(_restore_policy, context)
        return lines or policy


def env_values(context: Context) -> dict[str, str | None]:
    """The lines of `.env` that BookWyrm needs for this storage."""
    settings, abilities = context.settings, context.instance.abilities
    values: dict[str, str | None] = {
        "AWS_ACCESS_KEY_ID": context.keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": context.keys.secret_access_key,
        "AWS_STORAGE_BUCKET_NAME": settings.bucket,
        # What the bucket was tried with where no region is known (wizard.bucket.connect).
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
    """A path in the custom domain makes BookWyrm's own Content-Security-Policy useless."""
    host = f"{context.settings.url_protocol}//{context.settings.custom_domain_host}"
    there = context.instance.env_file().get("CSP_ADDITIONAL_HOSTS") or ""
    hosts = [h.strip() for h in there.split(",") if h.strip()]
    return ",".join(hosts if host in hosts else [*hosts, host])


def _lacking(context: Context, env: EnvFile) -> list[str]:
    """The names whose lines are not as they should be."""
    return [name for name, value in env_values(context).items() if env.get(name) != value]


def _gone(context: Context) -> str:
    """What the world no longer has, "" where all is there; three requests at most."""
    try:
        bucket = Bucket(context.settings, context.keys)
        bucket.ask()
        ours = context.journal.recall(_policy_key(context.settings))
        if ours and not is_opened(bucket.name, bucket.get_policy()):
            return "the bucket policy that lets strangers read is gone"
    except Problem as problem:
        return problem.what
    return ""


def _refuse_http(context: Context) -> None:
    if context.settings.url_protocol == "https:" or context.instance.abilities.url_protocol:
        return
    raise Problem(
        f"BookWyrm {context.instance.version} cannot use storage that is served over http.",
        "Since version 0.7.4 BookWyrm lets one choose (AWS_S3_URL_PROTOCOL); yours writes the "
        "protocol of the site itself into every address.",
        "Serve the files over https, or update BookWyrm first.",
        field="url_protocol",
    )


async def _policy_plan(context: Context, bucket: Bucket, *, there: bool) -> list[PlanItem]:
    """The policy as it would be sent, where the canaries have not said that it is not needed."""
    settings = context.settings
    if settings.acl_known and settings.acl:
        return []
    try:
        current = await asyncio.to_thread(bucket.get_policy) if there else None
    except Problem as problem:
        return [Sentence(f"The bucket's policy cannot be read: {problem.what}", warning=True)]
    if is_opened(bucket.name, current):
        return []
    text = (
        "If the test files show that strangers cannot read, the bucket gets this policy. It lets "
        "everybody read images/* and static/*, and nothing else; you are asked before."
    )
    items: list[PlanItem] = [Sentence(text)]
    items.append(Document("bucket policy", as_text(opening_policy(bucket.name, current))))
    on = blocking(await asyncio.to_thread(bucket.public_access_block)) if there else ()
    if on:
        text = f"For it, Block Public Access is relaxed: {' and '.join(on)} are turned off."
        items.append(Sentence(text, warning=True))
    return items


def _env_plan(context: Context) -> list[PlanItem]:
    env, items = conversion_plan(context, context.instance.env_file())
    new = env.with_values(env_values(context))
    found: list[PlanItem] = list(items)
    if not new.changed:
        found.append(Sentence(f"{env.path} has all the lines already."))
    else:
        found.append(Diff(str(env.path), env.diff(new, context.masker)))
        found.append(Sentence(f"{env.path} is copied to {context.journal.folder} before."))
    if context.instance.abilities.default_acl and not context.settings.acl_known:
        found.append(Sentence("AWS_DEFAULT_ACL is set too, as the test files show it."))
    if context.instance.uses_s3():
        text = "USE_S3 is true already: these lines count from the next start of the services on."
        found.append(Sentence(text, warning=True))
    return found


async def _write_env(context: Context) -> None:
    context.masker.add_keys(context.keys)
    env = await env_to_change(context)
    names = _lacking(context, env)
    if not names:
        return
    values = env_values(context)
    new = env.with_values({name: values[name] for name in names})
    # Before the file is written, in case that is the last thing that happens.
    _remember_lines(context, dict.fromkeys(names, ""))
    backup = await asyncio.to_thread(new.write, context.journal.folder)
    _remember_lines(context, dict.fromkeys(names, backup.name))
    context.report(Note(f"Changed {env.path}; as it was: {backup}"))


def _remember_lines(context: Context, backups_by_name: Mapping[str, str]) -> None:
    """Which lines were changed, and in which backup they are as they were before the first time.

    The lines themselves stay out of the journal: they may hold the keys.
    """
    kept: dict[str, str] = json.loads(context.journal.recall(_LINES) or "{}")
    added = {name: backup for name, backup in backups_by_name.items() if not kept.get(name)}
    context.journal.remember(_LINES, json.dumps(kept | added))


async def _restore_lines(context: Context) -> bool:
    kept: dict[str, str] = json.loads(context.journal.recall(_LINES) or "{}")
    if not kept:
        return False
    env = await env_to_change(context)
    old = env
    for name, backup in kept.items():
        before = _backup_with(context, env, name, backup)
        old = old.with_line(name, before.line(name)) if before else old
    if old.changed:
        backup_now = await asyncio.to_thread(old.write, context.journal.folder)
        context.report(Note(f"Changed {env.path} back; as it was: {backup_now}"))
    context.journal.remember(_LINES, "")
    return True


def _backup_with(context: Context, env: EnvFile, name: str, backup: str) -> EnvFile | None:
    """The backup that has a line as it was.

    Where we were killed before its name was known, it is the newest one in
    which the line differs; None where the line was never changed.
    """
    if backup:
        return EnvFile.read(context.journal.folder / backup)
    candidates = (EnvFile.read(path) for path in reversed(backups(context.journal.folder)))
    return next((c for c in candidates if c.line(name) != env.line(name)), None)


def _policy_key(settings: Settings) -> str:
    return f"{_POLICY_BEFORE} {settings.endpoint}/{settings.bucket}"


async def _open(context: Context, bucket: Bucket) -> None:
    """Have a bucket policy let strangers read; all as before where that does not work."""
    before = await asyncio.to_thread(bucket.get_policy)
    switches = await asyncio.to_thread(bucket.public_access_block)
    await _ask_to_open(context, bucket, opening_policy(bucket.name, before))
    await _ask_to_unblock(context, switches)
    if not context.journal.recall(_policy_key(context.settings)):
        context.journal.remember(_policy_key(context.settings), json.dumps(switches))
    try:
        if blocking(switches):
            await asyncio.to_thread(bucket.put_public_access_block, unblocked(switches))
        await asyncio.to_thread(bucket.put_policy, opening_policy(bucket.name, before))
        await _check_opened(context, bucket)
    except BaseException:
        await asyncio.to_thread(_put_back, bucket, before, switches)
        context.journal.remember(_policy_key(context.settings), "")
        raise
    context.report(passed("Does the bucket policy let strangers read?", "yes"))


async def _ask_to_open(context: Context, bucket: Bucket, policy: Policy) -> None:
    lies_there = await asyncio.to_thread(exposure, bucket)
    if lies_there.private:
        raise _private_files(bucket.name, lies_there.private)
    text = "The bucket gets this policy, which lets everybody read images/* and static/*:"
    text = f"{text}\n{as_text(policy)}"
    if lies_there.count:
        text += f"\n{lies_there.words} objects are there already; strangers will read them too."
    if await context.ask(Question(text, "Put this policy", "Leave the bucket closed")):
        return
    raise Problem(
        "The bucket stays closed to strangers.",
        "The policy that would let them read was declined, and the files' own ACLs have no effect.",
        Remedy("Use another bucket.", Action.EDIT_PROVIDER),
        preset(context.settings.provider).advice("public", context.settings),
        decision=True,
    )


async def _ask_to_unblock(context: Context, switches: Mapping[str, bool]) -> None:
    """Ask about what of Amazon's Block Public Access stands against a public policy."""
    on = blocking(switches)
    text = (
        f"Block Public Access is on for this bucket. {' and '.join(on)} must be turned off, or "
        "no policy can let strangers read; the two switches about ACLs stay as they are."
    )
    if not on or await context.ask(Question(text, "Turn them off", "Leave them on")):
        return
    raise Problem(
        "Block Public Access keeps strangers out of the bucket.",
        "It was left on, and no bucket policy can let strangers read as long as it is.",
        preset(context.settings.provider).advice("public", context.settings),
        decision=True,
    )


async def _check_opened(context: Context, bucket: Bucket) -> None:
    """Strangers must be let in by the policy, and our own keys not locked out by it."""
    canaries = Canaries(bucket, context.journal)
    try:
        for prefix in ("images/", "static/"):
            check = await _stranger_reads(context, canaries, prefix)
            if check.verdict is Verdict.FAIL and check.problem is not None:
                raise check.problem
        await asyncio.to_thread(bucket.ask)
    finally:
        await asyncio.to_thread(canaries.try_to_remove)


def _put_back(bucket: Bucket, before: Policy | None, switches: Mapping[str, bool]) -> None:
    """Another problem is on its way; that of putting back would hide it."""
    try:
        bucket.put_policy(before)
        if blocking(switches):
            bucket.put_public_access_block(switches)
    except Problem:
        return


async def _stranger_reads(context: Context, canaries: Canaries, prefix: str) -> Check:
    settings = context.settings
    asked = f"Can a stranger read what is stored below {prefix}, through {settings.custom_domain}?"
    canary = await asyncio.to_thread(canaries.put, prefix, settings.acl)
    seen = await reads(settings, canary, _SECONDS_TO_OPEN)
    if seen is None:
        return passed(asked, "yes, byte for byte")
    return failed(asked, wrong_domain(settings, seen, at_endpoint=False))


async def _hidden(context: Context, bucket: Bucket) -> Check:
    """What is below no opened folder must stay closed, and the list of files too."""
    probe = Probe(context)
    await asyncio.to_thread(probe.begin)
    return await probe.listing_check()


def _lines_there(context: Context) -> Check:
    asked = "Does .env have BookWyrm's lines for this storage?"
    lacking = _lacking(context, context.instance.env_file())
    if not lacking:
        return passed(asked, f"yes, {len(env_values(context))} of them")
    return failed(
        asked,
        Problem(
            f"{', '.join(lacking)} in .env are not as they were written.",
            "Somebody changed the file meanwhile.",
            Remedy("Do this step again.", Action.RETRY),
        ),
    )


def _restore_policy(context: Context) -> bool:
    """Take our statement out again, where we put it in."""
    kept = context.journal.recall(_policy_key(context.settings))
    if not kept:
        return False
    bucket = Bucket(context.settings, context.keys)
    current = bucket.get_policy()
    closed = closing_policy(current)
    if closed != current:
        bucket.put_policy(closed)
    switches = json.loads(kept)
    if blocking(switches):
        bucket.put_public_access_block(switches)
    context.journal.remember(_policy_key(context.settings), "")
    return True


def _private_files(bucket: str, keys: Sequence[str]) -> Problem:
    some = ", ".join(keys[:5]) + (" …" if len(keys) > 5 else "")
    return Problem(
        f"{len(keys):,} objects below images/ in {bucket} are not for strangers.",
        "BookWyrm's own web server never hands out such files: they may be exports of whole "
        "accounts. The bucket policy would let everybody read them.",
        f"Move them out of images/ or delete them, if nobody needs them: {some}",
        Remedy("Use another bucket.", Action.EDIT_PROVIDER),
        raw="\n".join(keys[:1000]),
        field="bucket",
        decision=True,
    )
