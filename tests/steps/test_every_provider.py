"""Every hosted service on its stand-in: the way in, the CORS rules, and the words for what it
refuses. No live service is asked: what the stand-ins answer is documented or was reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.profiled import Profiled
from tests.servers.profiles import PROFILES, Refusal
from tests.support.contexts import Listener, settle, storage_context
from wizard.core.problem import Problem
from wizard.demo.seaweedfs import SeaweedFS
from wizard.step import Context, Step
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.set_cors import SetCors
from wizard.storage.bucket import Bucket
from wizard.storage.providers import preset


@dataclass(frozen=True)
class Way:
    """How the first step gets the public in at a service, and the ACL that BookWyrm sends."""

    opens: str
    acl: str = ""


ACL, POLICY = Way("acl", "public-read"), Way("policy")
WAYS = {
    "aws": POLICY,
    "scaleway": ACL,
    "digitalocean": ACL,
    "backblaze": Way("console"),
    "garage": Way("console"),
}


def test_every_refusal_has_a_source() -> None:
    assert PROFILES.keys() == WAYS.keys()
    for name, profile in PROFILES.items():
        for what, refusal in profile.refusals.items():
            assert refusal.source == "guess" or refusal.source.startswith("https://"), (name, what)
            assert refusal.status >= 400, (name, what)


@dataclass
class Site:
    """An instance before its migration, and the service whose name its admin chose."""

    service: Profiled
    listener: Listener
    context: Context

    async def does(self, step: Step) -> None:
        self.context = await settle(step, self.context)

    async def fails(self, step: Step) -> Problem:
        with pytest.raises(Problem) as caught:
            await self.does(step)
        return caught.value

    @property
    def bucket(self) -> Bucket:
        return Bucket(self.context.settings, self.service.keys)

    @property
    def acl_line(self) -> str | None:
        return self.context.instance.env_file().get("AWS_DEFAULT_ACL")


@contextmanager
def site_at(service: Profiled, folder: Path) -> Iterator[Site]:
    listener = Listener()
    with storage_context(folder, service.settings, service.keys, listener) as context:
        yield Site(service, listener, context)


@pytest.mark.parametrize("name", WAYS)
async def test_the_way_to_verified(name: str, seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        way, profile = WAYS[name], service.profile
        if way.opens == "console":
            problem = await site.fails(ConfigureProvider())
            assert problem.code == "bucket-closed"
            assert_in_its_own_words(problem, profile.policy)
            advice = preset(name).advice("public", service.settings)
            assert advice in [remedy.text for remedy in problem.remedies]
            assert site.acl_line in (None, "")
            service.console_opens()
        await site.does(ConfigureProvider())
        assert site.acl_line == way.acl
        asked = [question.text for question in site.listener.questions]
        assert any("everybody read images/*" in text for text in asked) is (way.opens == "policy")
        await site.does(SetCors())


def assert_in_its_own_words(problem: Problem, answer: str | Refusal) -> None:
    """What the service said stands beneath the problem, as it said it."""
    assert isinstance(answer, Refusal)
    assert answer.message in problem.raw
    assert answer.code in problem.raw
