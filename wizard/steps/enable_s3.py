"""Step 3: tell BookWyrm to use the bucket from its next start on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from wizard.access.own_authority import bookwyrm_checks, refuse_untrusted
from wizard.core.events import Check, Verdict, failed, passed, remark
from wizard.core.message import NOTHING, Message, listed, msg, plural, sentences, verbatim
from wizard.core.plan import Diff, Plan, PlanItem, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.settings import DeploymentKind, MigrationPath
from wizard.env.file import EnvFile
from wizard.env.next_lines import with_next_values
from wizard.instance.checkout import is_true
from wizard.instance.problems import refuse_azure
from wizard.step import Context, Fact, Finding, TypedStep
from wizard.storage.in_env import storage_in
from wizard.switch.env_change import (
    conversion_plan,
    env_to_change,
    values_in_bash,
    write_changed,
)
from wizard.switch.env_readers import misread_by_systemd, readers_check
from wizard.switch.exports import kept_for_exports
from wizard.switch.moving import env_names_old, planned_values, remember_changed
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


_ARMED_MOVING = msg(
    "From here on the instance is armed: whatever starts its services next (a reboot, an upgrade, "
    "a crash) switches it to the new storage, ready or not. So continue to the restart soon."
)
_SAFE_FRESH = msg("This step can be undone.")
_SAFE = sentences(msg("The running site does not change yet."), _SAFE_FRESH)


class EnableS3(TypedStep[None]):
    """Sets `USE_S3=true` in `.env`, and `USE_HTTPS=true` where this version has it."""

    name = ENABLING_STEP
    title = msg("Enable S3")
    purpose = msg(
        "With this step, .env tells BookWyrm to keep its files in the bucket. It takes effect the "
        "next time the services start."
    )
    undone_too = ("restart", "verify_cors")
    undone_before = ("update_connector",)

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return how the storage is served, since `USE_HTTPS` depends on it."""
        if context.old_storage is not None:
            return context.settings.storage
        if not context.instance.abilities.use_https:
            return {}
        return {"url_protocol": context.settings.url_protocol}

    async def inspect(self, context: Context) -> Finding:
        """Look at what `.env` says now."""
        env = context.instance.env_file()
        facts = tuple(Fact(verbatim(name), _in_env(env, name)) for name in _shown(context))
        done = not await _missing(context, env) and not env_names_old(context)
        lost = not done and were_changed(context) and context.old_storage is None
        return Finding(done, facts, msg(".env no longer says so") if lost else NOTHING)

    async def plan(self, context: Context) -> Plan:
        """Return the diff, and what being armed means. Raises `Problem` where it cannot be done."""
        env = context.instance.env_file()
        refuse_azure(env)
        whole, items = conversion_plan(context, env)
        new = whole.with_values(await _missing(context, whole))
        if not new.changed:
            return Plan((Sentence(_unchanged(context, env)),))
        await refuse_untrusted(context)
        new = with_next_values(new, {})
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
        missing = await _missing(context, env)
        new = with_next_values(env.with_values(missing), {})
        _refuse_incomplete(new)
        if not new.changed:
            _refuse_old(context)
            return
        await refuse_untrusted(context)
        check = await _in_bash(context, new)
        if check.problem:
            raise check.problem
        await confirm_without_site(context)
        await confirm_update(context)
        self._remember(context, env, missing)
        await write_changed(context, new)

    def _remember(self, context: Context, env: EnvFile, changes: Mapping[str, object]) -> None:
        """Keep what `.env` has now, before it is written."""
        if context.old_storage is None:
            remember_lines(context, env, tuple(changes))
        else:
            remember_changed(context, changes)

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        """Read `.env` again, as Django does and as bash does."""
        env = context.instance.env_file()
        checks = [_in_django(env, name) for name in _wanted(context)]
        checks.append(await _in_bash(context, env))
        checks += _names_new(context)
        # What the first step found may have been fixed since.
        checks += await bookwyrm_checks(context)
        for check in checks:
            context.report(check)
        return checks

    async def undo(self, context: Context) -> bool:
        """Disarm: put the lines back as they were, and the services; the `AWS_*` lines stay."""
        return await disarm_and_put_back(context)


def _names_new(context: Context) -> Iterator[Check]:
    """Check that the lines of a moving instance's new storage count."""
    if context.old_storage is None:
        return
    asked, code = msg("Does .env name the new storage?"), "env-names-storage"
    named = storage_in(context.instance.env_file())
    if named.is_same_storage(context.settings):
        place = msg("{bucket} at {endpoint}", bucket=named.bucket, endpoint=named.endpoint_host)
        yield passed(asked, place, code=code)
        return
    problem = Problem(
        msg(".env does not name the new storage."),
        msg("Somebody changed the file after bw-s3 did."),
        Remedy(msg("Do this step again."), Action.RETRY),
        code="env-lines-changed",
    )
    yield failed(asked, problem, code=code)


def _unchanged(context: Context, env: EnvFile) -> Message:
    if env_names_old(context):
        return msg(
            "This step needs the lines of the step “Provider” in {env}; they are not there yet.",
            env=str(env.path),
        )
    return msg("Nothing to do: {env} says so already.", env=str(env.path))


def _refuse_old(context: Context) -> None:
    """Raise a `Problem` where nothing in `.env` leads to the new storage."""
    if env_names_old(context):
        raise Problem(
            msg("The settings of the new storage are not in .env."),
            msg("The step “Provider” writes them there as comments, but they are not there now."),
            Remedy(
                msg("Do the step “Provider” again: it writes these lines."),
                Action.EDIT_PROVIDER,
            ),
            code="env-lines-missing",
        )


def _shown(context: Context) -> tuple[str, ...]:
    """Return the variables that tell best whether it is so."""
    moving = context.old_storage is not None
    return (*_wanted(context), *(("AWS_STORAGE_BUCKET_NAME",) if moving else ()))


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
    true = {n: "true" for n in wanted if n in misread or not is_true(env.get(n))}
    waiting = planned_values(context, env) or {}
    changed = {name: value for name, value in waiting.items() if env.get(name) != value}
    return {**changed, **kept_for_exports(env, waiting), **true}


def _in_env(env: EnvFile, name: str) -> Message:
    value = env.get(name)
    if value is None:
        return msg("not set in .env")
    return msg("{value} in .env", value=value) if value else msg("(empty) in .env")


def _armed(context: Context, env: EnvFile) -> Sequence[PlanItem]:
    """Return what happens between now and the restart, which the admin must know before."""
    if context.settings.path == MigrationPath.FRESH:
        return (Sentence(msg("The instance uses the bucket from its first start.")),)
    if context.old_storage is not None:
        return (Sentence(_ARMED_MOVING, warning=True),)
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
