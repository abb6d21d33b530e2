"""Whether a fresh instance runs by now, remembered from one start of the wizard to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.core.message import msg
from wizard.core.settings import MigrationPath
from wizard.journal.entries import flag_entry
from wizard.step import ALWAYS, Applicability, Applies

if TYPE_CHECKING:
    from wizard.instance.deployment import Deployment
    from wizard.journal.journal import Journal
    from wizard.step import Context

# Once it has run, this is not asked again.
_RAN = flag_entry("instance.ran")
_REASON = msg(
    "Waits until the instance runs: follow BookWyrm's installation guide to its end, then start"
    " bw-s3 again."
)


async def was_started(journal: Journal, deployment: Deployment) -> bool:
    """Tell whether somebody ever started it; its first start may be at work still."""
    return journal.remembers(_RAN) or await deployment.ever_ran()


def note_that_it_runs(journal: Journal) -> None:
    """Remember that its site was seen with a page of its own.

    Containers alone do not tell: at its first start `web` applies all migrations for minutes, and
    must not be recreated then, or judged by a site that does not answer yet.
    """
    if not journal.remembers(_RAN):
        journal.remember(_RAN, True)


def once_it_runs(context: Context) -> Applicability:
    """Return whether a step that needs the running instance applies: on a fresh install, later."""
    if context.settings.path != MigrationPath.FRESH:
        return ALWAYS
    if context.journal.remembers(_RAN):
        return ALWAYS
    return Applicability(Applies.LATER, _REASON)
