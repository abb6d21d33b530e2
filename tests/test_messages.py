"""No text for people stands outside the catalogue."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sources import ROOT, SOURCES, tree_of

# What begins like a sentence. Shorter texts are found by the type checker: problems, checks,
# notes, questions and the like take messages only.
_SENTENCE = re.compile(r"^[A-Z][a-z’']*,? [a-z’']{2,}(?:,? [a-z’']{2,}|[.:?…]?$)")
_TAKES_IDS = {"msg", "plural", "marked"}
# What only whoever works on the program ever reads.
_FOR_PROGRAMMERS = {
    "ValueError", "TypeError", "LookupError", "KeyError", "RuntimeError", "AssertionError",
    "NotImplementedError", "compile", "TypeVar",
    # Stands beneath a message, as the system's own words do.
    "PermissionError",
}  # fmt: skip
# What others say, which is compared; and what stands beneath a message, as others' words do.
_NOT_OURS = frozenset(
    {
        "Dismiss menu",
        "Failed to load configuration",
        "Invalid endpoint",
        "No space left on device",
        "Something went wrong! Sorry about that.",
        "The answer is no listing.",
        "The answer is no policy.",
        "The answer is not S3's XML.",
        "X demo",  # a font's name
    }
)


def name_of(call: ast.Call) -> str:
    """The last name of what is called."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def texts_outside(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of each literal that reads like a sentence and is no message's id."""
    match node:
        case ast.Call() if name_of(node) in _TAKES_IDS | _FOR_PROGRAMMERS:
            for keyword in node.keywords:
                yield from texts_outside(keyword.value)
            return
        case ast.Expr(value=ast.Constant()):  # a docstring
            return
        case ast.JoinedStr():
            parts = [str(v.value) if isinstance(v, ast.Constant) else "X" for v in node.values]
            whole = "".join(parts)
            if _SENTENCE.search(whole) and whole not in _NOT_OURS:
                yield node.lineno, whole
            return
        case ast.Constant(value=str(text)) if _SENTENCE.search(text) and text not in _NOT_OURS:
            yield node.lineno, text
    for child in ast.iter_child_nodes(node):
        yield from texts_outside(child)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_sentence_is_a_message(path: Path) -> None:
    found = [f"{line}: {text}" for line, text in texts_outside(tree_of(path))]
    assert not found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_id_is_one_literal(path: Path) -> None:
    """What is put together cannot be found by translators' tools."""
    many = {"plural": 2}
    calls = (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))
    built = [
        (node.lineno, ast.unparse(argument))
        for node in calls
        if name_of(node) in _TAKES_IDS and isinstance(node.func, ast.Name)
        for argument in node.args[: many.get(name_of(node), 1)]
        if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str))
    ]
    assert not built


_HAVE_CODES = {"Problem", "passed", "failed", "remark", "later", "Check"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_problem_and_check_has_a_code(path: Path) -> None:
    calls = (node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call))
    without = [
        node.lineno
        for node in calls
        if name_of(node) in _HAVE_CODES
        and isinstance(node.func, ast.Name)
        and len(node.args) + len(node.keywords) > 1  # a callback may be called so, too
        and not any(keyword.arg in ("code", None) for keyword in node.keywords)
    ]
    assert not without
