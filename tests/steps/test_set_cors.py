"""CORS rules: merged, in force for a browser, taken back, or ready to be set by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.servers.caching_proxy import CachingProxy
from tests.servers.refusing import Refusing, Reply, Request, error, refuse
from tests.support.checkout import ENV
from tests.support.contexts import Listener, carry_out, storage_context
from tests.support.parts import need
from wizard.access.policy import opening_policy
from wizard.assets.cors_rules import covers, merged, rule_for, without
from wizard.assets.static import Asset, read_as_visitor
from wizard.core.events import Verdict
from wizard.core.plan import Document
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.steps.set_cors import SetCors
from wizard.steps.verify_cors import VerifyCors
from wizard.storage.bucket import Bucket
from wizard.web.browser import Onlooker
from wizard.web.visitor import address, fetch

Storage = tuple[Settings, Keys]
STEP = SetCors()
ORIGINS = ("https://books.example.org", "https://www.books.example.org")
OWN = {"AllowedOrigins": ["https://own.example"], "AllowedMethods": ["GET"]}


def opened(storage: Storage) -> tuple[Settings, Keys, Bucket]:
    """A public bucket, as the first step leaves it."""
    settings, keys = storage
    bucket = Bucket(settings, keys)
    bucket.put_policy(opening_policy(bucket.name, None))
    return replace(settings, acl="", acl_known=True), keys, bucket


@pytest.mark.parametrize("server", ["storage", "ceph_storage"])
async def test_rules_are_merged_in_force_and_taken_back(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings, keys, bucket = opened(request.getfixturevalue(server))
    bucket.put_cors([OWN])
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        assert not (await STEP.inspect(context)).done
        plan = await STEP.plan(context)
        (document,) = [item for item in plan.items if isinstance(item, Document)]
        shown = json.loads(document.text)["CORSRules"]
        checks = await carry_out(STEP, context)
        assert [c.verdict for c in checks] == [Verdict.PASS] * 3
        rules = bucket.get_cors()
        assert [r["AllowedOrigins"] for r in rules] == [r["AllowedOrigins"] for r in shown]
        assert [r["AllowedOrigins"][0] for r in rules] == ["https://own.example", *ORIGINS]
        assert (await STEP.inspect(context)).done
        await carry_out(STEP, context)
        assert len(bucket.get_cors()) == 3
        assert await STEP.undo(context)
        assert [r["AllowedOrigins"] for r in bucket.get_cors()] == [["https://own.example"]]
        assert not await STEP.undo(context)
    assert list(bucket.list_objects()) == []


async def test_rules_that_somebody_removed_are_noticed(storage: Storage, tmp_path: Path) -> None:
    settings, keys, bucket = opened(storage)
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        await carry_out(STEP, context)
        bucket.put_cors([])
        found = await STEP.inspect(context)
        assert not found.done
        assert "gone" in found.gone


async def test_a_wildcard_that_is_there_is_enough(storage: Storage, tmp_path: Path) -> None:
    settings, keys, bucket = opened(storage)
    bucket.put_cors([{"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "HEAD"]}])
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        assert (await STEP.inspect(context)).done
        await carry_out(STEP, context)
    assert len(bucket.get_cors()) == 1


async def test_where_the_api_refuses_the_rules_lie_ready(tmp_path: Path) -> None:
    refusing = refuse("PutBucketCors", error(403, "AccessDenied", "Access Denied"))
    with (
        Refusing(refusing) as server,
        storage_context(tmp_path, server.settings("aws"), server.keys, Listener()) as context,
    ):
        with pytest.raises(Problem) as caught:
            await STEP.apply(context)
        # As Amazon's console takes them.
        rules = json.loads((tmp_path / ".bw-s3" / "cors.json").read_text())
    assert [rule["AllowedOrigins"] for rule in rules] == [[origin] for origin in ORIGINS]
    assert "Cross-origin resource sharing" in caught.value.remedies[0].text
    assert "cors.json" in caught.value.remedies[1].text


async def test_a_storage_without_the_call_says_so(rclone_storage: Storage, tmp_path: Path) -> None:
    settings, keys = rclone_storage
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        with pytest.raises(Problem) as caught:
            await STEP.apply(context)
        assert caught.value.what == "The CORS rules could not be set."
        assert "does not know how to set CORS rules" in caught.value.why
        assert "cors.json" in caught.value.remedies[1].text
        plan = await STEP.plan(context)
        assert "books.example.org" in str(plan.items)
    assert list(Bucket(settings, keys).list_objects()) == []


def like_minio(request: Request) -> Reply | None:
    """No CORS calls, and every origin let in by the server itself."""
    if "cors" in request.query:
        return error(501, "NotImplemented", "A header you provided implies functionality")
    if request.call == "GetObject":
        return Reply(
            200, b"font", {"Access-Control-Allow-Origin": request.headers.get("origin", "*")}
        )
    return None


async def test_a_storage_that_lets_every_origin_in_needs_no_rules(tmp_path: Path) -> None:
    with (
        Refusing(like_minio) as server,
        storage_context(tmp_path, server.settings("minio"), server.keys, Listener()) as context,
    ):
        checks = await carry_out(STEP, context)
    assert [c.verdict for c in checks] == [Verdict.REMARK, Verdict.PASS, Verdict.PASS]


async def test_rules_that_were_refused_are_not_missed_later(
    rclone_storage: Storage, tmp_path: Path
) -> None:
    """It answers that there are none; what lets browsers in is a web server beside it."""
    settings, keys = rclone_storage
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        with pytest.raises(Problem):
            await STEP.apply(context)
        assert not (await STEP.inspect(context)).gone
        assert not await STEP.undo(context)


async def test_origins_follow_the_instances_own_scheme_and_port(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys, bucket = opened(storage)
    env = ENV.replace("books.example.org", "localhost") + "PORT=1333\n"
    with storage_context(tmp_path, settings, keys, Listener(), env) as context:
        await carry_out(STEP, context)
        assert STEP.inputs(context)["origins"] == "http://localhost:1333"
    assert [r["AllowedOrigins"] for r in bucket.get_cors()] == [["http://localhost:1333"]]


_ORIGIN = st.sampled_from([*ORIGINS, "*", "https://*.example.org", "https://a.b", "http://x:1"])
_METHODS = st.lists(st.sampled_from(["GET", "HEAD", "PUT"]), unique=True, min_size=1)
_RULES = st.lists(
    st.builds(
        lambda origins, methods: {"AllowedOrigins": origins, "AllowedMethods": methods},
        st.lists(_ORIGIN, min_size=1, unique=True),
        _METHODS,
    ),
    max_size=5,
)


@given(_RULES)
def test_merging_keeps_covers_and_settles(rules: list[dict[str, object]]) -> None:
    new = merged(rules, ORIGINS)
    assert new[: len(rules)] == rules
    assert all(covers(new, origin) for origin in ORIGINS)
    assert merged(new, ORIGINS) == new
    added = new[len(rules) :]
    if all(rule_for(o) not in rules for o in ORIGINS):
        kept = without(new, added)
        assert [r for r in rules if r in kept] == kept


FONT = "static/css/fonts/icomoon.woff"


async def test_reading_the_files_fills_no_cache_with_fonts_without_rules(
    storage: Storage, tmp_path: Path
) -> None:
    """A real cache in front of the bucket, and the steps in their order: 4, 5, 7."""
    need("nginx")
    settings, keys, bucket = opened(storage)
    bucket.put(FONT, b"font", content_type="font/woff")
    bucket.put("static/a.css", b"p {}", content_type="text/css")
    assets = [Asset(key.removeprefix("static/"), 4, "") for key in (FONT, "static/a.css")]
    with CachingProxy(tmp_path / "cdn", settings.endpoint) as cdn:
        settings = replace(settings, custom_domain=f"{cdn.host}/{bucket.name}")
        browser = Onlooker(origin=ORIGINS[0])
        assert await read_as_visitor(browser, f"{settings.public_base}/static/", assets) == []
        with storage_context(tmp_path / "site", settings, keys, Listener()) as context:
            await STEP.inspect(context)
            checks = await carry_out(STEP, context)
            assert checks[-1].asked == "Do the site's own fonts load on its pages?"
            verified = await VerifyCors().verify(context, None)
        fonts = [check for check in verified if "icomoon" in check.asked]
        # The cache gives the first origin's answer to the other one, which it says so.
        assert [check.verdict for check in fonts] == [Verdict.PASS, Verdict.REMARK]
        # And nobody else's request spoiled it.
        assert (await fetch(address(settings, FONT), origin=ORIGINS[0])).lets_in(ORIGINS[0])


async def test_a_cache_that_was_filled_before_has_to_be_purged(
    storage: Storage, tmp_path: Path
) -> None:
    need("nginx")
    settings, keys, bucket = opened(storage)
    bucket.put(FONT, b"font", content_type="font/woff")
    with CachingProxy(tmp_path / "cdn", settings.endpoint) as cdn:
        settings = replace(settings, custom_domain=f"{cdn.host}/{bucket.name}")
        assert (await fetch(address(settings, FONT))).ok
        with storage_context(tmp_path / "site", settings, keys, Listener()) as context:
            await STEP.apply(context)
            problem = (await STEP.verify(context, None))[-1].problem
            assert problem is not None
            assert "A cache in front of the bucket keeps a font without the CORS" in problem.what
            assert "X-Cache-Status: HIT" in problem.why
            assert f"Purge the cache of http://{cdn.host}" in problem.remedies[0].text
            cdn.purge()
            await carry_out(STEP, context)
