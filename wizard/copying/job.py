"""What all parts of one copy work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.media.source import MediaFailure, Reason

if TYPE_CHECKING:
    from wizard.copying.dispatcher import Dispatcher
    from wizard.copying.inventory import Inventory
    from wizard.copying.progress import ProgressCounter
    from wizard.copying.verified_writer import VerifiedWriter
    from wizard.core.copy_control import CopyControl
    from wizard.journal.journal import Journal
    from wizard.media.source import Media


@dataclass(slots=True, kw_only=True)
class Job:
    """The parts of one copy.

    `destination` names endpoint and bucket in the journal's rows; `acl` is sent with
    each object, "" sends none.
    """

    media: Media
    journal: Journal
    destination: str
    bucket: str
    acl: str
    inventory: Inventory
    dispatcher: Dispatcher
    control: CopyControl
    counter: ProgressCounter
    verified: VerifiedWriter

    def failed(self, path: bytes, reason: Reason, detail: str = "") -> None:
        """Record that a file failed, for good or until it is tried again."""
        self.inventory.add_failure(MediaFailure(path=path, reason=reason, detail=detail))
