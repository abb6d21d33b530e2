"""A storage whose certificate comes from the admin's own authority, through a whole migration."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.certificates import Authority
from tests.servers.nginx import running_nginx
from tests.servers.ports import free_port
from tests.support.command_line import CommandLine
from wizard.core.settings import Settings
from wizard.demo.build import build
from wizard.demo.seaweedfs import SeaweedFS, path_style
from wizard.env.file import EnvFile
from wizard.journal.journal import Journal

_SERVER = """\
ssl_certificate {tls}/DNS-localhost.pem;
ssl_certificate_key {tls}/DNS-localhost.key;
client_max_body_size 0;
location / {{
    proxy_pass {storage};
    proxy_set_header Host $http_host;
}}
"""


@pytest.fixture
def line(seaweedfs: SeaweedFS, tmp_path: Path) -> Iterator[CommandLine]:
    """A demo that is not yet migrated."""
    with build(tmp_path, covers=4, storage=seaweedfs) as demo:
        yield CommandLine(demo, (demo.folder / ".env").read_bytes())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """The admin's own, and a certificate of it."""
    (tmp_path / "tls").mkdir()
    authority = Authority(tmp_path / "tls")
    authority.server("DNS:localhost")
    return authority


@pytest.fixture
def storage(line: CommandLine, authority: Authority, tmp_path: Path) -> Iterator[Settings]:
    """The demo's S3 server, reached over TLS only, by the public too."""
    port, place = free_port(), tmp_path / "nginx"
    place.mkdir()
    server = _SERVER.format(tls=authority.folder, storage=line.demo.storage.endpoint)
    with running_nginx(place, port, server, tls=True):
        yield path_style("seaweedfs", f"https://localhost:{port}", line.demo.bucket)


@pytest.mark.slow
def test_the_file_is_trusted_from_the_first_step_to_the_last(
    line: CommandLine, authority: Authority, storage: Settings
) -> None:
    unknown = _run(line, storage)
    assert unknown.returncode == 1
    assert "--ca-file" in unknown.stderr

    # BookWyrm itself does not trust it: that is said at first, and keeps the site as it is.
    first = _run(line, storage, "--ca-file", str(authority.certificate))
    wanted = f"AWS_CA_BUNDLE={authority.certificate}"
    assert f"add {wanted} to .env" in " ".join(first.stdout.split()), first.stdout
    assert first.returncode == 1
    assert "BookWyrm itself does not trust the certificate" in first.stderr
    assert wanted in " ".join(first.stderr.split())
    assert "\nUSE_S3=true" not in (line.demo.folder / ".env").read_text(), "not armed"
    assert storage.custom_domain not in httpx.get(line.demo.site_url).text

    # The admin does what is said, and does not name the file again.
    env = EnvFile.read(line.demo.folder / ".env")
    env.path.write_text(f"{env.path.read_text().rstrip()}\n{wanted}\n")
    second = _run(line, storage)
    assert second.returncode == 0, second.stdout + second.stderr
    page = httpx.get(line.demo.site_url).text
    assert f"{storage.public_base}/static/css/themes/" in page
    trusted = ssl.create_default_context(cafile=authority.certificate)
    names = [p.name for p in (line.demo.folder / "images/avatars").iterdir()]
    for name in names:
        got = httpx.get(f"{storage.public_base}/images/avatars/{name}", verify=trusted)
        assert got.content == (line.demo.folder / "images/avatars" / name).read_bytes()
    journal = Journal.read(line.journal)
    assert journal is not None
    assert journal.settings.ca_file == str(authority.certificate)
    journal.close()


def _run(line: CommandLine, storage: Settings, *more: str) -> subprocess.CompletedProcess[str]:
    """`bw-s3 run`, in plain words."""
    arguments = [a for a in line.arguments() if a != "--json"]
    for option, value in (
        ("--endpoint", storage.endpoint),
        ("--custom-domain", storage.custom_domain),
        ("--url-protocol", "https:"),
    ):
        arguments[arguments.index(option) + 1] = value
    return subprocess.run(
        [sys.executable, "-m", "screens", *arguments, *more],
        env=line.environment(), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
