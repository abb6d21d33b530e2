"""Challenges in place of the site's own page: known for what they are, and not provoked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.servers.refusing import Refusing, Reply, Request, always
from tests.web.test_visitor import PAGE, html, site
from wizard.web.browser import Onlooker
from wizard.web.page import Kind, PageFile
from wizard.web.served_files import ServedFiles
from wizard.web.visitor import look_at_site

_ANUBIS = """<!doctype html><html><head><title>Making sure you&#39;re not a bot!</title>
<link rel="stylesheet" href="/.within.website/x/xess/xess.css?cachebuster=1.21.3">
<script id="anubis_version" type="application/json">"1.21.3"</script></head></html>"""
_CLOUDFLARE = """<!DOCTYPE html><html><head><title>Just a moment...</title></head><body><script>
a.src = '/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1';</script></body></html>"""


def anubis(request: Request) -> Reply:
    """As BookWyrm's nginx with Anubis: whoever says "Mozilla" is sent to a challenge."""
    if request.path.startswith("/.within.website/"):
        return html(_ANUBIS)
    if "Mozilla" in request.headers.get("user-agent", ""):
        return Reply(307, b"", {"Location": f"/.within.website/?redir={request.path}"})
    return html(PAGE.format(static="/static/"))


async def test_the_site_is_asked_as_a_plain_program() -> None:
    with Refusing(anubis) as server:
        view = await look_at_site(site(server), "books.example.org")
        assert view.own_page
        (request,) = server.requests
        assert request.headers["user-agent"].startswith("bw-s3/")


def sent_on(request: Request) -> Reply:
    """An Anubis that lets in nobody who has not solved its task."""
    if request.path == "/":
        return Reply(307, b"", {"Location": "/.within.website/?redir=/"})
    return html(_ANUBIS)


@pytest.mark.parametrize(
    ("reply", "whose"),
    [
        (html(_ANUBIS), "Anubis"),
        (html(_CLOUDFLARE, 403), "Cloudflare"),
        (replace(html("", 403), headers={"cf-mitigated": "challenge"}), "Cloudflare"),
        (replace(html("", 202), headers={"x-amzn-waf-action": "challenge"}), "AWS WAF"),
    ],
)
async def test_a_challenge_is_no_site(reply: Reply, whose: str) -> None:
    with Refusing(always(reply)) as server:
        view = await look_at_site(site(server), "books.example.org")
    assert not view.own_page
    assert view.problem is not None
    assert f"challenge by {whose}" in view.problem.what
    assert "--site-url" in view.problem.remedies[0].text


async def test_a_challenge_behind_a_redirect_names_the_site_s_address() -> None:
    with Refusing(sent_on) as server:
        view = await look_at_site(site(server), "books.example.org")
    assert view.problem is not None
    assert f"http://{server.host}/." in view.problem.why


async def test_the_site_s_own_page_may_carry_such_a_script() -> None:
    page = html(PAGE.format(static="/static/") + "<script src='/cdn-cgi/challenge-platform/x.js'>")
    with Refusing(always(page)) as server:
        assert (await look_at_site(site(server), "books.example.org")).own_page


async def test_a_challenge_in_place_of_a_file() -> None:
    with Refusing(always(html(_CLOUDFLARE, 403))) as server:
        file = PageFile(kind=Kind.STYLESHEET, url=f"http://{server.host}/static/a.css")
        browser = Onlooker(origin="https://books.example.org")
        problem = browser.obstacle(file, await browser.load(file))
    assert problem is not None
    assert "challenge by Cloudflare" in problem.what


@pytest.mark.parametrize(
    "reply",
    [
        html(_CLOUDFLARE, 403),
        replace(html("", 403), headers={"cf-mitigated": "challenge"}),
        Reply(307, b"", {"Location": "/.within.website/?redir=/images/a.gif"}),
    ],
)
async def test_a_challenge_says_nothing_of_a_file_of_the_site_s_own(reply: Reply) -> None:
    """Neither that the site serves it nor that it holds it back."""
    with (
        Refusing(always(reply)) as server,
        ServedFiles.of_site(site(server), "books.example.org") as served,
    ):
        for ask in (served.status, served.md5):
            with pytest.raises(OSError, match="a challenge by"):
                ask(b"a.gif")
