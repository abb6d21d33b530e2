"""The first step on storages that ignore, honour and do not know what opens a bucket."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.front import in_front, with_headers
from tests.servers.refusing import Refusing, Reply, Request, always, error, refuse
from tests.support.checkout import ENV
from tests.support.contexts import Listener, settle, storage_context
from tests.support.users import fill, small_disk
from tests.web.test_visitor import PAGE, html
from wizard.access.policy import opening_policy
from wizard.access.probe import Probe, live_checks
from wizard.assets.cors_rules import rule_for
from wizard.core.events import Verdict
from wizard.core.plan import Diff, Document
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings
from wizard.demo.seaweedfs import SeaweedFS
from wizard.instance.checkout import open_instance
from wizard.journal.entries import json_entry, text_entry
from wizard.step import Context
from wizard.steps.configure_provider import ConfigureProvider
from wizard.storage.bucket import Bucket
from wizard.web.visitor import fetch

Storage = tuple[Settings, Keys]
STEP = ConfigureProvider()


def keys_left(settings: Settings, keys: Keys) -> list[str]:
    return [found.key for found in Bucket(settings, keys).list_objects()]


def env_of(context: Context) -> dict[str, str | None]:
    env = context.instance.env_file()
    return {name: env.get(name) for name in env.names()}


async def refusal(context: Context) -> Problem:
    with pytest.raises(Problem) as caught:
        await STEP.apply(context)
    return caught.value


async def test_where_acls_have_no_effect_a_policy_opens_two_folders(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    listener = Listener()
    with storage_context(tmp_path, settings, keys, listener) as context:
        planned = [item for item in (await STEP.plan(context)).items if isinstance(item, Document)]
        assert "s3:GetObject" in planned[0].text, "the plan shows the policy"
        context = await settle(STEP, context)
        assert context.settings.acl_known
        assert context.settings.acl == ""
        assert context.journal.settings == context.settings
        assert keys_left(settings, keys) == []
        bucket = Bucket(settings, keys)
        for key, status in (("images/x", 200), ("static/x", 200), ("exports/x", 403), ("x", 403)):
            bucket.put(key, b"x")
            assert (await fetch(f"{settings.public_base}/{key}")).status == status
        assert (await fetch(f"{settings.public_base}/?list-type=2")).status == 403
        assert bucket.get_cors() == []
        env = env_of(context)
        assert env["AWS_DEFAULT_ACL"] == ""
        assert env["AWS_S3_ENDPOINT_URL"] == settings.endpoint
        assert env["AWS_S3_CUSTOM_DOMAIN"] == settings.custom_domain
        assert env["AWS_S3_URL_PROTOCOL"] == "http:"
        assert env["CSP_ADDITIONAL_HOSTS"] == f"http://{settings.endpoint_host}"
        assert env["USE_S3"] == "false"
        assert (await STEP.inspect(context)).done
    assert listener.seen("outside of images/ and static/").seen == "yes"
    (question,) = listener.questions
    assert "policy of the plan" in question.text
    assert "images/*" in question.text


async def test_where_acls_are_honoured_no_policy_is_put(
    ceph_storage: Storage, tmp_path: Path
) -> None:
    settings, keys = ceph_storage
    listener = Listener()
    with storage_context(tmp_path, settings, keys, listener) as context:
        context = await settle(STEP, context)
        assert context.settings.acl == "public-read"
        assert env_of(context)["AWS_DEFAULT_ACL"] == "public-read"
        assert Bucket(settings, keys).get_policy() is None
        assert keys_left(settings, keys) == []
    assert listener.questions == []


async def test_where_nothing_opens_the_bucket_the_console_must(
    rclone_storage: Storage, tmp_path: Path
) -> None:
    settings, keys = rclone_storage
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        before = (tmp_path / ".env").read_bytes()
        problem = await refusal(context)
        assert "cannot be opened from here" in problem.what
        assert (tmp_path / ".env").read_bytes() == before
        assert keys_left(settings, keys) == []


async def test_block_public_access_is_lifted_as_far_as_needed_and_put_back(
    ceph_storage: Storage, tmp_path: Path
) -> None:
    """Nearly a new bucket at Amazon; with BlockPublicAcls too, this Ceph refuses every PUT."""
    settings, keys = ceph_storage
    bucket = Bucket(settings, keys)
    on = ("IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    before = {"BlockPublicAcls": False, **dict.fromkeys(on, True)}
    bucket.put_public_access_block(before)
    listener = Listener()
    with storage_context(tmp_path, settings, keys, listener) as context:
        context = await settle(STEP, context)
        assert context.settings.acl == ""
        switches = bucket.public_access_block()
        assert switches is not None
        assert (switches["IgnorePublicAcls"], switches["BlockPublicPolicy"]) == (True, False)
        assert await STEP.undo(context)
        assert bucket.public_access_block() == before
        assert bucket.get_policy() is None
    assert any("Block Public Access" in q.text for q in listener.questions)


async def test_an_existing_policy_is_merged_and_comes_back(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    bucket = Bucket(settings, keys)
    own = {
        "Sid": "Own",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket.name}/downloads/*",
    }
    bucket.put_policy({"Version": "2012-10-17", "Statement": [own]})
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        context = await settle(STEP, context)
        sids = [s["Sid"] for s in (bucket.get_policy() or {})["Statement"]]
        assert sids == ["Own", "BookWyrmPublicRead"]
        context = await settle(STEP, context)
        assert len((bucket.get_policy() or {})["Statement"]) == 2
        assert await STEP.undo(context)
        assert [s["Sid"] for s in (bucket.get_policy() or {})["Statement"]] == ["Own"]


async def test_a_policy_declined_leaves_all_as_it_was(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    with storage_context(tmp_path, settings, keys, Listener(answer=False)) as context:
        before = (tmp_path / ".env").read_bytes()
        problem = await refusal(context)
        assert problem.decision
        assert Bucket(settings, keys).get_policy() is None
        assert (tmp_path / ".env").read_bytes() == before


async def test_private_files_below_images_are_never_opened(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    bucket = Bucket(settings, keys)
    bucket.put("images/exports/account.tar.gz", b"private")
    bucket.put("images/covers/1.jpg", b"public")
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        problem = await refusal(context)
        assert problem.decision
        assert "images/exports/account.tar.gz" in problem.remedies[0].text
        assert bucket.get_policy() is None
        bucket.delete("images/exports/account.tar.gz")
        listener = Listener()
        context = replace(context, ask=listener.ask, report=listener.events.append)
        context = await settle(STEP, context)
        assert "1 object is there already" in listener.questions[0].text
        assert "1 in images/" in listener.seen("Is the bucket empty?").seen


async def test_what_an_earlier_migration_put_there_is_not_counted_but_said(
    storage: Storage, tmp_path: Path
) -> None:
    """An admin who sees a thousand files in the console must not read of two."""
    settings, keys = storage
    bucket, listener = Bucket(settings, keys), Listener()
    for name in ("a", "b", "uploaded"):
        bucket.put(f"images/covers/{name}.jpg", b"public")
    with storage_context(tmp_path, settings, keys, listener) as context:
        ours = [f"images/covers/{name}.jpg" for name in "ab"]
        context.journal.announce_sending(settings.destination, ours)
        await settle(STEP, context)
        seen = listener.seen("Is the bucket empty?").seen
        assert "besides what bw-s3 copied there" in seen and "1 in images/" in seen


async def test_a_missing_bucket_is_created_if_the_admin_agrees(
    seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    settings, keys = (
        seaweedfs.settings(f"new-{tmp_path.name[-20:]}".replace("_", "-")),
        seaweedfs.keys,
    )
    with storage_context(tmp_path, settings, keys, Listener(answer=False)) as context:
        problem = await refusal(context)
        assert (problem.decision, problem.field) == (True, "bucket")
        assert not Bucket(settings, keys).exists()
        plan = await STEP.plan(context)
        assert "will be created; you will be asked first" in str(plan.items)
        assert not Bucket(settings, keys).exists()
        context = replace(context, ask=Listener().ask)
        context = await settle(STEP, context)
        assert Bucket(settings, keys).exists()


async def test_the_plan_changes_nothing_and_shows_all(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        before = (tmp_path / ".env").read_bytes()
        plan = await STEP.plan(context)
        assert (tmp_path / ".env").read_bytes() == before
        assert Bucket(settings, keys).get_policy() is None
        (diff,) = [item for item in plan.items if isinstance(item, Diff)]
        assert f"AWS_STORAGE_BUCKET_NAME={settings.bucket}" in diff.text
        assert keys.secret_access_key not in diff.text
        (policy,) = [item for item in plan.items if isinstance(item, Document)]
        assert json.loads(policy.text) == opening_policy(settings.bucket, None)


async def test_resuming_asks_the_world(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    bucket = Bucket(settings, keys)
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        assert not (await STEP.inspect(context)).done
        context = await settle(STEP, context)
        bucket.put_policy(None)
        found = await STEP.inspect(context)
        assert not found.done
        assert "policy" in found.gone
        context = await settle(STEP, context)
        env = tmp_path / ".env"
        env.write_text(env.read_text().replace(f"={settings.bucket}", "=another"))
        found = await STEP.inspect(context)
        assert "AWS_STORAGE_BUCKET_NAME" in found.gone
        context = await settle(STEP, context)
        bucket.client.delete_bucket(Bucket=bucket.name)
        found = await STEP.inspect(context)
        assert found.gone == f"There is no bucket {bucket.name}."


async def test_undo_brings_every_line_back(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    env = ENV.replace("AWS_ACCESS_KEY_ID=\n", "export AWS_ACCESS_KEY_ID='older key' # mine\n")
    with storage_context(tmp_path, settings, keys, Listener(), env) as context:
        context = await settle(STEP, context)
        context = await settle(STEP, context)
        assert await STEP.undo(context)
        assert (tmp_path / ".env").read_text() == env
        assert not await STEP.undo(context)


async def test_a_line_written_before_a_crash_is_known_to_undo(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        context = await settle(STEP, context)
        lines = json_entry("configure_provider.lines", dict)
        # As it is in the journal when we are killed while the file is being written.
        kept = context.journal.recall(lines)
        assert kept
        context.journal.remember(lines, dict.fromkeys(kept, ""))
        context = await settle(STEP, context)
        assert await STEP.undo(context)
        assert (tmp_path / ".env").read_text() == ENV


async def test_canaries_of_a_killed_run_are_removed(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    bucket = Bucket(settings, keys)
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        checks = live_checks(Probe(context=context))
        async for check in checks:
            if "replaced" in check.asked:
                break
        left = keys_left(settings, keys)
        assert len(left) == 2
        # A process that is killed runs no `finally`; here the generator just stays open.
        bucket.put_cors([rule_for("https://bw-s3.invalid")])
        rules = text_entry("cors before the probe")
        context.journal.remember(rules, json.dumps([bucket.place, []]))
        context = await settle(STEP, context)
        assert keys_left(settings, keys) == []
        assert bucket.get_cors() == []
        await checks.aclose()


async def test_rules_that_are_there_survive_the_probe(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    bucket = Bucket(settings, keys)
    rule = {"AllowedOrigins": ["https://own.example"], "AllowedMethods": ["GET"]}
    bucket.put_cors([rule])
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        context = await settle(STEP, context)
    (kept,) = bucket.get_cors()
    assert kept["AllowedOrigins"] == ["https://own.example"]


async def test_no_secret_reaches_journal_events_or_questions(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    listener = Listener()
    with storage_context(tmp_path, settings, keys, listener) as context:
        context = await settle(STEP, context)
        plan = await STEP.plan(context)
    said = f"{listener.events}{listener.questions}{plan}".encode()
    files = [p for p in (tmp_path / ".bw-s3").iterdir() if p.suffix != ".bak"]
    for data in (said, *(p.read_bytes() for p in files)):
        assert keys.secret_access_key.encode() not in data
        assert keys.access_key_id.encode() not in data


async def test_a_bucket_that_everybody_can_list_is_refused(
    ceph_storage: Storage, tmp_path: Path
) -> None:
    settings, keys = ceph_storage
    bucket = Bucket(settings, keys)
    bucket.client.put_bucket_acl(Bucket=bucket.name, ACL="public-read")
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        assert (await refusal(context)).what == "Everybody can list the bucket's files."


async def test_a_custom_domain_that_leads_elsewhere_is_told_from_a_closed_bucket(
    ceph_storage: Storage, tmp_path: Path
) -> None:
    settings, keys = ceph_storage
    with Refusing(lambda request: Reply(200, b"<html>a website</html>")) as other:
        wrong = replace(settings, custom_domain=f"{other.host}/x")
        with storage_context(tmp_path, wrong, keys, Listener()) as context:
            problem = await refusal(context)
    assert problem.field == "custom_domain"
    assert settings.custom_domain in problem.remedies[0].text
    missing = error(404, "NoSuchBucket", "The specified bucket does not exist")
    with Refusing(lambda request: missing) as other:
        by_dns_alone = replace(settings, custom_domain=other.host)
        with storage_context(tmp_path, by_dns_alone, keys, Listener()) as context:
            problem = await refusal(context)
    assert problem.code == "custom-domain-of-another-bucket"
    assert f"instead of {other.host}" in problem.remedies[1].text
    nowhere = replace(settings, custom_domain="no-such-host.invalid", url_protocol="https:")
    with storage_context(tmp_path, nowhere, keys, Listener()) as context:
        problem = await refusal(context)
    assert "no-such-host.invalid" in problem.what
    assert problem.field == "custom_domain"
    assert "DNS record" in problem.remedies[0].text


@pytest.mark.parametrize("env", [ENV, ENV.replace("books.example.org", "LOCALHOST.example")])
async def test_files_over_http_on_a_page_over_https_are_refused(
    env: str, storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    plain = replace(settings, custom_domain="media.example.net", url_protocol="http:")
    with storage_context(tmp_path, plain, keys, Listener(), env) as context:
        for ask in (STEP.plan, STEP.apply):
            with pytest.raises(Problem) as caught:
                await ask(context)
            assert "since it is not https" in caught.value.what
            assert caught.value.field == "url_protocol"
            assert "https" in caught.value.remedies[0].text
    assert keys_left(settings, keys) == []


async def test_files_over_http_where_the_page_is_too(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    env = ENV.replace("books.example.org", "localhost")
    plain = replace(
        settings, custom_domain=settings.custom_domain.replace("127.0.0.1", "localhost")
    )
    with storage_context(tmp_path, plain, keys, Listener(), env) as context:
        await settle(STEP, context)


POLICY = "Content-Security-Policy"


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        # BookWyrm's own, which follows `.env`.
        ("default-src 'self'; script-src 'self' 'nonce-abc'", False),
        ("default-src 'self'; script-src 'self' 'nonce-abc', upgrade-insecure-requests", False),
        ("default-src 'self'; script-src 'self', frame-ancestors 'none'", False),
        ("default-src 'self'; script-src 'self', img-src 'self' data:", True),
        ("default-src 'self' https://fonts.example; script-src 'self'", True),
        ("default-src 'none'; style-src 'self'", True),
    ],
)
async def test_a_policy_of_a_proxy_that_would_block_the_bucket(
    policy: str, refused: bool, storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    page = html(PAGE.format(static="/static/"))
    with Refusing(always(replace(page, headers=page.headers | {POLICY: policy}))) as site:
        settings = replace(settings, path=MigrationPath.EXISTING, site_url=f"http://{site.host}")
        with storage_context(tmp_path, settings, keys, Listener()) as context:
            if not refused:
                await STEP.plan(context)
                return
            with pytest.raises(Problem) as caught:
                await STEP.plan(context)
    assert "Content-Security-Policy keeps browsers from loading" in caught.value.what
    assert f"http://{settings.custom_domain_host}" in caught.value.remedies[0].text


@pytest.mark.parametrize(
    ("ending", "headers", "words"),
    [
        (".css", {"Cross-Origin-Resource-Policy": "same-origin"}, "do not use"),
        (".css", {"Content-Type": "binary/octet-stream"}, "do not accept"),
        (".svg", {"Content-Type": "text/xml"}, "do not accept"),
        (".css", {"cf-mitigated": "challenge"}, "challenge by Cloudflare"),
    ],
)
async def test_what_is_in_front_keeps_browsers_out(
    ending: str, headers: dict[str, str], words: str, storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    Bucket(settings, keys).put_policy(opening_policy(settings.bucket, None))
    with (
        in_front(settings, with_headers(ending, headers)) as settings,
        storage_context(tmp_path, settings, keys, Listener()) as context,
    ):
        assert words in (await refusal(context)).what


def smaller(request: Request, reply: Reply) -> Reply:
    """As a CDN that makes stylesheets smaller: without their remarks."""
    css = request.path.endswith(".css") and reply.status == 200
    return replace(reply, body=b"/**/") if css else reply


async def test_other_bytes_are_the_admin_s_decision_and_remembered(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    Bucket(settings, keys).put_policy(opening_policy(settings.bucket, None))
    with in_front(settings, smaller) as settings:
        listener = Listener(answer=False)
        with storage_context(tmp_path, settings, keys, listener) as context:
            problem = await refusal(context)
        assert problem.decision
        assert "returns other bytes" in problem.what
        assert "44 bytes stored, 4 bytes received (Content-Type: text/css)" in problem.why
        assert any("--accept-other-bytes" in remedy.text for remedy in problem.remedies)
        (question,) = listener.questions
        assert (question.only_a_person, question.option) == (True, "--accept-other-bytes")

        listener = Listener()
        with storage_context(tmp_path, settings, keys, listener) as context:
            await settle(STEP, context)
            await settle(STEP, context)
        assert len(listener.questions) == 1
        assert "that you accepted" in listener.seen("below static/").seen


async def test_what_answers_everything_is_not_the_bucket(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage

    def answer(request: Request, reply: Reply) -> Reply:
        kind = "text/css" if request.path.endswith(".css") else "image/svg+xml"
        return Reply(200, b"always the same", {"Content-Type": kind})

    with (
        in_front(settings, answer) as settings,
        storage_context(tmp_path, settings, keys, Listener()) as context,
    ):
        assert "cannot read the bucket's files" in (await refusal(context)).what


def unpaid(request: Request) -> Reply | None:
    """As Wasabi answers the public, whatever ACL or policy there is."""
    if request.signed:
        return None
    return error(403, "AccessDenied", "Public use of objects is not allowed by this account.")


async def test_an_account_that_may_not_publish_is_said_to_be_one(tmp_path: Path) -> None:
    with (
        Refusing(unpaid) as server,
        storage_context(tmp_path, server.settings(), server.keys, Listener()) as context,
    ):
        problem = await refusal(context)
        assert "PutBucketPolicy" not in [request.call for request in server.requests]
    assert problem.what == "Your account at this provider is not allowed to publish files."
    assert "Public use of objects is not allowed" in problem.why
    assert "support" in problem.remedies[0].text


def closed_to_the_public(request: Request) -> Reply | None:
    return None if request.signed else error(403, "AccessDenied", "Access Denied")


@pytest.mark.parametrize(("key", "tried"), [("SCW" + 17 * "A", False), ("AKIA" + 16 * "A", True)])
async def test_no_policy_is_set_where_it_would_lock_these_keys_out(
    key: str, tried: bool, tmp_path: Path
) -> None:
    """Behind a host of one's own, where only the keys tell that it is Scaleway."""
    listener = Listener()
    with (
        Refusing(closed_to_the_public) as server,
        storage_context(tmp_path, server.settings("other"), Keys(key, "s"), listener) as context,
    ):
        problem = await refusal(context)
        calls = [request.call for request in server.requests]
    assert problem.code == "bucket-closed"
    assert ("PutBucketPolicy" in calls) is tried
    told = [check.seen for check in listener.checks if check.code == "service-by-keys"]
    assert bool(told) is not tried
    warned = any("such as Scaleway" in question.text for question in listener.questions)
    assert warned is tried


