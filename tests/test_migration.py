"""The list of steps as a whole: what is next, what went stale, what is remembered."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.checkout import make_checkout
from tests.support.contexts import make_context
from wizard.core.events import Check, Event, failed, passed, remark
from wizard.core.message import verbatim
from wizard.core.plan import Plan
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.core.states import ResultState, State
from wizard.instance.checkout import open_instance
from wizard.instance.dockerless.deployment import Dockerless
from wizard.journal.journal import Journal
from wizard.migration import DRAFT, INPUTS, STEPS, Migration
from wizard.step import Applicability, Applies, Context, Finding, Question, Step, TypedStep


class Write(TypedStep[None]):
    """Writes the bucket's name into a file: as real as a step can be without a server."""

    title = "Write"
    purpose = "Writes a file."

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]
        self.applicability = Applicability(Applies.YES)
        self.tells: tuple[Check, ...] = ()
        self.tells_looking: tuple[Check, ...] = ()
        self.meanwhile: Callable[[], None] = lambda: None

    def applies(self, context: Context) -> Applicability:
        return self.applicability

    def inputs(self, context: Context) -> Mapping[str, str]:
        return {"bucket": context.settings.bucket}

    def path(self, context: Context) -> Path:
        return context.instance.folder / self.name

    async def inspect(self, context: Context) -> Finding:
        for check in self.tells_looking:
            context.report(check)
        path = self.path(context)
        if not path.exists():
            return Finding(False, gone=verbatim("the file is gone"))
        return Finding(path.read_text() == context.settings.bucket)

    async def plan(self, context: Context) -> Plan:
        return Plan()

    async def apply(self, context: Context) -> None:
        if not context.settings.bucket:
            raise Problem(
                verbatim("No bucket."), verbatim("It was not named."), verbatim("Name it.")
            )
        for check in self.tells:
            context.report(check)
        self.meanwhile()
        await asyncio.sleep(0)
        self.path(context).write_text(context.settings.bucket)

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        text = self.path(context).read_text()
        if text == "cursed":
            return [
                failed(
                    verbatim("the file"),
                    Problem(verbatim("It is cursed."), verbatim("The name says so.")),
                )
            ]
        return [passed(verbatim("the file"), verbatim(text))]

    async def undo(self, context: Context) -> bool:
        self.path(context).unlink()
        return True


class Canary(TypedStep[str]):
    """Finds out an ACL while it is applied."""

    title = "Canary"
    purpose = "Finds out an ACL."

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]
        self.meanwhile: Callable[[], None] = lambda: None

    def inputs(self, context: Context) -> Mapping[str, str]:
        return {"acl": context.settings.acl}

    async def inspect(self, context: Context) -> Finding:
        return Finding(False)

    async def plan(self, context: Context) -> Plan:
        return Plan()

    async def apply(self, context: Context) -> str:
        self.meanwhile()
        return "public-read"

    def settled(self, settings: Settings, found: str) -> Settings:
        return replace(settings, acl=found, acl_known=True)

    async def verify(self, context: Context, found: str) -> Sequence[Check]:
        assert context.settings.acl == found
        return [passed(verbatim("the ACL"), verbatim(found))]


async def _yes(question: Question) -> bool:
    return True


@contextmanager
def open_migration_of(tmp_path: Path, steps: Sequence[Step]) -> Iterator[Migration]:
    """These steps on an empty checkout, with bucket "one"."""
    instance = open_instance(make_checkout(tmp_path / "bookwyrm"))
    settings = Settings(bucket="one", deployment="dockerless")
    journal = Journal.open(instance.folder / ".bw-s3", instance.folder)
    deployment = Dockerless(instance, settings)
    keys = Keys("AKEXAMPLE", "secret-of-tests")
    context = make_context(instance, deployment, journal, keys=keys)
    yield Migration(context, steps)
    journal.close()


@pytest.fixture
def migration(tmp_path: Path) -> Iterator[Migration]:
    """Two steps that write a file each."""
    with open_migration_of(tmp_path, [Write("first"), Write("second")]) as opened:
        yield opened


def states(migration: Migration) -> list[State]:
    return [status.state for status in migration.statuses()]


