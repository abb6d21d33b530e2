"""Every hosted service on its stand-in: the way in, the CORS rules, and the words for what it
refuses. No live service is asked: what the stand-ins answer is documented or was reported.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from tests.servers.profiled import Profiled
from tests.servers.profiles import OPENS, PROFILES, WAYS, Refusal
from tests.support.console import Admin
from tests.support.contexts import settle, storage_context
from wizard.core.events import Verdict
from wizard.core.problem import Problem
from wizard.demo.seaweedfs import SeaweedFS
from wizard.step import Context, Step
from wizard.steps import set_cors
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.copy_media import CopyMedia
from wizard.steps.set_cors import SetCors
from wizard.storage.bucket import Bucket
from wizard.storage.providers import PRESETS, ServiceKind, preset


def test_every_refusal_has_a_source() -> None:
    assert PROFILES.keys() == WAYS.keys()
    for name, profile in PROFILES.items():
        for what, refusal in profile.refusals.items():
            assert refusal.source == "guess" or refusal.source.startswith("https://"), (name, what)
            assert refusal.status >= 400, (name, what)


def test_every_hosted_service_has_a_stand_in() -> None:
    hosted = {name for name, service in PRESETS.items() if service.kind is ServiceKind.HOSTED}
    assert hosted - PROFILES.keys() == set()


@dataclass
class Site:
    """An instance before its migration, and its admin, who chose the service by its name."""

    service: Profiled
    admin: Admin
    context: Context

    async def does(self, *steps: Step) -> None:
        for step in steps:
            self.context = await settle(step, self.context)

    async def fails(self, step: Step) -> Problem:
        with pytest.raises(Problem) as caught:
            await self.does(step)
        return caught.value

    def advice(self, topic: str) -> str:
        return preset(self.service.name).advice(topic, self.context.settings)

    @property
    def acl_line(self) -> str | None:
        return self.context.instance.env_file().get("AWS_DEFAULT_ACL")

    def asked(self, words: str) -> bool:
        return any(words in question.text for question in self.admin.questions)


@contextmanager
def site_at(service: Profiled, folder: Path) -> Iterator[Site]:
    def opens() -> None:
        if service.profile.console:
            service.console_opens()

    admin = Admin(folder=folder, opens=opens, sets_cors=service.console_sets_cors)
    with storage_context(folder, service.settings, service.keys, admin) as context:
        yield Site(service, admin, context)


def put_font(site: Site) -> None:
    """One of the static files, as BookWyrm stores them."""
    settings = site.context.settings
    bucket = Bucket(settings, site.service.keys)
    bucket.put("static/css/fonts/icomoon.woff", b"font", acl=settings.acl)


@pytest.mark.usefixtures("somebody_at_the_console")
@pytest.mark.parametrize("name", [name for name in WAYS if WAYS[name][0] in OPENS])
async def test_the_way_to_verified(name: str, seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    way, cors = WAYS[name]
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        await site.does(ConfigureProvider(), SetCors())
        assert site.acl_line == ("public-read" if way == "acl" else "")
        assert site.asked("everybody read images/*") is (way == "policy")
        assert site.asked("everybody read every file in the bucket") is (
            way == "bucket-acl" or name == "infomaniak"
        )
        put_font(site)
        found = await SetCors().inspect(site.context)
        assert found.done, "or the step would be done again and again"
        told = site.admin.told
        assert ("public-read" in told) is (way == "console")
        assert ("cors-fonts" in told) is (cors == "console")
        if way == "console":
            assert site.advice("public") in told["public-read"]
        if cors == "console":
            assert site.advice("cors") in told["cors-fonts"]


@pytest.mark.parametrize("name", [name for name in WAYS if WAYS[name][0] == "unusable"])
async def test_a_service_that_cannot_be_used_is_not_asked(
    name: str, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        assert (await site.fails(ConfigureProvider())).code == "provider-unusable"
        assert service.requests == []


@pytest.mark.parametrize("name", ["cloudflare", "infomaniak", "synology"])
async def test_what_nothing_opens_is_said_in_the_services_own_words(
    name: str, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        service.profile = replace(service.profile, console="")
        problem = await site.fails(ConfigureProvider())
        assert problem.code == "bucket-closed"
        assert any(site.advice("public") in remedy.text for remedy in problem.remedies)
        tried = {"PutBucketPolicy", "GetBucketPolicy"} & {r.call for r in service.requests}
        if tried:
            assert_in_its_own_words(problem, service.profile.policy)
        assert not site.acl_line
        assert list(Bucket(service.settings, service.keys).list_objects()) == []


COPIED = {"covers/a b+é.jpg": b"\xff\xd8\xff cover", "avatars/1.png": b"\x89PNG\r\n\x1a\n avatar"}


@pytest.mark.usefixtures("somebody_at_the_console")
@pytest.mark.parametrize("name", ["hetzner", "supabase", "upcloud"])
async def test_a_few_files_are_copied(name: str, seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """Where newer checksums are refused, MD5s asked for, and where the endpoint has a path."""
    for path, body in COPIED.items():
        (tmp_path / "images" / path).parent.mkdir(parents=True)
        (tmp_path / "images" / path).write_bytes(body)
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        await site.does(ConfigureProvider(), CopyMedia())
        base = f"{site.context.settings.public_base}/images"
        assert {path: httpx.get(f"{base}/{path}").content for path in COPIED} == COPIED


def answers(service: Profiled, **changed: str | float | Refusal) -> None:
    """Have a service answer otherwise than its profile has it."""
    service.profile = replace(service.profile, **changed)  # type: ignore[arg-type]


DENIED = Refusal(status=403, code="AccessDenied", message="Access Denied", source="guess")


async def test_a_service_that_does_less_than_its_preset_says(
    seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    """As in OVHcloud's Local Zones, which know no ACLs, but policies."""
    with Profiled("ovh", seaweedfs) as service, site_at(service, tmp_path) as site:
        answers(service, object_acl=DENIED, policy="ok")
        await site.does(ConfigureProvider(), SetCors())
        assert site.acl_line == ""
        assert site.asked("everybody read images/*")


