"""Lines end at spaces, and never between a number and its unit."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from wizard.core.wrapping import line_starts, wrapped

SAID = (
    "Copied 20,431 files, 3.2 GB of 12.4 GB at 48.0 MB/s in 3 min 10 s; 0.4 s for the last, "
    "99 % done. Down for about 3 seconds, 1 minute at most. "
    "Il reste 1\u202f204\u00a0Mo sur 3,2\u00a0Go\u202f; « 12\u00a0s »."
)


@pytest.mark.parametrize("width", range(20, 81))
def test_a_number_and_its_unit_never_part(width: int) -> None:
    lines = wrapped(SAID, width)
    assert " ".join(lines) == SAID
    assert all(len(line) <= width for line in lines)
    for line, after in pairwise(lines):
        parted = re.search(r"\d$", line) and re.match(
            r"[kMGTP]?[Bo]|s\b|min\b|%|M|second|minute", after
        )
        assert not parted, (line, after)


def test_a_word_that_is_too_long_is_cut() -> None:
    assert wrapped("see https://example.com/a/long/address now", 12) == [
        "see",
        "https://exam",
        "ple.com/a/lo",
        "ng/address",
        "now",
    ]


def test_lines_stay_lines_and_are_indented() -> None:
    assert wrapped("one two six\n\n  three", 9, "> ") == [
        "> one two",
        "> six",
        ">",
        ">   three",
    ]


@given(st.text(alphabet="ab 1MBs\u00a0本", max_size=60), st.integers(2, 20))
def test_nothing_is_lost_and_no_line_is_too_wide(text: str, width: int) -> None:
    starts = line_starts(text, width, cell_len)
    parts = [text[a:b] for a, b in zip([0, *starts], [*starts, len(text)], strict=True)]
    assert "".join(parts) == text
    assert sorted(set(starts)) == starts
    assert all(cell_len(part.rstrip(" ")) <= width for part in parts)
