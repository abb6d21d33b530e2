"""What is remembered of a bucket's ETags."""

from __future__ import annotations

from pathlib import Path

from wizard.journal.etags import etags_are_md5, note_etags
from wizard.journal.journal import Journal


def test_each_bucket_has_its_own_and_the_newest_counts(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "state", tmp_path)
    assert etags_are_md5(journal, "https://s3.example.org/a") is None
    note_etags(journal, "https://s3.example.org/a", are_md5=False)
    note_etags(journal, "https://s3.example.org/b", are_md5=True)
    assert etags_are_md5(journal, "https://s3.example.org/a") is False
    assert etags_are_md5(journal, "https://s3.example.org/b") is True
    note_etags(journal, "https://s3.example.org/a", are_md5=True)
    assert etags_are_md5(journal, "https://s3.example.org/a") is True
    journal.close()
