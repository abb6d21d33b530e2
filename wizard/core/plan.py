"""What a step would change, shown before it does: diffs, commands, documents, sentences."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.core.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class Diff:
    """What changes in a file: a unified diff with secrets masked."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it will run, word for word."""

    argv: tuple[str, ...]
    user: str = ""
    note: Message = NOTHING


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it will be sent, such as CORS rules or a bucket policy."""

    title: Message
    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """Something that will happen, in words; `warning` where it needs care."""

    text: Message
    warning: bool = False


PlanItem = Diff | Command | Document | Sentence


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` would change. `safe` says what stays untouched or can be undone."""

    items: tuple[PlanItem, ...] = ()
    safe: Message = NOTHING
