"""`.env` rewritten after the switch, as by an upgrade of YunoHost's package.

The site runs without S3 then, what is uploaded goes to the disk, and the keys are gone. The steps
that this undid are to be done again; what is in the bucket stays verified.
"""

from __future__ import annotations

from wizard.core.message import NOTHING, Message, msg, sentences
from wizard.core.quantities import describe_moment
from wizard.migration import Migration
from wizard.switch.course import SWITCHING_STEP, switched

# What the new lines, the new checkout and the restart need; rules and connector are as they were.
_UNDONE = (
    "configure_provider", "copy_media", "enable_s3", "collect_static", SWITCHING_STEP,
    "verify_cors",
)  # fmt: skip


def lost_lines(migration: Migration) -> Message:
    """Say that the lines of S3 are gone from `.env` after a switch; "" where they are not."""
    context = migration.context
    env = context.instance.env_file()
    there = context.instance.uses_s3() or bool(env.get("AWS_STORAGE_BUCKET_NAME"))
    if there or not context.journal.is_done(SWITCHING_STEP):
        return NOTHING
    written = describe_moment(env.path.stat().st_mtime)
    who = context.deployment.rewritten_by or msg(
        "It was rewritten from scratch, or an old one was put back."
    )
    return sentences(
        msg("{env} has lost its S3 lines ({date}).", env=str(env.path), date=written),
        who,
        msg(
            "What is uploaded since the services started with it goes to this server's disk, and "
            "what is in the bucket only is missing on the site. bw-s3 puts the lines back, copies "
            "what came to the disk, and switches the site again. It needs the two keys for that."
        ),
    )


def show_as_undone(migration: Migration) -> None:
    """Show the steps that such a file undid as what they are; nothing is kept of it."""
    migration.note_gone(_UNDONE, msg(".env was rewritten from scratch"))


def reopen_steps(migration: Migration) -> None:
    """Have the steps done again that such a file undid."""
    for name in _UNDONE:
        migration.context.journal.forget_result(name)
    migration.context.journal.forget(switched(migration.context))
