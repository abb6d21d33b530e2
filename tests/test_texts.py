"""Texts show values: never a function in place of what it would return."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from tests.support.sources import ROOT, SOURCES, tree_of

# Importing the others would run them.
IMPORTED = [path for path in SOURCES if path.name != "__main__.py"]


def module_of(path: Path) -> ModuleType:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return import_module(name.removesuffix(".__init__"))


@cache
def methods_of_the_tree() -> frozenset[str]:
    """Names that are methods wherever they are defined in a class, and never a field."""
    methods, fields = {name for name in dir(str) if not name.startswith("_")}, set[str]()
    for path in IMPORTED:
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef):
                for member in node.body:
                    if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
                        (fields if member.decorator_list else methods).add(member.name)
            match node:
                case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name)):
                    fields.add(name)
                case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)]):
                    fields.add(name)
    return frozenset(methods - fields)


def local_names(function: ast.AST) -> set[str]:
    """What a function calls its arguments and variables."""
    nodes = list(ast.walk(function))
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)}
    stored = (n for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return arguments | {node.id for node in stored}


def formatted(tree: ast.AST, hidden: frozenset[str] = frozenset()) -> Iterator[ast.expr]:
    """What stands in the braces of f-strings, but for names that are local where they stand."""
    for node in ast.iter_child_nodes(tree):
        inner = hidden
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.GeneratorExp):
            inner = hidden | local_names(node)
        if isinstance(node, ast.FormattedValue):
            match node.value:
                case ast.Name(id=name) if name in hidden:
                    pass
                case _:
                    yield node.value
        yield from formatted(node, inner)


def functions_shown(path: Path) -> Iterator[str]:
    """Where a text of this file shows a function, a class or a method itself."""
    module = module_of(path)
    for value in formatted(tree_of(path)):
        match value:
            case ast.Name(id=name):
                wrong = callable(getattr(module, name, None))
            case ast.Attribute(attr=name):
                wrong = name in methods_of_the_tree()
            case _:
                continue
        if wrong:
            yield f"{path.relative_to(ROOT)}:{value.lineno}: {ast.unparse(value)}"


def test_no_text_shows_a_function() -> None:
    assert [found for path in IMPORTED for found in functions_shown(path)] == []


def empty_messages(path: Path) -> Iterator[str]:
    """Where a message is made of nothing: gettext shows its own header for that."""
    for node in ast.walk(tree_of(path)):
        match node:
            case ast.Call(func=ast.Name(id="msg" | "marked"), args=[ast.Constant(value="")]):
                yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_no_message_is_empty() -> None:
    assert [found for path in IMPORTED for found in empty_messages(path)] == []
