"""Standard output and standard error: what they can hold, and what to do when they break."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress
from typing import NoReturn, TextIO

from wizard.core.exit_status import ExitStatus
from wizard.core.language import shown
from wizard.core.message import msg, sentences
from wizard.core.symbols import ASCII, without_accents
from wizard.system.stopping import stop

# What is read the same without the letters that some locales do not have; a line may get longer.
_LOOK_ALIKES = {
    **ASCII, "…": "...", "→": "->", "←": "<-", "—": "--", "≤": "<=", "≥": ">=", "œ": "oe",
    "Œ": "OE",
}  # fmt: skip
_HANDLER = "bw-s3-look-alikes"


def prepare() -> None:
    """Have standard output and error take any text, and no file of ours take their place.

    Called once, before anything is said or opened.
    """
    _fill_closed()
    codecs.register_error(_HANDLER, _replaced)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = "ascii" if _is_plain_c() else stream.encoding
            stream.reconfigure(encoding=encoding, errors=_HANDLER)


def write(stream: TextIO, text: str, *, under_way: bool = False) -> None:
    """Write what was asked for, and end this process where that cannot be.

    A closed pipe (`| head`) ends it without a word, as it does other programs; only where
    something is being changed (`under_way`) is the end explained on standard error. An exception
    would pass through the engine, where it looks like a broken connection.
    """
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        _cut_off(error, under_way=under_way)


def write_error(stream: TextIO, text: str) -> None:
    """Write what went wrong; where nobody can be told, the exit status tells."""
    with suppress(OSError):
        stream.write(text)
        stream.flush()


def finish() -> None:
    """Bring what is still in the buffers to its readers; the last thing before the exit."""
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    try:
        sys.stdout.flush()
    except OSError as error:
        _cut_off(error, under_way=False)


def takes(stream: TextIO, text: str) -> bool:
    """Tell whether the stream's encoding has all the letters of a text."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _cut_off(error: OSError, *, under_way: bool) -> NoReturn:
    """Stop at once: the journal is safe at any moment."""
    safe = msg("Nothing is lost: the same command continues from here.") if under_way else ""
    if error.errno in (errno.EPIPE, errno.ECONNRESET):
        words = sentences(msg("Nobody reads the output any more, so bw-s3 has stopped."), safe)
        stop(f"{shown(words)}\n" if under_way else "", ExitStatus.PIPE_CLOSED)
    refused = msg("bw-s3 cannot write its output: {error}.", error=error.strerror or str(error))
    stop(f"{shown(sentences(refused, safe))}\n", ExitStatus.FAILED)


def _fill_closed() -> None:
    """Put /dev/null where a standard stream is closed (`>&-`), or the next file opened goes there.

    Python gives no stream at all for these; what is said to them is said to nobody.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8"))  # noqa: PTH123, SIM115


def _is_plain_c() -> bool:
    """Tell whether `LC_ALL=C` asks for ASCII, which Python would take for UTF-8."""
    plain = os.environ.get("LC_ALL") in ("C", "POSIX")
    return plain and not {"PYTHONIOENCODING", "PYTHONUTF8"} & os.environ.keys()


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    alike = (_LOOK_ALIKES.get(letter) or without_accents(letter) or "?" for letter in letters)
    return "".join(alike), error.end
