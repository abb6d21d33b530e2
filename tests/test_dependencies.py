"""What the program imports is named in pyproject.toml, with the bounds that hold."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement

from tests import ROOT

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# The instance that the demo builds runs with the packages of its own extra.
_DEMO = ROOT / "wizard" / "demo" / "instance"


def test_whatever_is_imported_is_declared() -> None:
    declared = {_plain(Requirement(text).name) for text in _PROJECT["dependencies"]}
    sources = [*(ROOT / "wizard").rglob("*.py"), *(ROOT / "screens").rglob("*.py")]
    imported = {name for path in sources if _DEMO not in path.parents for name in _imports(path)}
    others = imported - set(sys.stdlib_module_names) - {"wizard", "screens"}
    distributions = packages_distributions()
    needed = {_plain(distributions[name][0]) for name in others}
    assert needed == declared


def test_what_ci_has_seen_is_within_the_bounds_and_complete() -> None:
    lines = (ROOT / ".ci" / "constraints.txt").read_text().splitlines()
    seen = {_plain(r.name): r for r in map(Requirement, lines[1:])}
    extras = _PROJECT["optional-dependencies"]
    wanted = map(Requirement, (*_PROJECT["dependencies"], *extras["demo"], *extras["test"]))
    for requirement in wanted:
        if _plain(requirement.name) == "bw-s3":
            continue
        exact = next(iter(seen[_plain(requirement.name)].specifier)).version
        assert requirement.specifier.contains(exact), requirement


def _imports(path: Path) -> set[str]:
    """The first names of absolute imports, but those that only the type checker follows."""
    found = set()
    tree = ast.parse(path.read_text())
    for_types = {id(n) for i in ast.walk(tree) if _is_for_types(i) for n in ast.walk(i)}
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _plain(name: str) -> str:
    """A distribution's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()
