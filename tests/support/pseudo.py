"""A language that nobody speaks: tells what is shown as a message from what is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from wizard.core.language import ENGLISH, Language, language, use
from wizard.core.message import Message

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ACCENTED = "àƀçđéƒĝĥîĵķļɱñöƥɋŕšţûṽŵẋýžÀƁÇĐÉƑĜĤÎĴĶĻṀÑÖƤɊŔŠŢÛṼŴẊÝŽ"
_LETTERS = str.maketrans(_PLAIN, _ACCENTED)
_LONGER = 0.4


class Pseudo(Language):
    """English in accented letters, each word 40 % longer; values are as they are.

    `plain` holds every text that was shown as it came: values, and what is no message.
    """

    def __init__(self) -> None:
        super().__init__(ENGLISH)
        self.code = "en_001"
        self.plain: set[str] = set()

    def show(self, text: str) -> str:
        """Return a message in this language, and remember what is none."""
        if not isinstance(text, Message):
            self.plain.add(str(text))
        return super().show(text)

    def sentence(self, text: Message) -> str:
        """Return the sentence of a message, the names of its values as they are."""
        english = text.plural if text.plural and text.values["n"] != 1 else text.id
        parts = re.split(r"(\{\w*\})", english)
        return "".join(part if part[:1] == "{" else _in_pseudo(part) for part in parts)

    def unexplained(self, picture: str) -> list[str]:
        """Return the plain words of a picture that come from no text shown as it came."""
        known = "\n".join(self.plain)
        words = (word for word in re.findall(r"\w+", picture) if re.fullmatch("[A-Za-z]{2,}", word))
        return sorted({word for word in words if word not in known})


def _in_pseudo(english: str) -> str:
    return re.sub(r"[A-Za-z]+", lambda word: _longer(word[0]), english)


def _longer(word: str) -> str:
    accented = word.translate(_LETTERS)
    return accented + accented[-1] * round(_LONGER * len(word))


@contextmanager
def in_pseudo() -> Iterator[Pseudo]:
    """Show everything in the pseudo-language meanwhile, and in English again afterwards."""
    pseudo = Pseudo()
    use(pseudo)
    try:
        yield pseudo
    finally:
        use(language(ENGLISH))
