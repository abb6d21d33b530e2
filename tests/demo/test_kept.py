"""What is noted of a demo that stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.core.problem import Problem
from wizard.demo.kept import KeptDemo, note, read, running_once


def test_it_is_found_from_its_folder_and_from_its_instance_s(tmp_path: Path) -> None:
    kept = KeptDemo(port=8080, bucket="demo-1")
    note(tmp_path, kept)
    (tmp_path / "bookwyrm").mkdir()
    assert read(tmp_path) == (tmp_path, kept)
    assert read(tmp_path / "bookwyrm") == (tmp_path, kept)


@pytest.mark.parametrize("text", [None, "", "{}", '{"port": "x", "bucket": "b"}', "[]"])
def test_what_is_no_demo(tmp_path: Path, text: str | None) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "kept.json").write_text(text)
    with pytest.raises(Problem) as caught:
        read(folder)
    assert caught.value.usage


def test_its_servers_run_once(tmp_path: Path) -> None:
    note(tmp_path, KeptDemo(port=8080, bucket="demo-1"))
    with running_once(tmp_path):
        with pytest.raises(Problem) as caught, running_once(tmp_path):
            pass
        assert "already" in caught.value.what
    with running_once(tmp_path):
        pass
