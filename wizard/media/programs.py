"""Modules of ours as one program, for a Python that has none of them."""

from __future__ import annotations

import sys
from pathlib import Path

_FUTURE = "from __future__ import annotations\n"


def as_program(*modules: Path) -> str:
    """Return the text of a program made of modules that import nothing else of ours."""
    lines = "".join(path.read_text("ascii") for path in modules).splitlines(keepends=True)
    kept = [line for line in lines if line != _FUTURE and not line.startswith("from wizard.")]
    return _FUTURE + "".join(kept)


def ours_only() -> list[str]:
    """Return how a program begins that this Python runs with its own standard library only.

    Nothing of the surroundings: no module and no secret of ours.
    """
    return [sys.executable, "-I", "-S", "-B"]
