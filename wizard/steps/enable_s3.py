"""Step 3: tell BookWyrm to use the bucket from its next start on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from wizard.core.events import Check, Note, Verdict, failed, passed, remark
from wizard.core.message import NOTHING, Message, listed, msg, plural, sentences, verbatim
from wizard.core.plan import Diff, Plan, PlanItem, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.settings import DeploymentKind, MigrationPath
from wizard.env.file import EnvFile
from wizard.instance.checkout import is_true
from wizard.instance.problems import refuse_azure
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.switch.env_change import conversion_plan, env_to_change, values_in_bash
from wizard.switch.env_readers import misread_by_systemd, readers_check
from wizard.switch.s3_lines import ENABLING_STEP, remember_lines, were_changed
from wizard.switch.site_before import confirm_without_site
from wizard.switch.undo import disarm_and_put_back
from wizard.switch.updates import about_update, confirm_update

# Without these BookWyrm stops, or answers every page with its error page.
_NEEDED = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_STORAGE_BUCKET_NAME",
    "AWS_S3_CUSTOM_DOMAIN",
    "AWS_S3_ENDPOINT_URL",
)


_SAFE_FRESH = msg("This step can be undone.")
_SAFE = sentences(msg("The running site does not change yet."), _SAFE_FRESH)


class EnableS3(TypedStep[None]):
    """Sets `USE_S3=true` in `.env`, and `USE_HTTPS=true` where this version has it."""

    name = ENABLING_STEP
    title = msg("Enable S3")
    purpose = msg(
        "One line in .env tells BookWyrm to keep its files in the bucket. It takes effect the "
        "next time the services start."
    )
    undone_too = ("restart", "verify_cors")
    undone_before = ("update_connector",)

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return how the storage is served, since `USE_HTTPS` depends on it."""
        if not context.instance.abilities.use_https:
            return {}
        return {"url_protocol": context.settings.url_protocol}

    async def inspect(self, context: Context) -> Finding:
        """Look at what `.env` says now."""
        env = context.instance.env_file()
        facts = tuple(Fact(verbatim(name), _in_env(env, name)) for name in _wanted(context))
        done = not await _missing(context, env)
        lost = not done and were_changed(context)
        return Finding(done, facts, msg(".env no longer says so") if lost else NOTHING)

    async def plan(self, context: Context) -> Plan:
        """Return the diff, and what being armed means. Raises `Problem` where it cannot be done."""
        env = context.instance.env_file()
        refuse_azure(env)
        whole, items = conversion_plan(context, env)
        new = whole.with_values(await _missing(context, whole))
        if not new.changed:
            text = msg("Nothing to do: {env} says so already.", env=str(env.path))
            return Plan((Sentence(text),))
        change = Diff(str(env.path), whole.diff(new, context.masker))
        backup = Sentence(
            msg(
                "The current {env} is kept in {folder}.",
                env=str(env.path),
                folder=str(context.journal.shown_folder),
            )
        )
        check = await _in_bash(context, new)
        doubt = () if check.verdict is Verdict.PASS else (Sentence(check.seen, warning=True),)
        return Plan(
            (*items, change, *await about_update(context), *_armed(context, env), backup, *doubt),
            _SAFE_FRESH if context.settings.path == MigrationPath.FRESH else _SAFE,
        )

    async def apply(self, context: Context) -> None:
        """Back `.env` up and set the lines."""
        refuse_azure(context.instance.env_file())
        env = await env_to_change(context)
        _refuse_incomplete(env)
        missing = await _missing(context, env)
        if not missing:
            return
        new = env.with_values(missing)
        check = await _in_bash(context, new)
        if check.problem:
            raise check.problem
        await confirm_without_site(context)
        await confirm_update(context)
        remember_lines(context, env, tuple(missing))
        backup = await asyncio.to_thread(new.write, context.journal.folder)
        changed = msg("Changed {env}; backup: {backup}", env=str(env.path), backup=str(backup))
        context.report(Note(changed))

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        """Read `.env` again, as Django does and as bash does."""
        env = context.instance.env_file()
        checks = [_in_django(env, name) for name in _wanted(context)]
        checks.append(await _in_bash(context, env))
        for check in checks:
            context.report(check)
        return checks

    async def undo(self, context: Context) -> bool:
        """Disarm: put the lines back as they were, and the services; the `AWS_*` lines stay."""
        return await disarm_and_put_back(context)


