"""The lines of `.env` that name the storage: which bw-s3 changed, and how they were before."""

from __future__ import annotations

from collections.abc import Mapping

from wizard.env.file import EnvFile, backups
from wizard.journal.entries import Entry, json_entry
from wizard.step import Context
from wizard.switch.env_change import env_to_change, write_back

# The lines that were changed, each with the backup that has it as it was ("" until it is known).
_LINES: Entry[dict[str, str]] = json_entry("configure_provider.lines", dict)


def remember_storage_lines(context: Context, backups_by_name: Mapping[str, str]) -> None:
    """Keep which lines were changed, and in which backup they are as they were the first time.

    The lines themselves stay out of the journal: they may hold the keys.
    """
    kept = context.journal.recall(_LINES) or {}
    added = {name: backup for name, backup in backups_by_name.items() if not kept.get(name)}
    context.journal.remember(_LINES, kept | added)


def remembers_storage_lines(context: Context) -> bool:
    """Tell whether any was changed, and not put back since."""
    lines = context.journal.recall(_LINES)
    return bool(lines)


def with_storage_lines_of_before(context: Context, env: EnvFile) -> EnvFile:
    """Return `.env` with these lines as they were before; the others stay as they are.

    Where nobody else changed the file, that is the file of before, byte for byte.
    """
    old = env
    for name, backup in (context.journal.recall(_LINES) or {}).items():
        before = _backup_with(context, env, name, backup)
        old = old.with_line(name, before.line(name)) if before else old
    return old


async def restore_storage_lines(context: Context) -> bool:
    """Put the lines back as they were; False where none was changed. Raises `Problem`."""
    if not context.journal.recall(_LINES):
        return False
    old = with_storage_lines_of_before(context, await env_to_change(context))
    if old.changed:
        await write_back(context, old)
    context.journal.forget(_LINES)
    return True


def _backup_with(context: Context, env: EnvFile, name: str, backup: str) -> EnvFile | None:
    """Return the backup that has a line as it was.

    Where we were killed before its name was known, it is the newest one in
    which the line differs; None where the line was never changed.
    """
    folder = context.journal.shown_folder  # of a dry run, too
    if backup:
        return EnvFile.read(folder / backup)
    candidates = (EnvFile.read(path) for path in reversed(backups(folder)))
    return next((c for c in candidates if c.line(name) != env.line(name)), None)
