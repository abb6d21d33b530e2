"""What a walk through the media counts."""

from __future__ import annotations

from wizard.copying.outcome import MediaCount, describe_link
from wizard.media.public import HeldBack, PublicFiles
from wizard.media.source import MediaFailure, MediaFile, Reason


def file(path: bytes, size: int) -> MediaFile:
    return MediaFile(path=path, size=size, mtime_ns=1)


def test_what_is_held_back_is_counted_by_its_class() -> None:
    count = MediaCount()
    for path, size in ((b"exports/a.tar.gz", 10), (b"exports/b.tar.gz", 20), (b"notes.txt", 3)):
        count.hold_back(file(path, size))
    archives, others = (
        PublicFiles().class_of(b"exports/a.tar.gz"),
        PublicFiles().class_of(b"notes.txt"),
    )
    assert archives != others
    assert count.held_back == {archives: (2, 30), others: (1, 3)}


def test_links_that_lead_out_are_named_but_not_without_end() -> None:
    count = MediaCount()
    for number in range(1500):
        link = MediaFailure(path=b"covers/%d.jpg" % number, reason=Reason.OUTSIDE, detail="/etc/x")
        count.hold_back_link(link)
    assert count.held_back == {HeldBack.OUTSIDE: (1500, 0)}
    assert len(count.outside) == 1000
    assert describe_link(count.outside[0]) == "covers/0.jpg → /etc/x"
