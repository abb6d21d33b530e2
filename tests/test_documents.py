"""What the documents for contributors name is there, and nothing that matters is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import ROOT

_MAP = ROOT / "wizard" / "README.md"
# The demo's instance is a site of its own, and packages speak for themselves.
_OF_THE_INSTANCE = ROOT / "wizard" / "demo" / "instance"


def test_every_path_of_the_map_is_there() -> None:
    gone = [name for name in _paths(_MAP) if not _place(name).exists()]
    assert gone == []


def test_the_map_names_every_package_and_every_module_of_the_engine() -> None:
    named = {_place(name) for name in _paths(_MAP)}
    modules = {
        path
        for path in (ROOT / "wizard").rglob("*.py")
        if path.name != "__init__.py" and _OF_THE_INSTANCE not in path.parents
    }
    assert {str(path.relative_to(ROOT)) for path in modules - named} == set()
    text = _MAP.read_text()
    packages = {path.parent for path in modules} - {ROOT / "wizard"}
    left_out = {p.name for p in packages if f"`{p.relative_to(ROOT / 'wizard')}/`" not in text}
    assert left_out == set()


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_what_contributors_are_told_about_is_there(name: str) -> None:
    document = ROOT / ".github" / name
    paths = [p for p in _paths(document) if "NAME" not in p]
    assert [p for p in paths if not (ROOT / p).exists()] == []
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def _paths(document: Path) -> list[str]:
    """Every path of ours in backticks; those of BookWyrm begin with its package's name."""
    found = re.findall(r"`([\w./-]+\.(?:py|toml|md))`", document.read_text())
    return [name for name in found if not name.startswith("bookwyrm/")]


def _place(name: str) -> Path:
    inside = ROOT / "wizard" / name
    return inside if inside.exists() else ROOT / name
