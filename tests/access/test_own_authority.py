"""Whether BookWyrm and browsers trust what only the admin's CA file vouches for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.certificates import Authority
from tests.servers.refusing import Refusing
from tests.support.checkout import ENV
from tests.support.contexts import Listener, storage_context
from wizard.access.own_authority import authority_checks
from wizard.access.probe import Probe
from wizard.core.events import Check, Verdict
from wizard.core.settings import Settings
from wizard.web.trust import use_ca_file


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Refusing]:
    """A service whose certificate comes from an authority of the admin's own."""
    with Refusing(lambda request: None, Authority(tmp_path).server("IP:127.0.0.1")) as server:
        use_ca_file(str(tmp_path / "ca.pem"))
        yield server
    use_ca_file("")


async def _checks(server: Refusing, tmp_path: Path, env: str, **changes: str) -> list[Check]:
    usual = {"ca_file": str(tmp_path / "ca.pem"), "url_protocol": "https:"}
    settings = replace(server.settings(), **{**usual, **changes})  # type: ignore[arg-type]
    folder = tmp_path / f"checkout-{len(list(tmp_path.iterdir()))}"
    with storage_context(folder, settings, server.keys, Listener(), env) as context:
        context = context.with_settings(settings)
        return [check async for check in authority_checks(context)]


async def test_it_is_said_that_bookwyrm_and_browsers_do_not_trust_it(
    server: Refusing, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    bookwyrm, browsers = await _checks(server, tmp_path, ENV)
    assert bookwyrm.verdict is browsers.verdict is Verdict.REMARK
    assert f"AWS_CA_BUNDLE={ca_file}" in bookwyrm.seen
    assert server.host in browsers.asked
    inside, _ = await _checks(server, tmp_path, ENV, deployment="compose")
    assert "AWS_CA_BUNDLE=/app/ca.pem" in inside.seen
    assert str(ca_file) in inside.seen


async def test_the_variable_counts_where_its_file_is_there(
    server: Refusing, tmp_path: Path
) -> None:
    there = f"{ENV}\nAWS_CA_BUNDLE={tmp_path / 'ca.pem'}\n"
    assert (await _checks(server, tmp_path, there))[0].verdict is Verdict.PASS
    gone = f"{ENV}\nAWS_CA_BUNDLE={tmp_path / 'gone.pem'}\n"
    assert "gone.pem" in (await _checks(server, tmp_path, gone))[0].seen
    inside = f"{ENV}\nAWS_CA_BUNDLE=/app/manage.py\n"
    assert (await _checks(server, tmp_path, inside, deployment="compose"))[0].verdict is (
        Verdict.PASS
    )


async def test_nothing_is_asked_without_a_file_of_ones_own(
    server: Refusing, tmp_path: Path
) -> None:
    assert await _checks(server, tmp_path, ENV, ca_file="") == []


async def test_the_first_step_says_all_of_it(server: Refusing, tmp_path: Path) -> None:
    settings = replace(server.settings(), ca_file=str(tmp_path / "ca.pem"), url_protocol="https:")
    with storage_context(tmp_path / "checkout", settings, server.keys, Listener()) as context:
        probe = Probe(context=context.with_settings(settings))
        codes = [check.code async for check in probe.looks()]
    assert codes[:4] == [
        "endpoint-answers",
        "endpoint-https",
        "certificate-bookwyrm",
        "certificate-browsers",
    ]
    assert "keys-accepted" in codes


def test_the_path_is_kept_whole(tmp_path: Path) -> None:
    kept = Settings.from_dict({"ca_file": str(tmp_path), "from a newer version": 1})
    assert kept.ca_file == str(tmp_path)
    assert Settings.from_dict({}).ca_file == ""
