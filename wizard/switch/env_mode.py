"""Who can read `.env`: with S3 it holds a key to everything that the site stores.

Where every user of the machine can, a narrower mode is offered, provided that all who were
found to need the file can still read it. That is tried, and undone where one cannot.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Collection
from pathlib import Path

from wizard.core.events import Check, Note, passed, remark
from wizard.core.message import NOTHING, Message, listed, msg, sentences
from wizard.core.plan import Sentence
from wizard.core.problem import Problem
from wizard.instance.deployment import EnvUsers
from wizard.journal.entries import number_entry
from wizard.step import Context, Question
from wizard.system.programs import run

_ASKED = msg("Is .env kept from the other users of this machine?")
_CODE = "env-mode"
# The mode as it was before, to be put back by the undo.
_BEFORE = number_entry("configure_provider.mode")


def open_to_all(path: Path) -> bool:
    """Tell whether every user can read the file, as far as its own mode says."""
    return bool(path.stat().st_mode & stat.S_IROTH)


async def mode_plan(context: Context) -> list[Sentence]:
    """Say that the file is open to all, and what is offered."""
    path = context.instance.env_path
    if not open_to_all(path):
        return []
    narrower, why_not = _narrower(path, await context.deployment.env_users())
    if narrower is None:
        more = sentences(why_not, msg("So that is up to you."))
    else:
        more = msg("You will be asked whether to make it {mode} (chmod).", mode=_octal(narrower))
    return [Sentence(sentences(_words(path), more), warning=True)]


async def offer_narrower_mode(context: Context) -> None:
    """Ask, set the mode, try it as each of those who need the file, and undo it for a failure."""
    path = context.instance.env_path
    if context.journal.remembers(_BEFORE) and not open_to_all(path):
        # A kill may have come between setting it and trying.
        await _try(context, could_not=frozenset())
        return
    if not open_to_all(path):
        return
    users = await context.deployment.env_users()
    narrower, _ = _narrower(path, users)
    if users is None or narrower is None:
        return
    question = Question(
        text=sentences(
            _words(path),
            msg(
                "Make it {mode}, so that only {users} can?",
                mode=_octal(narrower),
                users=_who(path, narrower),
            ),
        ),
        yes=msg("Yes"),
        no=msg("Leave it as it is"),
    )
    if await context.ask(question):
        context.journal.remember(_BEFORE, stat.S_IMODE(path.stat().st_mode))
        path.chmod(narrower)
        done = msg("The mode of {file} is {mode} now.", file=str(path), mode=_octal(narrower))
        context.report(Note(done))
        await _try(context, users.locked_out)


async def _try(context: Context, could_not: frozenset[str]) -> None:
    """Put the mode back where one of those who need the file cannot read it.

    `could_not` are the services that could not before, either.
    """
    path = context.instance.env_path
    try:
        users = await context.deployment.env_users()
    except Problem:
        put_mode_back(context)
        raise
    if users is None:
        put_mode_back(context)
        text = msg(
            "The mode of {file} is as before: who can still read it could not be tested.",
            file=str(path),
        )
        context.report(Note(text, warning=True))
        return
    uids = [uid for uid in sorted(users.uids) if not await _can_read(uid, path)]
    # Translators: these two stand in "The mode of … is … again: … could not read it."
    locked_out = [msg("user {uid}", uid=str(uid)) for uid in uids]
    locked_out += [
        msg("the container of {service}", service=name)
        for name in sorted(users.locked_out - could_not)
    ]
    if locked_out:
        put_mode_back(context)
        text = msg(
            "The mode of {file} is {mode} again: {users} could not read it.",
            file=str(path),
            mode=_octal(path.stat().st_mode),
            users=listed(locked_out),
        )
        context.report(Note(text, warning=True))


def put_mode_back(context: Context) -> None:
    """Undo `offer_narrower_mode`."""
    before = context.journal.recall(_BEFORE)
    if before is not None:
        context.instance.env_path.chmod(before)
        context.journal.forget(_BEFORE)


async def mode_check(context: Context) -> Check:
    """Say who can read the file; it is no failure."""
    path = context.instance.env_path
    if not open_to_all(path):
        mode = stat.S_IMODE(path.stat().st_mode)
        seen = msg("yes: only {users} can read it", users=_who(path, mode))
        return passed(_ASKED, seen, code=_CODE)
    _, why_not = _narrower(path, await context.deployment.env_users())
    seen = msg("no: its mode is {mode}", mode=_octal(path.stat().st_mode))
    if why_not:
        seen = msg("{mode}. {why}", mode=seen, why=why_not)
    return remark(_ASKED, seen, code=_CODE)


def _octal(mode: int) -> str:
    """Return the permissions of a mode as `chmod` takes them."""
    return f"{mode & 0o777:03o}"


def _narrower(path: Path, users: EnvUsers | None) -> tuple[int | None, Message]:
    """Return the narrowest mode that all readers can live with, else None and why there is none."""
    if users is None:
        return None, msg("It is not known who else needs to read it.")
    status = path.stat()
    if os.geteuid() not in (0, status.st_uid) or not _can_be_tried(users.uids):
        return None, msg("Only root could test whether the services can still read it.")
    mode = stat.S_IMODE(status.st_mode)
    for candidate in (mode & ~0o077, mode & ~0o007):
        if all(_may_read(uid, status, candidate) for uid in users.uids):
            return candidate, NOTHING
    return None, msg("Otherwise a service, which runs as another user, could no longer read it.")


def _can_be_tried(users: Collection[int]) -> bool:
    return os.geteuid() == 0 or all(uid == os.geteuid() for uid in users)


def _may_read(uid: int, status: os.stat_result, mode: int) -> bool:
    if uid == 0:
        return True
    if uid == status.st_uid:
        return bool(mode & stat.S_IRUSR)
    return bool(mode & stat.S_IRGRP) and status.st_gid in _groups(uid)


async def _can_read(uid: int, path: Path) -> bool:
    """Try it as that user."""
    if uid == os.geteuid():
        return os.access(path, os.R_OK)
    argv, gid = ["test", "-r", str(path)], _groups(uid)[0]
    env = {"PATH": os.defpath}
    return (await run(argv, folder=Path("/"), env=env, user=(uid, gid))).status == 0


def _groups(uid: int) -> list[int]:
    """Return a user's groups, its own first; its number where it has no account."""
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        return [uid]
    own = account.pw_gid
    return [own, *(g for g in os.getgrouplist(account.pw_name, own) if g != own)]


def _words(path: Path) -> Message:
    return msg(
        "Every user of this machine can read {file}, which holds the key to the bucket from now"
        " on.",
        file=str(path),
    )


def _who(path: Path, mode: int) -> Message:
    """Say who can read the file with this mode."""
    status = path.stat()
    users: list[str] = [_name(status.st_uid)]
    if mode & stat.S_IRGRP:
        users.append(msg("the group {group}", group=_group_name(status.st_gid)))
    if status.st_uid:
        users.append(_name(0))
    return listed(users)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