async def test_steps_are_done_in_order_and_remembered(migration: Migration) -> None:
    assert migration.next_step() is migration.steps[0]
    result = await migration.carry_out(migration.steps[0])
    assert (result.state, result.inputs) == (ResultState.DONE, {"bucket": "one"})
    assert states(migration) == [State.DONE, State.TODO]
    assert migration.next_step() is migration.steps[1]
    await migration.carry_out(migration.steps[1])
    assert migration.next_step() is None


async def test_another_bucket_makes_what_depended_on_it_stale(migration: Migration) -> None:
    for step in migration.steps:
        await migration.carry_out(step)
    settings = replace(migration.context.settings, bucket="two", acl="public-read", acl_known=True)
    migration.change_settings(settings, migration.context.keys)
    statuses = migration.statuses()
    assert [s.state for s in statuses] == [State.STALE, State.STALE]
    assert "bucket" in statuses[0].why
    assert not migration.context.settings.acl_known, "the canary spoke of the old bucket"
    await migration.carry_out(migration.steps[0])
    assert states(migration) == [State.DONE, State.STALE]


def test_each_input_of_a_step_has_a_name_for_people(migration: Migration) -> None:
    named = {name for step in STEPS for name in step.inputs(migration.context)}
    assert named <= set(INPUTS)
    assert {"BookWyrm", "bucket", "custom_domain"} < named


async def test_what_was_typed_and_never_worked_is_a_draft(migration: Migration) -> None:
    """`run`, `status` and `disarm` believe what worked; the form begins with what was typed."""
    first, journal = migration.steps[0], migration.context.journal
    await migration.carry_out(first)
    typed = replace(migration.context.settings, bucket="cursed", limit_rate=7)
    migration.change_settings(replace(typed, site_url="http://wrong"), migration.context.keys)
    with pytest.raises(Problem, match="cursed"):
        await migration.carry_out(first)
    kept = journal.settings
    assert (kept.bucket, kept.site_url, kept.limit_rate) == ("one", "", 7)
    draft = journal.recall(DRAFT)
    assert draft and draft.bucket == "cursed"
    migration.change_settings(replace(typed, bucket="two"), migration.context.keys)
    await migration.carry_out(first)
    assert journal.settings.bucket == "two"
    assert journal.recall(DRAFT) is None


async def test_the_world_is_asked_not_the_journal(migration: Migration) -> None:
    first = migration.steps[0]
    await migration.carry_out(first)
    assert (await migration.look(first))[0].state is State.DONE
    (migration.context.instance.folder / "first").unlink()
    status, finding = await migration.look(first)
    assert (status.state, status.why) == (State.STALE, "the file is gone")
    assert finding and not finding.done


async def test_what_is_found_gone_is_so_wherever_the_steps_are_shown(migration: Migration) -> None:
    first, second = migration.steps
    await migration.carry_out(first)
    await migration.carry_out(second)
    path = migration.context.instance.folder / "first"
    path.unlink()
    await migration.look(first)
    assert states(migration) == [State.STALE, State.DONE]
    assert migration.next_step() is first
    path.write_text("one")
    await migration.look(first)
    assert states(migration) == [State.DONE, State.DONE], "it is there again"
    path.unlink()
    await migration.look(first)
    await migration.carry_out(first)
    assert states(migration) == [State.DONE, State.DONE]


async def test_the_time_of_a_try_that_is_killed_is_kept(migration: Migration) -> None:
    """With what the step writes; here it is read as it would be after a kill -9."""
    journal, seen = migration.context.journal, list[float]()

    def look() -> None:
        kept = Journal.read(journal.folder)
        assert kept
        result = kept.result("first")
        kept.close()
        assert result
        seen.append(result.seconds)

    def work() -> None:
        look()
        time.sleep(0.01)
        journal.save_verified("bucket", [])
        look()

    step = migration.step_named("first")
    assert isinstance(step, Write)
    step.meanwhile = work
    done = await migration.carry_out(step)
    assert seen[0] < seen[1] <= done.seconds
    assert seen[1] - seen[0] >= 0.01
    journal.save_verified("bucket", [])
    kept = journal.result("first")
    assert kept
    assert kept.seconds == done.seconds, "what is written later has nothing to do with it"


