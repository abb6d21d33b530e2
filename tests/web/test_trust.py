"""The admin's own CA file: all of ours that speaks TLS trusts it, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from tests.servers.certificates import Authority
from tests.servers.refusing import Refusing
from wizard.copying.crt_client import Attempt, Client, Request, Response
from wizard.core.problem import Problem
from wizard.storage.bucket import Bucket
from wizard.web.trust import ca_bundle, trusted, use_ca_file
from wizard.web.visitor import fetch, fetch_endpoint, is_trusted_by_all

_PATIENCE = 60


@pytest.fixture(autouse=True)
def no_file_stays_in_use() -> Iterator[None]:
    """One file for the whole process, which other tests do not know."""
    yield
    use_ca_file("")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Refusing]:
    """A service whose certificate comes from `ca.pem` in the test's folder."""
    with Refusing(lambda request: None, Authority(tmp_path).server("IP:127.0.0.1")) as server:
        yield server


def _asked_by_the_copy(server: Refusing) -> Response:
    """What the client that copies media gets."""
    answers: Queue[Response] = Queue()
    request = Request(operation="HeadBucket", method="HEAD", key="", done=answers.put)
    client = Client(server.settings(), server.keys)
    client.start(Attempt(request, lambda attempt, answer: answers.put(answer)))
    return answers.get(timeout=_PATIENCE)


async def test_everything_trusts_the_file_and_not_before(server: Refusing, tmp_path: Path) -> None:
    bucket, url = f"https://{server.host}", f"https://{server.host}/books/static/x.css"
    refused = await fetch(url)
    assert refused.error is not None
    assert "--ca-file" in refused.error.remedies[1].text
    with pytest.raises(Problem, match="is not trusted"):
        Bucket(server.settings(), server.keys).ask()
    assert server.requests == []

    use_ca_file(str(tmp_path / "ca.pem"))
    assert (await fetch_endpoint(bucket)).error is None
    assert (await fetch(url)).error is None
    assert _asked_by_the_copy(server).ok
    Bucket(server.settings(), server.keys).ask()
    assert not await is_trusted_by_all(bucket), "browsers do not know the file"

    use_ca_file("")
    assert (await fetch(url)).error is not None


async def test_a_domain_that_leads_to_the_provider_by_dns_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    use_ca_file(str(authority.certificate))
    with Refusing(lambda request: None, authority.server("DNS:s3.example.org")) as server:
        seen = await fetch(f"https://{server.host}/static/x.css")
    assert seen.error is not None
    assert seen.error.code == "certificate-for-another-name"
    assert "CNAME" in seen.error.remedies[1].text


def test_the_usual_authorities_stay(tmp_path: Path) -> None:
    before = {each["serialNumber"] for each in trusted().get_ca_certs()}
    Authority(tmp_path)
    use_ca_file(str(tmp_path / "ca.pem"))
    bundle = ca_bundle()
    assert bundle is not None
    assert Path(bundle).read_bytes().count(b"BEGIN CERTIFICATE") > 100
    assert len({each["serialNumber"] for each in trusted().get_ca_certs()} - before) == 1


def test_a_file_that_is_none_is_refused_and_the_one_before_stays(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    use_ca_file(str(authority.certificate))
    before = ca_bundle()
    wrong = {
        "missing.pem": None,
        "text.pem": b"no certificate at all",
        "der.pem": b"0\x82\x01\x0a\x02\xff",
        "broken.pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "key.pem": authority.certificate.read_bytes() + (tmp_path / "ca.key").read_bytes(),
        "folder.pem": None,
    }
    (tmp_path / "folder.pem").mkdir()
    for name, data in wrong.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
        with pytest.raises(Problem) as raised:
            use_ca_file(str(tmp_path / name))
        problem = raised.value
        assert (problem.code, problem.field, problem.usage) == ("ca-file-unusable", "ca_file", True)
        assert name in problem.what
    assert ca_bundle() == before
