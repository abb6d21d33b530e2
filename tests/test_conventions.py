"""What the code has agreed on and no linter checks: keywords, docstrings that say what is done."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.support.sources import ROOT, SOURCES

_MODULES = [path.relative_to(ROOT) for path in SOURCES]
_ENGINE = [m for m in _MODULES if m.parts[0] == "wizard" and m.stem != "__init__"]
# From so many fields on, a dataclass is made with keywords only.
_FIELDS = 4
# So many arguments of a call can be told apart without their names.
_POSITIONAL = 4
# How a docstring begins that names a thing and not what is done; ruff's D401 knows few of these.
_NOT_A_VERB = {
    *("A", "All", "An", "Another", "As", "Each", "Every", "How", "In", "It", "Its", "No", "Not"),
    *("Nobody", "None", "Nothing", "On", "Once", "One", "Only", "Other", "Our", "So", "Some"),
    *("The", "There", "What", "Where", "Whether", "Which", "Who", "Whose", "Why", "With"),
}


def nodes(module: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse((ROOT / module).read_text()))


def dataclass_call(node: ast.ClassDef) -> ast.expr | None:
    """Return the decorator that makes a class a dataclass."""
    return next((d for d in node.decorator_list if "dataclass" in ast.unparse(d)), None)


def is_given(statement: ast.stmt) -> bool:
    """Tell whether a statement of a dataclass is a field that its maker gives."""
    if not isinstance(statement, ast.AnnAssign) or "ClassVar" in ast.unparse(statement.annotation):
        return False
    return statement.value is None or "init=False" not in ast.unparse(statement.value)


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function is read like a field, and so described like one."""
    return any("property" in ast.unparse(decorator) for decorator in node.decorator_list)


def others_of(package: Path) -> dict[str, str]:
    """Return what the tests of a package say of modules without a test of their own name."""
    name = ".".join(["tests", *package.parts])
    table: dict[str, str] = getattr(import_module(name), "TESTED_BY", {})
    return table


@pytest.mark.parametrize("module", _ENGINE, ids=str)
def test_each_module_has_a_test_of_its_name_or_says_which_has_it(module: Path) -> None:
    package, name = module.parent.relative_to("wizard"), module.stem
    own = Path(package, f"test_{name}")
    said = others_of(package).get(name)
    assert (ROOT / "tests" / f"{said or own}.py").is_file(), f"no tests/{own}.py, or TESTED_BY"
    assert not (said and (ROOT / "tests" / f"{own}.py").is_file()), f"{name} has a test by now"


@pytest.mark.parametrize("package", sorted({module.parent for module in _ENGINE}), ids=str)
def test_no_module_is_named_that_is_gone(package: Path) -> None:
    gone = [
        n
        for n in others_of(package.relative_to("wizard"))
        if not Path(ROOT, package, f"{n}.py").is_file()
    ]
    assert gone == []


@pytest.mark.parametrize("module", _MODULES, ids=str)
def test_large_dataclasses_are_made_with_keywords(module: Path) -> None:
    for node in nodes(module):
        if isinstance(node, ast.ClassDef) and (decorator := dataclass_call(node)):
            fields = sum(map(is_given, node.body))
            assert fields < _FIELDS or "kw_only=True" in ast.unparse(decorator), node.name


@pytest.mark.parametrize("module", _MODULES, ids=str)
def test_functions_take_few_positional_arguments(module: Path) -> None:
    for node in nodes(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            given = [name for name in names if name not in ("self", "cls")]
            assert len(given) <= _POSITIONAL, f"{node.name}: {given}"


@pytest.mark.parametrize("module", _MODULES, ids=str)
def test_docstrings_say_what_a_function_does(module: Path) -> None:
    for node in nodes(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_property(node):
            first = (ast.get_docstring(node) or "Say").split()[0].strip("`,.:")
            assert first not in _NOT_A_VERB, f"{node.name}: {first} …"
