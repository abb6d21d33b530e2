"""An update of BookWyrm that the switch would carry out as well: agreed to, never assumed."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.core.message import NOTHING, Message, msg, sentences
from wizard.core.plan import Sentence
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.journal.entries import text_entry
from wizard.step import Context, Question

# What was agreed to, in the English words in which it was asked: another image has others.
_AGREED = text_entry("update with the switch")
_MEANING = msg(
    "The restart would start that code too, and apply its migrations to the database, which "
    "cannot be undone by going back to the old .env."
)
_ASKED = msg("You will be asked first; `bw-s3 run --yes` agrees to it.")


async def about_update(context: Context) -> Sequence[Sentence]:
    """Return what the plan says of an update that waits."""
    found = await _update_waiting(context)
    if not found:
        return ()
    asked = msg("You agreed to that.") if _is_agreed(context, found) else _ASKED
    return (Sentence(sentences(found, _MEANING, asked), warning=True),)


async def confirm_update(context: Context) -> None:
    """Ask before a restart may update BookWyrm as well, once. Raises `Problem` for a no."""
    found = await _update_waiting(context)
    if not found or _is_agreed(context, found):
        return
    question = Question(
        text=sentences(found, _MEANING, msg("Update BookWyrm along with the restart?")),
        yes=msg("Update BookWyrm along with it"),
        no=msg("Stop here and finish the update first"),
    )
    refused = Problem(
        msg("The services were not restarted: a BookWyrm update is pending."),
        sentences(found, _MEANING),
        msg(
            "Finish the update first, as BookWyrm's documentation says (./bw-dev update), and "
            "look at the site. Then continue."
        ),
        msg("Or continue and agree to the update; `bw-s3 run --yes` agrees to it."),
        decision=True,
        code="update-waiting",
    )
    await context.agree(question, refused)
    context.journal.remember(_AGREED, found)


async def _update_waiting(context: Context) -> Message:
    # What never ran has no older code.
    if context.settings.path == MigrationPath.FRESH:
        return NOTHING
    return await context.deployment.update_waiting()


def _is_agreed(context: Context, found: Message) -> bool:
    return context.journal.recall(_AGREED) == found
