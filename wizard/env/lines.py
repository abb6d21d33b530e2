"""The lines of a `.env`: which variable each sets, and how to change only that one.

Four programs read the file: bash (`bw-dev` sources it), Compose (what Django
sees under Docker), python-dotenv (what Django sees without) and systemd (where
a unit says `EnvironmentFile=`). They agree on plain files only, so a value is
written in a way that all four read as meant, with nothing behind it: to systemd
a remark there is part of the value.
"""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass, replace

from dotenv.main import resolve_variables
from dotenv.parser import parse_stream

from wizard.core.message import Message, msg
from wizard.core.problem import Problem

BOM = "\ufeff"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE = re.compile(r"[A-Za-z0-9_\-./:+=@%,]+")

_COMMENT = r"(?P<comment>[ \t]+\#[^\r\n]*)?(?P<end>[ \t]*(?:\r\n|\n|\r)?)\Z"
_ASSIGNMENT = re.compile(
    r"(?P<lead>\s*)(?P<export>export[ \t]+)?(?P<name>'[^']+'|[^=\#\s]+)[ \t]*"
    r"(?:=(?P<value>[ \t]*'(?:\\.|[^'\\])*'|[ \t]*\"(?:\\.|[^\"\\])*\"|[^\r\n]*?))?" + _COMMENT,
    re.DOTALL,
)
# A line that is ready to be uncommented: `# AWS_S3_REGION_NAME=None    # "fr-par"`, but
# not a sentence that happens to begin with a variable's name.
_COMMENTED = re.compile(
    r"(?P<lead>\s*)\#+[ \t]*(?P<export>export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)="
    r"(?P<value>'[^'\r\n]*'|\"[^\"\r\n]*\"|[^\s\#'\"]*)" + _COMMENT
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the file as python-dotenv divides it; the pieces make up the whole.

    `name` is the variable it sets, None for comments and blank lines; `value`
    as written, unquoted but not interpolated, None where there is no `=`.
    """

    text: str
    name: str | None
    value: str | None


def parts(text: str) -> list[Part]:
    """Return the pieces of a `.env`. Their texts, joined, are `text` (but for a leading BOM)."""
    bindings = parse_stream(io.StringIO(text.removeprefix(BOM)))
    return [Part(b.original.string, b.key, b.value) for b in bindings]


def unread_lines(text: str) -> tuple[int, ...]:
    """Return the numbers (from 1) of the lines that python-dotenv cannot parse, and passes over."""
    bindings = parse_stream(io.StringIO(text.removeprefix(BOM)))
    return tuple(b.original.line + _blank_lines(b.original.string) for b in bindings if b.error)


def resolved(pieces: list[Part]) -> dict[str, str | None]:
    """Return each variable's value as python-dotenv gives it: `${X}` replaced, the last wins."""
    bindings = [(p.name, p.value) for p in pieces if p.name is not None]
    return dict(resolve_variables(bindings, override=True))


def assigned(text: str, name: str, value: str | None) -> str:
    """Return `text` with `name` set to `value`, or commented out where it is None.

    The effective (last) line that sets it changes, else a commented-out line
    of that name comes to life, else a line is added at the end. A remark behind
    the value moves to a line of its own above. Raises `Problem` where the value
    cannot be written for all readers.
    """
    pieces = parts(text)
    if value is None:
        return "".join(_commented_out(p) if p.name == name else p.text for p in pieces)
    new = written(name, value)
    place = _place(pieces, name)
    if place is None:
        return _with_line_added(text, f"{name}={new}")
    return _with_piece(pieces, place, _with_value(pieces[place].text, name, new))


def line_of(text: str, name: str) -> str | None:
    """Return the line that `assigned` would change, without its end; None where it adds one."""
    pieces = parts(text)
    place = _place(pieces, name)
    return None if place is None else _split(pieces[place].text)[1]


def with_line(text: str, name: str, line: str | None) -> str:
    """Return `text` with the line of `line_of` replaced, or taken out where `line` is None."""
    pieces = parts(text)
    place = _place(pieces, name)
    if place is None:
        return text if line is None else _with_line_added(text, line)
    if place and line is not None and _is_moved_remark(pieces[place - 1].text, line):
        pieces[place - 1] = replace(pieces[place - 1], text=_split(pieces[place - 1].text)[0])
    blank_lines, _, end = _split(pieces[place].text)
    if line is not None:
        return _with_piece(pieces, place, f"{blank_lines}{line}{end}")
    without = _with_piece(pieces, place, blank_lines)
    # A line added to a file without a final newline brought that newline along.
    return without if end or place + 1 < len(pieces) else without.removesuffix("\n")


def written(name: str, value: str) -> str:
    """Return a value the way bash, Compose, python-dotenv and systemd all read as meant.

    Raises `Problem` where there is no such way.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a variable's name: {name!r}")
    if reason := _unwritable(value):
        raise Problem(
            msg("The value of {name} cannot be written to .env.", name=name),
            reason,
            msg("Use another value; for a key, make a new pair at your provider."),
            code="env-value-unwritable",
        )
    if _BARE.fullmatch(value):
        return value
    if value and not re.search(r"'|\\\\|\\$", value):
        return f"'{value}'"
    return '"' + re.sub(r'([\\"])', r"\\\1", value) + '"'


def _unwritable(value: str) -> Message | None:
    """Say what it is about a value that the three readers disagree on; None where nothing."""
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in value):
        return msg(
            "It contains a line break or a character that is not text: bash, Docker Compose "
            "and Django would not read the same value."
        )
    if "${" in value:
        return msg(
            "It contains ${{: bash, Docker Compose and Django would not read the same value."
        )
    if not (re.search(r"'|\\\\|\\$", value) and re.search(r"[$`]", value)):
        return None
    if "'" in value:
        return msg(
            "It contains ' together with $ or a backtick: bash, Docker Compose and Django would "
            "not read the same value."
        )
    return msg(
        "It contains a backslash together with $ or a backtick: bash, Docker Compose and Django "
        "would not read the same value."
    )


def _with_value(line: str, name: str, new: str) -> str:
    """Return a line, commented out or not, that sets `name` to `new`; its remark goes above."""
    found = _COMMENTED.match(line) or _ASSIGNMENT.match(line)
    if found is None:
        lead = line[: len(line) - len(line.lstrip())]
        return f"{lead}{name}={new}\n"
    if _BARE.fullmatch(new) and found["value"] in (f'"{new}"', f"'{new}'"):
        new = found["value"]  # quoted already, and read alike: only the value counts
    remark, lead = (found["comment"] or "").strip(), found["lead"]
    if remark:
        # To systemd 252 a backslash at a remark's end joins the next line to it.
        blank = " " if remark.endswith("\\") else ""
        lead = f"{lead}{remark}{blank}\n{lead[lead.rfind(chr(10)) + 1 :]}"
    return f"{lead}{found['export'] or ''}{name}={new}{found['end']}"


def _is_moved_remark(piece: str, line: str) -> bool:
    """Tell whether a piece is the remark that stood behind the value in `line`."""
    found = _COMMENTED.match(line) or _ASSIGNMENT.match(line)
    remark = ((found["comment"] if found else "") or "").strip()
    return bool(remark) and piece.strip() == remark


def _place(pieces: list[Part], name: str) -> int | None:
    """Return which piece sets `name`, or, where none does, which could if it were uncommented."""
    active = [i for i, p in enumerate(pieces) if p.name == name]
    return next(reversed(active or _templates(pieces, name)), None)


def _with_piece(pieces: list[Part], place: int, text: str) -> str:
    return "".join(text if i == place else p.text for i, p in enumerate(pieces))


def _blank_lines(piece: str) -> int:
    """Return how many blank lines it begins with."""
    return piece[: len(piece) - len(piece.lstrip())].count("\n")


def _split(piece: str) -> tuple[str, str, str]:
    """Return the blank lines before, the line itself, and its end."""
    indented = len(piece) - len(piece.lstrip())
    start = piece.rfind("\n", 0, indented) + 1
    end = piece[len(piece.rstrip("\r\n")) :]
    return piece[:start], piece[start:].removesuffix(end), end


def _templates(pieces: list[Part], name: str) -> list[int]:
    """Return where commented-out lines of this name are."""
    found = [(i, _COMMENTED.match(p.text)) for i, p in enumerate(pieces) if p.name is None]
    return [i for i, match in found if match and match["name"] == name]


def _commented_out(piece: Part) -> str:
    """Return the piece with `# ` before each of its lines (a quoted value may have several)."""
    body = piece.text.lstrip()
    lead = piece.text[: len(piece.text) - len(body)]
    return lead + re.sub(r"^(?=.)", "# ", body, flags=re.MULTILINE)


def _with_line_added(text: str, line: str) -> str:
    """Return the line at the end; a file without a final newline stays without one."""
    if not text:
        return f"{line}\n"
    return f"{text}{line}\n" if text.endswith("\n") else f"{text}\n{line}"
