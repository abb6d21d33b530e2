"""Opening the way back to the disk, also for an instance that somebody migrated by hand."""

from __future__ import annotations

import shlex
from dataclasses import replace

from wizard.copying.sources import old_context
from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.instance.checkout import is_true, open_instance
from wizard.migration import WAY_BACK, Migration, give_up_way_back
from wizard.opening.opening import Opening, where_it_stands
from wizard.step import Context
from wizard.storage.in_env import acl_in
from wizard.switch.course import SWITCHING_BACK_STEP
from wizard.switch.moving import env_names_old
from wizard.switch.uploads_back import uploads_are_missing
from wizard.web.visitor import ServedFrom

NOT_FINISHED = msg("The way back to this server's disk is not finished.")
LEFT_S3 = msg(
    "The way back is finished: your instance keeps its files on this server's disk. The steps that "
    "are open here lead to S3 again; you need not do them."
)
_S3_AGAIN = msg(".env says USE_S3=true again")
# How `run` is told not to finish it.
GIVE_UP = "--give-up-rollback"


class WayBackUnfinished(Problem):
    """The instance is on the way back to the disk."""


def opening_back(opening: Opening) -> Opening:
    """Return how to open: a switch to S3 that was begun is put back, and one from it is finished.

    Without an endpoint BookWyrm's storage is Amazon's. Raises `Problem`.
    """
    env = open_instance(opening.folder).env_file()
    said = dict(opening.overrides or {})
    amazon = is_true(env.get("USE_S3")) and not env.get("AWS_S3_ENDPOINT_URL")
    if amazon and not {"endpoint", "provider"} & set(said):
        said["provider"] = "aws"
    return replace(opening, overrides=said, put_back=True)


def way_back(migration: Migration) -> Migration:
    """Return the steps back, for the same instance, with what `.env` says of the objects' ACL.

    What is remembered of an earlier return does not count. Raises `Problem` in the middle of a
    move to another bucket.
    """
    context = _context_back(migration)
    uses_s3 = context.instance.uses_s3()
    if uses_s3 and not _is_under_way(context):
        give_up_way_back(context.journal)
    if not context.settings.acl_known:
        acl = acl_in(context.instance.env_file())
        context = context.with_settings(replace(context.settings, acl=acl, acl_known=True))
    back = Migration(context, WAY_BACK)
    back.site = migration.site
    if uses_s3:
        back.note_gone([step.name for step in WAY_BACK[1:]], _S3_AGAIN)
    return back


def _context_back(migration: Migration) -> Context:
    """Return the context of the bucket that the site uses; a move to another one is over."""
    context, old = migration.context, migration.context.old_storage
    if old is None:
        return context
    if env_names_old(context):
        context = old_context(context, old)
    elif migration.is_armed():
        raise Problem(
            msg("The move to another bucket is not finished."),
            msg("The site uses the old one, and .env names the new one."),
            msg("Finish the move first, or undo it: bw-s3 disarm"),
            decision=True,
            code="move-not-finished",
        )
    return context.with_settings(replace(context.settings, path=MigrationPath.EXISTING.value))


def unfinished_way_back(migration: Migration) -> Migration | None:
    """Return the steps back where the instance is half-way; None elsewhere. Raises `Problem`."""
    return way_back(migration) if is_on_the_way_back(migration) else None


def check_way_back(migration: Migration, *, give_up: bool) -> None:
    """Raise `WayBackUnfinished` where the instance is half-way; `give_up` forgets that instead."""
    back = unfinished_way_back(migration)
    if back is None:
        return
    context = migration.context
    if give_up:
        give_up_way_back(context.journal)
        return
    folder = shlex.quote(str(context.instance.folder))
    raise WayBackUnfinished(
        NOT_FINISHED,
        where_it_stands(back),
        msg("To finish it: {command}", command=f"bw-s3 rollback {folder} --yes"),
        msg(
            "To give it up and use S3 again: add {option} to your command. Files that were "
            "copied back stay on the disk.",
            option=GIVE_UP,
        ),
        decision=True,
        code="way-back-not-finished",
    )


def is_on_the_way_back(migration: Migration) -> bool:
    """Tell whether a step back was begun, and the end of the way back was not reached.

    The copy alone counts as well: whoever began with it wants to go on from there.
    """
    return _is_under_way(migration.context)


def _is_under_way(context: Context) -> bool:
    journal = context.journal
    if not any(journal.result(step.name) for step in WAY_BACK):
        return False
    # With S3 again after a return, it was migrated again, perhaps by hand.
    last = SWITCHING_BACK_STEP if context.instance.uses_s3() else WAY_BACK[-1].name
    return not journal.is_done(last)


def has_left_s3(migration: Migration) -> bool:
    """Tell whether the way back was the last thing done, to its end."""
    context = migration.context
    return context.journal.is_done(WAY_BACK[-1].name) and not context.instance.uses_s3()


def runs_from_disk(migration: Migration) -> bool:
    """Tell whether the instance does not use S3, and nothing of the way back was begun."""
    context = migration.context
    if context.instance.uses_s3() or uploads_are_missing(context):
        return False
    if any(context.journal.result(step.name) for step in WAY_BACK):
        return False
    return migration.served_from() not in (ServedFrom.THIS_BUCKET, ServedFrom.ELSEWHERE)
