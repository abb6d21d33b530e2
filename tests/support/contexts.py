"""The one place where tests make a context, and who hears what is reported and asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.checkout import ENV, make_checkout
from wizard.core.copy_control import CopyControl
from wizard.core.events import Check, Event, Output, Report, Verdict
from wizard.core.secrets import Keys, Masker
from wizard.core.settings import Settings
from wizard.instance.checkout import Instance, open_instance
from wizard.instance.deployment import Deployment
from wizard.journal.journal import FOLDER, Journal
from wizard.step import Ask, Context, Question, Step


@dataclass(kw_only=True)
class Listener:
    """Answers questions with `answer`, and keeps what was asked and reported."""

    answer: bool = True
    questions: list[Question] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    async def ask(self, question: Question) -> bool:
        self.questions.append(question)
        return self.answer

    def report(self, event: Event) -> None:
        self.events.append(event)

    @property
    def checks(self) -> list[Check]:
        return [event for event in self.events if isinstance(event, Check)]

    @property
    def output(self) -> list[str]:
        """The lines that commands wrote."""
        return [event.text for event in self.events if isinstance(event, Output)]

    def seen(self, part_of_question: str) -> Check:
        """The last check whose question has these words."""
        return next(c for c in reversed(self.checks) if part_of_question in c.asked)


def make_context(
    instance: Instance,
    deployment: Deployment,
    journal: Journal,
    *,
    keys: Keys,
    report: Report | None = None,
    ask: Ask | None = None,
    control: CopyControl | None = None,
) -> Context:
    """Return a context whose masker knows the secrets of `.env` and the keys, as the wizard's.

    Without `report` nobody hears anything, without `ask` the answer is yes.
    """
    nobody = Listener()
    masker = Masker(instance.env_file().secrets())
    masker.add_keys(keys)
    return Context(
        instance=instance,
        deployment=deployment,
        journal=journal,
        keys=keys,
        report=report or nobody.report,
        ask=ask or nobody.ask,
        masker=masker,
        control=control or CopyControl(),
    )


@contextmanager
def storage_context(
    folder: Path, settings: Settings, keys: Keys, listener: Listener, env: str = ENV
) -> Iterator[Context]:
    """A checkout of 0.9.2 in `folder` (made where there is none), for steps that need no site."""
    # Late, since the benchmark of the copy begins here too, and needs none of it.
    from wizard.instance.dockerless.deployment import Dockerless

    if not (folder / "manage.py").exists():
        make_checkout(folder, env)
    instance = open_instance(folder)
    journal = Journal.open(folder / FOLDER, folder)
    deployment = Dockerless(instance, settings)
    try:
        yield make_context(
            instance, deployment, journal, keys=keys, report=listener.report, ask=listener.ask
        )
    finally:
        journal.close()


async def carry_out(step: Step, context: Context) -> list[Check]:
    """Apply and verify a step; no check may have failed."""
    found = await step.apply(context)
    context = context.with_settings(step.settled(context.settings, found))
    checks = list(await step.verify(context, found))
    assert [c for c in checks if c.verdict is Verdict.FAIL] == []
    return checks


async def settle(step: Step, context: Context) -> Context:
    """Have the migration carry a step out; returns the context that holds from then on."""
    from wizard.migration import Migration  # late, for the benchmark

    migration = Migration(context, [step])
    await migration.carry_out(step)
    return migration.context
