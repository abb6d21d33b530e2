"""One sign for each state of a step and each verdict of a check, in the terminal and the wizard."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from wizard.core.events import Verdict
from wizard.core.states import State

AT_WORK = "▶"
PAUSED = "‖"
# A step that did not fail, but waits for somebody to choose.
UNDECIDED = "?"

STATE_SYMBOLS: Mapping[State, str] = MappingProxyType(
    {
        State.TODO: "·",
        State.BEGUN: "◐",
        State.DONE: "✓",
        State.FAILED: "✗",
        State.STALE: "↻",
        State.SKIPPED: "–",
        State.LATER: "◷",
    }
)

VERDICT_SYMBOLS: Mapping[Verdict, str] = MappingProxyType(
    {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.REMARK: "i", Verdict.LATER: "◷"}
)

# What is read the same, as wide as the original, where a locale has only ASCII.
ASCII: Mapping[str, str] = MappingProxyType(
    {
        "✓": "+", "✗": "x", "▶": ">", "‖": "=", "·": ".", "◐": "~", "↻": "!", "◷": "o",
        "▸": ">", "•": "*", "×": "x", "…": "~", "→": ">", "←": "<", "–": "-", "—": "-",
        "−": "-", "─": "-", "│": "|", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'",
        "«": '"', "»": '"', "\u00a0": " ", "\u202f": " ",
    }
)  # fmt: skip


def without_accents(letter: str) -> str:
    """Return the ASCII letters that a letter is made of: "e" for "é"; "" where there are none."""
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(part for part in parts if part.isascii())
