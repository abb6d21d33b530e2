"""The seventh step: what a visitor's browser gets, from the bucket and from the site."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path

import pytest

from tests.servers.front import in_front, with_headers
from tests.servers.ports import free_port
from tests.servers.refusing import Refusing, Reply, always
from tests.support.contexts import Listener, carry_out, storage_context
from tests.support.results import done
from tests.web.test_visitor import ERROR_PAGE, PAGE, html
from wizard.access.policy import opening_policy
from wizard.assets.cors_rules import rule_for
from wizard.core.events import Check, Verdict
from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings
from wizard.step import Context
from wizard.steps.verify_cors import VerifyCors
from wizard.storage.bucket import Bucket

Storage = tuple[Settings, Keys]
STEP = VerifyCors()
FILES = {
    "static/css/fonts/icomoon.woff": (b"font", "font/woff"),
    "static/css/themes/bookwyrm-light.css": (b"body{}", "text/css"),
    "static/images/logo.png": (b"png", "image/png"),
    "images/covers/1 café #.jpg": (b"jpg", "image/jpeg"),
}


@pytest.fixture
def migrated(storage: Storage) -> tuple[Settings, Keys, Bucket]:
    """A bucket as the steps before leave it."""
    settings, keys = storage
    bucket = Bucket(settings, keys)
    bucket.put_policy(opening_policy(bucket.name, None))
    bucket.put_cors([rule_for(f"https://{w}books.example.org") for w in ("", "www.")])
    for key, (body, kind) in FILES.items():
        bucket.put(key, body, content_type=kind)
    return replace(settings, path=MigrationPath.EXISTING, acl_known=True), keys, bucket


def page_of(settings: Settings) -> Reply:
    return html(PAGE.format(static=f"{settings.public_base}/static/"))


def served(settings: Settings, site: Refusing) -> Settings:
    return replace(settings, site_url=f"http://{site.host}")


async def failures(context: Context) -> list[Check]:
    await STEP.apply(context)
    return [c for c in await STEP.verify(context, None) if c.verdict is Verdict.FAIL]


def remember(context: Context, checks: tuple[Check, ...]) -> None:
    context.journal.save_result(done(STEP.name, STEP.inputs(context), checks))


async def test_all_is_well(migrated: tuple[Settings, Keys, Bucket], tmp_path: Path) -> None:
    settings, keys, _ = migrated
    listener = Listener()
    with (
        Refusing(always(page_of(settings))) as site,
        storage_context(tmp_path, served(settings, site), keys, listener) as context,
    ):
        checks = await carry_out(STEP, context)
        # The public address itself is not to be reached from here.
        (unknown,) = [c for c in checks if c.verdict is Verdict.REMARK]
        assert "add a policy" in unknown.asked
        assert {c.verdict for c in checks} == {Verdict.PASS, Verdict.REMARK}
        assert len(checks) == 12
        assert listener.seen("kept from").seen == "yes"
        remember(context, tuple(checks))
        assert (await STEP.inspect(context)).done


async def test_a_page_that_still_points_home(
    migrated: tuple[Settings, Keys, Bucket], tmp_path: Path
) -> None:
    settings, keys, _ = migrated
    with (
        Refusing(always(html(PAGE.format(static="/static/")))) as site,
        storage_context(tmp_path, served(settings, site), keys, Listener()) as context,
    ):
        (wrong,) = await failures(context)
        assert wrong.problem is not None
        assert "do not point to the bucket" in wrong.problem.what
        remember(context, ())
        assert "do not point" in (await STEP.inspect(context)).gone


async def test_the_error_page_is_no_success(
    migrated: tuple[Settings, Keys, Bucket], tmp_path: Path
) -> None:
    settings, keys, _ = migrated
    with (
        Refusing(always(html(ERROR_PAGE))) as site,
        storage_context(tmp_path, served(settings, site), keys, Listener()) as context,
    ):
        (wrong,) = await failures(context)
    assert "error page" in wrong.seen


async def test_fonts_that_browsers_may_not_use(
    migrated: tuple[Settings, Keys, Bucket], tmp_path: Path
) -> None:
    settings, keys, bucket = migrated
    bucket.put_cors([rule_for("https://books.example.org")])
    with (
        Refusing(always(page_of(settings))) as site,
        storage_context(tmp_path, served(settings, site), keys, Listener()) as context,
    ):
        (wrong,) = await failures(context)
    assert "https://www.books.example.org are not allowed to use" in wrong.seen


async def test_a_foreign_origin_let_in_is_a_remark(
    migrated: tuple[Settings, Keys, Bucket], tmp_path: Path
) -> None:
    settings, keys, bucket = migrated
    bucket.put_cors([{"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]}])
    listener = Listener()
    with (
        Refusing(always(page_of(settings))) as site,
        storage_context(tmp_path, served(settings, site), keys, listener) as context,
    ):
        await carry_out(STEP, context)
    assert listener.seen("kept from").verdict is Verdict.REMARK


async def test_a_bucket_closed_again_and_files_missing(
    migrated: tuple[Settings, Keys, Bucket], tmp_path: Path
) -> None:
    settings, keys, bucket = migrated
    bucket.delete("static/css/fonts/icomoon.woff")
    bucket.put_policy(None)
    with (
        Refusing(always(page_of(settings))) as site,
        storage_context(tmp_path, served(settings, site), keys, Listener()) as context,
    ):
        wrong = [c.seen for c in await failures(context)]
    assert wrong[0] == "The bucket holds no font below static/."
    assert any("bookwyrm-light.css (HTTP 403)" in seen for seen in wrong)
    assert any(".jpg (HTTP 403)" in seen for seen in wrong)


# BookWyrm's pages have a name as it is; which file a browser asks for, it decides by itself.
_MISREAD = ("#1 & only.jpg", "who?.jpg", "50%20off.jpg", "100%.jpg", "a #2?100%.jpg")
_READ = ("c'est-la-vie+1.jpg", "Der Prozess (1925).jpg", "Ævintýri – 100 sögur.jpg", "~a!*;,@$.jpg")


async def test_a_name_that_no_address_can_have_is_not_the_service_s_fault(
    migrated: tuple[Settings, Keys, Bucket], tmp_path: Path
) -> None:
    settings, keys, bucket = migrated
    for name in (*_MISREAD, *_READ):
        bucket.put(f"images/covers/{name}", b"jpg", content_type="image/jpeg")
    listener = Listener()

    def page(names: tuple[str, ...]) -> Reply:
        media = f"{settings.public_base}/images/covers/"
        covers = "".join(f'<img src="{media}{escape(name)}">' for name in names)
        return html(PAGE.format(static=f"{settings.public_base}/static/") + covers)

    answers: dict[str, tuple[str, ...]] = {"names": (*_MISREAD, *_READ)}
    with (
        Refusing(lambda request: page(answers["names"])) as site,
        storage_context(tmp_path, served(settings, site), keys, listener) as context,
    ):
        await carry_out(STEP, context)
        assert listener.seen("Do the images").verdict is Verdict.PASS
        odd = listener.seen("names that work in an address")
        assert odd.verdict is Verdict.REMARK
        assert f"{len(_MISREAD)} files" in odd.seen
        assert f"images/covers/{_MISREAD[0]}" in odd.seen
        # One that is not there at all is the failure that it was.
        answers["names"] = (*_MISREAD, "gone #1.jpg")
        (wrong,) = await failures(context)
    assert "cannot load" in wrong.seen


async def test_before_a_fresh_instance_runs_the_site_waits(
    migrated: tuple[Settings, Keys, Bucket], tmp_path: Path
) -> None:
    settings, keys, _ = migrated
    away = replace(settings, path=MigrationPath.FRESH, site_url=f"http://127.0.0.1:{free_port()}")
    with storage_context(tmp_path, away, keys, Listener()) as context:
        checks = await carry_out(STEP, context)
        assert checks[-1].verdict is Verdict.LATER
        remember(context, tuple(checks))
        assert (await STEP.inspect(context)).done
        with Refusing(always(page_of(settings))) as site:
            context = context.with_settings(served(away, site))
            found = await STEP.inspect(context)
            assert found.gone == "the site runs now"
            checks = await carry_out(STEP, context)
            assert checks[-1].verdict is Verdict.PASS


POLICY = "Content-Security-Policy"


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({POLICY: "default-src 'self'"}, "keeps browsers from loading"),
        ({POLICY: "default-src *, default-src 'self'"}, "keeps browsers from loading"),
        ({POLICY: "img-src 'self'"}, "logo.png"),
    ],
)
async def test_the_page_s_policy_decides(
    headers: dict[str, str],
    words: str,
    migrated: tuple[Settings, Keys, Bucket],
    tmp_path: Path,
) -> None:
    settings, keys, _ = migrated
    page = page_of(settings)
    with (
        Refusing(always(replace(page, headers=page.headers | headers))) as site,
        storage_context(tmp_path, served(settings, site), keys, Listener()) as context,
    ):
        wrong = await failures(context)
    assert all("Content-Security-Policy" in check.seen for check in wrong)
    assert any(words in check.seen for check in wrong)


@pytest.mark.parametrize(
    ("ending", "headers", "words"),
    [
        (".css", {"Cross-Origin-Resource-Policy": "same-origin"}, "do not use"),
        (".jpg", {"Cross-Origin-Resource-Policy": "same-site"}, "do not use"),
        (".css", {"Content-Type": "text/plain"}, "as a stylesheet"),
        (".png", {"Content-Type": "text/plain", "X-Content-Type-Options": "nosniff"}, "an image"),
        (".woff", {"Access-Control-Allow-Origin": "https://other.example"}, "bucket's fonts"),
        (".woff", {"Access-Control-Allow-Origin": "", "X-Cache": "HIT"}, "A cache in front"),
    ],
)
async def test_what_is_in_front_of_the_bucket_decides(
    ending: str,
    headers: dict[str, str],
    words: str,
    migrated: tuple[Settings, Keys, Bucket],
    tmp_path: Path,
) -> None:
    settings, keys, _ = migrated
    with (
        in_front(settings, with_headers(ending, headers)) as settings,
        Refusing(always(page_of(settings))) as site,
        storage_context(tmp_path, served(settings, site), keys, Listener()) as context,
    ):
        wrong = await failures(context)
    assert wrong
    assert all(words in check.seen for check in wrong), wrong


async def test_a_hidden_file_is_no_cover(
    migrated: tuple[Settings, Keys, Bucket], tmp_path: Path
) -> None:
    settings, keys, bucket = migrated
    bucket.put("images/.hidden.jpg", b"nobody's")
    bucket.put("images/a.jpg", b"in no folder of BookWyrm's")
    bucket.put("static/.hidden.css", b"nobody's")
    bucket.put("static/admin/base.css", b"not the theme's")
    bucket.put("static/a.woff", b"no font that a stylesheet names")
    bucket.put(
        "static/css/themes/bookwyrm-light.css",
        b"@font-face { src: url('../fonts/icomoon.woff?1') format('woff') }",
        content_type="text/css",
    )
    listener = Listener()
    with (
        Refusing(always(page_of(settings))) as site,
        storage_context(tmp_path, served(settings, site), keys, listener) as context,
    ):
        await carry_out(STEP, context)
    assert "images/covers/1" in listener.seen("a cover").seen
    assert "themes/bookwyrm-light.css" in listener.seen("a stylesheet").seen
    assert any("icomoon.woff" in check.asked for check in listener.checks)
