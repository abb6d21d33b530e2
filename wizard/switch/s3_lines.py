"""The lines of `.env` that enable S3: kept as they were before, and put back to disarm."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from wizard.core.events import Note
from wizard.core.message import msg
from wizard.env.file import EnvFile
from wizard.instance.checkout import is_true
from wizard.journal.entries import Entry, json_entry
from wizard.step import Context
from wizard.switch.env_change import env_to_change
from wizard.switch.site_before import ran_with_s3_before

# The step that writes them; it is to be done again once they are put back.
ENABLING_STEP = "enable_s3"
# The lines as they were before, None where there was none.
_BEFORE: Entry[dict[str, str | None]] = json_entry("enable_s3.lines", dict)


def remember_lines(context: Context, env: EnvFile, names: Sequence[str]) -> None:
    """Keep these lines as they are now, for `disarm`; to be called before the file is written."""
    kept = context.journal.recall(_BEFORE) or {}
    context.journal.remember(_BEFORE, kept | {name: env.line(name) for name in names})


def were_changed(context: Context) -> bool:
    """Tell whether bw-s3 changed such lines, and has not put them back since."""
    return context.journal.remembers(_BEFORE)


def armed_by_us(context: Context) -> bool:
    """Tell whether `.env` enables S3 because bw-s3 wrote it."""
    return context.instance.uses_s3() and were_changed(context)


async def disarm(context: Context) -> bool:
    """Put the lines back as they were; the `AWS_*` lines stay. Whether there was anything to do.

    Raises `Problem` where `.env` cannot be changed.
    """
    env = await env_to_change(context)
    lines = context.journal.recall(_BEFORE) or {}
    old = _disarmed(env, lines, keep=ran_with_s3_before(context))
    if old.changed:
        backup = await asyncio.to_thread(old.write, context.journal.folder)
        done = msg("Changed {file} back; backup: {backup}", file=str(env.path), backup=str(backup))
        context.report(Note(done))
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
