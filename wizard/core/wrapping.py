"""Where a line of text may end: never between a number and its unit.

Rich and Textual (8.2) break at U+00A0 and U+202F as at any space, and `textwrap` knows no units.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

# Spaces at the beginning of a line belong to its first word.
_WORD = re.compile(r"^ *[^ ]+ *|[^ ]+ *|^ +")
_UNIT = re.compile(
    r"(?:[kMGTP]?[Bo](?:/s)?|s|min|h|ms|%|(?:second|minute|hour|day|byte)s?)(?![^\W\d_])"
)
_ENDS_IN_NUMBER = re.compile(r"\d $")


def line_starts(text: str, width: int, measure: Callable[[str], int] = len) -> list[int]:
    """Return the positions in one line of text at which the next lines begin.

    `width` is in cells, `measure` says how many a text takes. A word that is wider than that
    is cut.
    """
    starts: list[int] = []
    at = used = 0
    for word in _words(text):
        bare = word.rstrip(" ")
        wide = measure(bare)
        if used and used + wide > width:
            starts.append(at)
            used = 0
        cut = 0
        if wide > width:
            for cut in _cuts(bare, width, measure):
                starts.append(at + cut)
        used += measure(word[cut:])
        at += len(word)
    return starts


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Return a text in lines of that width at most, each behind the indent."""
    lines = []
    for line in text.splitlines():
        ends = line_starts(line, width - len(indent))
        parts = zip([0, *ends], [*ends, len(line)], strict=True)
        lines += [f"{indent}{line[start:end]}".rstrip(" ") for start, end in parts]
    return lines


def _words(text: str) -> Iterator[str]:
    """Yield what stays together, each with the spaces behind it."""
    found = [match.group() for match in _WORD.finditer(text)]
    whole = ""
    for word in found:
        if whole and not (_ENDS_IN_NUMBER.search(whole) and _UNIT.match(word)):
            yield whole
            whole = ""
        whole += word
    if whole:
        yield whole


def _cuts(word: str, width: int, measure: Callable[[str], int]) -> Iterator[int]:
    start = 0
    for end in range(1, len(word) + 1):
        if measure(word[start:end]) > width and end - start > 1:
            start = end - 1
            yield start