async def test_a_problem_is_remembered_with_the_step(migration: Migration) -> None:
    settings = replace(migration.context.settings, bucket="")
    migration.change_settings(settings, migration.context.keys)
    with pytest.raises(Problem, match="No bucket"):
        await migration.carry_out(migration.steps[0])
    status = migration.status(migration.steps[0])
    assert (status.state, status.why) == (State.FAILED, "No bucket.")
    assert status.result and status.result.problem
    assert status.result.problem.remedies[0].text == "Name it."


async def test_a_remark_that_was_answered_later_is_not_worth_knowing(
    migration: Migration,
) -> None:
    first = migration.steps[0]
    assert isinstance(first, Write)
    first.tells = (
        remark(verbatim("Can the public read?"), verbatim("not yet"), code="public-read"),
        remark(verbatim("Is it fast?"), verbatim("it is slow"), code="speed"),
        passed(verbatim("Can it read images?"), verbatim("yes"), code="public-read-images"),
        remark(verbatim("Is it read?"), verbatim("once"), code="public-read"),
    )
    await migration.carry_out(first)
    assert [check.seen for check in migration.remarks()] == ["it is slow", "once"]


async def test_a_later_step_answers_a_remark_as_well(migration: Migration) -> None:
    first, second = migration.steps[:2]
    assert isinstance(first, Write)
    assert isinstance(second, Write)
    asked = verbatim("Is it trusted?")
    first.tells = (
        remark(asked, verbatim("not yet"), code="trusted"),
        remark(verbatim("Who sees it?"), verbatim("nobody"), code="seen"),
    )
    second.tells = (
        passed(asked, verbatim("yes"), code="trusted"),
        remark(verbatim("Who sees it?"), verbatim("nobody"), code="seen"),
    )
    await migration.carry_out(first)
    await migration.carry_out(second)
    assert [check.seen for check in migration.remarks()] == ["nobody"], "and nothing is said twice"
    await migration.carry_out(first)
    assert [check.seen for check in migration.remarks()] == ["not yet", "nobody"], "it is newer"


async def test_a_check_that_fails_is_a_step_that_failed(migration: Migration) -> None:
    settings = replace(migration.context.settings, bucket="cursed")
    migration.change_settings(settings, migration.context.keys)
    with pytest.raises(Problem, match="cursed"):
        await migration.carry_out(migration.steps[0])
    status = migration.status(migration.steps[0])
    assert status.state is State.FAILED
    assert status.result and status.result.checks[0].problem


async def test_steps_that_do_not_apply_are_passed_over(migration: Migration) -> None:
    first, second = migration.steps
    assert isinstance(first, Write)
    assert isinstance(second, Write)
    first.applicability = Applicability(Applies.NO, verbatim("nothing to copy"))
    second.applicability = Applicability(Applies.LATER, verbatim("it does not run yet"))
    assert states(migration) == [State.SKIPPED, State.LATER]
    assert migration.next_step() is None


async def test_a_step_is_skipped_with_a_reason_until_it_is_carried_out(
    migration: Migration,
) -> None:
    migration.skip(migration.steps[0], "done by hand")
    status = migration.status(migration.steps[0])
    assert (status.state, status.why) == (State.SKIPPED, "you said: done by hand")
    await migration.carry_out(migration.steps[0])
    assert migration.status(migration.steps[0]).state is State.DONE


async def test_what_is_taken_back_is_to_be_done_again(migration: Migration) -> None:
    first = migration.steps[0]
    await migration.carry_out(first)
    assert await migration.undo(first)
    assert states(migration)[0] is State.TODO
    assert not (migration.context.instance.folder / "first").exists()


async def test_checks_that_a_step_tells_while_it_works_are_kept(migration: Migration) -> None:
    first = migration.steps[0]
    assert isinstance(first, Write)
    first.tells = (
        passed(verbatim("Does it answer?"), verbatim("18 ms")),
        passed(verbatim("the file"), verbatim("not yet")),
    )
    result = await migration.carry_out(first)
    assert [check.asked for check in result.checks] == ["Does it answer?", "the file"]
    assert result.checks[1].seen != "not yet", "verify has the last word"


