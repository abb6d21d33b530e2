"""The system's errors for people: in its own words, or in ours where we raise them."""

from __future__ import annotations

from wizard.core.message import Message, verbatim


class ExplainedError(OSError):
    """An `OSError` that we raise ourselves, with `words` for people."""

    def __init__(self, words: Message, number: int | None = None) -> None:
        super().__init__(number, words)
        self.words = words


def words_of(error: OSError) -> Message:
    """Return what an error says: our words where we raised it, else the system's."""
    if isinstance(error, ExplainedError):
        return error.words
    return verbatim(error.strerror or str(error))