def without_acl(request: Request) -> Reply | None:
    if request.call == "PutObject" and "x-amz-acl" in request.headers:
        return error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
    return None


async def test_a_refused_acl_is_left_out_where_this_bookwyrm_can(tmp_path: Path) -> None:
    listener = Listener()
    # On this server the public can read what was stored.
    with (
        Refusing(without_acl) as server,
        storage_context(tmp_path, server.settings("aws"), server.keys, listener) as context,
    ):
        context = await settle(STEP, context)
        assert env_of(context)["AWS_DEFAULT_ACL"] == ""
    assert "the whole bucket is public" in listener.seen("outside of images/ and static/").seen


async def test_a_refused_acl_stops_an_older_bookwyrm(tmp_path: Path) -> None:
    with (
        Refusing(without_acl) as server,
        storage_context(tmp_path, server.settings("aws"), server.keys, Listener()) as context,
    ):
        settings_py = tmp_path / "bookwyrm" / "settings.py"
        settings_py.write_text('env("AWS_S3_URL_PROTOCOL", "https:")\n')
        context = replace(context, instance=open_instance(tmp_path))
        problem = await refusal(context)
        assert "always sends it" in problem.what
        assert "0.8.0" in problem.remedies[0].text
        assert left(server) == set()


def left(server: Refusing) -> set[str]:
    """What was stored and never deleted."""
    gone = {r.path for r in server.requests if r.call == "DeleteObject"}
    return set(server.objects) - gone


