"""Stopping at once: the journal is safe at any moment, and what we started dies with us.

But for a switch of the running services, which continues by itself.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

_temporary: set[Path] = set()
# What continues without us, as last words.
_left: list[str] = []


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Make a folder that goes away afterwards, also where `stop` comes in between."""
    with TemporaryDirectory(prefix=prefix) as name:
        _temporary.add(Path(name))
        try:
            yield Path(name)
        finally:
            _temporary.discard(Path(name))


@contextmanager
def leaving(words: str) -> Iterator[None]:
    """Have `stop` say what continues without us, as long as we are in the block."""
    _left.append(words)
    try:
        yield
    finally:
        _left.remove(words)


def stop(words: str, status: int) -> NoReturn:
    """End this process here and now, with these last words to the admin and this exit status."""
    with suppress(OSError):
        os.write(2, "".join([words, *(f"{text}\n" for text in _left)]).encode(errors="replace"))
    for folder in _temporary:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(status)
