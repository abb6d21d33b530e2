"""A bucket's calls on real servers, and what each refusal becomes in the admin's words."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from awscrt.s3 import S3ResponseError
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import FewRights
from tests.servers.certificates import Authority
from tests.servers.ports import free_port
from tests.servers.refusing import Refusing, Reply, always, error, refuse
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import SeaweedFS
from wizard.storage.bucket import Bucket, problem_of, s3_errors_explained
from wizard.storage.providers import PRESETS

RULE = {
    "AllowedOrigins": ["https://books.example.org"],
    "AllowedMethods": ["GET", "HEAD"],
    "AllowedHeaders": ["*"],
    "MaxAgeSeconds": 3000,
}
Storage = tuple[Settings, Keys]


def raised_by(call: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as caught:
        call()
    return caught.value


def test_a_bucket_that_is_missing_is_created(seaweedfs: SeaweedFS) -> None:
    bucket = Bucket(seaweedfs.settings(f"new-{uuid.uuid4().hex[:8]}"), seaweedfs.keys)
    assert not bucket.exists()
    bucket.create()
    assert bucket.exists()
    bucket.create()


def test_a_region_unknown_to_a_server_does_not_stop_the_creation(ceph_storage: Storage) -> None:
    settings = replace(ceph_storage[0], bucket=f"new-{uuid.uuid4().hex[:8]}", region="nowhere-1")
    bucket = Bucket(settings, ceph_storage[1])
    bucket.create()
    assert bucket.exists()


def test_listing_goes_on_after_a_thousand(storage: Storage) -> None:
    bucket = Bucket(*storage)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: bucket.put(f"images/{number:04}", b"x"), range(1003)))
    found = list(bucket.list_objects("images/"))
    assert [o.key for o in found] == [f"images/{number:04}" for number in range(1003)]
    assert {o.size for o in found} == {1}
    assert {o.etag for o in found} == {"9dd4e461268c8034f5c8564e155c67a6"}
    rest = [o.key for o in bucket.list_objects("images/", start_after="images/1000")]
    assert rest == ["images/1001", "images/1002"]
    assert bucket.top() == (["images/"], [])


@pytest.mark.parametrize("server", ["storage", "ceph_storage"])
def test_cors_rules_and_policy_come_back_as_they_were_sent(
    server: str, request: pytest.FixtureRequest
) -> None:
    bucket = Bucket(*request.getfixturevalue(server))
    assert bucket.get_cors() == []
    assert bucket.get_policy() is None
    bucket.put_cors([RULE])
    (rule,) = bucket.get_cors()
    assert rule["AllowedOrigins"] == RULE["AllowedOrigins"]
    assert sorted(rule["AllowedMethods"]) == ["GET", "HEAD"]
    bucket.put_cors([])
    assert bucket.get_cors() == []
    resource = f"arn:aws:s3:::{bucket.name}/images/*"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    bucket.put_policy({"Version": "2012-10-17", "Statement": [statement | {"Resource": resource}]})
    policy = bucket.get_policy()
    assert policy is not None
    assert resource in str(policy)
    bucket.put_policy(None)
    assert bucket.get_policy() is None
    bucket.put_policy(None)  # once more: there is none


def test_a_server_without_cors_and_policies_says_so(rclone_storage: Storage) -> None:
    bucket = Bucket(*rclone_storage)
    assert "does not know how to set CORS rules" in raised_by(lambda: bucket.put_cors([RULE])).what
    assert "read the bucket policy" in raised_by(bucket.get_policy).what
    assert "set the bucket policy" in raised_by(lambda: bucket.put_policy({"Statement": []})).what


def test_calls_with_a_body_carry_the_old_checksum_and_none_of_the_new() -> None:
    with Refusing(lambda request: None) as server:
        bucket = Bucket(server.settings(), server.keys)
        bucket.put_cors([RULE])
        bucket.put_policy({"Version": "2012-10-17", "Statement": []})
        bucket.put("images/x", b"x")
        for request in server.requests[:2]:
            assert request.headers["content-md5"]
        for request in server.requests:
            newer = [n for n in request.headers if n.startswith(("x-amz-checksum", "x-amz-sdk"))]
            assert newer == []
            assert "aws-chunked" not in request.headers.get("content-encoding", "")


def test_the_admins_own_aws_settings_stay_out(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[default]\ns3 =\n    addressing_style = virtual\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    Bucket(*storage).ask()


@pytest.mark.parametrize("server", ["storage", "ceph_storage"])
def test_wrong_keys(server: str, request: pytest.FixtureRequest) -> None:
    settings, keys = request.getfixturevalue(server)
    somebody = Keys("AKIASTRANGERSTRANGER", keys.secret_access_key)
    found = raised_by(Bucket(settings, somebody).ask)
    assert (found.what, found.field) == (
        "The storage does not know this access key.",
        "access_key_id",
    )
    found = raised_by(Bucket(settings, Keys(keys.access_key_id, "x" * 40)).ask)
    assert (found.what, found.field) == (
        "The secret key does not fit the access key.",
        "secret_access_key",
    )
    assert keys.access_key_id not in f"{found.what}{found.why}{found.raw}{found.remedies}"


def test_no_right_to_list_write_or_administer(few_rights: FewRights) -> None:
    settings = few_rights.server.settings("rights")
    Bucket(settings, few_rights.server.keys).create()
    found = raised_by(Bucket(settings, few_rights.blind).ask)
    assert found.what == "The keys are not allowed to list the bucket rights."
    assert "s3:ListBucket" in found.remedies[1].text
    found = raised_by(lambda: Bucket(settings, few_rights.reader).put("images/x", b"x"))
    assert found.what == "The keys are not allowed to write objects."
    writer = Bucket(settings, few_rights.writer)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}
    found = raised_by(lambda: writer.put_policy(policy))
    assert found.what == "The keys are not allowed to set the bucket policy."


def test_no_right_to_set_cors() -> None:
    with Refusing(refuse("PutBucketCors", error(403, "AccessDenied", "Access Denied"))) as server:
        bucket = Bucket(server.settings(), server.keys)
        found = raised_by(lambda: bucket.put_cors([RULE]))
    assert found.what == "The keys are not allowed to set CORS rules."
    assert "s3:PutBucketCORS" in found.remedies[0].text


def test_somebody_elses_bucket() -> None:
    with Refusing(refuse("CreateBucket", error(409, "BucketAlreadyExists", "Taken."))) as server:
        found = raised_by(Bucket(server.settings(), server.keys).create)
    assert found.what == "The name books is taken by a bucket that these keys cannot see."
    assert found.field == "bucket"


def endpoint_problem(settings: Settings, keys: Keys, endpoint: str) -> Problem:
    return raised_by(lambda: Bucket(replace(settings, endpoint=endpoint), keys).ask())


def test_wrong_endpoints(storage: Storage) -> None:
    settings, keys = storage
    secure = settings.endpoint.replace("http:", "https:")
    found = endpoint_problem(settings, keys, secure)
    assert "does not speak https" in found.what
    assert found.remedies[0].text == f"Use {settings.endpoint}"
    found = endpoint_problem(settings, keys, "http://no-such-host.invalid")
    assert found.what == "There is no host no-such-host.invalid."
    found = endpoint_problem(settings, keys, f"http://127.0.0.1:{free_port()}")
    assert "Nothing answers" in found.what
    for endpoint in ("", "127.0.0.1:8333"):
        assert "is not an endpoint" in endpoint_problem(settings, keys, endpoint).what
    for problem in (found, endpoint_problem(settings, keys, secure)):
        assert problem.field == "endpoint"


def test_a_website_is_no_storage(storage: Storage) -> None:
    page = b"<html><body>Welcome</body></html>"
    for status in (200, 404):
        with Refusing(always(Reply(status, page))) as website:
            found = endpoint_problem(website.settings(), storage[1], f"http://{website.host}")
        assert "does not speak S3" in found.what
        assert found.field == "endpoint"


def test_a_certificate_that_nobody_knows(tmp_path: Path) -> None:
    tls = Authority(tmp_path).server("IP:127.0.0.1")
    with Refusing(lambda request: None, tls) as server:
        found = raised_by(Bucket(server.settings(), server.keys).ask)
    assert "is not trusted" in found.what


def test_certificates_expired_or_for_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority.certificate))
    with Refusing(lambda request: None, authority.server("IP:127.0.0.1")) as server:
        Bucket(server.settings(), server.keys).ask()
    expired = authority.server("IP:127.0.0.1", expired=True)
    with Refusing(lambda request: None, expired) as server:
        assert "not valid now" in raised_by(Bucket(server.settings(), server.keys).ask).what
    with Refusing(lambda request: None, authority.server("DNS:example.org")) as server:
        found = raised_by(Bucket(server.settings(), server.keys).ask)
    assert "is for another name" in found.what


def test_plain_http_on_a_port_for_https(tmp_path: Path) -> None:
    # As nginx and Go answer; Python's own server just closes the connection.
    words = "The plain HTTP request was sent to HTTPS port"
    page = f"<html><title>400 {words}</title></html>".encode()
    with Refusing(always(Reply(400, page))) as server:
        found = raised_by(Bucket(server.settings(), server.keys).ask)
    assert found.what == "The endpoint wants https."
    with Refusing(lambda request: None, Authority(tmp_path).server("IP:127.0.0.1")) as server:
        settings = replace(server.settings(), endpoint=f"http://{server.host}")
        found = raised_by(Bucket(settings, server.keys).ask)
    assert "closed the connection" in found.what
    assert f"https://{server.host}" in found.remedies[1].text


REFUSALS = [
    (error(301, "PermanentRedirect", "Use x", "<Endpoint>books.s3.eu-west-1.x</Endpoint>"),
     "is in another region", "region"),
    (error(400, "AuthorizationHeaderMalformed", "the region 'a' is wrong; expecting 'eu-west-3'",
           "<Region>eu-west-3</Region>"), "is in another region", "region"),
    (error(400, "IllegalLocationConstraintException", "no"), "is in another region", "region"),
    (error(403, "RequestTimeTooSkewed", "The difference is too large."), "clock is wrong", None),
    (error(403, "AccessDenied", "Access Denied"), "not allowed to list the bucket books", "bucket"),
    (error(404, "NoSuchBucket", "no"), "There is no bucket books", "bucket"),
    (error(503, "SlowDown", "Please reduce your request rate."), "too busy", None),
    (Reply(503), "too busy", None),
    (Reply(429), "too busy", None),
    (error(500, "InternalError", "We encountered an error."), "had an internal error", None),
    (Reply(502, b"<html>Bad Gateway</html>"), "had an internal error", None),
    (error(507, "XMinioStorageFull", "Storage backend has reached its minimum"), "no more", None),
    (error(403, "QuotaExceeded", "Quota"), "accepts no more data", None),
    (error(400, "InvalidBucketName", "no"), "does not accept books as a bucket's name", "bucket"),
    (error(501, "NotImplemented", "A header you provided implies"), "does not know how to", None),
    (error(400, "InvalidArgument", "Unsupported value for canned acl 'public-read'"),
     "does not accept the ACL", None),
    (error(400, "AccessControlListNotSupported", "The bucket does not allow ACLs"),
     "does not accept the ACL", None),
    (error(400, "InvalidArgument", "Unsupported header 'x-amz-sdk-checksum-algorithm'"),
     "checksum", None),
    (error(418, "Teapot", "I am one."), "refused to list the bucket", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "words", "field"), REFUSALS, ids=[f"{r[0].status}-{r[1][:20]}" for r in REFUSALS]
)
def test_each_refusal_has_words_of_its_own(reply: Reply, words: str, field: str | None) -> None:
    with Refusing(always(reply)) as server:
        found = raised_by(Bucket(server.settings(), server.keys).ask)
    assert words in found.what
    assert found.field == field
    assert found.why
    assert found.remedies
    assert str(reply.status) in found.raw or "region" in words
    assert "{" not in found.what + found.why + "".join(r.text for r in found.remedies)


def test_the_right_region_is_named() -> None:
    reply = error(
        400, "AuthorizationHeaderMalformed", "expecting 'eu-west-3'", "<Region>eu-west-3</Region>"
    )
    with Refusing(always(reply)) as server:
        assert "eu-west-3" in raised_by(Bucket(server.settings(), server.keys).ask).why


def test_block_public_access_is_recognised() -> None:
    words = "because public policies are prevented by the BlockPublicPolicy setting"
    with Refusing(refuse("PutBucketPolicy", error(403, "AccessDenied", words))) as server:
        bucket = Bucket(server.settings("aws"), server.keys)
        found = raised_by(lambda: bucket.put_policy({"Statement": []}))
    assert "does not let a bucket policy make" in found.what
    assert "Block public access" in found.remedies[0].text


def test_time_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = problem_of(TimeoutError("timed out"), Settings(endpoint="https://s3.example.org"))
    assert "did not answer in time" in found.what
    assert found.field == "endpoint"


def test_what_aws_own_runtime_raises_is_explained_alike() -> None:
    body = b"<Error><Code>SignatureDoesNotMatch</Code><Message>a &amp; b</Message></Error>"
    raised = S3ResponseError(
        code=1, name="AWS_ERROR_S3_INVALID_RESPONSE_STATUS", message="Invalid response status",
        status_code=403, headers=[], body=body, operation_name="PutObject",
    )  # fmt: skip
    settings = Settings(endpoint="https://s3.example.org", bucket="books")
    with pytest.raises(Problem) as caught, s3_errors_explained(settings):
        raise raised
    assert caught.value.field == "secret_access_key"
    assert caught.value.raw == "PutObject: SignatureDoesNotMatch (403) a & b"


def test_the_keys_never_show_in_raw_words() -> None:
    keys = Keys("AKIA-SHOWN-IN-ANSWER", "a-secret-in-the-answer")
    reply = error(403, "AccessDenied", f"{keys.access_key_id} with {keys.secret_access_key}")
    with Refusing(always(reply)) as server:
        found = raised_by(Bucket(server.settings(), keys).ask)
    assert keys.access_key_id not in found.raw
    assert keys.secret_access_key not in found.raw


@given(
    status=st.integers(300, 599).filter(lambda s: s not in (301, 302, 303, 304, 307, 308)),
    code=st.from_regex(r"[A-Za-z]{0,20}", fullmatch=True),
    message=st.text(max_size=60),
    provider=st.sampled_from(sorted(PRESETS)),
)
def test_whatever_a_service_answers_there_is_a_problem(
    status: int, code: str, message: str, provider: str
) -> None:
    settings = Settings(provider=provider, endpoint="https://s3.example.org", bucket="books")
    body = f"<Error><Code>{code}</Code><Message>x</Message></Error>".encode()
    raised = S3ResponseError(
        code=1, name="X", message=message, status_code=status, headers=[], body=body,
        operation_name="PutObject",
    )  # fmt: skip
    found = problem_of(raised, settings)
    assert found.what
    assert found.why
    assert found.remedies


@pytest.mark.parametrize(
    ("keys", "field"),
    [(Keys(), "access_key_id"), (Keys("AKIA", ""), "secret_access_key")],
    ids=["none", "no secret"],
)
def test_keys_that_are_gone_from_env_are_no_fault_of_the_program(keys: Keys, field: str) -> None:
    settings = Settings(endpoint="http://127.0.0.1:9", bucket="books")
    problem = raised_by(lambda: Bucket(settings, keys).ask())
    assert problem.what == "The keys of the storage are not known."
    assert problem.field == field
