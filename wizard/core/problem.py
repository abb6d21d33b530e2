"""Errors for people: what happened, why that is likely, what to do now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wizard.core.message import Message, decode, msg, sentences, verbatim, with_full_stop


class Action(StrEnum):
    """What the wizard itself can carry out to fix a problem."""

    RETRY = "retry"
    EDIT_PROVIDER = "edit-provider"
    RESTORE_ENV = "restore-env"  # and restart with it
    DISARM = "disarm"  # `.env` alone, where the services are not ours to restart now
    CONVERT_ENV = "convert-env"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way out. `action` is None where only the admin can do it."""

    text: Message
    action: Action | None = None


TRY_AGAIN = Remedy(msg("Try again."), Action.RETRY)


class Problem(Exception):
    """Something the admin has to know about, in the admin's words.

    `what` happened, `why` that is likely, `remedies` in the order to try them,
    `raw` the service's own message, `field` the setting that caused it (a
    field name of `wizard.core.settings.Settings`, or None). `decision` is true
    where nothing failed but only a person may choose how to continue (exit
    status 3 instead of 1); `usage` where the call itself was wrong (2).
    `code` names the kind of problem for programs; it stays when the words change.
    """

    def __init__(
        self,
        what: Message,
        why: Message,
        *remedies: Remedy | Message,
        raw: str = "",
        field: str | None = None,
        decision: bool = False,
        usage: bool = False,
        code: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedies = tuple(Remedy(r) if isinstance(r, Message) else r for r in remedies)
        self.raw = raw
        self.field = field
        self.decision = decision
        self.usage = usage
        self.code = code

    def in_short(self) -> Message:
        """Return what happened and what can be done about it, in one line."""
        what = with_full_stop(self.what)
        if not self.remedies:
            return sentences(what)
        ways = verbatim(self.remedies[0].text)
        for other in self.remedies[1:]:
            ways = msg("{remedy} Or: {other}", remedy=ways, other=other.text)
        return sentences(what, ways)

    def to_dict(self) -> dict[str, Any]:
        """Return the problem in a form that `encode` makes JSON of; `from_dict` is the way back."""
        return {
            "what": self.what,
            "why": self.why,
            "remedies": [{"text": r.text, "action": r.action} for r in self.remedies],
            "raw": self.raw,
            "field": self.field,
            "decision": self.decision,
            "code": self.code,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Problem:
        """Return a problem as `to_dict` gave it."""
        remedies = (
            Remedy(decode(r["text"]), Action(r["action"]) if r["action"] else None)
            for r in data["remedies"]
        )
        return cls(
            decode(data["what"]),
            decode(data["why"]),
            *remedies,
            raw=data["raw"],
            field=data["field"],
            decision=data["decision"],
            code=data.get("code", ""),
        )
