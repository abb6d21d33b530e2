"""User exports in a bucket of their own, while the media move to another service."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.checkout import ENV
from tests.support.contexts import Listener, carry_out, storage_context
from wizard.core.plan import Sentence
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.step import Question
from wizard.steps.configure_provider import ConfigureProvider

STEP = ConfigureProvider()
Storage = tuple[Settings, Keys]
OLD = ENV.replace("_KEY_ID=", "_KEY_ID=old").replace("ACCESS_KEY=", "ACCESS_KEY=old-secret") + (
    "AWS_S3_ENDPOINT_URL=https://old.example\nAWS_S3_REGION_NAME=eu\n"
    "USE_S3_FOR_EXPORTS=true\nEXPORTS_STORAGE_BUCKET_NAME=exports\n"
)


async def test_what_was_inherited_is_written_out(storage: Storage, tmp_path: Path) -> None:
    with storage_context(tmp_path, *storage, Listener(), OLD) as context:
        plan = await STEP.plan(context)
        texts = " ".join(item.text for item in plan.items if isinstance(item, Sentence))
        assert "so that exports stay there" in texts
        assert "old-secret" not in str(plan)
        await carry_out(STEP, context)
        env = context.instance.env_file()
        assert env.get("AWS_S3_ENDPOINT_URL") == storage[0].endpoint
        assert env.get("EXPORTS_S3_ENDPOINT_URL") == "https://old.example"
        assert env.get("EXPORTS_SECRET_ACCESS_KEY") == "old-secret"
        assert env.get("EXPORTS_S3_REGION_NAME") == "eu"
        assert await STEP.undo(context)
        assert (tmp_path / ".env").read_text() == OLD


async def test_the_bucket_of_the_exports_is_refused(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    env = ENV + f"USE_S3_FOR_EXPORTS=true\nEXPORTS_STORAGE_BUCKET_NAME={settings.bucket}\n"
    env += f"EXPORTS_S3_ENDPOINT_URL={settings.endpoint}\n"
    with storage_context(tmp_path, settings, keys, Listener(), env) as context:
        for attempt in (STEP.plan, STEP.apply):
            with pytest.raises(Problem) as caught:
                await attempt(context)
            assert "is already used for the user exports" in caught.value.what
            assert caught.value.decision
        assert (tmp_path / ".env").read_text() == env


async def test_what_never_was_set_is_asked_about(storage: Storage, tmp_path: Path) -> None:
    """Nobody but the admin can say whether exports are to go to the new service."""
    env = ENV + "USE_S3_FOR_EXPORTS=true\nEXPORTS_STORAGE_BUCKET_NAME=exports\n"

    async def refuses(question: Question) -> bool:
        return not question.only_a_person

    with storage_context(tmp_path, *storage, Listener(), env) as context:
        with pytest.raises(Problem) as caught:
            await STEP.apply(replace(context, ask=refuses))
        assert "EXPORTS_S3_ENDPOINT_URL" in caught.value.remedies[0].text
        assert caught.value.decision
        assert (tmp_path / ".env").read_text() == env
        await carry_out(STEP, context)
        assert context.instance.env_file().get("EXPORTS_S3_ENDPOINT_URL") is None


async def test_without_such_a_bucket_nothing_is_added(storage: Storage, tmp_path: Path) -> None:
    env = OLD.replace("EXPORTS=true", "EXPORTS=false")
    with storage_context(tmp_path, *storage, Listener(), env) as context:
        await carry_out(STEP, context)
        assert "EXPORTS_S3" not in (tmp_path / ".env").read_text()