def _wanted(context: Context) -> tuple[str, ...]:
    """Return the variables that must be true."""
    secure = context.settings.url_protocol == "https:"
    if context.instance.abilities.use_https and secure:
        return ("USE_S3", "USE_HTTPS")
    return ("USE_S3",)


async def _missing(context: Context, env: EnvFile) -> dict[str, str | None]:
    """Return the lines that are to be set: not every reader takes them for true."""
    misread = await misread_by_systemd(context, env)
    wanted = _wanted(context)
    return {n: "true" for n in wanted if n in misread or not is_true(env.get(n))}


def _in_env(env: EnvFile, name: str) -> Message:
    value = env.get(name)
    if value is None:
        return msg("not set in .env")
    return msg("{value} in .env", value=value) if value else msg("(empty) in .env")


def _armed(context: Context, env: EnvFile) -> Sequence[PlanItem]:
    """Return what happens between now and the restart, which the admin must know before."""
    if context.settings.path == MigrationPath.FRESH:
        return (Sentence(msg("The instance uses the bucket from its first start.")),)
    text = msg(
        "From here on the instance is armed: whatever starts its services next (a reboot, an"
        " upgrade, a crash) switches it to S3, ready or not. So continue to the restart soon."
    )
    if env.get("USE_S3") is None:
        workers = msg(
            ".env had no USE_S3 line, so even a worker process that is replaced while the site"
            " runs begins to use S3."
        )
        text = sentences(text, workers)
    return (Sentence(text, warning=True),)


def _refuse_incomplete(env: EnvFile) -> None:
    """Raise a `Problem` for values that are missing; BookWyrm's template says “None” for them."""
    lacking = [name for name in _NEEDED if env.get(name) in (None, "", "None")]
    if lacking:
        raise Problem(
            plural(
                "{names} must be set in .env before S3 is enabled.",
                "{names} must be set in .env before S3 is enabled.",
                len(lacking),
                names=listed(lacking),
            ),
            msg("Without that, BookWyrm does not start, or shows its error page everywhere."),
            Remedy(
                msg("Do the step “Provider” again: it writes these lines."),
                Action.EDIT_PROVIDER,
            ),
            code="env-lines-missing",
        )


def _in_django(env: EnvFile, name: str) -> Check:
    asked, code = msg("Does Django read {name} as true?", name=name), "env-in-django"
    value = env.get(name)
    if not is_true(value):
        return failed(asked, _not_true(name), code=code)
    return passed(asked, verbatim(f"{name}={value}"), code=code)


async def _in_bash(context: Context, env: EnvFile) -> Check:
    names, code = _wanted(context), "env-in-bash"
    asked = msg("Do bash and bw-dev (which uses bash) read {names} as true?", names=listed(names))
    readers = await readers_check(context)
    if readers.problem is not None:
        return failed(asked, readers.problem, code=code)
    try:
        values = await values_in_bash(env, names)
        wrong = [name for name in names if not is_true(values[name])]
        if wrong:
            raise _misread(env, wrong[0], values[wrong[0]])
    except Problem as problem:
        # Without Docker nothing reads the file with bash.
        matters = context.settings.deployment == DeploymentKind.COMPOSE
        if matters:
            return failed(asked, problem, code=code)
        return remark(asked, problem.what, code=code)
    seen = verbatim(", ".join(f"{name}={values[name]}" for name in names))
    return passed(asked, seen, code=code)


def _misread(env: EnvFile, name: str, value: str) -> Problem:
    return Problem(
        msg("bash reads {name} as “{value}”.", name=name, value=value),
        msg(
            "A line above it is not valid in bash: an unclosed quote, for example, or a "
            "backslash at its end."
        ),
        msg("Look for that line with: {command}", command=f"bash -n {env.path}"),
        Remedy(msg("Fix it, then do this step again."), Action.RETRY),
        code="env-misread",
    )


def _not_true(name: str) -> Problem:
    return Problem(
        msg("{name} is not true in .env.", name=name),
        msg("Somebody changed the file after bw-s3 did."),
        Remedy(msg("Do this step again."), Action.RETRY),
        code="env-lines-changed",
    )
