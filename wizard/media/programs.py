"""Modules of ours as one program, for a Python that has none of them."""

from __future__ import annotations

from pathlib import Path

_FUTURE = "from __future__ import annotations\n"


def as_program(*modules: Path) -> str:
    """Return the text of a program made of modules that import nothing else of ours."""
    lines = "".join(path.read_text("ascii") for path in modules).splitlines(keepends=True)
    kept = [line for line in lines if line != _FUTURE and not line.startswith("from wizard.")]
    return _FUTURE + "".join(kept)
