"""Static assets in a real bucket, sent by a real `collectstatic`, read by the public."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.servers.bad_proxy import Fault, bad_proxy
from tests.support.demo_scene import DemoScene, demo_scene
from wizard.access.canaries import Canaries
from wizard.assets.static import Asset, Assets, differences
from wizard.core.events import Check, Verdict
from wizard.core.plan import Command
from wizard.core.problem import Action, Problem
from wizard.demo.seaweedfs import SeaweedFS
from wizard.instance.dockerless.deployment import Dockerless
from wizard.steps.collect_static import CollectStatic
from wizard.storage.bucket import Bucket, ObjectInfo

STEP = CollectStatic()
FIVE = hashlib.md5(b"12345").hexdigest()
THEME = "static/css/themes/bookwyrm-light.css"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(
    tmp_path_factory: pytest.TempPathFactory, seaweedfs: SeaweedFS
) -> AsyncIterator[DemoScene]:
    """An instance whose static files are in the bucket, verified."""
    async with demo_scene(tmp_path_factory.mktemp("static"), seaweedfs, fresh=True) as scene:
        scene.open_bucket()
        scene.enable_s3()
        await scene.carry_out(STEP)
        yield scene


@pytest.fixture
def collected(shared: DemoScene) -> Iterator[DemoScene]:
    """The same; what a test changes of bucket, settings and `.env` is put back."""
    context, env = shared.context, shared.context.instance.env_path.read_bytes()
    policy, theme = shared.bucket.get_policy(), shared.bucket.get(THEME)
    script = shared.bucket.get("static/js/bookwyrm.js")
    yield shared
    shared.context = context
    shared.context.instance.env_path.write_bytes(env)
    shared.bucket.put_policy(policy)
    shared.bucket.put(THEME, theme, content_type="text/css")
    shared.bucket.put("static/js/bookwyrm.js", script, content_type="text/javascript")


async def test_every_static_file_arrives_and_is_read(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with demo_scene(tmp_path, seaweedfs) as scene:
        scene.open_bucket()
        scene.enable_s3()
        assert not (await STEP.inspect(scene.context)).done
        checks = await scene.carry_out(STEP)
        keys = {entry.key for entry in scene.bucket.list_objects("static/")}
        finding = await STEP.inspect(scene.context)
    assert {THEME, "static/css/fonts/icomoon.woff", "static/images/logo-small.png"} <= keys
    assert checks[1].seen.startswith(f"{len(keys)} files: all,")
    assert finding.done
    assert [e for e in scene.events if isinstance(e, Check)] == checks


async def test_the_plan_shows_the_commands_before_anything_is_enabled(
    collected: DemoScene,
) -> None:
    collected.set_env(USE_S3="false", AWS_ACCESS_KEY_ID=None)
    plan = await STEP.plan(collected.context)
    commands = [item.argv[2] for item in plan.items if isinstance(item, Command)]
    assert commands == ["compile_themes", "collectstatic"]


async def test_a_version_without_themes_is_not_asked_for_them(
    tmp_path: Path, seaweedfs: SeaweedFS
) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        context, instance = scene.context, scene.context.instance
        instance = replace(instance, abilities=replace(instance.abilities, compile_themes=False))
        deployment = Dockerless(instance, context.settings)
        scene.context = replace(context, instance=instance, deployment=deployment)
        (scene.folder / "bookwyrm/management/commands/compile_themes.py").unlink()
        scene.open_bucket()
        scene.enable_s3()
        checks = await scene.carry_out(STEP)
    assert checks[2].seen == "this version has no themes"


async def test_it_is_refused_while_s3_is_off(collected: DemoScene) -> None:
    collected.set_env(USE_S3="false")
    with pytest.raises(Problem) as caught:
        await STEP.apply(collected.context)
    assert "not enabled" in caught.value.what


async def test_wrong_keys_between_the_steps(collected: DemoScene) -> None:
    collected.set_env(AWS_SECRET_ACCESS_KEY="not-the-secret-any-more")
    with pytest.raises(Problem) as caught:
        await STEP.apply(collected.context)
    problem = caught.value
    assert "collectstatic" in problem.what
    assert "refused the keys" in problem.why
    assert Action.EDIT_PROVIDER in [remedy.action for remedy in problem.remedies]
    assert "HeadObject" in problem.raw
    assert "not-the-secret-any-more" not in problem.raw


@pytest.mark.parametrize(
    ("endpoint", "why", "raw"),
    [
        ("127.0.0.1:8333", "scheme", "Invalid endpoint"),
        ("http://127.0.0.1:9", "did not answer", "127.0.0.1:9"),
    ],
)
async def test_an_endpoint_that_cannot_be_right_is_explained(
    collected: DemoScene, endpoint: str, why: str, raw: str
) -> None:
    collected.set_env(AWS_S3_ENDPOINT_URL=endpoint)
    with pytest.raises(Problem) as caught:
        await STEP.apply(collected.context)
    assert why in caught.value.why
    assert raw in caught.value.raw


async def test_what_went_from_the_bucket_since_is_noticed(collected: DemoScene) -> None:
    collected.bucket.delete(THEME)
    collected.bucket.put("static/js/bookwyrm.js", b"something else")
    finding = await STEP.inspect(collected.context)
    checks = failed(await STEP.verify(collected.context, None))
    assert not finding.done
    assert finding.gone.startswith("2 of ")
    assert "css/themes/bookwyrm-light.css (missing)" in explained(checks[0])
    assert "js/bookwyrm.js (14 bytes there" in explained(checks[0])
    assert "bookwyrm-light.css" in explained(checks[1])
    assert len(checks) == 2, "what is there can be read"


async def test_a_bucket_that_visitors_cannot_read(collected: DemoScene) -> None:
    collected.bucket.put_policy(None)
    (check,) = failed(await STEP.verify(collected.context, None))
    assert "HTTP 403" in explained(check)
    assert check.problem
    keys = [entry.key for entry in collected.bucket.list_objects("static/")]
    number = sum(not key.endswith((".woff", ".ttf")) for key in keys)
    words = f"Visitors' browsers cannot use {number} of {number} static files."
    assert check.problem.what == words
    assert check.problem.field == "custom_domain"


async def test_a_custom_domain_where_nobody_answers(collected: DemoScene) -> None:
    settings = collected.context.settings
    collected.change(replace(settings, custom_domain="127.0.0.1:9/books"))
    collected.set_env(AWS_S3_CUSTOM_DOMAIN="127.0.0.1:9/books")
    (check,) = failed(await STEP.verify(collected.context, None))
    assert "Nothing answers on 127.0.0.1:9" in explained(check)


async def test_css_of_the_wrong_type_is_no_css(collected: DemoScene) -> None:
    collected.bucket.put(THEME, collected.bucket.get(THEME), content_type="text/plain")
    (check,) = failed(await STEP.verify(collected.context, None))
    assert "text/plain" in explained(check)


async def test_an_env_that_names_another_bucket_is_noticed(collected: DemoScene) -> None:
    collected.set_env(AWS_STORAGE_BUCKET_NAME="another-bucket")
    (check,) = failed(await STEP.verify(collected.context, None))
    assert "another-bucket" in explained(check)


async def test_a_theme_that_does_not_compile(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with demo_scene(tmp_path, seaweedfs) as scene:
        scene.open_bucket()
        scene.enable_s3()
        themes = scene.folder / "bookwyrm" / "static" / "css" / "themes"
        (themes / "bookwyrm-light.scss").write_bytes(b"\xff\xfe broken")
        with pytest.raises(Problem) as caught:
            await STEP.apply(scene.context)
        assert list(scene.bucket.list_objects("static/")) == []
    assert "compile_themes" in caught.value.what
    assert "UnicodeDecodeError" in caught.value.why


async def test_a_theme_whose_css_was_never_written(tmp_path: Path, seaweedfs: SeaweedFS) -> None:
    async with demo_scene(tmp_path, seaweedfs, fresh=True) as scene:
        scene.open_bucket()
        scene.enable_s3()
        compiler = scene.folder / "bookwyrm/management/commands/compile_themes.py"
        compiler.write_text(
            "from django.core.management.base import BaseCommand\n"
            "class Command(BaseCommand):\n"
            "    def handle(self, *args, **options):\n"
            "        self.stdout.write('nothing to do')\n"
        )
        await STEP.apply(scene.context)
        checks = failed(await STEP.verify(scene.context, None))
    assert "compiled CSS of a theme is missing" in checks[1].seen


async def test_a_bucket_whose_etags_look_like_md5s_and_are_none(collected: DemoScene) -> None:
    """As with SSE-KMS (a proxy before the real server plays it): the bytes decide."""
    settings, keys = collected.context.settings, collected.demo.keys

    def encrypted(method: str, path: str, number: int) -> Fault:
        return Fault.NO_ETAG

    with bad_proxy(settings, keys, encrypted) as proxy:
        collected.change(replace(settings, endpoint=proxy.endpoint))
        canaries = Canaries(Bucket(collected.context.settings, keys), collected.context.journal)
        canaries.put("static/")
        canaries.remove()
        assert (await STEP.inspect(collected.context)).done
        there = collected.bucket.get("static/js/bookwyrm.js")
        collected.bucket.put("static/js/bookwyrm.js", there[::-1], content_type="text/javascript")
        assert not (await STEP.inspect(collected.context)).done


def test_files_are_compared_by_size_and_md5() -> None:
    md5, other = "0" * 32, "1" * 32
    files = tuple(Asset(name, 5, md5) for name in ("same", "size", "bytes", "parts", "missing"))
    assets = Assets(
        url="",
        bucket="",
        files=(*files, Asset("compiled", -1, ""), Asset("empty", -1, "")),
        themes=(),
    )
    there = {
        "same": (5, md5),
        "size": (6, md5),
        "bytes": (5, other),
        "parts": (5, f"{other}-2"),
        "compiled": (9, other),
        "empty": (0, other),
    }
    stored = {name: ObjectInfo(name, *values) for name, values in there.items()}
    asked = []

    def read(key: str) -> bytes:
        asked.append(key)
        return b"12345"

    away = differences(assets, stored, etags_are_md5=True, read=read)
    assert set(away) == {"size", "bytes", "parts", "missing", "empty"}
    assert asked == ["parts"], "where the ETag does not tell, the bytes do"
    assets = replace(assets, files=tuple(replace(a, md5=FIVE) for a in assets.files))
    away = differences(assets, stored, etags_are_md5=False, read=read)
    assert set(away) == {"size", "missing", "empty"}, "what looks like an MD5 may be none"
    assert Assets.from_json(assets.to_json()) == assets


def failed(checks: object) -> list[Check]:
    """The checks that failed."""
    assert isinstance(checks, list)
    return [check for check in checks if check.verdict is Verdict.FAIL]


def explained(check: Check) -> str:
    """All that the admin is told of a failed check."""
    assert check.problem
    return f"{check.problem.what} {check.problem.why}"
