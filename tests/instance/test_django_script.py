"""Our scripts inside Django: the answer comes through whatever is printed around it."""

from __future__ import annotations

import json
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from wizard.instance.django_script import MARK, answers, is_answer, shell_arguments

NOISE = st.lists(st.text(max_size=20).filter(lambda s: "\n" not in s and not is_answer(s)))


def ran(script: str, values: object) -> list[str]:
    """The lines that a script writes, in a Python without Django."""
    *_, program = shell_arguments(script)
    argv = [sys.executable, "-c", program]
    done = subprocess.run(
        argv, input=json.dumps(values), capture_output=True, text=True, check=True
    )
    return done.stdout.split("\n")


def test_values_go_in_and_long_answers_come_out() -> None:
    """Lines are cut where they are very long, so an answer comes in pieces."""
    values = {"names": ["ü\n", "x" * 30_000], "none": None}
    lines = ran("print('Loading…')\nanswer(values)\nprint('x', end='')\nanswer(2)", values)
    assert max(map(len, lines)) < 10_000
    first, second = answers(lines).split("\n")
    assert json.loads(first) == values
    assert json.loads(second) == 2


@given(NOISE, NOISE, st.text(alphabet="abc", max_size=20))
def test_noise_is_left_out(before: list[str], after: list[str], text: str) -> None:
    assert answers([*before, f"{MARK}{json.dumps(text)}.", *after]) == json.dumps(text)


def test_a_script_that_says_nothing() -> None:
    assert answers(ran("print('done')", None)) == ""
