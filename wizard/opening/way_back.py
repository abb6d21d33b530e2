"""Opening the way back to the disk, also for an instance that somebody migrated by hand."""

from __future__ import annotations

from dataclasses import replace

from wizard.copying.sources import old_context
from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.instance.checkout import is_true, open_instance
from wizard.journal.journal import Journal
from wizard.migration import WAY_BACK, Migration
from wizard.opening.opening import Opening
from wizard.step import Context
from wizard.storage.in_env import acl_in
from wizard.switch.course import SWITCHING_BACK_STEP
from wizard.switch.moving import env_names_old
from wizard.switch.uploads_back import uploads_are_missing
from wizard.web.visitor import ServedFrom


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

    What is remembered of an earlier return, or of one that was given up, does not count. Raises
    `Problem` in the middle of a move to another bucket.
    """
    context = _context_back(migration)
    if context.instance.uses_s3():
        _forget_earlier(context.journal)
    if not context.settings.acl_known:
        acl = acl_in(context.instance.env_file())
        context = context.with_settings(replace(context.settings, acl=acl, acl_known=True))
    back = Migration(context, WAY_BACK)
    back.site = migration.site
    return back


def _forget_earlier(journal: Journal) -> None:
    returned = journal.is_done(SWITCHING_BACK_STEP)
    for step in WAY_BACK if returned else WAY_BACK[1:]:
        journal.forget_result(step.name)


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


def is_on_the_way_back(migration: Migration) -> bool:
    """Tell whether the instance was told to leave S3 and has not come to the end of the way back.

    Where only the copy was made, nothing has changed: that alone is not leaving.
    """
    if migration.context.instance.uses_s3():
        return False
    journal = migration.context.journal
    begun = any(journal.result(step.name) for step in WAY_BACK[1:])
    return begun and not journal.is_done(WAY_BACK[-1].name)


def runs_from_disk(migration: Migration) -> bool:
    """Tell whether the instance does not use S3, and nothing of the way back was begun."""
    context = migration.context
    if context.instance.uses_s3() or uploads_are_missing(context):
        return False
    if any(context.journal.result(step.name) for step in WAY_BACK):
        return False
    return migration.served_from() not in (ServedFrom.THIS_BUCKET, ServedFrom.ELSEWHERE)
