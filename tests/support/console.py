"""The admin whom a test plays: what the wizard says is to be done in the console gets done."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.contexts import Listener
from wizard.core.events import Check, Event, Verdict
from wizard.core.message import Message
from wizard.journal.journal import FOLDER
from wizard.storage.bucket import CorsRule


@dataclass(kw_only=True)
class Admin(Listener):
    """Does it once the wizard says so; `told` is what it said, by the check's code.

    `folder` is the instance's, where the wizard leaves the CORS rules.
    """

    folder: Path
    opens: Callable[[], None]
    sets_cors: Callable[[list[CorsRule]], None]
    told: dict[str, Message] = field(default_factory=dict)

    def report(self, event: Event) -> None:
        super().report(event)
        if not isinstance(event, Check) or event.verdict is not Verdict.LATER:
            return
        self.told[event.code] = event.seen
        if event.code == "public-read":
            self.opens()
        if event.code == "cors-fonts":
            self.sets_cors(_rules(self.folder / FOLDER / "cors.json"))


def _rules(path: Path) -> list[CorsRule]:
    """Read rules in any of the forms that consoles take, as their service understands them."""
    read = json.loads(path.read_text())
    rules: list[CorsRule] = read["CORSRules"] if isinstance(read, dict) else read
    return [
        {"AllowedOrigins": rule["origin"], "AllowedMethods": rule["method"]}
        if "origin" in rule
        else rule
        for rule in rules
    ]
