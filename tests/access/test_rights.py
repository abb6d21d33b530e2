"""The least rights that the keys need: enough for all that is done, and for nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import httpx
import pytest

from tests.servers.moto import Moto
from tests.support.contexts import Listener, storage_context
from tests.support.parts import need
from wizard.access.policy import as_text, opening_policy
from wizard.access.probe import Probe
from wizard.access.rights import least_rights, rights_plan
from wizard.assets.cors_rules import rule_for
from wizard.core.events import Verdict
from wizard.core.plan import Document
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.demo.seaweedfs import path_style
from wizard.storage.bucket import Bucket


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Bucket]:
    """A bucket at moto, which enforces the rights of IAM, with keys that have the least."""
    need("moto_server")
    with Moto(tmp_path) as server:
        settings = path_style("aws", server.endpoint, "books")
        for name in ("books", "others"):
            Bucket(replace(settings, bucket=name), Keys("admin", "admin")).create()
        keys = _user(server.endpoint, as_text(least_rights(settings)))
        # From here on moto asks for rights.
        httpx.post(f"{server.endpoint}/moto-api/reset-auth", content=b"0")
        yield Bucket(settings, keys)


def _user(endpoint: str, policy: str) -> Keys:
    session = boto3.Session("admin", "admin", region_name="us-east-1")
    iam = session.client("iam", endpoint_url=endpoint)
    iam.create_user(UserName="bookwyrm")
    iam.put_user_policy(UserName="bookwyrm", PolicyName="least", PolicyDocument=policy)
    made = iam.create_access_key(UserName="bookwyrm")["AccessKey"]
    return Keys(made["AccessKeyId"], made["SecretAccessKey"])


def test_they_do_for_all_that_is_asked_of_a_bucket(limited: Bucket) -> None:
    """But for Block Public Access: moto does not know the right by Amazon's name for it."""
    limited.ask()
    for key in ("images/a.jpg", "static/a.css", "bw-s3-canary-1.txt"):
        limited.put(key, b"x")
        assert limited.get(key) == b"x"
        limited.delete(key)
    limited.put_cors([rule_for("https://books.example.org")])
    assert limited.get_cors()
    limited.put_cors([])
    limited.put_policy(opening_policy(limited.name, None))
    limited.put_policy(None)


def test_they_do_for_nothing_else(limited: Bucket) -> None:
    other = Bucket(replace(limited.settings, bucket="others"), limited.keys)
    for refused in (
        other.ask,
        lambda: other.put("images/a.jpg", b"x"),
        lambda: limited.put("exports/a.zip", b"x"),
        Bucket(replace(limited.settings, bucket="third"), limited.keys).create,
    ):
        with pytest.raises(Problem, match="not allowed"):
            refused()
    assert limited.others() == []


def test_the_plan_has_them_where_the_service_takes_such_a_policy() -> None:
    settings = Settings(provider="aws", bucket="books")
    (document,) = [item for item in rights_plan(settings) if isinstance(item, Document)]
    assert "arn:aws:s3:::books/images/*" in document.text
    assert "PublicAccessBlock" in document.text
    assert rights_plan(replace(settings, provider="scaleway")) == []


async def test_keys_that_see_other_buckets_are_a_remark(
    storage: tuple[Settings, Keys], tmp_path: Path
) -> None:
    settings, keys = storage
    Bucket(replace(settings, bucket=f"{settings.bucket}-2"), keys).create()
    with storage_context(tmp_path, settings, keys, Listener()) as context:
        checks = [check async for check in Probe(context=context).looks()]
    (said,) = [check for check in checks if check.code == "keys-limited"]
    assert said.verdict is Verdict.REMARK
    assert "see" in said.seen
