"""How texts are put together on all screens. No textual."""

from __future__ import annotations

from wizard.core.message import Message, joined, marked, msg
from wizard.core.quantities import describe_clock


def signed(sign: str, text: str) -> Message:
    """Return a text behind its sign: "! armed for S3"."""
    return msg("{sign} {text}", sign=sign, text=text)


def timed(text: str, seconds: float) -> Message:
    """Return what is done or waited for, and how long already: "Copying (0:41)"."""
    return msg("{text} ({clock})", text=text, clock=describe_clock(seconds))


def in_lines(*texts: str) -> Message:
    """Return texts one below the other, those that are not empty."""
    return joined(texts, marked("{before}\n{next}"))


def paragraphs(*texts: str) -> Message:
    """Return texts with a blank line between them."""
    return joined(texts, marked("{before}\n\n{next}"))
