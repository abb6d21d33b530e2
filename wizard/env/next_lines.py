"""Lines of `.env` that are to count later: kept in the file as comments that nobody reads.

While an instance moves from one bucket to another, the running site needs the settings of the
first, and the keys of the second may be nowhere but in `.env`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from wizard.env.file import EnvFile
from wizard.env.lines import parts, resolved, written

_SIGN = "BW_S3_NEXT_"
_LINE = re.compile(rf"^#{_SIGN}([A-Za-z_][A-Za-z0-9_]*=[^\r\n]*)(?:\r?\n|\Z)", re.MULTILINE)


def next_values(env: EnvFile) -> dict[str, str]:
    """Return the variables that are to be set later, by their names."""
    text = "".join(f"{line}\n" for line in _LINE.findall(_text_of(env)))
    values = resolved(parts(text))
    return {name: value for name, value in values.items() if value is not None}


def with_next_values(env: EnvFile, values: Mapping[str, str]) -> EnvFile:
    """Return the file with just these kept for later. Raises `Problem` as `EnvFile.with_values`."""
    if next_values(env) == dict(values):
        return env
    if values and (defect := env.defect()):
        raise defect
    text = _LINE.sub("", _text_of(env))
    if text and values and not text.endswith("\n"):
        text += "\n"
    lines = "".join(f"#{_SIGN}{name}={written(name, value)}\n" for name, value in values.items())
    return replace(env, data=(text + lines).encode("utf-8", "surrogateescape"))


def _text_of(env: EnvFile) -> str:
    return env.data.decode("utf-8", "surrogateescape")
