"""The ways in which the public is let in: in their order, agreed to, and undone again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from tests.servers.profiled import Profiled, rules_of
from tests.servers.profiles import PROFILES
from tests.support.contexts import Listener, settle, storage_context
from tests.support.waiting import wait_until
from wizard.access.bucket_acl import lets_everybody_read
from wizard.core.events import Check, Event, Verdict, Waiting
from wizard.core.plan import Sentence
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import SeaweedFS
from wizard.step import Context
from wizard.steps.configure_provider import ConfigureProvider
from wizard.storage.bucket import Bucket
from wizard.storage.providers import PRESETS, CorsSetting, PublicReadWay, preset
from wizard.web.visitor import fetch

Storage = tuple[Settings, Keys]
STEP = ConfigureProvider()


def opened_by(monkeypatch: pytest.MonkeyPatch, name: str, *ways: PublicReadWay) -> None:
    """Have the preset of that name be opened in these ways."""
    changed = replace(preset(name), name=name, opens=ways)
    monkeypatch.setitem(cast("dict[str, object]", PRESETS), name, changed)


@contextmanager
def site_at(service: Profiled, folder: Path, listener: Listener) -> Iterator[Context]:
    with storage_context(folder, service.settings, service.keys, listener) as context:
        yield context


async def refusal(context: Context) -> Problem:
    with pytest.raises(Problem) as caught:
        await STEP.apply(context)
    return caught.value


async def test_the_buckets_own_acl_opens_it_and_is_put_back(
    seaweedfs: SeaweedFS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_by(monkeypatch, "backblaze", PublicReadWay.BUCKET_ACL, PublicReadWay.CONSOLE)
    listener = Listener()
    with (
        Profiled("backblaze", seaweedfs) as service,
        site_at(service, tmp_path, listener) as context,
    ):
        plan = await STEP.plan(context)
        planned = [item.text for item in plan.items if isinstance(item, Sentence)]
        assert any("opens the whole bucket" in text for text in planned)
        bucket = Bucket(service.settings, service.keys)
        bucket.put("private/notes.txt", b"x")
        context = await settle(STEP, context)
        (question,) = listener.questions
        assert "every file in the bucket" in question.text
        assert "private/" in question.text
        assert listener.seen("own ACL").verdict is Verdict.PASS
        assert "whole bucket is public" in listener.seen("outside of images/").seen
        put = [r for r in service.requests if r.call == "PutBucketAcl"]
        assert [r.headers["x-amz-acl"] for r in put] == ["public-read"]
        assert await STEP.undo(context)
        put = [r for r in service.requests if r.call == "PutBucketAcl"]
        assert [r.headers["x-amz-acl"] for r in put] == ["public-read", "private"]
        assert not await STEP.undo(context)


async def test_a_bucket_acl_that_is_declined_is_not_set(
    seaweedfs: SeaweedFS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_by(monkeypatch, "backblaze", PublicReadWay.BUCKET_ACL, PublicReadWay.CONSOLE)
    with (
        Profiled("backblaze", seaweedfs) as service,
        site_at(service, tmp_path, Listener(answer=False)) as context,
    ):
        problem = await refusal(context)
        assert (problem.code, problem.decision) == ("bucket-acl-declined", True)
        assert not [r for r in service.requests if r.call == "PutBucketAcl"]


async def test_a_bucket_acl_by_which_everybody_can_list_is_undone(
    seaweedfs: SeaweedFS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_by(monkeypatch, "backblaze", PublicReadWay.BUCKET_ACL, PublicReadWay.CONSOLE)
    lists = replace(PROFILES["backblaze"], bucket_acl_lists=True)
    with (
        Profiled("backblaze", seaweedfs, profile=lists) as service,
        site_at(service, tmp_path, Listener()) as context,
    ):
        problem = await refusal(context)
        assert problem.code == "bucket-closed"
        put = [r for r in service.requests if r.call == "PutBucketAcl"]
        assert [r.headers["x-amz-acl"] for r in put] == ["public-read", "private"]
        bucket = Bucket(service.settings, service.keys)
        assert not (await fetch(f"{bucket.place}?list-type=2")).ok
        assert not await STEP.undo(context)


async def test_a_bucket_acl_without_effect_is_undone_and_the_next_way_taken(
    ceph_storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a real Ceph that ignores what ACLs say of the public."""
    settings, keys = ceph_storage
    opened_by(
        monkeypatch, "ceph", PublicReadWay.BUCKET_ACL, PublicReadWay.POLICY, PublicReadWay.CONSOLE
    )
    bucket = Bucket(settings, keys)
    bucket.put_public_access_block({"IgnorePublicAcls": True})
    listener = Listener()
    settings = replace(settings, provider="ceph")
    with storage_context(tmp_path, settings, keys, listener) as context:
        context = await settle(STEP, context)
        assert not lets_everybody_read(bucket.get_acl())
        assert bucket.get_policy() is not None
        assert listener.seen("Does the bucket policy let").verdict is Verdict.PASS
        assert await STEP.undo(context)
        assert bucket.get_policy() is None


