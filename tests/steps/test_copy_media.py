"""The step: what it finds, plans and proves, and when it leaves the choice to a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.demo_scene import DemoScene, demo_scene
from wizard.core.events import Progress, Verdict
from wizard.core.plan import Sentence
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.demo.seaweedfs import SeaweedFS
from wizard.step import Applies
from wizard.steps.copy_media import CopyMedia

STEP = CopyMedia()


@pytest.fixture
async def scene(tmp_path: Path, seaweedfs: SeaweedFS) -> AsyncIterator[DemoScene]:
    """A throw-away instance with a few covers, and its bucket, open for reading."""
    async with demo_scene(tmp_path, seaweedfs, covers=12) as made:
        made.open_bucket()
        yield made


def media_root(scene: DemoScene) -> Path:
    return scene.context.instance.media_root


async def test_it_copies_and_verifies(scene: DemoScene) -> None:
    context = scene.context
    assert not (await STEP.inspect(context)).done
    checks = await scene.carry_out(STEP)
    assert checks[0].verdict is Verdict.PASS
    assert "stranger" in checks[-1].asked
    assert (await STEP.inspect(context)).done
    assert any(isinstance(e, Progress) for e in scene.events)


async def test_the_plan_names_numbers_headers_and_what_is_held_back(scene: DemoScene) -> None:
    exports = media_root(scene) / "exports"
    exports.mkdir(exist_ok=True)
    (exports / "account.tar.gz").write_bytes(b"private")
    plan = await STEP.plan(scene.context)
    words = "\n".join(item.text for item in plan.items if isinstance(item, Sentence))
    assert "files" in words
    assert "Cache-Control: max-age=86400" in words
    assert "Held back, never uploaded" in words


async def test_a_bucket_emptied_since_is_noticed(scene: DemoScene) -> None:
    await scene.carry_out(STEP)
    source = (await STEP.inspect(scene.context)).facts[0]
    client, name = scene.bucket.client, scene.context.settings.bucket
    for found in client.list_objects_v2(Bucket=name, Prefix="images/")["Contents"]:
        client.delete_object(Bucket=name, Key=found["Key"])
    finding = await STEP.inspect(scene.context)
    assert not finding.done
    assert "nothing of what was proven" in finding.gone
    assert finding.facts[0] == source, "what there is here stays the same, number and bytes"
    await scene.carry_out(STEP)


async def test_a_conflict_is_left_to_a_person(scene: DemoScene) -> None:
    root = media_root(scene)
    file = next(root.rglob("*.jpg"))
    key = f"images/{file.relative_to(root)}"
    name = scene.context.settings.bucket
    scene.bucket.client.put_object(Bucket=name, Key=key, Body=b"somebody else's")
    with pytest.raises(Problem) as raised:
        await STEP.apply(scene.context)
    assert raised.value.decision
    assert key in raised.value.raw


async def test_a_bucket_closed_to_visitors_fails_the_check(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs, covers=3) as scene:
        scene.bucket.create()
        copied = await STEP.apply(scene.context)
        checks = await STEP.verify(scene.context, copied)
    assert checks[0].verdict is Verdict.PASS
    assert checks[-1].verdict is Verdict.FAIL


async def test_a_new_instance_has_nothing_to_copy(scene: DemoScene) -> None:
    scene.change(replace(scene.context.settings, path=MigrationPath.FRESH))
    applicability = STEP.applies(scene.context)
    assert applicability.applies is Applies.NO
    assert applicability.reason
