"""What the documents for contributors name is there, and nothing that matters is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.provider_table import provider_table

_MAP = ROOT / "wizard" / "README.md"
_ENGLISH, _FRENCH = ROOT / "README.md", ROOT / "README.fr.md"
# The demo's instance is a site of its own, and packages speak for themselves.
_OF_THE_INSTANCE = ROOT / "wizard" / "demo" / "instance"


def test_every_path_of_the_map_is_there() -> None:
    gone = [name for name in _paths(_MAP) if not _place(name).exists()]
    assert gone == []


def test_the_map_names_every_package_and_every_module() -> None:
    named = {_place(name) for name in _paths(_MAP)}
    modules = {
        path
        for folder in ("wizard", "screens")
        for path in (ROOT / folder).rglob("*.py")
        if path.name != "__init__.py" and _OF_THE_INSTANCE not in path.parents
    }
    assert {str(path.relative_to(ROOT)) for path in modules - named} == set()
    text = _MAP.read_text()
    packages = {str(path.parent.relative_to(ROOT)) for path in modules} - {"wizard", "screens"}
    left_out = {name for name in packages if f"`{name.removeprefix('wizard/')}/`" not in text}
    assert left_out == set()


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_what_contributors_are_told_about_is_there(name: str) -> None:
    document = ROOT / ".github" / name
    paths = [p for p in _paths(document) if "NAME" not in p]
    assert [p for p in paths if not (ROOT / p).exists()] == []
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_readmes_name_each_other_at_the_top() -> None:
    for document, other in ((_ENGLISH, _FRENCH), (_FRENCH, _ENGLISH)):
        top = document.read_text().split("\n## ")[0].splitlines()[:5]
        assert [line for line in top if f"]({other.name})" in line] != [], document.name


@pytest.mark.parametrize("document", [_ENGLISH, _FRENCH], ids=["english", "french"])
def test_every_link_of_the_readmes_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(("document", "code"), [(_ENGLISH, "en"), (_FRENCH, "fr")])
def test_the_readmes_have_the_table_of_services(document: Path, code: str) -> None:
    assert provider_table(code) in document.read_text()


def test_the_readmes_have_the_same_headings() -> None:
    assert _headings(_ENGLISH) == _headings(_FRENCH) != []


def test_the_readmes_have_the_same_commands() -> None:
    assert _commands(_ENGLISH) == _commands(_FRENCH) != []


def test_the_readmes_have_the_same_figures_in_their_tables() -> None:
    english, french = _rows(_ENGLISH), _rows(_FRENCH)
    figures = [_figures(row, thousands=",", point=".") for row in english]
    assert figures == [_figures(row, thousands="\u202f", point=",") for row in french] != []


def test_the_readmes_mean_the_same_options_files_and_pictures() -> None:
    english, french = (_as_they_are(document) for document in (_ENGLISH, _FRENCH))
    assert english == french != []


def _headings(document: Path) -> list[int]:
    """Return the level of each heading, in order."""
    prose = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [len(marks) for marks in re.findall(r"^(#+) ", prose, flags=re.MULTILINE)]


def _commands(document: Path) -> list[str]:
    """Return the code blocks without what is translated: comments, and drawings (`text`)."""
    blocks = re.findall(r"^```.*?^```$", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    blocks = [block for block in blocks if not block.startswith("```text")]
    return [re.sub(r" *#.*", "", block) for block in blocks]


def _rows(document: Path) -> list[str]:
    return re.findall(r"^\|.*\|$", document.read_text(), flags=re.MULTILINE)


def _figures(row: str, *, thousands: str, point: str) -> list[str]:
    """Return the numbers of a row, written in one way for both languages."""
    found = re.findall(r"\d+(?:[.,]\d+)?", row.replace(thousands, ""))
    return [figure.replace(point, ".") for figure in found]


def _as_they_are(document: Path) -> list[str]:
    """Return what is not translated: all that is in backticks, and the pictures, in any order."""
    prose = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", prose)
    return sorted(re.findall(r"`[^`]+`", prose)) + pictures


def _paths(document: Path) -> list[str]:
    """Every path of ours in backticks; those of BookWyrm begin with its package's name."""
    found = re.findall(r"`([\w./-]+\.(?:py|toml|md))`", document.read_text())
    return [name for name in found if not name.startswith("bookwyrm/")]


def _place(name: str) -> Path:
    inside = ROOT / "wizard" / name
    return inside if inside.exists() else ROOT / name