@pytest.mark.usefixtures("somebody_at_the_console")
@pytest.mark.parametrize("minutes", [None, 90])
async def test_what_the_console_must_do_is_waited_for(
    minutes: int | None, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    listener = Listener()
    with (
        Profiled("garage", seaweedfs) as service,
        site_at(service, tmp_path, listener) as context,
    ):
        context = replace(context, console_minutes=minutes)
        working = asyncio.create_task(settle(STEP, context))
        await asyncio.to_thread(wait_until, lambda: _waits(listener))
        said = listener.seen("Can the public read")
        assert said.verdict is Verdict.LATER
        assert f"waits for up to {minutes or 15} minutes" in said.seen
        assert preset("garage").advice("public", service.settings) in said.seen
        service.console_opens()
        await working
        assert listener.seen("Can the public read what is stored below").verdict is Verdict.PASS
        assert list(Bucket(service.settings, service.keys).list_objects()) == []


@pytest.mark.parametrize(("minutes", "said"), [(0, "start bw-s3 again"), (5, "waits for it")])
async def test_the_plan_says_whether_the_console_is_waited_for(
    minutes: int, said: str, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    with (
        Profiled("garage", seaweedfs) as service,
        site_at(service, tmp_path, Listener()) as context,
    ):
        plan = await STEP.plan(replace(context, console_minutes=minutes))
        (console,) = (
            item.text
            for item in plan.items
            if isinstance(item, Sentence) and "provider's console" in item.text
        )
        assert said in console


@pytest.mark.usefixtures("somebody_at_the_console")
async def test_a_wait_that_is_stopped_leaves_nothing(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    listener = Listener()
    with (
        Profiled("garage", seaweedfs) as service,
        site_at(service, tmp_path, listener) as context,
    ):
        before = (tmp_path / ".env").read_bytes()
        working = asyncio.create_task(STEP.apply(context))
        await asyncio.to_thread(wait_until, lambda: _waits(listener))
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        assert list(Bucket(service.settings, service.keys).list_objects()) == []
        assert (tmp_path / ".env").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (
            "User: arn:aws:iam::1:user/b is not authorized to perform: s3:PutBucketPolicy because"
            " public policies are blocked by the BlockPublicPolicy block public access setting.",
            "public-access-blocked-by-account",
        ),
        ("Access Denied", "bucket-policy-refused"),
    ],
)
async def test_the_accounts_own_block_public_access_is_told_from_the_buckets(
    seaweedfs: SeaweedFS, tmp_path: Path, words: str, code: str
) -> None:
    """Its older words might also be about keys without the right."""
    listener, profile = Listener(), PROFILES["aws"]
    profile = replace(profile, policy_blocked=replace(profile.policy_blocked, message=words))
    with (
        Profiled("aws", seaweedfs, account_blocks=True, profile=profile) as service,
        site_at(service, tmp_path, listener) as context,
    ):
        problem = await refusal(context)
        assert (problem.code, problem.decision) == (code, True)
        assert "account" in problem.what + problem.why
        assert words in problem.raw
        # The bucket's own switches are as they were.
        switches = Bucket(service.settings, service.keys).public_access_block()
        assert switches
        assert all(switches.values())


@dataclass(kw_only=True)
class _Unblocks(Listener):
    """Turns the account's Block Public Access off once it is said to be in the way."""

    service: Profiled

    def report(self, event: Event) -> None:
        super().report(event)
        if isinstance(event, Check) and event.code == "bucket-policy-accepted":
            self.service.account_blocks = False


@pytest.mark.usefixtures("somebody_at_the_console")
async def test_it_waits_until_the_account_allows_public_policies(
    seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    with Profiled("aws", seaweedfs, account_blocks=True) as service:
        listener = _Unblocks(service=service)
        with site_at(service, tmp_path, listener) as context:
            assert await STEP.apply(context) == ""
        said = [c for c in listener.checks if c.code == "bucket-policy-accepted"]
        assert [check.verdict for check in said] == [Verdict.LATER, Verdict.PASS]
        assert preset("aws").advice("public", service.settings) in said[0].seen


@pytest.mark.usefixtures("somebody_at_the_console")
async def test_cors_rules_for_the_console_are_waited_for_in_the_first_step(
    seaweedfs: SeaweedFS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = replace(preset("scaleway"), cors=CorsSetting.CONSOLE)
    monkeypatch.setitem(cast("dict[str, object]", PRESETS), "scaleway", changed)
    listener = Listener()
    with (
        Profiled("scaleway", seaweedfs) as service,
        site_at(service, tmp_path, listener) as context,
    ):
        working = asyncio.create_task(settle(STEP, context))
        await asyncio.to_thread(wait_until, lambda: _waits(listener))
        said = listener.seen("use the bucket's fonts")
        assert "cors.json" in said.seen
        assert not [r for r in service.requests if r.call == "PutBucketCors"]
        service.console_sets_cors(rules_of((tmp_path / ".bw-s3" / "cors.json").read_text()))
        await working
        assert listener.seen("use the bucket's fonts").verdict is Verdict.PASS


def _waits(listener: Listener) -> bool:
    return any(isinstance(event, Waiting) for event in listener.events)
