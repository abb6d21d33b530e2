"""Links that lead out of the media, with a real service: held back, and named."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.copy_kit import CopyKit
from tests.support.odd_links import FILES, OUTSIDE, made_in, outside
from wizard.copying.outcome import describe_link
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.media.public import HeldBack
from wizard.web.served_files import ServedFiles


@pytest.fixture
def kit(tmp_path: Path, storage: tuple[Settings, Keys]) -> CopyKit:
    """An instance folder with every odd link and file, and an empty bucket."""
    made = CopyKit(tmp_path, *storage)
    made.root.mkdir()
    program = [sys.executable, "-c", made_in(str(made.root))]
    subprocess.run(program, cwd=made.root, check=True)
    return made


def test_only_what_is_inside_is_copied(kit: CopyKit) -> None:
    outcome = kit.copy()
    assert set(kit.there()) == {f"images/{name}" for name in FILES}
    assert {key: kit.get(key).decode() for key in kit.there()} == {
        f"images/{name}": text for name, text in FILES.items()
    }
    assert (outcome.failed, outcome.conflicting) == (0, 0)
    compared = outcome.comparison
    assert compared is not None
    assert compared.complete
    assert compared.held_back[HeldBack.OUTSIDE] == (len(OUTSIDE), 0)
    assert {describe_link(link) for link in compared.outside} == {
        f"{name} → {target}" for name, target in outside(str(kit.root)).items()
    }
    assert not compared.published


def test_what_an_earlier_copy_published_through_a_link_is_named(kit: CopyKit) -> None:
    kit.put("images/covers/passwd.jpg", b"root:x:0:0:root")
    kit.put("images/outside-folder/ssl/cert.png", b"a certificate")
    kit.put("images/outside-folder-up.jpg", b"nothing of the kind")
    compared = kit.copy().comparison
    assert compared is not None
    assert sorted(compared.published) == [
        "images/covers/passwd.jpg",
        "images/outside-folder/ssl/cert.png",
    ]


def test_a_site_that_is_away_is_not_asked_for_each_file() -> None:
    settings = Settings(site_url="http://127.0.0.1:1")
    with ServedFiles.of_site(settings, "books.example.org") as served:
        with pytest.raises(OSError, match="does not answer"):
            served.md5(b"covers/a.jpg")
        begin = time.monotonic()
        for _ in range(1000):
            with pytest.raises(OSError, match="does not answer"):
                served.md5(b"covers/b.jpg")
        assert time.monotonic() - begin < 1
