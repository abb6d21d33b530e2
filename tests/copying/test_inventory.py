"""What a copy writes down of files that failed, and gets back as it was."""

from __future__ import annotations

from pathlib import Path

from wizard.copying.inventory import Inventory
from wizard.core.message import Message, msg
from wizard.media.source import MediaFailure, Reason


def test_why_a_file_failed_stays_a_message(tmp_path: Path) -> None:
    ours = msg("a challenge by {challenge} answers in place of the site", challenge="Anubis")
    failed: list[MediaFailure] = []
    inventory = Inventory(tmp_path, tmp_path, failed.append)
    try:
        for path, reason, detail in (
            (b"a.jpg", Reason.UNREADABLE, ours),
            (b"b.jpg", Reason.UNREADABLE, "Permission denied"),
            (b"c.jpg", Reason.DANGLING, ""),
        ):
            inventory.add_failure(MediaFailure(path=path, reason=reason, detail=detail))
        first, second, third = inventory.failures(9)
    finally:
        inventory.close()
    assert isinstance(first.detail, Message)
    assert (first.detail, first.detail.id) == (ours, ours.id)
    assert (second.reason, second.detail) == (Reason.UNREADABLE, "Permission denied")
    assert (third.reason, third.detail, third.harmless) == (Reason.DANGLING, "", True)
    assert [failure.path for failure in failed] == [b"a.jpg", b"b.jpg"]
