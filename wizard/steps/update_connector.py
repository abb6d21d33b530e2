"""Step 8: the instance's own connector, where it still has one, names the bucket for covers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from wizard.core.events import Check, Note, failed, passed
from wizard.core.message import NOTHING, msg, verbatim
from wizard.core.plan import Document, Plan, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.journal.entries import Entry, flag_entry, json_entry
from wizard.step import Applicability, Applies, Context, Fact, Finding, TypedStep
from wizard.switch.first_run import once_it_runs

_REASON = msg(
    "This instance has no connector of its own; since v0.1.0 (September 2021) BookWyrm needs none."
)

# The instance's own connector bears its domain's name, or the file's of old versions.
_READ = """
from django.db.models import Q
from bookwyrm.models import Connector
own = Q(identifier=values["domain"]) | Q(connector_file="self_connector")
rows = Connector.objects.filter(own).order_by("pk").values("identifier", "covers_url")
answer(list(rows))
"""

# Changes a row only where it still is as it was shown.
_CHANGE = """
from django.db import transaction
from bookwyrm.models import Connector
with transaction.atomic():
    changed = [
        Connector.objects.filter(identifier=c["identifier"], covers_url=c["old"]).update(
            covers_url=c["new"]
        )
        for c in values["changes"]
    ]
answer(changed)
"""


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector of the instance's own: its identifier and its Covers url."""

    identifier: str
    covers_url: str


# That the instance has none, and how ours were before the first change.
_NONE_FOUND = flag_entry("update_connector.found", "none")
_BEFORE: Entry[list[Connector]] = json_entry(
    "update_connector.before",
    lambda data: [Connector(**row) for row in data],
    lambda connectors: [asdict(connector) for connector in connectors],
)


class UpdateConnector(TypedStep[None]):
    """Changes *Covers url* in the database through `manage.py shell`."""

    name = "update_connector"
    title = msg("Connector")
    purpose = msg(
        "Very old instances look up their own books through a connector, which holds the "
        "address of the covers. This step changes it to the bucket's address."
    )

    def applies(self, context: Context) -> Applicability:
        """Apply once the instance runs, unless it was seen to have no such connector."""
        waits = once_it_runs(context)
        if waits.applies is Applies.YES and context.journal.remembers(_NONE_FOUND):
            return Applicability(Applies.NO, _REASON)
        return waits

    def inputs(self, context: Context) -> Mapping[str, str]:
        """Return the address that the connector gets."""
        return {"covers url": _wanted(context)}

    async def inspect(self, context: Context) -> Finding:
        """Ask the database."""
        connectors = await _read(context)
        if not connectors:
            context.journal.remember(_NONE_FOUND, True)
            return Finding(True, (Fact(msg("own connector"), msg("none")),))
        facts = tuple(Fact(verbatim(c.identifier), c.covers_url) for c in connectors)
        done = not _to_change(connectors, context)
        lost = not done and context.journal.remembers(_BEFORE)
        gone = msg("Covers url has changed again") if lost else NOTHING
        return Finding(done, facts, gone)

    async def plan(self, context: Context) -> Plan:
        """Return old and new, side by side."""
        connectors = await _read(context)
        changes = _to_change(connectors, context)
        if not changes:
            already = msg("Nothing to do: Covers url is the bucket's already.")
            return Plan((Sentence(already if connectors else _REASON),))
        wanted = _wanted(context)
        documents = [
            Document(
                msg("Covers url of {connector}", connector=c.identifier),
                f"- {c.covers_url}\n+ {wanted}",
            )
            for c in changes
        ]
        command = await context.deployment.manage_command()
        return Plan((*documents, command), msg("The old value is kept, and can be put back."))

    async def apply(self, context: Context) -> None:
        """Run one script, in one transaction; the values go in on standard input."""
        changes = _to_change(await _read(context), context)
        if not changes:
            return
        kept = context.journal.recall(_BEFORE)
        # Kept before the change; what an earlier try kept is older, and the one to go back to.
        if not kept:
            context.journal.remember(_BEFORE, changes)
        wanted = _wanted(context)
        await _change(context, [(c.identifier, c.covers_url, wanted) for c in changes])
        for c in changes:
            text = msg(
                "Covers url of {connector}: {old} → {new}",
                connector=c.identifier,
                old=c.covers_url,
                new=wanted,
            )
            context.report(Note(text))

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        """Ask the database again."""
        asked, code = msg("Does the instance's own connector name the bucket?"), "connector"
        connectors = await _read(context)
        wrong = _to_change(connectors, context)
        named = ", ".join(f"{c.identifier}: {c.covers_url}" for c in connectors)
        check = (
            failed(asked, _unchanged(wrong), code=code)
            if wrong
            else passed(asked, verbatim(named or _REASON), code=code)
        )
        context.report(check)
        if not connectors:
            context.journal.remember(_NONE_FOUND, True)
        return [check]

    async def undo(self, context: Context) -> bool:
        """Put the old addresses back, where nobody changed them since."""
        kept = context.journal.recall(_BEFORE)
        if not kept:
            return False
        before = {c.identifier: c.covers_url for c in kept}
        now = await _read(context)
        changes = [
            (c.identifier, c.covers_url, before[c.identifier])
            for c in now
            if c.identifier in before and c.covers_url == _wanted(context)
        ]
        await _change(context, changes)
        context.journal.forget(_BEFORE)
        return True


def _wanted(context: Context) -> str:
    return f"{context.settings.public_base}/images"


def _to_change(connectors: Sequence[Connector], context: Context) -> list[Connector]:
    return [c for c in connectors if c.covers_url != _wanted(context)]


async def _read(context: Context) -> list[Connector]:
    values = json.dumps({"domain": context.instance.domain_as_written})
    answer = await context.deployment.run_script(_READ, values)
    return [Connector(**row) for row in json.loads(answer)]


async def _change(context: Context, changes: Sequence[tuple[str, str, str]]) -> None:
    listed = [{"identifier": i, "old": old, "new": new} for i, old, new in changes]
    answer = await context.deployment.run_script(_CHANGE, json.dumps({"changes": listed}))
    if sum(json.loads(answer)) != len(listed):
        raise Problem(
            msg("The connector was changed by somebody else in the meantime."),
            msg("Its Covers url was not what it had been a moment before."),
            Remedy(msg("Look at it again, then try again."), Action.RETRY),
            code="connector-changed-meanwhile",
        )


def _unchanged(wrong: Sequence[Connector]) -> Problem:
    first = wrong[0]
    return Problem(
        msg(
            "The connector {connector} still names {address}.",
            connector=first.identifier,
            address=first.covers_url,
        ),
        msg("Somebody changed it back, or another database answered."),
        Remedy(msg("Do this step again."), Action.RETRY),
        code="connector-unchanged",
    )
