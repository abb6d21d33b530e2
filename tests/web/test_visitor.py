"""What the public and browsers see, and whether a page is the instance's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.utils.encoding import filepath_to_uri

from tests.servers.certificates import Authority
from tests.servers.ports import free_port
from tests.servers.refusing import Refusing, Reply, always
from wizard.access.policy import opening_policy
from wizard.assets.cors_rules import rule_for
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.storage.bucket import Bucket
from wizard.web.page import Kind
from wizard.web.visitor import address, fetch, fetch_endpoint, look_at_site, preflight

ORIGIN = "https://books.example.org"
BUCKET = Settings(custom_domain="media.example.org", url_protocol="https:")
PAGE = """<!DOCTYPE html><html><head><title>BookWyrm</title>
<link href="{static}css/themes/bookwyrm-light.css" rel="stylesheet" type="text/css" />
<link rel="search" href="/opensearch.xml"></head>
<body><img src="{static}images/logo.png"></body></html>"""
ERROR_PAGE = """<!DOCTYPE html><html><head><title>Oops!</title>
<link href="/static/css/x.css" rel="stylesheet"></head><body>
<h1 class="title">Server Error</h1><p>Something went wrong! Sorry about that.</p></body></html>"""


def html(page: str, status: int = 200) -> Reply:
    return Reply(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def site(server: Refusing) -> Settings:
    return replace(BUCKET, site_url=f"{server.scheme}://{server.host}")


@pytest.mark.parametrize("server", ["storage", "ceph_storage"])
async def test_a_browser_is_let_in_by_the_bucket_s_rules_only(
    server: str, request: pytest.FixtureRequest
) -> None:
    settings, keys = request.getfixturevalue(server)
    bucket = Bucket(settings, keys)
    bucket.put("static/x.woff", b"font", acl="public-read")
    bucket.put_policy(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": ["s3:GetObject"],
                    "Resource": [f"arn:aws:s3:::{bucket.name}/static/*"],
                }
            ],
        }
    )
    bucket.put_cors([rule_for(ORIGIN)])
    url = f"{settings.public_base}/static/x.woff"
    seen = await fetch(url, origin=ORIGIN)
    assert seen.ok
    assert seen.body_start == b"font"
    assert seen.lets_in(ORIGIN)
    assert not (await fetch(url, origin="https://elsewhere.invalid")).lets_in(
        "https://elsewhere.invalid"
    )
    assert not (await fetch(url)).lets_in(ORIGIN)
    assert (await preflight(url, ORIGIN)).status == 200
    assert (await preflight(url, "https://elsewhere.invalid")).status == 403
    bucket.put("private/x", b"x")
    assert (await fetch(f"{settings.public_base}/private/x")).status == 403


@pytest.mark.parametrize(
    "name",
    [
        "#1 & only.jpg",
        "who?.jpg",
        "100%.jpg",
        "50%20off.jpg",
        "c'est-la-vie+1.jpg",
        "Der Prozess (1925)!*~.jpg",
        "Ævintýri – 100 sögur.jpg",
        "日本語 [;:@&=,$].webp",
    ],
)
async def test_an_address_is_the_one_that_django_storages_gives(
    name: str, storage: tuple[Settings, Keys]
) -> None:
    settings, keys = storage
    bucket = Bucket(settings, keys)
    bucket.put_policy(opening_policy(bucket.name, None))
    bucket.put(f"images/{name}", name.encode())
    # As `storages/backends/s3.py` has it, where there is a custom domain.
    theirs = f"{settings.public_base}/{filepath_to_uri(f'images/{name}')}"
    assert address(settings, f"images/{name}") == theirs
    assert (await fetch(theirs)).body_start == name.encode()


async def test_an_address_that_leads_nowhere_is_a_problem_and_no_exception(
    storage: tuple[Settings, Keys],
) -> None:
    seen = await fetch(f"http://127.0.0.1:{free_port()}/x")
    assert seen.status == 0
    assert seen.error is not None
    assert seen.error.field == "custom_domain"
    for url in ("http://", "http://no-such-host.invalid/", "http://[::1/"):
        assert (await fetch(url)).error is not None


async def test_certificates_count_for_files_and_are_only_remarked_for_the_site(
    tmp_path: Path,
) -> None:
    page = html(PAGE.format(static="https://media.example.org/static/"))
    with Refusing(always(page), Authority(tmp_path).server("IP:127.0.0.1")) as server:
        seen = await fetch(f"https://{server.host}/static/x.css")
        assert seen.error is not None
        assert "not trusted" in seen.error.what
        assert (await fetch_endpoint(f"https://{server.host}")).error is not None
        view = await look_at_site(site(server), "books.example.org")
    assert view.status
    assert view.untrusted
    assert view.own_page
    assert view.points_to_bucket


@pytest.mark.parametrize(
    ("base", "sources", "starts"),
    [
        (f"{ORIGIN}/x/", "'self'", f"{ORIGIN}/x/"),
        ("/x/", "'self'", "{asked}/x/"),
        ("https://elsewhere.example/", "'self'", "{asked}/"),
        ("/x/", "'none'", "{asked}/"),
    ],
)
async def test_a_page_asked_for_past_its_proxy_is_that_of_its_domain(
    base: str, sources: str, starts: str
) -> None:
    page = html(PAGE.format(static="").replace("<head>", f'<head><base href="{base}">'))
    policy = {**page.headers, "Content-Security-Policy": f"base-uri {sources}"}
    with Refusing(always(replace(page, headers=policy))) as server:
        view = await look_at_site(site(server), "books.example.org")
    start = starts.format(asked=f"http://{server.host}")
    assert view.stylesheets == (f"{start}css/themes/bookwyrm-light.css",)


async def test_the_site_s_own_page_and_where_it_points() -> None:
    with Refusing(always(html(PAGE.format(static="/static/")))) as server:
        view = await look_at_site(site(server), "books.example.org")
        assert view.own_page
        assert not view.points_to_bucket
        assert view.stylesheets == (f"http://{server.host}/static/css/themes/bookwyrm-light.css",)
        (request,) = server.requests
        assert request.headers["host"] == "books.example.org"
        assert request.headers["cookie"] == "sessionid=x"
        assert request.query
    with Refusing(always(html(PAGE.format(static="https://media.example.org/static/")))) as server:
        view = await look_at_site(site(server), "books.example.org")
        assert view.points_to_bucket
        images = [file.url for file in view.files if file.kind is Kind.IMAGE]
        assert images == ["https://media.example.org/static/images/logo.png"]
        assert view.problem is None


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (html(ERROR_PAGE), "error page"),
        (html("<h1>Server Error (500)</h1>", 500), "not a page of BookWyrm"),
        (html("<h1>502 Bad Gateway</h1>", 502), "BookWyrm behind it does not"),
        (html("<h1>Welcome to nginx!</h1>"), "not a page of BookWyrm"),
    ],
)
async def test_other_pages_are_not_taken_for_the_site(reply: Reply, words: str) -> None:
    with Refusing(always(reply)) as server:
        view = await look_at_site(site(server), "books.example.org")
    assert view.status
    assert not view.own_page
    assert view.problem is not None
    assert words in view.problem.what


async def test_a_site_that_is_away_says_how_to_name_its_address() -> None:
    away = replace(BUCKET, site_url=f"http://127.0.0.1:{free_port()}")
    view = await look_at_site(away, "books.example.org")
    assert not view.status
    assert view.problem is not None
    assert "--site-url" in view.problem.remedies[1].text
