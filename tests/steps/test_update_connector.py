"""The instance's own connector, in a real database, changed through `manage.py shell`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.rehearsal import Rehearsal, rehearse
from wizard.core.plan import Document, Sentence
from wizard.core.problem import Problem
from wizard.demo.seaweedfs import SeaweedFS
from wizard.step import Applies
from wizard.steps.update_connector import UpdateConnector
from wizard.switch.first_run import note_whether_it_ran

STEP = UpdateConnector()


async def test_an_instance_without_one_is_left_alone_with_the_reason(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with rehearse(tmp_path, seaweedfs) as rehearsal:
        before = connectors(rehearsal)
        assert STEP.applies(rehearsal.context).applies is Applies.YES, "nobody looked yet"
        (said,) = (await STEP.plan(rehearsal.context)).items
        assert isinstance(said, Sentence)
        finding = await STEP.inspect(rehearsal.context)
        assert (finding.done, finding.facts[0].value) == (True, "none")
        applicability = STEP.applies(rehearsal.context)
        assert applicability.applies is Applies.NO
        assert "no connector of its own" in applicability.reason
        (check,) = await rehearsal.carry_out(STEP)
        assert "no connector of its own" in check.seen
        assert not await STEP.undo(rehearsal.context)
        assert connectors(rehearsal) == before


async def test_it_is_changed_shown_and_put_back(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with rehearse(tmp_path, seaweedfs, self_connector=True) as rehearsal:
        before = connectors(rehearsal)
        old, new = before["localhost"], f"{rehearsal.context.settings.public_base}/images"
        plan = await STEP.plan(rehearsal.context)
        documents = [item for item in plan.items if isinstance(item, Document)]
        assert [d.text for d in documents] == [f"- {old}\n+ {new}"]
        assert connectors(rehearsal) == before, "a plan changes nothing"
        (check,) = await rehearsal.carry_out(STEP)
        assert new in check.seen
        assert connectors(rehearsal) == {**before, "localhost": new}
        assert (await STEP.inspect(rehearsal.context)).done
        await STEP.apply(rehearsal.context)
        assert connectors(rehearsal) == {**before, "localhost": new}, "applying twice is the same"
        assert await STEP.undo(rehearsal.context)
        assert connectors(rehearsal) == before
        assert not await STEP.undo(rehearsal.context)


async def test_after_another_bucket_the_way_back_leads_to_the_first_value(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with rehearse(tmp_path, seaweedfs, self_connector=True) as rehearsal:
        before = connectors(rehearsal)
        await rehearsal.carry_out(STEP)
        first = dict(STEP.inputs(rehearsal.context))
        settings = rehearsal.context.settings
        rehearsal.change(replace(settings, custom_domain="media.example.org"))
        assert dict(STEP.inputs(rehearsal.context)) != first, "so the step is stale"
        finding = await STEP.inspect(rehearsal.context)
        assert (finding.done, finding.gone) == (False, "Covers url is another again")
        await rehearsal.carry_out(STEP)
        assert connectors(rehearsal)["localhost"] == "http://media.example.org/images"
        await STEP.undo(rehearsal.context)
        assert connectors(rehearsal) == before


async def test_a_value_that_looks_like_code_stays_a_value(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with rehearse(tmp_path, seaweedfs, self_connector=True) as rehearsal:
        odd = "books.example.org/'+__import__('os').system('touch pwned')+'$(id)`id`\\"
        settings = rehearsal.context.settings
        rehearsal.change(replace(settings, custom_domain=odd))
        await rehearsal.carry_out(STEP)
        assert connectors(rehearsal)["localhost"] == f"http://{odd}/images"
        assert not (rehearsal.folder / "pwned").exists()


async def test_a_database_that_cannot_be_read_is_explained(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with rehearse(tmp_path, seaweedfs, fresh=True) as rehearsal:
        with pytest.raises(Problem) as caught:
            await STEP.inspect(rehearsal.context)
    assert "database" in caught.value.why
    assert "no such table" in caught.value.raw


async def test_a_fresh_instance_waits_until_it_runs(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with rehearse(tmp_path, seaweedfs, fresh=True) as rehearsal:
        context = rehearsal.context
        await note_whether_it_ran(context.journal, context.deployment)
        assert STEP.applies(context).applies is Applies.LATER
        rehearsal.demo.finish_installation()
        await note_whether_it_ran(context.journal, context.deployment)
        assert STEP.applies(context).applies is Applies.YES
        assert (await STEP.inspect(context)).done
        assert STEP.applies(context).applies is Applies.NO


def connectors(rehearsal: Rehearsal) -> dict[str, str]:
    """Each connector's Covers url, as the database has it."""
    query = "SELECT identifier, covers_url FROM bookwyrm_connector"
    with closing(sqlite3.connect(rehearsal.folder / "site.db")) as database:
        return dict(database.execute(query).fetchall())
