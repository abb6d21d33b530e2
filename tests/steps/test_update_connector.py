"""The instance's own connector, in a real database, changed through `manage.py shell`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.demo_scene import DemoScene, demo_scene
from wizard.core.plan import Document, Sentence
from wizard.core.problem import Problem
from wizard.demo.seaweedfs import SeaweedFS
from wizard.step import Applies
from wizard.steps.update_connector import UpdateConnector
from wizard.switch.first_run import note_that_it_runs

STEP = UpdateConnector()


async def test_an_instance_without_one_is_left_alone_with_the_reason(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs) as scene:
        before = connectors(scene)
        assert STEP.applies(scene.context).applies is Applies.YES, "nobody looked yet"
        (said,) = (await STEP.plan(scene.context)).items
        assert isinstance(said, Sentence)
        finding = await STEP.inspect(scene.context)
        assert (finding.done, finding.facts[0].value) == (True, "none")
        applicability = STEP.applies(scene.context)
        assert applicability.applies is Applies.NO
        assert "no connector of its own" in applicability.reason
        (check,) = await scene.carry_out(STEP)
        assert "no connector of its own" in check.seen
        assert not await STEP.undo(scene.context)
        assert connectors(scene) == before


async def test_it_is_changed_shown_and_put_back(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with demo_scene(tmp_path, seaweedfs, self_connector=True) as scene:
        before = connectors(scene)
        old, new = before["localhost"], f"{scene.context.settings.public_base}/images"
        plan = await STEP.plan(scene.context)
        documents = [item for item in plan.items if isinstance(item, Document)]
        assert [d.text for d in documents] == [f"- {old}\n+ {new}"]
        assert connectors(scene) == before, "a plan changes nothing"
        (check,) = await scene.carry_out(STEP)
        assert new in check.seen
        assert connectors(scene) == {**before, "localhost": new}
        assert (await STEP.inspect(scene.context)).done
        await STEP.apply(scene.context)
        assert connectors(scene) == {**before, "localhost": new}, "applying twice is the same"
        assert await STEP.undo(scene.context)
        assert connectors(scene) == before
        assert not await STEP.undo(scene.context)


async def test_after_another_bucket_the_way_back_leads_to_the_first_value(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs, self_connector=True) as scene:
        before = connectors(scene)
        await scene.carry_out(STEP)
        first = dict(STEP.inputs(scene.context))
        settings = scene.context.settings
        scene.change(replace(settings, custom_domain="media.example.org"))
        assert dict(STEP.inputs(scene.context)) != first, "so the step is stale"
        finding = await STEP.inspect(scene.context)
        assert (finding.done, finding.gone) == (False, "Covers url has changed again")
        await scene.carry_out(STEP)
        assert connectors(scene)["localhost"] == "http://media.example.org/images"
        await STEP.undo(scene.context)
        assert connectors(scene) == before


async def test_a_value_that_looks_like_code_stays_a_value(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs, self_connector=True) as scene:
        odd = "books.example.org/'+__import__('os').system('touch pwned')+'$(id)`id`\\"
        settings = scene.context.settings
        scene.change(replace(settings, custom_domain=odd))
        await scene.carry_out(STEP)
        assert connectors(scene)["localhost"] == f"http://{odd}/images"
        assert not (scene.folder / "pwned").exists()


async def test_a_database_that_cannot_be_read_is_explained(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        with pytest.raises(Problem) as caught:
            await STEP.inspect(scene.context)
    assert "database" in caught.value.why
    assert "no such table" in caught.value.raw


async def test_a_fresh_instance_waits_until_it_runs(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        context = scene.context
        assert STEP.applies(context).applies is Applies.LATER
        scene.demo.finish_installation()
        note_that_it_runs(context.journal)
        assert STEP.applies(context).applies is Applies.YES
        assert (await STEP.inspect(context)).done
        assert STEP.applies(context).applies is Applies.NO


def connectors(scene: DemoScene) -> dict[str, str]:
    """Each connector's Covers url, as the database has it."""
    query = "SELECT identifier, covers_url FROM bookwyrm_connector"
    with closing(sqlite3.connect(scene.folder / "site.db")) as database:
        return dict(database.execute(query).fetchall())
