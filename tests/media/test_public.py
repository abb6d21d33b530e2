"""Which media are public: BookWyrm's own list, and what a site serves otherwise."""

from __future__ import annotations

import pytest

from wizard.media.public import FileKind, HeldBack, PublicFiles, kind_of

GIFS, SVGS = FileKind("covers", "gif"), FileKind("avatars", "svg")


@pytest.mark.parametrize(
    ("path", "public"),
    [
        (b"covers/a.jpg", True),
        (b"covers/a.tar.jpg", True),
        (b"a.webp", True),
        (b"covers/a.JPG", False),
        (b"exports/a.tar.gz", False),
        (b"jpg", False),
        (b"covers.jpg/archive", False),
        (b".jpg", True),
        (b"covers/latin1_\xe9.jpg", True),
    ],
)
def test_public_is_what_bookwyrms_nginx_serves(path: bytes, public: bool) -> None:
    assert PublicFiles().has(path) is public


@pytest.mark.parametrize(
    ("path", "public"),
    [
        (b"covers/a.gif", True),
        (b"covers/deeper/a.gif", True),
        (b"covers/a.GIF", False),
        (b"avatars/a.gif", False),
        (b"avatars/a.svg", False),
        (b"covers/a.svg", True),
        (b"avatars/a.jpg", True),
        (b"covers/gif", False),
    ],
)
def test_a_site_may_serve_more_and_less(path: bytes, public: bool) -> None:
    files = PublicFiles(served=frozenset({GIFS}), refused=frozenset({SVGS}))
    assert files.has(path) is public
    assert PublicFiles.from_dict(files.to_dict()) == files


@pytest.mark.parametrize(
    "path", [b"covers/README", b"exports/a.tar.GZ", b"a.csv", b"a.b/c", b"covers/a.", b"\xe9/a.gif"]
)
def test_archives_lists_and_names_without_an_ending_are_no_kind(path: bytes) -> None:
    assert kind_of(path) is None


def test_a_kind_reads_as_a_pattern() -> None:
    assert str(kind_of(b"covers/deeper/a.gif")) == "covers/*.gif"
    assert str(kind_of(b"a.JPG")) == "*.JPG"


def test_what_is_held_back_has_a_class() -> None:
    of = PublicFiles().class_of
    kinds = {of(p) for p in (b"a.tar.gz", b"a.csv", b"a.JPG", b"README", b"a.txt", b"a.jpg")}
    assert len(kinds) == 5
    assert of(b"exports/a.tar.gz") is HeldBack.ARCHIVE
    assert of(b"avatars/a.jpg") is HeldBack.REFUSED


def test_all_that_is_held_back_has_words_of_its_own() -> None:
    assert len({kind.words for kind in HeldBack}) == len(HeldBack)
