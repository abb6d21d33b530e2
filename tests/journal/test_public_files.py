"""What is remembered of which media are public."""

from __future__ import annotations

from pathlib import Path

from wizard.journal.journal import Journal
from wizard.journal.public_files import decline, declined, keep_public_files, public_files
from wizard.media.public import FileKind, PublicFiles


def test_it_is_remembered(tmp_path: Path) -> None:
    gifs, svgs = FileKind("covers", "gif"), FileKind("", "svg")
    journal = Journal.open(tmp_path / "state", tmp_path)
    assert public_files(journal) == PublicFiles()
    assert declined(journal) == frozenset()
    files = PublicFiles(served=frozenset({gifs}), refused=frozenset({svgs}))
    keep_public_files(journal, files)
    decline(journal, frozenset({svgs}))
    decline(journal, frozenset({gifs}))
    journal.close()
    journal = Journal.open(tmp_path / "state", tmp_path)
    assert public_files(journal) == files
    assert declined(journal) == {gifs, svgs}
    journal.close()
