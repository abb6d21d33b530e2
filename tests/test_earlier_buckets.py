"""Another bucket is chosen: the one that was opened before is closed, or said to be open."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.storage_context import Witness, carry_out, storage_context
from wizard.access import is_opened
from wizard.bucket import Bucket
from wizard.demo.seaweedfs import SeaweedFS
from wizard.earlier_buckets import note_used
from wizard.events import Verdict
from wizard.problem import Problem
from wizard.secrets import Keys
from wizard.settings import Settings
from wizard.step import Context, Question
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.enable_s3 import EnableS3

Storage = tuple[Settings, Keys]
STEP = ConfigureProvider()


@pytest.fixture
def other(seaweedfs: SeaweedFS) -> Settings:
    """A second, empty bucket on the same service."""
    settings = seaweedfs.settings(f"other-{uuid.uuid4().hex[:12]}")
    Bucket(settings, seaweedfs.keys).create()
    return settings


@dataclass
class Choosy(Witness):
    """Says no to the question that begins so."""

    refused: str = "?"

    async def ask(self, question: Question) -> bool:
        await super().ask(question)
        return not self.refused or not question.text.startswith(self.refused)


def choose(context: Context, settings: Settings) -> None:
    context.settings = context.deployment.settings = settings


def opened(settings: Settings, keys: Keys) -> bool:
    return is_opened(settings.bucket, Bucket(settings, keys).get_policy())


async def test_it_is_closed_where_the_site_never_used_it(
    storage: Storage, other: Settings, tmp_path: Path
) -> None:
    first, keys = storage
    witness = Witness()
    with storage_context(tmp_path, first, keys, witness) as context:
        await carry_out(STEP, context)
        assert opened(first, keys)
        choose(context, other)
        assert f"bucket {first.bucket}, which bw-s3 opened" in str((await STEP.plan(context)).items)
        await carry_out(STEP, context)
        assert (opened(first, keys), opened(other, keys)) == (False, True)
        assert witness.seen("bucket of before").verdict is Verdict.PASS
        assert await STEP.undo(context)
        assert not opened(other, keys)


async def test_declined_it_is_said_and_asked_again_by_undo(
    storage: Storage, other: Settings, tmp_path: Path
) -> None:
    first, keys = storage
    witness = Choosy(refused="Before, bw-s3 let strangers read")
    with storage_context(tmp_path, first, keys, witness) as context:
        await carry_out(STEP, context)
        choose(context, other)
        await carry_out(STEP, context)
        assert opened(first, keys)
        assert "you left it open" in witness.seen("bucket of before").seen
        witness.refused = ""
        assert await STEP.undo(context)
        assert not opened(first, keys)


async def test_what_the_site_used_stays_open(
    storage: Storage, other: Settings, tmp_path: Path
) -> None:
    first, keys = storage
    witness = Witness()
    with storage_context(tmp_path, first, keys, witness) as context:
        await carry_out(STEP, context)
        note_used(context)
        assert not await STEP.undo(context), "visitors read from it"
        choose(context, other)
        await carry_out(STEP, context)
        assert opened(first, keys)
        found = witness.seen("bucket of before")
        assert (found.verdict, "BookWyrmPublicRead" in found.seen) == (Verdict.REMARK, True)


async def test_one_that_a_restart_may_have_switched_to_stays_open(
    storage: Storage, other: Settings, tmp_path: Path
) -> None:
    first, keys = storage
    witness = Witness()
    with storage_context(tmp_path, first, keys, witness) as context:
        await carry_out(STEP, context)
        await carry_out(EnableS3(), context)
        with pytest.raises(Problem, match="is enabled in"):
            await STEP.undo(context)
        choose(context, other)
        await carry_out(STEP, context)
        await carry_out(STEP, context)
        assert opened(first, keys), "a reboot may have switched the site to it meanwhile"


async def test_at_another_service_it_is_said(
    storage: Storage, ceph_storage: Storage, tmp_path: Path
) -> None:
    first, keys = storage
    witness = Witness()
    with storage_context(tmp_path, first, keys, witness) as context:
        await carry_out(STEP, context)
        choose(context, ceph_storage[0])
        context.keys = ceph_storage[1]
        await carry_out(STEP, context)
        assert opened(first, keys)
        assert first.endpoint_host in witness.seen("bucket of before").seen


async def test_one_that_is_gone_is_no_matter(
    storage: Storage, other: Settings, tmp_path: Path
) -> None:
    first, keys = storage
    witness = Witness()
    with storage_context(tmp_path, first, keys, witness) as context:
        await carry_out(STEP, context)
        Bucket(first, keys).client.delete_bucket(Bucket=first.bucket)
        choose(context, other)
        await carry_out(STEP, context)
        assert witness.seen("bucket of before").verdict is Verdict.PASS
