"""A checkout without a running site, and a context for steps that look at storage only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.checkout import ENV, make_checkout
from wizard.core.events import Check, Event, Verdict
from wizard.core.secrets import Keys, Masker
from wizard.core.settings import Settings
from wizard.instance.checkout import open_instance
from wizard.instance.dockerless.deployment import Dockerless
from wizard.journal.journal import FOLDER, Journal
from wizard.migration import Migration
from wizard.step import Context, Question, Step


@dataclass
class Witness:
    """Answers questions with `answer`, and remembers what was asked and reported."""

    answer: bool = True
    questions: list[Question] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    async def ask(self, question: Question) -> bool:
        self.questions.append(question)
        return self.answer

    @property
    def checks(self) -> list[Check]:
        return [event for event in self.events if isinstance(event, Check)]

    def seen(self, part_of_question: str) -> Check:
        """The last check whose question has these words."""
        return next(c for c in reversed(self.checks) if part_of_question in c.asked)


@contextmanager
def storage_context(
    folder: Path, settings: Settings, keys: Keys, witness: Witness, env: str = ENV
) -> Iterator[Context]:
    """A context around a checkout of 0.9.2 in `folder` (made where there is none)."""
    if not (folder / "manage.py").exists():
        make_checkout(folder, env)
    instance = open_instance(folder)
    journal = Journal.open(folder / FOLDER, folder)
    masker = Masker([keys.access_key_id, keys.secret_access_key])
    try:
        yield Context(
            instance=instance,
            deployment=Dockerless(instance, settings),
            journal=journal,
            keys=keys,
            report=witness.events.append,
            ask=witness.ask,
            masker=masker,
        )
    finally:
        journal.close()


async def carry_out(step: Step, context: Context) -> list[Check]:
    """Apply and prove a step; no proof may have failed."""
    found = await step.apply(context)
    context = context.with_settings(step.settled(context.settings, found))
    checks = list(await step.verify(context, found))
    assert [c for c in checks if c.verdict is Verdict.FAIL] == []
    return checks


async def settle(step: Step, context: Context) -> Context:
    """Have the migration carry a step out; returns the context that holds from then on."""
    migration = Migration(context, [step])
    await migration.carry_out(step)
    return migration.context
