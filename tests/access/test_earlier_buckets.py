"""Another bucket is chosen: the one that was opened before is closed, or said to be open."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.contexts import Listener, carry_out, settle, storage_context
from wizard.access.earlier_buckets import note_used
from wizard.access.policy import is_opened
from wizard.core.events import Verdict
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import SeaweedFS
from wizard.step import Context, Question
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.enable_s3 import EnableS3
from wizard.storage.bucket import Bucket

Storage = tuple[Settings, Keys]
STEP = ConfigureProvider()


@pytest.fixture
def other(seaweedfs: SeaweedFS) -> Settings:
    """A second, empty bucket on the same service."""
    settings = seaweedfs.settings(f"other-{uuid.uuid4().hex[:12]}")
    Bucket(settings, seaweedfs.keys).create()
    return settings


@dataclass
class Choosy(Listener):
    """Says no to the question that begins so."""

    refused: str = ""

    async def ask(self, question: Question) -> bool:
        await super().ask(question)
        return not self.refused or not question.text.startswith(self.refused)


@dataclass
class Before:
    """A bucket that was made public."""

    context: Context
    listener: Choosy
    settings: Settings
    keys: Keys

    def choose(self, settings: Settings) -> None:
        self.context = self.context.with_settings(settings)

    @property
    def is_open(self) -> bool:
        return opened(self.settings, self.keys)


@pytest_asyncio.fixture
async def before(storage: Storage, tmp_path: Path) -> AsyncIterator[Before]:
    first, keys = storage
    listener = Choosy()
    with storage_context(tmp_path, first, keys, listener) as context:
        context = await settle(STEP, context)
        yield Before(context, listener, first, keys)


def opened(settings: Settings, keys: Keys) -> bool:
    return is_opened(settings.bucket, Bucket(settings, keys).get_policy())


async def test_it_is_closed_where_the_site_never_used_it(before: Before, other: Settings) -> None:
    first = before.settings
    assert before.is_open
    before.choose(other)
    context = before.context
    assert f"bucket {first.bucket}, which bw-s3 opened" in str((await STEP.plan(context)).items)
    await carry_out(STEP, context)
    assert (before.is_open, opened(other, before.keys)) == (False, True)
    assert before.listener.seen("earlier bucket").verdict is Verdict.PASS
    assert await STEP.undo(context)
    assert not opened(other, before.keys)


async def test_declined_it_is_said_and_asked_again_by_undo(before: Before, other: Settings) -> None:
    before.listener.refused = "Before, bw-s3 let the public read"
    before.choose(other)
    await carry_out(STEP, before.context)
    assert before.is_open
    assert "you left it open" in before.listener.seen("earlier bucket").seen
    before.listener.refused = ""
    assert await STEP.undo(before.context)
    assert not before.is_open


async def test_what_the_site_used_stays_open(before: Before, other: Settings) -> None:
    note_used(before.context)
    assert not await STEP.undo(before.context), "visitors read from it"
    before.choose(other)
    await carry_out(STEP, before.context)
    assert before.is_open
    found = before.listener.seen("earlier bucket")
    assert (found.verdict, "BookWyrmPublicRead" in found.seen) == (Verdict.REMARK, True)


async def test_one_that_a_restart_may_have_switched_to_stays_open(
    before: Before, other: Settings
) -> None:
    await carry_out(EnableS3(), before.context)
    with pytest.raises(Problem, match="is still enabled in"):
        await STEP.undo(before.context)
    before.choose(other)
    await carry_out(STEP, before.context)
    await carry_out(STEP, before.context)
    assert before.is_open, "a reboot may have switched the site to it meanwhile"


async def test_at_another_service_it_is_said(before: Before, ceph_storage: Storage) -> None:
    before.choose(ceph_storage[0])
    before.context = replace(before.context, keys=ceph_storage[1])
    await carry_out(STEP, before.context)
    assert before.is_open
    assert before.settings.endpoint_host in before.listener.seen("earlier bucket").seen


async def test_one_that_is_gone_is_no_matter(before: Before, other: Settings) -> None:
    first = before.settings
    Bucket(first, before.keys).client.delete_bucket(Bucket=first.bucket)
    before.choose(other)
    await carry_out(STEP, before.context)
    assert before.listener.seen("earlier bucket").verdict is Verdict.PASS
