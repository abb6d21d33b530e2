"""Whether BookWyrm and browsers trust what only the admin's CA file vouches for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.servers.certificates import Authority
from tests.servers.refusing import Refusing
from tests.support.checkout import ENV
from tests.support.contexts import Listener, storage_context
from wizard.access.own_authority import authority_checks
from wizard.access.probe import Probe
from wizard.core.events import Check, Verdict
from wizard.core.settings import Settings
from wizard.instance.dockerless.deployment import Dockerless
from wizard.steps.enable_s3 import EnableS3
from wizard.web.trust import use_ca_file
from wizard.web.visitor import fetch_endpoint


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Refusing]:
    """A service whose certificate comes from an authority of the admin's own."""
    with Refusing(lambda request: None, Authority(tmp_path).server("IP:127.0.0.1")) as server:
        use_ca_file(str(tmp_path / "ca.pem"))
        yield server
    use_ca_file("")


class _Mounted(Dockerless):
    """One whose processes see nothing of this server but the checkout, at `target`."""

    target = ""

    async def shared_folders(self) -> Mapping[PurePosixPath, Path]:
        return {PurePosixPath(self.target): self.instance.folder}


async def _checks(
    server: Refusing, tmp_path: Path, env: str, mounts: str = "", **changes: str
) -> list[Check]:
    usual = {"ca_file": str(tmp_path / "ca.pem"), "url_protocol": "https:"}
    settings = replace(server.settings(), **{**usual, **changes})  # type: ignore[arg-type]
    folder = tmp_path / f"checkout-{len(list(tmp_path.iterdir()))}"
    with storage_context(folder, settings, server.keys, Listener(), env) as context:
        context = context.with_settings(settings)
        if mounts:
            deployment = _Mounted(context.instance, settings)
            deployment.target = mounts
            context = replace(context, deployment=deployment)
        return [check async for check in authority_checks(context)]


async def test_it_is_said_that_bookwyrm_and_browsers_do_not_trust_it(
    server: Refusing, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    bookwyrm, browsers = await _checks(server, tmp_path, ENV)
    assert bookwyrm.verdict is browsers.verdict is Verdict.REMARK
    assert f"AWS_CA_BUNDLE={ca_file}" in bookwyrm.seen
    assert server.host in browsers.asked
    old, _ = await _checks(server, tmp_path, ENV, mounts="/app", deployment="compose")
    assert f"copy {ca_file} into" in old.seen
    assert "AWS_CA_BUNDLE=/app/ca.pem" in old.seen
    new, _ = await _checks(server, tmp_path, ENV, mounts="/app/extra", deployment="compose")
    assert f"“- {ca_file}:/app/ca.pem:ro” to the volumes of web" in new.seen
    assert "AWS_CA_BUNDLE=/app/ca.pem" in new.seen


async def test_the_variable_counts_where_its_file_is_there(
    server: Refusing, tmp_path: Path
) -> None:
    there = f"{ENV}\nAWS_CA_BUNDLE={tmp_path / 'ca.pem'}\n"
    assert (await _checks(server, tmp_path, there))[0].verdict is Verdict.PASS
    gone = f"{ENV}\nAWS_CA_BUNDLE={tmp_path / 'gone.pem'}\n"
    assert "gone.pem" in (await _checks(server, tmp_path, gone))[0].seen
    inside = f"{ENV}\nAWS_CA_BUNDLE=/app/manage.py\n"
    old = await _checks(server, tmp_path, inside, mounts="/app", deployment="compose")
    assert old[0].verdict is Verdict.PASS
    # From v0.8.5 on the checkout is not mounted: what lies there, no container sees.
    new = await _checks(server, tmp_path, inside, mounts="/app/extra", deployment="compose")
    assert new[0].verdict is Verdict.REMARK
    assert "Compose mounts nothing there" in new[0].seen


async def test_what_only_this_machine_trusts_is_said_as_well(
    server: Refusing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own list of authorities is neither BookWyrm's nor that of visitors' browsers."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    use_ca_file("")
    assert (await fetch_endpoint(server.settings().endpoint)).error is None
    bookwyrm, browsers = await _checks(server, tmp_path, ENV, ca_file="")
    assert bookwyrm.verdict is browsers.verdict is Verdict.REMARK
    assert f"AWS_CA_BUNDLE={tmp_path / 'ca.pem'}" in bookwyrm.seen


async def test_nothing_is_said_where_nobody_needs_to_be_told(tmp_path: Path) -> None:
    with Refusing(lambda request: None) as plain:
        assert await _checks(plain, tmp_path, ENV, ca_file="", url_protocol="http:") == []


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


async def test_enabling_s3_answers_what_the_first_step_said(
    server: Refusing, tmp_path: Path
) -> None:
    """Before, the end of a migration still told the admin to add what had long been added."""
    settings = replace(server.settings(), ca_file=str(tmp_path / "ca.pem"), url_protocol="https:")
    env = f"{ENV}\nAWS_CA_BUNDLE={tmp_path / 'ca.pem'}\nUSE_S3=true\n"
    with storage_context(tmp_path / "checkout", settings, server.keys, Listener(), env) as context:
        checks = await EnableS3().verify(context.with_settings(settings), None)
    assert [(c.code, c.verdict) for c in checks][-1] == ("certificate-bookwyrm", Verdict.PASS)


def test_the_path_is_kept_whole(tmp_path: Path) -> None:
    kept = Settings.from_dict({"ca_file": str(tmp_path), "from a newer version": 1})
    assert kept.ca_file == str(tmp_path)
    assert Settings.from_dict({}).ca_file == ""
