"""How texts are put together on all screens. No textual."""

from __future__ import annotations

from wizard.core.message import Message, msg, verbatim
from wizard.core.quantities import describe_clock


def signed(sign: str, text: str) -> Message:
    """Return a text behind its sign: "! armed for S3"."""
    return msg("{sign} {text}", sign=sign, text=text)


def timed(text: str, seconds: float) -> Message:
    """Return what is done or waited for, and how long already: "Copying (0:41)"."""
    return msg("{text} ({clock})", text=text, clock=describe_clock(seconds))


def as_sentence(text: str) -> Message:
    """Return a text that ends with a full stop."""
    return verbatim(text) if text.endswith(".") else msg("{text}.", text=text)


def in_lines(*texts: str) -> Message:
    """Return texts one below the other, those that are not empty."""
    said = [text for text in texts if text]
    whole = verbatim(said[0] if said else "")
    for text in said[1:]:
        whole = msg("{before}\n{next}", before=whole, next=text)
    return whole


def paragraphs(*texts: str) -> Message:
    """Return texts with a blank line between them."""
    whole = verbatim(texts[0])
    for text in texts[1:]:
        whole = msg("{before}\n\n{next}", before=whole, next=text)
    return whole
