"""What systemd makes of a `.env` that a unit names with `EnvironmentFile=`.

Written after `parse_env_file` of systemd 252 (`src/basic/env-file.c`), and compared with that
program itself in the tests. It knows no remark behind a value and no `export`, and what it
gives a service goes before what Django reads from the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WHITESPACE, _NEWLINE, _COMMENT = " \t\n\r", "\n\r", "#;"
# What a backslash within double quotes protects; before all else it stays.
_PROTECTED = '"\\`$'


class _At(Enum):
    """Where the parser is; the names are systemd's."""

    PRE_KEY = auto()
    KEY = auto()
    PRE_VALUE = auto()
    VALUE = auto()
    VALUE_ESCAPE = auto()
    SINGLE_QUOTE_VALUE = auto()
    DOUBLE_QUOTE_VALUE = auto()
    DOUBLE_QUOTE_VALUE_ESCAPE = auto()
    COMMENT = auto()
    COMMENT_ESCAPE = auto()


class _Parser:
    """Takes a file character by character."""

    def __init__(self) -> None:
        self._at = _At.PRE_KEY
        self._key = self._value = ""
        # How much of the value stays where spaces follow; None where none did yet.
        self._kept: int | None = None
        self._steps = {
            _At.PRE_KEY: self._pre_key,
            _At.KEY: self._in_key,
            _At.PRE_VALUE: self._pre_value,
            _At.VALUE: self._in_value,
            _At.VALUE_ESCAPE: self._value_escape,
            _At.SINGLE_QUOTE_VALUE: self._single_quoted,
            _At.DOUBLE_QUOTE_VALUE: self._double_quoted,
            _At.DOUBLE_QUOTE_VALUE_ESCAPE: self._double_quoted_escape,
            _At.COMMENT: self._in_comment,
            _At.COMMENT_ESCAPE: self._comment_escape,
        }

    def assignments(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield names and values in their order, the invalid names too."""
        for character in text:
            before = self._at
            self._steps[before](character)
            if self._at is _At.PRE_KEY and before in (_At.PRE_VALUE, _At.VALUE):
                yield self._pushed(before)
        if self._at not in (_At.PRE_KEY, _At.KEY, _At.COMMENT, _At.COMMENT_ESCAPE):
            yield self._pushed(self._at)

    def _pushed(self, at: _At) -> tuple[str, str]:
        kept = self._kept if at is _At.VALUE else None
        pair = self._key.rstrip(_WHITESPACE), self._value[:kept]
        self._key = self._value = ""
        return pair

    def _pre_key(self, character: str) -> None:
        if character in _COMMENT:
            self._at = _At.COMMENT
        elif character not in _WHITESPACE:
            self._at, self._key, self._value = _At.KEY, character, ""

    def _in_key(self, character: str) -> None:
        if character in _NEWLINE:
            self._at = _At.PRE_KEY
        elif character == "=":
            self._at, self._kept = _At.PRE_VALUE, None
        else:
            self._key += character

    def _pre_value(self, character: str) -> None:
        quotes = {"'": _At.SINGLE_QUOTE_VALUE, '"': _At.DOUBLE_QUOTE_VALUE, "\\": _At.VALUE_ESCAPE}
        if character in _NEWLINE:
            self._at = _At.PRE_KEY
        elif character in quotes:
            self._at = quotes[character]
        elif character not in _WHITESPACE:
            self._at = _At.VALUE
            self._value += character

    def _in_value(self, character: str) -> None:
        if character in _NEWLINE:
            self._at = _At.PRE_KEY
        elif character == "\\":
            self._at, self._kept = _At.VALUE_ESCAPE, None
        else:
            if character not in _WHITESPACE:
                self._kept = None
            elif self._kept is None:
                self._kept = len(self._value)
            self._value += character

    def _value_escape(self, character: str) -> None:
        self._at = _At.VALUE
        if character not in _NEWLINE:
            self._value += character

    def _single_quoted(self, character: str) -> None:
        if character == "'":
            self._at = _At.PRE_VALUE
        else:
            self._value += character

    def _double_quoted(self, character: str) -> None:
        if character == '"':
            self._at = _At.PRE_VALUE
        elif character == "\\":
            self._at = _At.DOUBLE_QUOTE_VALUE_ESCAPE
        else:
            self._value += character

    def _double_quoted_escape(self, character: str) -> None:
        self._at = _At.DOUBLE_QUOTE_VALUE
        if character in _PROTECTED:
            self._value += character
        elif character != "\n":
            self._value += "\\" + character

    def _in_comment(self, character: str) -> None:
        if character == "\\":
            self._at = _At.COMMENT_ESCAPE
        elif character in _NEWLINE:
            self._at = _At.PRE_KEY

    def _comment_escape(self, character: str) -> None:
        # A backslash at its end joins the next line to it; no longer so from systemd 254 on.
        self._at = _At.COMMENT


def given_by_systemd(text: str) -> dict[str, str]:
    """Return the variables that a service gets of such a file; of duplicates the last counts.

    What systemd passes over is not among them: names that are none, such as `export X`.
    """
    pairs = _Parser().assignments(text)
    return {name: value for name, value in pairs if _NAME.fullmatch(name)}
