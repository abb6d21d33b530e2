"""The catalogues are complete, compiled, and every sentence can be shown with any values."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from tests.support.parts import need
from wizard.core.language import ENGLISH, known_languages, language
from wizard.core.message import Message, Number, Value

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".ci" / "catalogues.py"

_spec = spec_from_file_location("catalogues", SCRIPT)
assert _spec
assert _spec.loader
catalogues = module_from_spec(_spec)
_spec.loader.exec_module(catalogues)

CODES = sorted(catalogues.catalogues())


@cache
def said() -> Any:
    """Return what the sources say; read late, since each worker imports this file."""
    return catalogues.extracted()


def ids() -> list[Any]:
    return [message.id for message in said() if message.id]


def test_there_is_french() -> None:
    assert "fr" in CODES


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_is_complete_and_as_the_sources_have_it(code: str) -> None:
    assert not list(catalogues.faults(code, catalogues.catalogues()[code], said()))


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_is_compiled(code: str, tmp_path: Path) -> None:
    """Installing the project does it; `python .ci/catalogues.py compile` after a change."""
    compiled = catalogues.catalogues()[code].with_suffix(".mo")
    assert code in known_languages()
    before = compiled.read_bytes()
    copy = tmp_path / "copy.po"
    shutil.copy(catalogues.catalogues()[code], copy)
    catalogues.compile_all({code: copy})
    assert copy.with_suffix(".mo").read_bytes() == before


@pytest.mark.parametrize("code", CODES)
def test_gettexts_own_tools_take_it(code: str) -> None:
    need("msgfmt")
    argv = ["msgfmt", "--check", "--output-file=/dev/null", catalogues.catalogues()[code]]
    assert subprocess.run(argv, check=False).returncode == 0


@pytest.mark.parametrize("package", ["wizard", "screens"])
def test_no_sentence_of_the_sources_is_overlooked(package: str) -> None:
    """Babel finds none that is made inside an f-string."""
    known = {sentence[0] if isinstance(sentence, tuple) else sentence for sentence in ids()}
    made = {
        (path.relative_to(ROOT).as_posix(), argument.value)
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in catalogues.KEYWORDS
        for argument in node.args[:1]
        if isinstance(argument, ast.Constant)
    }
    assert {(path, text) for path, text in made if text not in known} == set()


def values_of(names: set[str]) -> Iterator[dict[str, Value]]:
    """The shortest and the longest values, no files, one, two and a million."""
    for number in (0, 1, 2, 1_000_000):
        for value in ("x", "a very long name " * 20, Number(0.5, 1), Message("inner", "", {})):
            yield {name: number if name == "n" else value for name in names}


@pytest.mark.parametrize("code", [ENGLISH, *CODES])
def test_every_sentence_can_be_shown(code: str) -> None:
    shown_by = language(code)
    for sentence in ids():
        one, many = sentence if isinstance(sentence, tuple) else (sentence, "")
        if "%" in one and "{" not in one:
            continue  # argparse fills these in itself
        names = catalogues.names(sentence)
        for values in values_of(names | ({"n"} if many else set())):
            text = shown_by.show(Message(one, many, values))
            assert text
            assert not re.search(r"\{\w+\}", text), text


def test_a_new_language_is_one_catalogue_and_no_code(tmp_path: Path) -> None:
    """`add` begins it with every sentence empty; nothing else is asked for."""
    tree = tmp_path / "tree"
    for part in ("wizard", "screens", ".ci"):
        shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    script = tree / ".ci" / "catalogues.py"
    subprocess.run([sys.executable, script, "add", "de"], check=True, stderr=subprocess.DEVNULL)
    checked = subprocess.run(
        [sys.executable, script, "check"], check=False, capture_output=True, text=True
    )
    untranslated = checked.stdout.count("de: is not translated")
    assert (checked.returncode, untranslated) == (1, len(ids()))
