"""An update that the restart would carry out as well is a decision, before S3 is enabled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.steps.test_enable_s3 import STEP, Scene, make_scene
from wizard.core.message import Message, msg
from wizard.core.plan import Sentence
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.instance.dockerless.deployment import Dockerless
from wizard.step import Question
from wizard.switch.updates import confirm_update


class Updated(Dockerless):
    """An instance of which somebody has built a newer image."""

    image = "web: 0123456789ab"

    async def update_waiting(self) -> Message:
        return msg(
            "A newer image was built since the services were started ({image}).", image=self.image
        )


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    scene = make_scene(tmp_path)
    context = scene.context
    scene.context = replace(context, deployment=Updated(context.instance, context.settings))
    return scene


async def test_a_no_leaves_env_as_it_is(scene: Scene) -> None:
    async def no(question: Question) -> bool:
        return "Update BookWyrm" not in question.text

    before, scene.context = scene.env.read_bytes(), replace(scene.context, ask=no)
    plan = await STEP.plan(scene.context)
    said = [item.text for item in plan.items if isinstance(item, Sentence) and item.warning]
    assert any("apply its migrations" in text and "`bw-s3 run --yes`" in text for text in said)
    with pytest.raises(Problem) as caught:
        await STEP.apply(scene.context)
    assert caught.value.decision, "its exit status is 3"
    assert caught.value.what == "The services were not restarted: a BookWyrm update is pending."
    assert "(web: 0123456789ab)" in caught.value.why
    assert scene.env.read_bytes() == before


async def test_a_yes_counts_for_this_image_only(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await STEP.apply(scene.context)
    (asked,) = (q for q in scene.questions if "Update BookWyrm" in q.text)
    assert not asked.only_a_person, "--yes agrees to it, as the plan says"
    await confirm_update(scene.context)
    assert scene.questions.count(asked) == 1, "it is not asked again before the restart"
    monkeypatch.setattr(Updated, "image", "web: ba9876543210")
    await confirm_update(scene.context)
    assert "ba9876543210" in scene.questions[-1].text


async def test_what_never_ran_is_not_updated(scene: Scene) -> None:
    scene.answer = False
    scene.set_up(path=MigrationPath.FRESH)
    await confirm_update(scene.context)
    assert not scene.questions
