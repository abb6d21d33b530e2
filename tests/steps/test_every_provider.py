"""Every hosted service on its stand-in: the way in, the CORS rules, and the words for what it
refuses. No live service is asked: what the stand-ins answer is documented or was reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.servers.profiled import Profiled, rules_of
from tests.servers.profiles import PROFILES, Refusal
from tests.support.contexts import Listener, settle, storage_context
from wizard.core.problem import Problem
from wizard.demo.seaweedfs import SeaweedFS
from wizard.step import Context, Step
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.copy_media import CopyMedia
from wizard.steps.set_cors import SetCors
from wizard.storage.providers import PRESETS, Cors, Kind, Opening, preset

# How the first step gets the public in at each service, and how the fifth lets browsers in.
WAYS = {
    "aws": ("policy", "api"),
    "backblaze": ("bucket-acl", "api"),
    "bunny": ("console", "console"),
    "cloudflare": ("console", "api"),
    "contabo": ("acl", "api"),
    "cubbit": ("policy", "api"),
    "digitalocean": ("acl", "api"),
    "dreamhost": ("bucket-acl", "api"),
    "exoscale": ("acl", "api"),
    "fastly": ("unusable", ""),
    "garage": ("console", "api"),
    "google": ("console", "console"),
    "hetzner": ("acl", "api"),
    "idrive": ("console", "console"),
    "impossible": ("unusable", ""),
    "infomaniak": ("console", "console"),
    "intercolo": ("unusable", ""),
    "ionos": ("policy", "api"),
    "leviia": ("acl", "api"),
    "linode": ("acl", "api"),
    "mega": ("console", "open"),
    "minio": ("policy", "open"),
    "outscale": ("acl", "api"),
    "ovh": ("acl", "api"),
    "rustfs": ("policy", "api"),
    "scaleway": ("acl", "api"),
    "seagate": ("unusable", ""),
    "selectel": ("console", "api"),
    "storj": ("console", "open"),
    "supabase": ("console", "open"),
    "synology": ("none", "api"),
    "tigris": ("bucket-acl", "api"),
    "upcloud": ("policy", "api"),
    "vultr": ("acl", "api"),
    "wasabi": ("acl", "api"),
    "zenko": ("acl", "api"),
}
KNOWN = [name for name in WAYS if name in PRESETS]


def test_every_refusal_has_a_source() -> None:
    assert PROFILES.keys() == WAYS.keys()
    for name, profile in PROFILES.items():
        for what, refusal in profile.refusals.items():
            assert refusal.source == "guess" or refusal.source.startswith("https://"), (name, what)
            assert refusal.status >= 400, (name, what)


def test_every_hosted_service_has_a_stand_in() -> None:
    hosted = {name for name, service in PRESETS.items() if service.kind is Kind.HOSTED}
    assert hosted - PROFILES.keys() == set()


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

    def assert_told(self, problem: Problem, topic: str) -> None:
        """The steps in the service's console are among what can be done."""
        advice = preset(self.service.name).advice(topic, self.context.settings)
        assert any(advice in remedy.text for remedy in problem.remedies), problem.remedies

    @property
    def acl_line(self) -> str | None:
        return self.context.instance.env_file().get("AWS_DEFAULT_ACL")

    @property
    def rules_file(self) -> str:
        return (self.context.journal.folder / "cors.json").read_text()


@contextmanager
def site_at(service: Profiled, folder: Path) -> Iterator[Site]:
    listener = Listener()
    with storage_context(folder, service.settings, service.keys, listener) as context:
        yield Site(service, listener, context)


@pytest.mark.parametrize("name", KNOWN)
async def test_the_way_to_verified(name: str, seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    way, cors = WAYS[name]
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        if way == "unusable":
            assert (await site.fails(ConfigureProvider())).code == "provider-unusable"
            assert service.requests == []
            return
        if way in ("console", "none"):
            await assert_closed(site)
        if way == "none":
            return
        if cors == "console":
            await assert_no_rules(site)
        await site.does(ConfigureProvider())
        assert site.acl_line == ("public-read" if way == "acl" else "")
        asked = [question.text for question in site.listener.questions]
        assert any("everybody read images/*" in text for text in asked) is (way == "policy")
        await site.does(SetCors())


COPIED = {"covers/a b+é.jpg": b"\xff\xd8\xff cover", "avatars/1.png": b"\x89PNG\r\n\x1a\n avatar"}


@pytest.mark.parametrize("name", sorted({"hetzner", "supabase", "upcloud"} & set(KNOWN)))
async def test_a_few_files_are_copied(name: str, seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """Where newer checksums are refused, MD5s asked for, and where the endpoint has a path."""
    for path, body in COPIED.items():
        (tmp_path / "images" / path).parent.mkdir(parents=True)
        (tmp_path / "images" / path).write_bytes(body)
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        if WAYS[name][0] == "console":
            service.console_opens()
        for step in (ConfigureProvider(), CopyMedia()):
            await site.does(step)
        base = f"{site.context.settings.public_base}/images"
        assert {path: httpx.get(f"{base}/{path}").content for path in COPIED} == COPIED


async def assert_closed(site: Site) -> None:
    """The first step says what to click; then an admin clicks it."""
    problem = await site.fails(ConfigureProvider())
    assert problem.code == "bucket-closed"
    if preset(site.service.name).ways[0] is Opening.CONSOLE:
        assert problem.raw == ""  # nothing else was tried
    else:
        assert_in_its_own_words(problem, site.service.profile.policy)
    site.assert_told(problem, "public")
    assert not site.acl_line
    if site.service.profile.console:
        site.service.console_opens()


async def assert_no_rules(site: Site) -> None:
    """The first step says where the rules go, before S3 is enabled; then an admin sets them."""
    problem = await site.fails(ConfigureProvider())
    assert problem.code == "cors-not-set"
    if preset(site.service.name).cors is Cors.API:
        assert_in_its_own_words(problem, site.service.profile.put_cors)
    site.assert_told(problem, "cors")
    site.service.console_sets_cors(rules_of(site.rules_file))


def assert_in_its_own_words(problem: Problem, answer: str | Refusal) -> None:
    """What the service said stands beneath the problem, as it said it."""
    if isinstance(answer, Refusal):
        assert answer.message in problem.raw
        assert answer.code in problem.raw
