"""The step: what it finds, plans and verifies, and when it leaves the choice to a person."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.support.demo_scene import DemoScene, demo_scene
from tests.support.results import done
from tests.support.waiting import wait_until
from wizard.copying.settle_public import has_declined
from wizard.core.events import Progress, Verdict
from wizard.core.plan import Sentence
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.demo.seaweedfs import SeaweedFS
from wizard.migration import Migration
from wizard.step import Applies
from wizard.steps.copy_media import CopyMedia

STEP = CopyMedia()


@pytest.fixture
async def scene(tmp_path: Path, seaweedfs: SeaweedFS) -> AsyncIterator[DemoScene]:
    """A throwaway instance with a few covers, and its bucket, open for reading."""
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
    assert "Can the public read" in checks[-1].asked
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
    assert "held back, never uploaded" in words


async def test_files_are_new_only_since_a_finished_copy(scene: DemoScene) -> None:
    """What an interrupted copy has not come to is copied when it resumes, not after the switch."""
    context = scene.context
    await scene.carry_out(STEP)
    (media_root(scene) / "covers" / "new.jpg").write_bytes(b"a picture")
    assert "new since" not in [fact.label for fact in (await STEP.inspect(context)).facts]
    context.journal.save_result(done(STEP.name, STEP.inputs(context)))
    assert "new since" in [fact.label for fact in (await STEP.inspect(context)).facts]


async def test_what_an_interrupted_copy_left_is_to_be_copied_not_verified(
    scene: DemoScene,
) -> None:
    """The plan says how much of it is there already."""
    await scene.carry_out(STEP)
    (media_root(scene) / "covers" / "new.jpg").write_bytes(b"a picture")
    finding = await STEP.inspect(scene.context)
    assert not finding.done
    assert not finding.gone
    first, second, *_ = (await STEP.plan_after(scene.context, finding)).items
    assert isinstance(first, Sentence) and isinstance(second, Sentence)
    total = int(first.text.split()[3])
    assert second.text == f"{total - 1} of them are verified already and are not sent again."


async def test_back_in_an_earlier_bucket_nothing_waits_for_the_switch(scene: DemoScene) -> None:
    """What the bucket had of an earlier migration is no finished copy of this one."""
    context = scene.context
    await scene.carry_out(STEP)
    context.journal.save_result(done(STEP.name, {**STEP.inputs(context), "bucket": "another"}))
    for path in media_root(scene).rglob("*.jpg"):
        path.touch()
    finding = await STEP.inspect(context)
    labels = [str(fact.label) for fact in finding.facts]
    assert (finding.done, "new since" in labels) == (False, False)


async def test_a_name_that_the_policy_does_not_match_is_said_once(scene: DemoScene) -> None:
    """SeaweedFS's policy lets nobody read a name with a line break."""
    (media_root(scene) / "covers" / "line\nbreak.jpg").write_bytes(b"a picture")
    checks = await scene.carry_out(STEP)
    (check,) = (check for check in checks if "line break" in check.asked)
    assert check.verdict is Verdict.REMARK
    assert "line%0Abreak.jpg" in check.seen
    again = await STEP.apply(scene.context)
    assert (again.sent, again.failed) == (0, 0)


async def test_a_bucket_emptied_since_is_noticed(scene: DemoScene) -> None:
    await scene.carry_out(STEP)
    source = (await STEP.inspect(scene.context)).facts[0]
    client, name = scene.bucket.client, scene.context.settings.bucket
    for found in client.list_objects_v2(Bucket=name, Prefix="images/")["Contents"]:
        client.delete_object(Bucket=name, Key=found["Key"])
    finding = await STEP.inspect(scene.context)
    assert not finding.done
    assert "none of the verified files" in finding.gone
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


def second_disk(scene: DemoScene, disk: Path) -> None:
    """Half of the covers on a second disk, and links to what is nobody's business."""
    root = media_root(scene)
    shutil.move(root / "covers", disk / "covers")
    (root / "covers").symlink_to(disk / "covers")
    (disk / "secret.jpg").write_bytes(b"-----BEGIN PRIVATE KEY-----")
    (root / "secret.jpg").symlink_to(disk / "secret.jpg")
    (root / "passwd.jpg").symlink_to("/etc/passwd")
    (root / "everything").symlink_to("/")


def keys_there(scene: DemoScene) -> set[str]:
    name = scene.context.settings.bucket
    pages = scene.bucket.client.get_paginator("list_objects_v2").paginate(Bucket=name)
    return {found["Key"] for page in pages for found in page.get("Contents", [])}


async def test_misplaced_files_are_offered_and_copied(scene: DemoScene) -> None:
    """Of a site that uses the bucket already, as if its name had been part of the endpoint."""
    scene.enable_s3()
    name = scene.context.settings.bucket
    policy = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }  # fmt: skip
    scene.bucket.put_policy({"Version": "2012-10-17", "Statement": [policy]})
    scene.bucket.put(f"{name}/images/covers/misplaced.jpg", b"a picture")
    scene.bucket.put(f"{name}/images/previews/only there.png", b"another")
    wait_until(lambda: is_served(scene, f"{name}/images/covers/misplaced.jpg"))
    scene.answer = False
    plan = await STEP.plan(scene.context)
    words = "\n".join(item.text for item in plan.items if isinstance(item, Sentence))
    assert f"are below {name}/images/" in words
    checks = await scene.carry_out(STEP)
    assert scene.questions[0].text.startswith("2 files (16")
    (remark,) = (check for check in checks if check.code == "misplaced-files")
    assert remark.verdict is Verdict.REMARK and has_declined(scene.context)
    scene.answer = True
    await scene.carry_out(STEP)
    assert len(scene.questions) == 1, "nobody is asked again unasked"
    Migration(scene.context).ask_again_about_media()
    checks = await scene.carry_out(STEP)
    (check,) = (check for check in checks if check.code == "misplaced-files")
    assert check.verdict is Verdict.PASS
    assert scene.bucket.get("images/covers/misplaced.jpg") == b"a picture"
    assert scene.bucket.get("images/previews/only there.png") == b"another"
    assert scene.bucket.get(f"{name}/images/covers/misplaced.jpg") == b"a picture"
    assert (await STEP.inspect(scene.context)).done
    scene.bucket.put(f"{name}/images/covers/misplaced.jpg", b"other bytes")
    with pytest.raises(Problem) as raised:
        await STEP.apply(scene.context)
    assert raised.value.decision and f"{name}/images/covers/misplaced.jpg" in raised.value.raw
    assert scene.bucket.get("images/covers/misplaced.jpg") == b"a picture"


