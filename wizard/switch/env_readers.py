"""Whether all that reads an instance's `.env` reads it as meant, asked before anything changes.

With Docker Compose `./bw-dev` reads it with bash, and stops where bash does.
Without Docker Django reads it (python-dotenv, which passes over a line that it
cannot parse), systemd where a unit names it (`EnvironmentFile=`), and then what
systemd reads counts; bash only where the admin's own scripts use it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from wizard.core.events import Check, Verdict, failed, passed, remark
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.quantities import name_some
from wizard.core.secrets import is_secret_name
from wizard.core.settings import DeploymentKind
from wizard.env.bash import READ_ONLY, BashIssue, bash_issues
from wizard.env.file import EnvFile
from wizard.env.lines import written
from wizard.step import Context

_ASKED = "Is .env read to its end by all that reads it?"
_NAMED = 3


async def readers_check(context: Context) -> Check:
    """Check what breaks a reader of `.env`, by line; it fails where this instance needs it."""
    env = context.instance.env_file()
    if env.defect():
        return passed(_ASKED, "it is converted first")  # that is asked about with its own diff
    unread = env.unread_lines()
    found = await bash_issues(env)
    if context.settings.deployment == DeploymentKind.COMPOSE:
        breaking = [s for s in found if s.breaks]
        if breaking:
            return failed(_ASKED, _stops_bw_dev(env, breaking))
    elif unread:
        return remark(_ASKED, _not_for_django(env, unread))
    if found:
        return remark(_ASKED, _only_for_bash(context, env, found))
    if misread := await misread_by_systemd(context, env):
        units = " and ".join(await context.deployment.given_env())
        return remark(_ASKED, _otherwise_for_systemd(units, misread))
    return passed(_ASKED, "yes")


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


def about_systemd(names: Collection[str]) -> str:
    """Say what systemd makes of these variables, for a plan or a question."""
    return (
        f"systemd reads {name_some(sorted(names), _NAMED)} in .env otherwise than Django, and gives"
        " that to the services: to it a remark behind a value is part of the value."
    )


def _is_writable(name: str, value: str) -> bool:
    try:
        written(name, value)
    except Problem:
        return False
    return True


def _otherwise_for_systemd(units: str, names: Collection[str]) -> str:
    return (
        f"Django does; systemd, which gives it to {units}, reads "
        f"{name_some(sorted(names), _NAMED)} otherwise: what follows a value is "
        "part of it there"
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
        f"./bw-dev stops at line {breaking[0].line} of {env.path}.",
        f"It reads the file with bash, and in {_some(breaking)}.",
        *[_fix(env, issue) for issue in breaking[:_NAMED]],
        Remedy("Then try again: nothing was changed yet.", Action.RETRY),
    )


def _not_for_django(env: EnvFile, lines: Sequence[int]) -> str:
    which = "line" if len(lines) == 1 else "lines"
    numbers = ", ".join(map(str, lines[:_NAMED])) + (" …" if len(lines) > _NAMED else "")
    return (
        f"no: Django passes over {which} {numbers} of {env.path}, which it cannot parse, such as"
        " one with a quote that is never closed"
    )


def _only_for_bash(context: Context, env: EnvFile, found: Sequence[BashIssue]) -> str:
    compose = context.settings.deployment == DeploymentKind.COMPOSE
    who = "bash, and with it ./bw-dev," if compose else "Django does; bash, which scripts may use,"
    return f"{who} stumbles: in {_some(found)}. {_fix(env, found[0])}"


def _some(found: Sequence[BashIssue]) -> str:
    words = [f"line {s.line}{f' ({s.name})' if s.name else ''} {s.why}" for s in found[:_NAMED]]
    more = f"; and in {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return "; in ".join(words) + more


def _fix(env: EnvFile, issue: BashIssue) -> str:
    """Return what to do with a line; its value is shown only if it is no secret."""
    name, value = issue.name, env.get(issue.name) if issue.name else None
    if name in READ_ONLY:
        return f"Give {name} in line {issue.line} another name, also where it is used."
    if value is None:
        return f"Write line {issue.line} as NAME='value', or put a # before it."
    try:
        right = written(name, value)
    except Problem:
        right = "'…'"
    if is_secret_name(name):
        quote = right[:1] if right[:1] in ("'", '"') else ""
        right = f"{quote}…{quote}"
    return f"Write line {issue.line} so: {name}={right}"