async def test_a_service_that_does_more_than_its_preset_says(
    seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    with Profiled("upcloud", seaweedfs) as service, site_at(service, tmp_path) as site:
        answers(service, object_acl="honoured")
        await site.does(ConfigureProvider(), SetCors())
        assert site.acl_line == "public-read"
        assert site.admin.questions == []


@pytest.mark.parametrize("name", ["scaleway", "exoscale"])
async def test_a_policy_that_would_lock_the_keys_out_is_not_set(
    name: str, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        answers(service, object_acl="ignored", policy="ok")
        problem = await site.fails(ConfigureProvider())
        assert problem.code == "bucket-closed"
        assert site.advice("public") in [remedy.text for remedy in problem.remedies]
        assert not [r for r in service.requests if r.call == "PutBucketPolicy"]


@pytest.mark.parametrize("chosen", ["other", "minio"])
@pytest.mark.parametrize(
    ("name", "endpoint"),
    [("scaleway", "http://s3.fr-par.scw.cloud"), ("exoscale", "http://sos-ch-gva-2.exo.io")],
)
async def test_a_wrong_name_does_not_lock_the_keys_out(
    name: str,
    endpoint: str,
    chosen: str,
    seaweedfs: SeaweedFS,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service's own address, which leads to the stand-in, under another service's name."""
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        answers(service, object_acl="ignored", policy="ok")
        monkeypatch.setenv("HTTP_PROXY", service.endpoint)
        there = replace(site.context.settings, provider=chosen, endpoint=endpoint)
        site.context = site.context.with_settings(there)
        problem = await site.fails(ConfigureProvider())
        assert problem.code == "bucket-closed"
        assert not [r for r in service.requests if r.call == "PutBucketPolicy"]
        assert [r for r in service.requests if r.call == "PutObject"]
        right = preset(name).advice("public", site.context.settings)
        assert right in [remedy.text for remedy in problem.remedies]


async def test_an_account_that_may_publish_nothing(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """As trial accounts at Wasabi, whose storage takes ACLs and policies all the same."""
    with Profiled("wasabi", seaweedfs) as service, site_at(service, tmp_path) as site:
        answers(service, object_acl="ignored", policy="ignored")
        problem = await site.fails(ConfigureProvider())
        assert problem.code == "publishing-not-allowed"
        assert service.profile.anonymous.message in problem.why
        assert not [r for r in service.requests if r.call == "PutBucketPolicy"]


@pytest.mark.usefixtures("somebody_at_the_console")
async def test_keys_without_the_right_to_set_rules(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """As R2's "Object Read & Write"; somebody else sets them, or gives the keys the right."""
    with Profiled("cloudflare", seaweedfs) as service, site_at(service, tmp_path) as site:
        answers(service, put_cors=DENIED)
        await site.does(ConfigureProvider(), SetCors())
        told = site.admin.told["cors-fonts"]
        assert "s3:PutBucketCORS" in told
        assert site.advice("cors") in told


@pytest.mark.usefixtures("somebody_at_the_console")
async def test_keys_that_get_the_right_to_set_rules_in_the_meantime(
    seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    with Profiled("cloudflare", seaweedfs) as service, site_at(service, tmp_path) as site:
        answers(service, put_cors=DENIED)
        site.admin.sets_cors = lambda rules: answers(service, put_cors="ok")
        await site.does(ConfigureProvider(), SetCors())
        assert "s3:PutBucketCORS" in site.admin.told["cors-fonts"]
        assert site.admin.seen("rules be read and set").verdict is Verdict.PASS
        rules = Bucket(service.settings, service.keys).get_cors()
        let_in = {origin for rule in rules for origin in rule["AllowedOrigins"]}
        assert let_in == set(site.context.instance.origins)


async def test_rules_that_take_a_while_are_waited_for(
    seaweedfs: SeaweedFS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cloudflare documents up to 30 s, which are 3 here; and who waits less says what it may be."""
    with Profiled("cloudflare", seaweedfs) as service, site_at(service, tmp_path) as site:
        service.console_opens()
        await site.does(ConfigureProvider())
        answers(service, cors_seconds=3)
        began = time.monotonic()
        await site.does(SetCors())
        assert time.monotonic() - began > 3
        answers(service, cors_seconds=3600)
        assert await SetCors().undo(site.context)
        monkeypatch.setattr(set_cors, "_SECONDS_TO_APPLY", 1)
        problem = await site.fails(SetCors())
        assert problem.code == "cors-not-in-force"
        assert "up to a minute" in problem.why


# In front of them stand the words of Linode's own API; those of its S3 API are not known.
NO_CORS = Refusal(
    status=400,
    code="InvalidRequest",
    message="CORS not allowed for this endpoint",
    source="https://github.com/linode/terraform-provider-linode/issues/2083",
)
# The words are those that several projects on GitHub met, and tell of.
NATIVE_RULES = Refusal(
    status=400,
    code="InvalidRequest",
    message="The bucket contains B2 Native CORS rules. Please use B2 Native API instead.",
    source="https://www.backblaze.com/docs/cloud-storage-enable-cors-with-the-s3-compatible-api",
)


@pytest.mark.parametrize(
    ("name", "refusal", "words"),
    [
        ("linode", NO_CORS, "E0 or E1 endpoint"),
        ("backblaze", NATIVE_RULES, "own console"),
    ],
)
async def test_why_rules_are_refused_is_said_in_the_first_step(
    name: str, refusal: Refusal, words: str, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    """Linode's newer endpoints (E2, E3) have no CORS; B2's own rules block those of S3."""
    with Profiled(name, seaweedfs) as service, site_at(service, tmp_path) as site:
        answers(service, put_cors=refusal)
        problem = await site.fails(ConfigureProvider())
        assert problem.code == "cors-not-set"
        told = " ".join((problem.why, *(remedy.text for remedy in problem.remedies)))
        assert words in told
        assert refusal.message in problem.raw


async def test_where_files_have_no_acl_a_policy_opens_them(
    seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    """In case Linode's newer endpoints refuse ACLs: no source that could be opened says so."""
    with Profiled("linode", seaweedfs) as service, site_at(service, tmp_path) as site:
        answers(service, object_acl=replace(DENIED, code="AccessControlListNotSupported"))
        await site.does(ConfigureProvider())
        assert site.acl_line == ""
        assert site.asked("everybody read images/*")


@pytest.mark.usefixtures("somebody_at_the_console")
async def test_rules_that_a_server_joins_are_no_rules(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """Garage answers with all origins of the first rule that has ours."""
    with Profiled("garage", seaweedfs) as service, site_at(service, tmp_path) as site:
        origins = list(site.context.instance.origins)
        assert len(origins) == 2
        service.console_sets_cors([{"AllowedOrigins": origins, "AllowedMethods": ["GET", "HEAD"]}])
        await site.does(ConfigureProvider(), SetCors())


async def test_keys_that_may_create_no_bucket(seaweedfs: SeaweedFS, tmp_path: Path) -> None:
    """Garage lets a key create buckets only where that was allowed to it."""
    with Profiled("garage", seaweedfs) as service, site_at(service, tmp_path) as site:
        missing = replace(site.context.settings, bucket=f"{service.bucket}-2")
        site.context = site.context.with_settings(missing)
        problem = await site.fails(ConfigureProvider())
        assert problem.code == "right-missing"
        assert "s3:CreateBucket" in problem.why
        assert_in_its_own_words(problem, service.profile.create_bucket)


def assert_in_its_own_words(problem: Problem, answer: str | Refusal) -> None:
    """What the service said stands beneath the problem, as it said it."""
    assert isinstance(answer, Refusal)
    assert answer.message in problem.raw
    assert answer.code in problem.raw
