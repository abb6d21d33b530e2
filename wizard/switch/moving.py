"""The lines of `.env` while an instance moves from one bucket to another.

The running site needs the old ones until it is restarted, and whatever restarts it before that
must find them there. So the new ones are kept as comments until “Enable S3” has them count.
"""

from __future__ import annotations

from collections.abc import Mapping

from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.env.file import EnvFile
from wizard.env.next_lines import next_values, with_next_values
from wizard.journal.entries import json_entry
from wizard.journal.moving import forget_moving
from wizard.step import Context
from wizard.storage.in_env import env_of, storage_in
from wizard.switch.env_change import env_to_change, write_back

# The names of the lines that were changed for the new storage.
_CHANGED = json_entry("moving.lines", list[str])


def env_names_old(context: Context) -> bool:
    """Tell whether `.env` still names the storage that a moving instance comes from."""
    old = context.old_storage
    return old is not None and storage_in(context.instance.env_file()).is_same_storage(old)


def leads_to_bucket(context: Context) -> bool:
    """Tell whether services that start now use S3, and the storage that is named."""
    return context.instance.uses_s3() and not env_names_old(context)


def planned_values(context: Context, env: EnvFile) -> Mapping[str, str] | None:
    """Return the lines that wait in `.env` for “Enable S3”; None where none have to wait."""
    return next_values(env) if env_names_old(context) else None


def remember_changed(context: Context, names: Mapping[str, object]) -> None:
    """Keep which lines are changed for the new storage; to be called before `.env` is written."""
    kept = context.journal.recall(_CHANGED) or []
    context.journal.remember(_CHANGED, list(dict.fromkeys([*kept, *names])))


def forget_move(context: Context) -> None:
    """Forget where a moved instance came from, once it uses neither storage."""
    context.journal.forget(_CHANGED)
    forget_moving(context.journal)


async def name_old_storage(context: Context) -> bool:
    """Put the lines of the old storage back; the new ones wait again. Whether any was changed.

    Raises `Problem` where no backup has them, or where `.env` cannot be changed.
    """
    old, names = context.old_storage, context.journal.recall(_CHANGED) or []
    env = await env_to_change(context)
    if old is None or not names or env_names_old(context):
        return False
    before = env_of(old, env, context.journal.folder)
    if before is None:
        raise _no_backup(context, old.bucket)
    new = env
    for name in names:
        new = new.with_line(name, before.line(name))
    waiting = next_values(before) or {n: v for n in names if (v := env.get(n)) is not None}
    new = with_next_values(new, waiting)
    await write_back(context, new)
    context.journal.forget(_CHANGED)
    return True


def _no_backup(context: Context, bucket: str) -> Problem:
    return Problem(
        msg("The lines of the old bucket {bucket} are in no backup of .env.", bucket=bucket),
        msg("Somebody removed the backups, or changed .env by hand."),
        msg(
            "Write the settings of {bucket} into {env} again, then restart the services.",
            bucket=bucket,
            env=str(context.instance.env_file().path),
        ),
        code="old-lines-missing",
    )
