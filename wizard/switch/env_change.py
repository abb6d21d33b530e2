"""Changing `.env` within a step: its lines made readable first, the check that they are read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from wizard.core.events import Note
from wizard.core.message import msg, sentences
from wizard.core.plan import Diff, PlanItem, Sentence
from wizard.core.problem import Problem
from wizard.env.bash import harmless
from wizard.env.file import EnvFile
from wizard.step import Context, Question
from wizard.system.programs import run

# What `bw-dev` does with the file (`set -a; source .env`), with what would run something left
# out, and should anything be left, in a restricted bash without a PATH.
# In one group: a syntax error in the file must not spoil the parsing of what follows.
_BASH = """{
PATH=/nonexistent; set -r; _names=("$@"); set -a
IFS= read -r -d '' _text; eval "$_text"; printf '\\n'
for _name in "${_names[@]}"; do printf '%s=%s|\\n' "$_name" "${!_name}"; done
}"""
_SECONDS_FOR_BASH = 10


async def env_to_change(context: Context) -> EnvFile:
    """Return `.env`, ready to be changed.

    A file with Windows line ends or a BOM is converted first, if the admin
    agrees; otherwise raises the `Problem` that says what is wrong with it, as
    a decision that waits.
    """
    env = context.instance.env_file()
    context.masker.add(*env.secrets())
    defect = env.defect()
    if defect is None:
        return env
    question = Question(
        text=sentences(defect.what, msg("Convert it first?")),
        yes=msg("Convert it"),
        no=msg("Leave it as it is"),
    )
    refused = Problem(defect.what, defect.why, *defect.remedies, decision=True, code=defect.code)
    await context.agree(question, refused)
    backup = await asyncio.to_thread(env.converted().write, context.journal.folder)
    done = msg("Converted {file}; backup: {backup}", file=str(env.path), backup=str(backup))
    context.report(Note(done))
    return context.instance.env_file()


async def write_changed(context: Context, new: EnvFile) -> Path:
    """Write `.env` with other lines, and report where it is kept as it was; returns that path.

    Raises `Problem`.
    """
    backup = await asyncio.to_thread(new.write, context.journal.folder)
    changed = msg("Changed {env}; backup: {backup}", env=str(new.path), backup=str(backup))
    context.report(Note(changed))
    return backup


async def write_back(context: Context, old: EnvFile) -> None:
    """Write `.env` with lines as they were, and report where it is kept as it is now.

    Raises `Problem`.
    """
    backup = await asyncio.to_thread(old.write, context.journal.folder)
    done = msg("Changed {file} back; backup: {backup}", file=str(old.path), backup=str(backup))
    context.report(Note(done))


def conversion_plan(context: Context, env: EnvFile) -> tuple[EnvFile, Sequence[PlanItem]]:
    """Return the file as it will be before a step's own lines change, and what that takes."""
    context.masker.add(*env.secrets())
    defect = env.defect()
    if defect is None:
        return env, ()
    whole = env.converted()
    text = sentences(defect.what, defect.why, msg("You will be asked whether to convert it first."))
    diff = Diff(str(env.path), env.diff(whole, context.masker))
    return whole, (Sentence(text, warning=True), diff)


async def values_in_bash(env: EnvFile, names: Sequence[str]) -> dict[str, str]:
    """Return what bash reads for these names, "" where it is not set; nothing of the file is run.

    Runs as the file's owner where we are root. Raises `Problem` where there
    is no bash or where it does not come to the end of the file.
    """
    owner = env.path.stat()
    argv = ["bash", "--norc", "--noprofile", "-c", _BASH, "bash", *names]
    try:
        async with asyncio.timeout(_SECONDS_FOR_BASH):
            completed = await run(
                argv,
                folder=env.path.parent,
                env={"PATH": os.defpath},
                stdin=harmless(env.data.decode("utf-8", "surrogateescape")),
                user=(owner.st_uid, owner.st_gid),
            )
    except (OSError, TimeoutError) as error:
        raise _unread(env, str(error)) from error
    lines = completed.lines[-len(names) :]
    values = {
        name: line[len(name) + 1 : -1]
        for name, line in zip(names, lines, strict=False)
        if line.startswith(f"{name}=") and line.endswith("|")
    }
    if len(values) < len(names):
        raise _unread(env)
    return values


def _unread(env: EnvFile, raw: str = "") -> Problem:
    # What bash wrote is left out: it quotes the line it could not read, secrets and all.
    return Problem(
        msg("bash cannot read {file} to its end.", file=str(env.path)),
        msg(
            "A line is not valid in bash: an unclosed quote, for example. bw-dev reads the "
            "file with bash."
        ),
        msg("Look for that line: bash -n {file}", file=str(env.path)),
        raw=raw,
        code="env-unreadable-by-bash",
    )
