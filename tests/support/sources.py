"""The program's own modules, read as they are written."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Programs of an instance, which run in its own environment.
APART = ROOT / "wizard" / "demo" / "instance"
SOURCES = [
    path
    for package in ("wizard", "screens")
    for path in sorted((ROOT / package).rglob("*.py"))
    if not path.is_relative_to(APART)
]


def tree_of(path: Path) -> ast.Module:
    """What a module says."""
    return ast.parse(path.read_text())