async def test_an_older_bookwyrm_writes_no_line_that_it_does_not_read(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        (tmp_path / "bookwyrm" / "settings.py").write_text("")
        context = replace(context, instance=open_instance(tmp_path))
        assert "over http" in (await refusal(context)).what
        context = context.with_settings(replace(settings, url_protocol="https:"))
        assert "does not speak https" in (await refusal(context)).what


@pytest.mark.parametrize(("minutes", "verdict"), [(0, "pass"), (5, "remark"), (20, "fail")])
async def test_the_clock_is_compared(minutes: int, verdict: str, tmp_path: Path) -> None:
    listener = Listener()
    with (
        Refusing(lambda request: None, skew=minutes * 60) as server,
        storage_context(tmp_path, server.settings(), server.keys, listener) as context,
    ):
        async for check in live_checks(Probe(context=context)):
            listener.events.append(check)
    found = listener.seen("clock")
    assert found.verdict == verdict
    assert str(minutes) in found.seen or not minutes


async def test_cors_rules_that_are_not_ours_to_set_are_settled_at_once(tmp_path: Path) -> None:
    """Not only once S3 is enabled, when any restart would switch a site without its fonts."""
    listener = Listener()
    refusing = refuse("PutBucketCors", error(403, "AccessDenied", "Access Denied"))
    with (
        Refusing(refusing) as server,
        storage_context(tmp_path, server.settings(), server.keys, listener) as context,
    ):
        before = (tmp_path / ".env").read_bytes()
        problem = await refusal(context)
        assert (problem.code, problem.decision) == ("cors-not-set", True)
        assert "cors.json" in str([remedy.text for remedy in problem.remedies])
        assert "s3:PutBucketCORS" in problem.why
        assert (tmp_path / ".env").read_bytes() == before
        server.cors_of_the_server = "*"
        await settle(STEP, context)
        await settle(STEP, context)
    assert listener.seen("Can CORS rules be read").verdict is Verdict.REMARK


async def test_an_env_that_cannot_be_written_is_said_before_the_first_change(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    with (
        small_disk(tmp_path / "disk") as disk,
        storage_context(tmp_path / "books", settings, keys, Listener()) as context,
    ):
        env = Path(shutil.move(context.instance.env_path, disk / "env"))
        context.instance.env_path.symlink_to(env)
        fill(disk)
        for attempt in (STEP.plan, STEP.apply):
            with pytest.raises(Problem, match="cannot be changed"):
                await attempt(context)
        assert Bucket(settings, keys).get_policy() is None
        assert keys_left(settings, keys) == []


BUSY = error(503, "SlowDown", "Please reduce your request rate.")


@pytest.mark.parametrize("call", ["PutObject with an ACL", "GetBucketPolicy"])
async def test_a_storage_that_is_busy_is_not_taken_for_one_that_refuses(
    call: str, tmp_path: Path
) -> None:
    def busy(request: Request) -> Reply | None:
        if not request.signed and request.call == "GetObject":
            return error(403, "AccessDenied", "Access Denied")
        with_acl = request.call == "PutObject" and "x-amz-acl" in request.headers
        return BUSY if request.call == call or (with_acl and "ACL" in call) else None

    with (
        Refusing(busy) as server,
        storage_context(tmp_path, server.settings(), server.keys, Listener()) as context,
    ):
        problem = await refusal(context)
        assert problem.what == "The storage is too busy now."
        assert not context.settings.acl_known


async def test_an_endpoint_that_sends_to_https(tmp_path: Path) -> None:
    def redirect(request: Request) -> Reply:
        return Reply(301, b"", {"Location": "https://127.0.0.1/"})

    with (
        Refusing(redirect) as server,
        storage_context(tmp_path, server.settings(), server.keys, Listener()) as context,
    ):
        problem = await refusal(context)
    assert problem.what == "The endpoint wants https."


async def test_unknown_keys_and_settings_are_asked_for(storage: Storage, tmp_path: Path) -> None:
    settings, keys = storage
    with storage_context(tmp_path, settings, Keys("", ""), Listener()) as context:
        problem = await refusal(context)
        assert (problem.field, problem.usage) == ("access_key_id", True)
        context = replace(context.with_settings(replace(settings, bucket="")), keys=keys)
        assert (await refusal(context)).field == "bucket"


async def test_temporary_keys_are_refused_before_anything_is_stored(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, keys = storage
    expiring = replace(keys, access_key_id="ASIAIOSFODNN7EXAMPLE")
    with storage_context(tmp_path / "asia", settings, expiring, Listener()) as context:
        assert (await refusal(context)).code == "keys-temporary"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key_id)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a token that BookWyrm has no variable for")
    with storage_context(tmp_path / "token", settings, keys, Listener()) as context:
        problem = await refusal(context)
    assert problem.code == "keys-temporary"
    assert "unset AWS_ACCESS_KEY_ID" in problem.remedies[-1].text
    assert keys_left(settings, keys) == []


async def test_it_says_where_the_instance_is_on_s3_already(
    storage: Storage, tmp_path: Path
) -> None:
    settings, keys = storage
    env = ENV.replace("USE_S3=false", "USE_S3=true")
    with storage_context(tmp_path, settings, keys, Listener(), env) as context:
        assert "USE_S3 is true already" in str((await STEP.plan(context)).items)
        context = await settle(STEP, context)
        assert env_of(context)["USE_S3"] == "true"
