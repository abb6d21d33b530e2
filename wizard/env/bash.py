"""What bash makes of a `.env` (`bw-dev` does `source .env`), told without running any of it.

`source` runs whatever is no assignment, and `$(…)` within one. So the file is
divided here as bash's grammar does it, and bash itself is asked about the
syntax only (`bash -n`).
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from wizard.core.message import NOTHING, Message, msg
from wizard.env.file import EnvFile
from wizard.system.programs import run

# bash's own variables that cannot be set (bash(1), "Shell Variables").
READ_ONLY = frozenset(("BASHOPTS", "BASH_VERSINFO", "EUID", "PPID", "SHELLOPTS", "UID"))

_SKIPPED = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_BEGIN = re.compile(r"(?P<export>export[ \t]+)?(?P<name>[A-Za-z_]\w*)(?:\[\w+\])?\+?=")
_ONLY_EXPORTED = re.compile(r"export(?:[ \t]+[A-Za-z_]\w*)+[ \t]*(?:#.*)?")
# Translators: this and the texts like it follow a line's number, as in “line 12: …”.
_NO_ASSIGNMENT = msg(
    "bash would run it as a command: write NAME=value, without spaces around the ="
)
_RUNS_A_COMMAND = msg("bash runs the command in it")
_JOINED = msg("the backslash at its end joins it to the line below")
_NAME = re.compile(r"(?:export[ \t]+)?'?([A-Za-z_]\w*)")
# The pieces of a word: what is quoted, what a backslash protects, all else up to its end.
_PIECE = re.compile(
    r"(?P<literal>\\.|\$?'(?:(?<=\$')(?:\\.|[^'\\])*|(?<!\$')[^']*)')"
    r'|(?P<double>"(?:\\.|[^"\\])*")'
    r"|(?P<bare>\$\{[^}\n]*\}|[^ \t\n;&|<>()'\"\\$]+|\$(?!'))",
    re.DOTALL,
)
_COMMAND = re.compile(r"(?<!\\)(?:\\\\)*(?:\$\(|`)")
_ASSIGNMENTS_ONLY = re.compile(r"(?:[ \t]+[A-Za-z_]\w*=[\w./:@%+,-]*)+[ \t]*(?:#.*)?")
_SYNTAX_ERROR = re.compile(r"line (\d+): (?:syntax error|unexpected EOF)")
_SECONDS_FOR_BASH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class BashIssue:
    """A line that bash does not read as an assignment and nothing else.

    `line` counts from 1; `name` is the variable meant, "" where none can be
    told; `why` names no value. `breaks`: `bw-dev` (`set -e`) ends there.
    """

    line: int
    name: str
    why: Message
    breaks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """A piece of the file from `start` to `end`, and what is odd about it, "" where nothing is."""

    start: int
    end: int
    name: str
    why: Message = NOTHING
    breaks: bool = True


async def bash_issues(env: EnvFile) -> tuple[BashIssue, ...]:
    """Return all lines that bash does not read as meant, in order; nothing of the file is run."""
    text = env.data.decode("utf-8", "surrogateescape")
    found = tuple(
        BashIssue(line=text.count("\n", 0, s.start) + 1, name=s.name, why=s.why, breaks=s.breaks)
        for s in _statements(text)
        if s.why
    )
    if any(issue.breaks for issue in found):
        return found
    line = await _line_of_syntax_error(env, text)
    if not line:
        return found
    why = msg("bash finds a syntax error there")
    return (*found, BashIssue(line=line, name="", why=why, breaks=True))


def harmless(text: str) -> str:
    """Return the file without what would run something; its lines keep their numbers."""
    kept = list(text)
    for piece in _statements(text):
        # What a quote that is never closed leaves over is nothing that bash could run.
        if piece.why and piece.end < len(text):
            blank = (c if c == "\n" else " " for c in text[piece.start : piece.end])
            kept[piece.start : piece.end] = blank
    return "".join(kept)


def _statements(text: str) -> Iterator[_Statement]:
    place = 0
    while (start := _skipped(text, place)) < len(text):
        statement = _statement(text, start)
        yield statement
        place = statement.end


def _statement(text: str, start: int) -> _Statement:
    begin, end = _BEGIN.match(text, start), _end_of_line(text, start)
    if begin is None:
        meant = _NAME.match(text, start)
        why = NOTHING if _ONLY_EXPORTED.fullmatch(text, start, end) else _NO_ASSIGNMENT
        return _Statement(start=start, end=end, name=meant[1] if meant else "", why=why)
    name = begin["name"]
    if name in READ_ONLY:
        why = msg("bash reserves {name}: it cannot be set", name=name)
        return _Statement(start=start, end=end, name=name, why=why)
    place, oddity = _word(text, begin.end())
    if _is_unclosed(text, place):
        why = msg("its quote is never closed")
        return _Statement(start=start, end=len(text), name=name, why=why)
    end = _end_of_line(text, place)
    oddity = _runs_a_command(text[place:end], text[begin.end() : place]) or oddity
    if oddity:
        return _Statement(start=start, end=end, name=name, why=oddity, breaks=False)
    why, breaks = _rest(text[place:end], exported=bool(begin["export"]))
    return _Statement(start=start, end=end, name=name, why=why, breaks=breaks)


def _word(text: str, place: int) -> tuple[int, Message]:
    """Return where the word that begins here ends, and what is odd about it."""
    oddity = NOTHING
    while piece := _PIECE.match(text, place):
        if piece.lastgroup != "literal" and _COMMAND.search(piece[0]):
            oddity = _RUNS_A_COMMAND
        elif piece[0] == "\\\n":
            oddity = oddity or _JOINED
        place = piece.end()
    return place, oddity


def _runs_a_command(rest: str, word: str) -> Message:
    return _RUNS_A_COMMAND if rest.startswith("(") and word.endswith("$") else NOTHING


def _is_unclosed(text: str, place: int) -> bool:
    return text[place : place + 1] in ("'", '"') or text.startswith("$'", place)


def _rest(rest: str, *, exported: bool) -> tuple[Message, bool]:
    """Return what is odd about what follows a value, and whether `bw-dev` ends there."""
    after = rest.lstrip(" \t")
    if not after or after == "\\" or (after.startswith("#") and after != rest):
        return NOTHING, False
    if re.fullmatch(r";[ \t]*(?:#.*)?", after) or _ASSIGNMENTS_ONLY.fullmatch(rest):
        return msg("bash and Django read different values: the value is not in quotes"), False
    if after[0] in "()":
        return msg("it has a {sign} that is not in quotes", sign=after[0]), True
    if after[0] in ";&|<>":
        why = msg(
            "bash would run what follows {sign} as a command: the value is not in quotes",
            sign=after[0],
        )
        return why, True
    if exported:
        return msg("bash reads the value only up to the space: it is not in quotes"), False
    return msg(
        "bash would run what follows the space as a command: the value is not in quotes"
    ), True


async def _line_of_syntax_error(env: EnvFile, text: str) -> int:
    """Return where `bash -n`, which runs nothing, finds one; 0 for nowhere, or without a bash."""
    owner = env.path.stat()
    try:
        async with asyncio.timeout(_SECONDS_FOR_BASH):
            ended = await run(
                ["bash", "--norc", "--noprofile", "-n", "-s"],
                folder=env.path.parent,
                env={"PATH": os.defpath},
                stdin=text,
                user=(owner.st_uid, owner.st_gid),
            )
    except (OSError, TimeoutError):
        return 0
    found = _SYNTAX_ERROR.search(ended.output)
    return int(found[1]) if found else 0


def _skipped(text: str, place: int) -> int:
    found = _SKIPPED.match(text, place)
    return found.end() if found else place


def _end_of_line(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end
