"""Modules of ours as one program, for a Python that has none of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

_FUTURE = "from __future__ import annotations\n"


def as_program(*modules: Path) -> str:
    """Return the text of a program made of modules that import nothing else of ours."""
    lines = "".join(path.read_text("ascii") for path in modules).splitlines(keepends=True)
    kept = [line for line in lines if line != _FUTURE and not line.startswith("from wizard.")]
    return _FUTURE + "".join(kept)


def start_beside(
    program: str,
    places: Mapping[bytes, bytes],
    *,
    stdin: int,
    stdout: int,
    stderr: int | IO[bytes],
) -> subprocess.Popen[bytes]:
    """Start a program of `as_program` on this server; its arguments are those of `places_in`.

    This Python runs it with its own standard library only, and with nothing of the surroundings: no
    module and no secret of ours. Its pipes are unbuffered. Raises `OSError` where it cannot start.
    """
    words: list[str | bytes] = [word for place in places.items() for word in place]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", "-c", program, *words],
        bufsize=0,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd="/",
        env={},
        start_new_session=True,
    )