def is_served(scene: DemoScene, key: str) -> bool:
    settings = scene.context.settings
    return httpx.head(f"{settings.endpoint}/{settings.bucket}/{key}").is_success


async def test_covers_on_a_second_disk_are_copied_where_the_admin_agrees(
    scene: DemoScene, tmp_path: Path
) -> None:
    second_disk(scene, tmp_path)
    covers = {f"images/covers/{p.name}" for p in (tmp_path / "covers").iterdir()}
    plan = await STEP.plan(scene.context)
    words = [item.text for item in plan.items if isinstance(item, Sentence) and item.warning]
    (offered,) = (text for text in words if "your site serves" in text)
    (held_back,) = (text for text in words if text.startswith("Held back"))
    assert f"covers → {tmp_path}/covers" in offered
    assert f"secret.jpg → {tmp_path}/secret.jpg (not a picture)" in held_back
    assert "passwd.jpg → /etc/passwd (not a picture)" in held_back
    assert "everything → / (it contains the media folder itself)" in held_back
    assert "covers →" not in held_back

    checks = await scene.carry_out(STEP)
    assert checks[0].verdict is Verdict.PASS
    (question,) = scene.questions
    assert str(tmp_path / "covers") in question.text
    there = keys_there(scene)
    assert covers < there
    assert not {key for key in there if "secret" in key or "passwd" in key or "everything" in key}
    (remark,) = (check.seen for check in checks if check.asked == "What was held back?")
    assert "passwd.jpg → /etc/passwd" in remark
    assert (await STEP.inspect(scene.context)).done
    await scene.carry_out(STEP)
    assert len(scene.questions) == 1, "what was answered is not asked again"


async def test_a_link_that_came_since_is_asked_about_before_the_switch(
    scene: DemoScene, tmp_path: Path
) -> None:
    """A disk that was full meanwhile: without a word its pictures would be gone after it."""
    context = scene.context
    await scene.carry_out(STEP)
    context.journal.save_result(done(STEP.name, STEP.inputs(context)))
    second_disk(scene, tmp_path)
    found = await STEP.inspect(context)
    assert not found.done
    assert f"covers → {tmp_path}/covers" in found.gone
    await scene.carry_out(STEP)
    assert str(tmp_path / "covers") in scene.questions[-1].text
    found = await STEP.inspect(context)
    assert found.done, "also though the site refused some of the links"
    context.journal.save_result(done("restart"))
    (media_root(scene) / "hosts.jpg").symlink_to("/etc/hosts")
    assert "asked" not in (await STEP.inspect(context)).gone


async def test_what_the_admin_declines_is_held_back(scene: DemoScene, tmp_path: Path) -> None:
    second_disk(scene, tmp_path)
    scene.answer = False
    await scene.carry_out(STEP)
    assert len(scene.questions) == 1
    assert not {key for key in keys_there(scene) if key.startswith("images/covers/")}
    plan = await STEP.plan(scene.context)
    words = "\n".join(item.text for item in plan.items if isinstance(item, Sentence))
    assert f"covers → {tmp_path}/covers (you decided against it: the key a, or --ask" in words
    scene.answer = True
    await scene.carry_out(STEP)
    assert len(scene.questions) == 1, "nobody is asked again unasked"
    assert has_declined(scene.context)
    Migration(scene.context).ask_again_about_media()
    assert not has_declined(scene.context)
    await scene.carry_out(STEP)
    assert len(scene.questions) == 2
    assert {key for key in keys_there(scene) if key.startswith("images/covers/")}


async def test_only_what_the_site_serves_of_a_linked_folder_is_copied(
    scene: DemoScene, tmp_path: Path
) -> None:
    """Compared again file by file: what appears there later may be private."""
    second_disk(scene, tmp_path)
    await scene.carry_out(STEP)
    (tmp_path / "covers" / "key.jpg").write_bytes(b"-----BEGIN PRIVATE KEY-----")
    picture = next((tmp_path / "covers").glob("*.jpg")).read_bytes()
    (tmp_path / "covers" / "later.jpg").write_bytes(picture + b"another")
    checks = await scene.carry_out(STEP)
    assert checks[0].verdict is Verdict.PASS
    there = keys_there(scene)
    assert "images/covers/later.jpg" in there
    assert "images/covers/key.jpg" not in there
    assert (await STEP.inspect(scene.context)).done, "it is held back from now on"


async def test_links_are_held_back_while_the_site_does_not_serve_them(
    scene: DemoScene, tmp_path: Path
) -> None:
    second_disk(scene, tmp_path)
    scene.demo.stop_site()
    try:
        plan = await STEP.plan(scene.context)
    finally:
        scene.demo.start_site()
    words = "\n".join(item.text for item in plan.items if isinstance(item, Sentence))
    assert "that your site serves:" not in words
    assert f"covers → {tmp_path}/covers (the site does not answer" in words
