"""Texts for people as values: which sentence, and what stands in it.

The English sentence is a message's id, as gettext has it: `msg("There is no bucket {bucket}.",
bucket=name)`. A `Message` is that sentence in English, as any other text, and it still knows its
id and values: so it can be kept, and be shown in another language later. No sentence is glued
together from others; one that depends on another takes it as a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A number shown with so many digits behind the point."""

    value: float
    digits: int


# Texts stand in a sentence as they are, whole numbers with their thousands apart.
Value: TypeAlias = "str | int | Number"


class Message(str):
    """A sentence in English, and what it was made of.

    With a `plural`, the value `n` decides which of the two `id` and `plural` is meant. What
    changes a message like any other text (`+`, `strip`, an f-string) makes plain text of it.
    """

    __slots__ = ("id", "plural", "values")

    id: str
    plural: str
    values: Mapping[str, Value]

    def __new__(cls, one: str, plural: str, values: Mapping[str, Value]) -> Message:
        sentence = plural if plural and values["n"] != 1 else one
        made = super().__new__(cls, fill(sentence, values, in_english))
        made.id, made.plural, made.values = one, plural, MappingProxyType(dict(values))
        return made

    def __reduce__(self) -> tuple[type[Message], tuple[str, str, dict[str, Value]]]:
        return Message, (self.id, self.plural, dict(self.values))

    def with_values(self, change: Callable[[str], str]) -> Message:
        """Return the same sentence with each text in it changed."""
        return Message(
            self.id,
            self.plural,
            {name: _changed(value, change) for name, value in self.values.items()},
        )


def msg(sentence: str, /, **values: Value) -> Message:
    """Return a sentence with its values: `msg("{file} is not there.", file=path.name)`."""
    return Message(sentence, "", values)


def plural(one: str, many: str, /, n: int, **values: Value) -> Message:
    """Return a sentence that depends on a number: `plural("{n} file", "{n} files", n)`."""
    return Message(one, many, {"n": n, **values})


def marked(sentence: str) -> str:
    """Return the id itself, for a `Message` that is made later: translators find it here."""
    return sentence


def verbatim(text: str) -> Message:
    """Return what somebody else said, which is shown as it came."""
    return text if isinstance(text, Message) else msg("{text}", text=text)


def joined(texts: Iterable[str], link: str) -> Message:
    """Return texts one behind the other, those that are not empty.

    `link` says how, as the id of a message with `{before}` and `{next}` in it.
    """
    said = [verbatim(text) for text in texts if text]
    return reduce(
        lambda before, text: Message(link, "", {"before": before, "next": text}),
        said or [NOTHING],
    )


def listed(texts: Sequence[str]) -> Message:
    """Return texts in a row: "a", "a and b", "a, b and c"."""
    if len(texts) < 2:
        return verbatim(texts[0]) if texts else NOTHING
    before = joined(texts[:-1], marked("{before}, {next}"))
    return msg("{before} and {last}", before=before, last=texts[-1])


def separated(texts: Sequence[str]) -> Message:
    """Return texts that have commas of their own in a row: "a; b; c"."""
    return joined(texts, marked("{before}; {next}"))


def with_full_stop(text: str) -> Message:
    """Return a text as a whole sentence, with the full stop at its end."""
    return verbatim(text) if text.endswith(".") else msg("{text}.", text=text)


def sentences(*texts: str) -> Message:
    """Return whole sentences one behind the other, those that are not empty."""
    return joined(texts, marked("{before} {next}"))


def fill(sentence: str, values: Mapping[str, Value], show: Callable[[Value], str]) -> str:
    """Return a sentence with its values put in, each as `show` has it."""
    return sentence.format_map({name: show(value) for name, value in values.items()})


def in_english(value: Value) -> str:
    """Return a value as an English sentence has it."""
    match value:
        case str():
            return str(value)
        case Number():
            return f"{value.value:,.{value.digits}f}"
    return f"{value:,}"


# Where there is nothing to say.
NOTHING = verbatim("")


def encode(data: Any) -> Any:
    """Return `data` as JSON can hold it: its messages with id and values."""
    match data:
        case Message():
            kept: dict[str, Any] = {"id": data.id, "values": encode(dict(data.values))}
            return {**kept, "plural": data.plural} if data.plural else kept
        case Number():
            return {"number": data.value, "digits": data.digits}
        case dict():
            return {name: encode(value) for name, value in data.items()}
        case list() | tuple():
            return [encode(value) for value in data]
    return data


def decode(data: Any) -> Message:
    """Return the message that `encode` made this of; earlier versions kept finished sentences.

    Raises `LookupError`, `TypeError` or `ValueError` where it is damaged.
    """
    if isinstance(data, str):
        return verbatim(data)
    values = {name: _value(value) for name, value in data["values"].items()}
    return Message(data["id"], data.get("plural", ""), values)


def _value(data: Any) -> Value:
    if not isinstance(data, dict):
        return data if isinstance(data, int) else str(data)
    if "number" in data:
        return Number(float(data["number"]), int(data["digits"]))
    return decode(data)


def _changed(value: Value, change: Callable[[str], str]) -> Value:
    match value:
        case Message():
            return value.with_values(change)
        case str():
            return change(value)
    return value
