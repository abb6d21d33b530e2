"""Whether a fresh instance runs by now, remembered from one start of the wizard to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wizard.core.settings import MigrationPath
from wizard.journal.entries import flag_entry
from wizard.step import ALWAYS, Applicability, Applies

if TYPE_CHECKING:
    from wizard.instance.deployment import Deployment
    from wizard.journal.journal import Journal
    from wizard.step import Context

# Once it has run, this is not asked again.
_RAN = flag_entry("instance.ran")
_REASON = (
    "Waits until the instance runs: follow BookWyrm's installation guide to its end, then start"
    " bw-s3 again."
)


async def note_whether_it_ran(journal: Journal, deployment: Deployment) -> bool:
    """Ask the world, once at each start; what once ran is not asked about again."""
    if not journal.remembers(_RAN):
        if not await deployment.ever_ran():
            return False
        journal.remember(_RAN, True)
    return True


def once_it_runs(context: Context) -> Applicability:
    """Return whether a step that needs the running instance applies: on a fresh install, later."""
    if context.settings.path != MigrationPath.FRESH:
        return ALWAYS
    if context.journal.remembers(_RAN):
        return ALWAYS
    return Applicability(Applies.LATER, _REASON)
