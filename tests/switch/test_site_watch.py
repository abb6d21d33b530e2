"""The switch's own look at a site that answers behind nginx with a certificate."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.servers.certificates import Authority
from tests.servers.nginx import running_nginx
from wizard.core.settings import Settings
from wizard.demo.checkout import free_port
from wizard.switch.site_watch import Awaited, SiteWatch, pause_after
from wizard.web.visitor import look_at_site

_BEHIND = """\
ssl_certificate {place}/DNS-localhost.pem;
ssl_certificate_key {place}/DNS-localhost.key;
location / {{
    proxy_pass http://127.0.0.1:{behind};
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-Proto $scheme;
}}
"""
_PAGE = """<html><head><link rel="stylesheet" href="{base}/static/css/themes/light.css"></head>
<body>BookWyrm</body></html>"""


class BookWyrm(BaseHTTPRequestHandler):
    """As Django with SECURE_SSL_REDIRECT: shows pages of its own domain only where it is https."""

    base = ""
    seconds = 0.0

    def do_GET(self) -> None:
        time.sleep(self.seconds)
        host, scheme = self.headers["Host"], self.headers["X-Forwarded-Proto"]
        if host != "books.example.org":
            self.send_error(400)
        elif scheme != "https":
            self.send_response(301)
            self.send_header("Location", f"https://{host}{self.path}")
            self.end_headers()
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(_PAGE.format(base=self.base).encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Settings]:
    Authority(tmp_path).server("DNS:localhost")
    server = ThreadingHTTPServer(("127.0.0.1", 0), BookWyrm)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port, behind = free_port(), _BEHIND.format(place=tmp_path, behind=server.server_port)
    with running_nginx(tmp_path, port, behind, tls=True):
        yield Settings(
            site_url=f"https://localhost:{port}", custom_domain="s3.example.org/books",
        )  # fmt: skip
    server.shutdown()
    server.server_close()
    BookWyrm.base = ""


async def test_a_site_with_a_certificate_is_watched(site: Settings) -> None:
    async with SiteWatch(site, "books.example.org") as watch:
        view = await watch.wait_for(Awaited.LOCAL, 60, lambda event: None)
        assert (view.own_page, view.untrusted, view.problem) == (True, True, None)
        BookWyrm.base = site.public_base
        view = await watch.wait_for(Awaited.BUCKET, 60, lambda event: None)
        assert view.points_to_bucket
        assert watch.never_failed
        assert watch.downtime.words.startswith("No visitor saw an error (0 of")


@pytest.mark.parametrize(
    ("took", "closely", "pause"),
    [(0.02, True, 0.1), (0.1, True, 0.2), (3, True, 0.5), (0.02, False, 0.5), (3, False, 0.5)],
)
def test_a_site_that_is_slow_is_looked_at_less_often(
    took: float, closely: bool, pause: float
) -> None:
    """Looking must not take the processors from the services that start."""
    assert pause_after(took, closely=closely) == pause


async def test_a_page_that_takes_too_long_is_late(
    site: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BookWyrm, "seconds", 2.0)
    monkeypatch.setattr("wizard.web.visitor._TIMEOUT", httpx.Timeout(0.5))
    async with SiteWatch(site, "books.example.org") as watch:
        assert (await watch.look()).late
        assert "had no answer within" in watch.downtime.words


async def test_another_domain_is_not_the_sites_own_page(site: Settings) -> None:
    view = await look_at_site(site, "other.example.org")
    assert not view.own_page
