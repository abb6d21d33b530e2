"""Folders that an ordinary user's copy cannot open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.copy_kit import CopyKit, ReadHere
from tests.support.users import ALICE, acting_as, give_to, need_root, reachable, small_disk
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.steps.copy_media import not_copied


@pytest.fixture
def kit(tmp_path: Path, storage: tuple[Settings, Keys]) -> CopyKit:
    """An instance folder that every user can reach, and an empty bucket."""
    reachable(tmp_path)
    (tmp_path / "images").mkdir()
    return CopyKit(tmp_path, *storage)


def test_a_folder_that_cannot_be_opened_blocks_and_is_called_a_folder(kit: CopyKit) -> None:
    need_root()
    kit.fill(3)
    kit.write("closed/a.jpg", b"a").parent.chmod(0o700)
    give_to(kit.folder, ALICE)
    os.chown(kit.root / "closed", 0, 0)
    with acting_as(ALICE):
        outcome = kit.copy(ReadHere(kit.root))
    assert [(f.path, f.harmless) for f in outcome.failures] == [("closed/", False)]
    assert (outcome.failed, outcome.failed_folders, outcome.sent) == (1, 1, 3)
    told = not_copied(outcome)
    assert told.what == "1 folder could not be opened."
    assert told.raw == "closed/: cannot be read (Permission denied)"
    assert kit.copy().failed == 0


def test_lost_and_found_of_a_disk_does_not_block(kit: CopyKit) -> None:
    need_root()
    with small_disk(kit.root, "4m"):
        kit.fill(3)
        (kit.root / "lost+found").mkdir(mode=0o700)
        give_to(kit.folder, ALICE)
        os.chown(kit.root / "lost+found", 0, 0)
        with acting_as(ALICE):
            outcome = kit.copy(ReadHere(kit.root))
    assert [(f.path, f.harmless) for f in outcome.failures] == [("lost+found/", True)]
    assert (outcome.failed, outcome.sent) == (0, 3)
    assert outcome.comparison
    assert outcome.comparison.complete
