"""Which names a disk would take for another's, before anything is written to it."""

from __future__ import annotations

import pytest

from wizard.copying.folded_names import FoldedNames
from wizard.media.source import Folding

_HERE = (b"covers/a.jpg", "caf\u00e9/b.jpg".encode())
_COMING = {
    b"covers/A.jpg": b"covers/a.jpg",
    b"Covers/new.jpg": b"covers",
    b"covers/new.jpg": None,
    b"covers/NEW.jpg": b"covers/new.jpg",
    "cafe\u0301/c.jpg".encode(): "caf\u00e9".encode(),
    b"other/c.jpg": None,
}


@pytest.mark.parametrize("case", [False, True])
@pytest.mark.parametrize("accents", [False, True])
def test_what_is_there_and_what_comes_first_has_its_name(*, case: bool, accents: bool) -> None:
    names = FoldedNames(Folding(case=case, accents=accents), lambda: _HERE)
    for path, other in _COMING.items():
        ignored = case if path.isascii() else accents
        assert names.take(path) == (other if ignored else None), path


def test_what_is_there_is_not_looked_at_where_the_disk_tells_all_names_apart() -> None:
    def taken() -> list[bytes]:
        raise AssertionError("a million files, for nothing")

    names = FoldedNames(Folding(), taken)
    assert names.take(b"covers/a.jpg") is None
    assert names.take(b"covers/A.jpg") is None
