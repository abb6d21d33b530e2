"""The READMEs' table of storage services, made from the data about them.

`python -m tests.support.provider_table en` prints it, to be pasted where a test finds another.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from tests.servers.profiles import PROFILES
from wizard.core.language import Language, language
from wizard.core.message import NOTHING, Message
from wizard.storage.providers import PRESETS, Preset

_DATA: Mapping[str, dict[str, Any]] = tomllib.loads(
    files("wizard.storage").joinpath("providers.toml").read_text("utf-8")
)
# In each language: the headings, and how a service was tried.
_WORDS = {
    "en": {
        "head": "| service | `--provider` | tried on | its particular trouble |",
        "stand-in": "stand-in ({date})",
        "nothing": "–",
        "unusable": "**Cannot be used.**",
    },
    "fr": {
        "head": "| service | `--provider` | essayé avec | sa difficulté particulière |",
        "stand-in": "imitation ({date})",
        "nothing": "–",
        "unusable": "**Inutilisable.**",
    },
}


def provider_table(code: str) -> str:
    """Return the table in a language, as Markdown; the services in the order of the form."""
    speaks, words = language(code), _WORDS[code]
    lines = [words["head"], "| --- | --- | --- | --- |"]
    for name, preset in PRESETS.items():
        cells = (
            _linked(preset, speaks),
            f"`{name}`",
            _tried(name, words),
            _trouble(preset, speaks, words),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _linked(preset: Preset, speaks: Language) -> str:
    title = speaks.show(preset.title)
    return f"[{title}]({preset.url})" if preset.url else title


def _tried(name: str, words: Mapping[str, str]) -> str:
    if real := _DATA[name].get("tried"):
        return str(real)
    if name in PROFILES:
        return words["stand-in"].format(date=_DATA[name]["read"])
    return words["nothing"]


def _trouble(preset: Preset, speaks: Language, words: Mapping[str, str]) -> str:
    if preset.unusable:
        return f"{words['unusable']} {speaks.show(preset.unusable)}"
    text: Message = preset.trouble or NOTHING
    return speaks.show(text) if text else words["nothing"]


if __name__ == "__main__":
    print(provider_table(sys.argv[1]))
