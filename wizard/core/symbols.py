"""One sign for each state of a step, each verdict of a check and each kind of line.

The same in the terminal and in the wizard.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from wizard.core.events import Verdict
from wizard.core.states import State

DONE, FAILED = "✓", "✗"
BEGUN, STALE = "◐", "↻"
AT_WORK, PAUSED = "▶", "‖"
# A step that did not fail, but waits for somebody to choose.
UNDECIDED = "?"
# What to be careful about, what to do about a problem, and one thing of several.
WARNING, REMEDY, BULLET = "!", "→", "•"

STATE_SYMBOLS: Mapping[State, str] = MappingProxyType(
    {
        State.TODO: "·",
        State.BEGUN: BEGUN,
        State.DONE: DONE,
        State.FAILED: FAILED,
        State.STALE: STALE,
        State.SKIPPED: "–",
        State.LATER: "◷",
    }
)

VERDICT_SYMBOLS: Mapping[Verdict, str] = MappingProxyType(
    {Verdict.PASS: DONE, Verdict.FAIL: FAILED, Verdict.REMARK: "i", Verdict.LATER: "◷"}
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
