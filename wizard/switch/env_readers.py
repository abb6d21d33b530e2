"""Whether all that reads an instance's `.env` reads it as meant, asked before anything changes.

With Docker Compose `./bw-dev` reads it with bash, and stops where bash does.
Without Docker Django reads it (python-dotenv, which passes over a line that it
cannot parse), systemd where a unit names it (`EnvironmentFile=`), and then what
systemd reads counts; bash only where the admin's own scripts use it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wizard.core.events import Check, Verdict, failed, passed, remark
from wizard.core.message import Message, listed, msg, plural, separated
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import name_some
from wizard.core.secrets import is_secret_name
from wizard.core.settings import DeploymentKind
from wizard.env.bash import READ_ONLY, BashIssue, bash_issues
from wizard.env.file import EnvFile
from wizard.env.lines import written
from wizard.step import Context

_ASKED = msg("Can everything that uses .env read all of it?")
_CODE = "env-readers"
_NAMED = 3


async def readers_check(context: Context) -> Check:
    """Check what breaks a reader of `.env`, by line; it fails where this instance needs it."""
    env = context.instance.env_file()
    if env.defect():
        # That is asked about with its own diff.
        return passed(_ASKED, msg("it is converted first"), code=_CODE)
    unread = env.unread_lines()
    found = await bash_issues(env)
    if context.settings.deployment == DeploymentKind.COMPOSE:
        breaking = [s for s in found if s.breaks]
        if breaking:
            return failed(_ASKED, _stops_bw_dev(env, breaking), code=_CODE)
    elif unread:
        return remark(_ASKED, _not_for_django(env, unread), code=_CODE)
    if found:
        return remark(_ASKED, _only_for_bash(context, env, found), code=_CODE)
    if misread := await misread_by_systemd(context, env):
        units = await context.deployment.given_env()
        return remark(_ASKED, _otherwise_for_systemd(units, misread), code=_CODE)
    return passed(_ASKED, msg("yes"), code=_CODE)


async def misread_by_systemd(context: Context, env: EnvFile) -> frozenset[str]:
    """Return the variables that services get from systemd with another value than Django reads.

    None where no unit is given the file.
    """
    misread = env.misread_by_systemd()
    # systemd takes a while to name its units, and there is mostly nothing to ask about.
    return misread if misread and await context.deployment.given_env() else frozenset()


async def rewritten_for_systemd(
    context: Context, env: EnvFile, own: Collection[str]
) -> dict[str, str]:
    """Return the variables that are not our `own` and that systemd misreads, with their values.

    Set again, their lines are written so that systemd reads these, too. Without those for
    which there is no such line.
    """
    misread = await misread_by_systemd(context, env)
    values = {name: env.get(name) or "" for name in env.names() if name in misread}
    return {n: v for n, v in values.items() if n not in own and _is_writable(n, v)}


def about_systemd(names: Collection[str]) -> Message:
    """Say what systemd makes of these variables, for a plan or a question."""
    return msg(
        "systemd reads {names} in .env otherwise than Django, and gives that to the services: to it"
        " a remark behind a value is part of the value.",
        names=name_some(sorted(names), _NAMED),
    )


def _is_writable(name: str, value: str) -> bool:
    try:
        written(name, value)
    except Problem:
        return False
    return True


def _otherwise_for_systemd(units: Sequence[str], names: Collection[str]) -> Message:
    return msg(
        "Django does; systemd, which gives it to {units}, reads {names} otherwise: what follows a"
        " value is part of it there",
        units=listed(units),
        names=name_some(sorted(names), _NAMED),
    )


async def report_readers(context: Context) -> None:
    """Report what breaks a reader; raises the `Problem` where this instance needs that reader."""
    check = await readers_check(context)
    if check.problem is not None:
        raise check.problem
    if check.verdict is not Verdict.PASS:
        context.report(check)


def _stops_bw_dev(env: EnvFile, breaking: Sequence[BashIssue]) -> Problem:
    return Problem(
        msg(
            "./bw-dev stops at line {line} of {file}.",
            line=str(breaking[0].line),
            file=str(env.path),
        ),
        msg("It reads the file with bash, and {issues}.", issues=_some(breaking)),
        *[_fix(env, issue) for issue in breaking[:_NAMED]],
        Remedy(msg("Then try again: nothing has been changed yet."), Action.RETRY),
        code="env-stops-bw-dev",
    )


def _not_for_django(env: EnvFile, lines: Sequence[int]) -> Message:
    return plural(
        "no: Django passes over line {lines} of {file}, which it cannot parse, such as one with a"
        " quote that is never closed",
        "no: Django passes over lines {lines} of {file}, which it cannot parse, such as one with a"
        " quote that is never closed",
        len(lines),
        lines=name_some([str(line) for line in lines], _NAMED),
        file=str(env.path),
    )


def _only_for_bash(context: Context, env: EnvFile, found: Sequence[BashIssue]) -> Message:
    issues, fix = _some(found), _fix(env, found[0])
    if context.settings.deployment == DeploymentKind.COMPOSE:
        return msg(
            "bash, and with it ./bw-dev, reads it differently: {issues}. {fix}",
            issues=issues,
            fix=fix,
        )
    return msg(
        "Django does; bash, which scripts may use, reads it differently: {issues}. {fix}",
        issues=issues,
        fix=fix,
    )


def _some(found: Sequence[BashIssue]) -> Message:
    """Say in which lines bash stops and why: the first of them, and how many more there are."""
    whole = separated([_in_line(issue) for issue in found[:_NAMED]])
    if len(found) <= _NAMED:
        return whole
    return plural(
        "{lines}; and in {n} more", "{lines}; and in {n} more", len(found) - _NAMED, lines=whole
    )


def _in_line(issue: BashIssue) -> Message:
    # Translators: such as "in line 3 (DEBUG) its quote is never closed".
    if not issue.name:
        return msg("in line {line} {why}", line=str(issue.line), why=issue.why)
    return msg(
        "in line {line} ({name}) {why}", line=str(issue.line), name=issue.name, why=issue.why
    )


def _fix(env: EnvFile, issue: BashIssue) -> Message:
    """Return what to do with a line; its value is shown only if it is no secret."""
    name, value = issue.name, env.get(issue.name) if issue.name else None
    line = str(issue.line)
    if name in READ_ONLY:
        return msg(
            "Give {name} in line {line} another name, also where it is used.", name=name, line=line
        )
    if value is None:
        return msg("Write line {line} as NAME='value', or put a # before it.", line=line)
    try:
        right = written(name, value)
    except Problem:
        right = "'…'"
    if is_secret_name(name):
        quote = right[:1] if right[:1] in ("'", '"') else ""
        right = f"{quote}…{quote}"
    return msg("Write line {line} like this: {name}={value}", line=line, name=name, value=right)
