"""Our own constant scripts inside the instance's Django: what goes in, what comes out.

A script finds its input as `values` and calls `answer(…)` with anything that
JSON can hold. Django and its apps print what they like around it.
"""

from __future__ import annotations

from collections.abc import Iterable

MARK = "@bw-s3@"
# What runs programs cuts very long lines, so an answer comes in pieces. The
# last one ends in a dot, the others in a plus.
_PIECE = 8000

_BEGIN = f"""\
import json, sys
values = json.loads(sys.stdin.read() or "null")
def answer(value):
    text = json.dumps(value)
    for start in range(0, len(text), {_PIECE}):
        end = "+" if start + {_PIECE} < len(text) else "."
        sys.stdout.write("\\n{MARK}" + text[start:start + {_PIECE}] + end + "\\n")
    sys.stdout.flush()
"""


def shell_arguments(script: str) -> tuple[str, ...]:
    """Return what follows `manage.py` on the command line; the values come on standard input."""
    return ("shell", "-c", _BEGIN + script)


def shown_arguments() -> tuple[str, ...]:
    """Return the same for a plan, without the script's text."""
    return ("shell", "-c", "…")


def is_answer(line: str) -> bool:
    """Tell whether a line of output is the script's own."""
    return line.startswith(MARK)


def answers(lines: Iterable[str]) -> str:
    """Return what the script answered, a line of JSON for each `answer`; "" for nothing."""
    pieces = [line.removeprefix(MARK) for line in lines if is_answer(line)]
    return "".join(p[:-1] + ("\n" if p.endswith(".") else "") for p in pieces).rstrip("\n")
