"""The lines of `.env` that enable S3: kept as they were before, and put back to disarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wizard.env.file import EnvFile
from wizard.env.next_lines import with_next_values
from wizard.instance.checkout import is_true
from wizard.journal.entries import Entry, json_entry
from wizard.step import Context
from wizard.switch.env_change import env_to_change, write_back
from wizard.switch.moving import leads_to_bucket, name_old_storage
from wizard.switch.site_before import ran_with_s3_before

# The step that writes them; it is to be done again once they are put back.
ENABLING_STEP = "enable_s3"
# The lines as they were before, None where there was none.
_BEFORE: Entry[dict[str, str | None]] = json_entry("enable_s3.lines", dict)
# The lines as they were with S3, before the way back changed them.
_WITH_S3: Entry[dict[str, str | None]] = json_entry("disable_s3.lines", dict)
_ENABLING = ("USE_S3", "USE_HTTPS")


def remember_lines(context: Context, env: EnvFile, names: Sequence[str]) -> None:
    """Keep these lines as they are now, for `disarm`; to be called before the file is written."""
    kept = context.journal.recall(_BEFORE) or {}
    context.journal.remember(_BEFORE, kept | {name: env.line(name) for name in names})


def were_changed(context: Context) -> bool:
    """Tell whether bw-s3 changed such lines, and has not put them back since."""
    return context.journal.remembers(_BEFORE)


def armed_by_us(context: Context) -> bool:
    """Tell whether `.env` enables S3 because bw-s3 wrote it."""
    if context.old_storage is not None:
        return leads_to_bucket(context)
    return context.instance.uses_s3() and were_changed(context)


def with_disk(context: Context, env: EnvFile) -> EnvFile:
    """Return `.env` as it is to be for the disk, whatever the site ran with before bw-s3 came."""
    lines = context.journal.recall(_BEFORE)
    # A move that was begun is over: the lines that waited for it go.
    return with_next_values(_disarmed(env, lines or {}, keep=False), {})


async def name_the_disk(context: Context) -> None:
    """Have `.env` name this server's disk. Raises `Problem` where it cannot be changed.

    `name_the_bucket` is the way back from there.
    """
    env = await env_to_change(context)
    new = with_disk(context, env)
    if not new.changed:
        return
    if is_true(env.get("USE_S3")):
        lines = {name: env.line(name) for name in _ENABLING}
        context.journal.remember(_WITH_S3, lines)
    await write_back(context, new)


async def name_the_bucket(context: Context) -> None:
    """Put the lines back that named the bucket. Raises `Problem`."""
    lines = context.journal.recall(_WITH_S3) or {}
    env = await env_to_change(context)
    new = env
    for name, line in lines.items():
        new = new.with_line(name, line)
    if not is_true(new.get("USE_S3")):
        new = new.with_values({"USE_S3": "true"})
    if new.changed:
        await write_back(context, new)
    context.journal.forget(_WITH_S3)


def forget_lines(context: Context) -> None:
    """Forget how the lines were, once the site runs without S3."""
    context.journal.forget(_WITH_S3)
    context.journal.forget(_BEFORE)


async def disarm(context: Context) -> bool:
    """Put the lines back as they were; the `AWS_*` lines stay. Whether there was anything to do.

    Raises `Problem` where `.env` cannot be changed.
    """
    if context.old_storage is not None:
        return await name_old_storage(context)
    env = await env_to_change(context)
    lines = context.journal.recall(_BEFORE) or {}
    old = _disarmed(env, lines, keep=ran_with_s3_before(context))
    if old.changed:
        await write_back(context, old)
    context.journal.forget(_BEFORE)
    return old.changed or bool(lines)


def _disarmed(env: EnvFile, lines: Mapping[str, str | None], *, keep: bool) -> EnvFile:
    """Put the lines back; `keep` leaves S3 on where the site ran with it before bw-s3."""
    old = env
    for name, line in lines.items():
        if is_true(env.get(name)):
            old = old.with_line(name, line)
    if keep or not is_true(old.get("USE_S3")):
        return old
    # The line was written by hand, while the site still runs without S3.
    return old.with_values({"USE_S3": "false"})