async def test_other_answers_alone_do_not_arm_an_instance_that_runs_with_s3(
    migration: Migration,
) -> None:
    """It is armed again as soon as `.env` names another bucket than the running site has."""
    env = migration.context.instance.folder / ".env"
    env.write_text("DOMAIN=books.example.org\nUSE_S3=true\nAWS_STORAGE_BUCKET_NAME=one\n")
    migration.steps[1].name = "restart"  # type: ignore[misc]
    await migration.carry_out(migration.steps[1])
    assert not migration.is_armed()
    settings = replace(migration.context.settings, bucket="two")
    migration.change_settings(settings, migration.context.keys)
    assert not migration.is_armed()
    env.write_text(env.read_text().replace("=one", "=two"))
    assert migration.is_armed()


async def test_another_address_of_the_same_bucket_in_the_file_arms_it_too(
    migration: Migration,
) -> None:
    env = migration.context.instance.folder / ".env"
    lines = "USE_S3=true\nAWS_STORAGE_BUCKET_NAME=one\nAWS_S3_CUSTOM_DOMAIN=cdn.example.org\n"
    env.write_text(f"DOMAIN=books.example.org\n{lines}")
    restart = migration.steps[1]
    restart.name = "restart"  # type: ignore[misc]
    restart.inputs = lambda context: context.settings.storage  # type: ignore[method-assign]
    await migration.carry_out(restart)
    settings = replace(migration.context.settings, bucket="one", custom_domain="cdn.example.org")
    migration.change_settings(settings, migration.context.keys)
    await migration.carry_out(restart)
    settings = replace(settings, custom_domain="media.example.org")
    migration.change_settings(settings, migration.context.keys)
    assert not migration.is_armed()
    env.write_text(env.read_text().replace("cdn.", "media."))
    assert migration.is_armed()


async def test_what_another_step_tells_meanwhile_is_not_taken_for_its_own(
    migration: Migration,
) -> None:
    """Each run is heard by whoever asked for it, also from a thread that knows nothing of it."""
    first, second = migration.steps
    assert isinstance(first, Write)
    assert isinstance(second, Write)
    second.tells_looking = (passed(verbatim("Does another one answer?"), verbatim("yes")),)
    at_work, looking = list[Event](), list[Event]()

    def meanwhile() -> None:
        thread = threading.Thread(
            target=lambda: asyncio.run(migration.look(second, looking.append))
        )
        thread.start()
        thread.join()

    first.tells = (passed(verbatim("Does it answer?"), verbatim("18 ms")),)
    first.meanwhile = meanwhile
    result = await migration.carry_out(first, at_work.append)
    assert [check.asked for check in result.checks] == ["Does it answer?", "the file"]
    assert at_work == [*first.tells]
    assert looking == [*second.tells_looking], "it was looked at while the step was at work"


async def test_what_applying_found_is_handed_to_the_check_and_settled(tmp_path: Path) -> None:
    with open_migration_of(tmp_path, [Canary("first")]) as migration:
        before = migration.context
        result = await migration.carry_out(migration.steps[0])
        assert [check.seen for check in result.checks] == ["public-read"]
        assert result.inputs == {"acl": "public-read"}
        assert migration.context.settings.acl == "public-read"
        assert migration.context.deployment.settings is migration.context.settings
        assert migration.context.journal.settings.acl == "public-read"
        assert before.settings.acl == "", "nobody changes a context"


async def test_answers_changed_while_a_step_works_are_not_those_it_worked_with(
    migration: Migration,
) -> None:
    first = migration.steps[0]
    assert isinstance(first, Write)
    first.meanwhile = lambda: change_bucket(migration, "two")
    result = await migration.carry_out(first)
    assert first.path(migration.context).read_text() == "one"
    assert result.inputs == {"bucket": "one"}
    assert states(migration)[0] is State.STALE


async def test_what_applying_found_of_one_bucket_is_not_settled_for_another(
    tmp_path: Path,
) -> None:
    canary = Canary("first")
    with open_migration_of(tmp_path, [canary]) as migration:
        canary.meanwhile = lambda: change_bucket(migration, "two")
        await migration.carry_out(canary)
        assert migration.context.settings.bucket == "two"
        assert not migration.context.settings.acl_known
        assert migration.context.journal.settings.bucket == "one", "which worked"


def change_bucket(migration: Migration, bucket: str) -> None:
    settings = replace(migration.context.settings, bucket=bucket)
    migration.change_settings(settings, migration.context.keys)
