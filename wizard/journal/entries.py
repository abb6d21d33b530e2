"""What the journal keeps beside results and files: entries, each declared once with its type.

An entry is declared by the module whose matter it is, with its name and its form, and kept with
`Journal.remember`. Names and forms are for ever: the journals of earlier versions must open and
mean the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Entry(Generic[Value]):
    """An entry's name in the journal, and how its value becomes text and a value again.

    `from_text` returns None where the text does not count (any more); it may raise
    `LookupError`, `TypeError` or `ValueError` where it is damaged.
    """

    name: str
    to_text: Callable[[Value], str]
    from_text: Callable[[str], Value | None]

    def of(self, whose: str) -> Entry[Value]:
        """Return the entry about one of many, such as a bucket or a step."""
        return replace(self, name=f"{self.name} {whose}")

    def true_of(self, inputs: Mapping[str, str]) -> Entry[Value]:
        """Return the entry, which counts only while these are as they were when it was kept."""
        of = dict(inputs)

        def to_text(value: Value) -> str:
            return json.dumps({"of": of, "value": self.to_text(value)})

        def from_text(text: str) -> Value | None:
            kept = json.loads(text)
            counts = kept["of"] == of and kept["value"]
            return self.from_text(kept["value"]) if counts else None

        return Entry(self.name, to_text, from_text)


def text_entry(name: str) -> Entry[str]:
    """Return an entry whose value is text already."""
    return Entry(name, str, str)


def number_entry(name: str) -> Entry[int]:
    """Return an entry with a whole number."""
    return Entry(name, str, int)


def flag_entry(name: str, word: str = "yes") -> Entry[bool]:
    """Return an entry that is so, or not known to be so; `word` stands for it in the journal."""
    return Entry(name, lambda value: word if value else "", lambda text: text == word or None)


def json_entry(
    name: str,
    from_json: Callable[[Any], Value],
    to_json: Callable[[Value], Any] = lambda value: value,
) -> Entry[Value]:
    """Return an entry with a form in JSON; `to_json` and `from_json` lead there and back."""
    return Entry(
        name,
        lambda value: json.dumps(to_json(value)),
        lambda text: from_json(json.loads(text)),
    )
