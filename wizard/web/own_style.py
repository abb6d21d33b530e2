"""Stylesheets and scripts that the site serves by itself: does it give them out?"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from wizard.core.message import msg
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.web.page import Kind
from wizard.web.visitor import site_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wizard.core.settings import Settings
    from wizard.web.visitor import SiteView


async def own_style_problem(settings: Settings, domain: str, view: SiteView) -> Problem | None:
    """Return what keeps browsers from the styles and scripts of the site's own; None for nothing.

    Asked at the address at which this machine reaches the site.
    """
    hosts = {urlsplit(view.url).netloc, domain, urlsplit(settings.site_url).netloc}
    wanted = [
        file
        for file in view.files
        if file.kind in (Kind.STYLESHEET, Kind.SCRIPT) and urlsplit(file.url).netloc in hosts
    ]
    urls = [(file.kind, file.url) for file in wanted]
    return await asyncio.to_thread(_first_problem, settings, domain, urls)


def _first_problem(
    settings: Settings, domain: str, urls: Sequence[tuple[Kind, str]]
) -> Problem | None:
    with site_client(settings, domain) as client:
        for kind, url in urls:
            path = urlsplit(url)._replace(scheme="", netloc="").geturl()
            try:
                answer = client.get(path)
            except httpx.HTTPError as error:
                return _not_served(url, str(error))
            given = answer.headers.get("content-type", "")
            wrong = kind is Kind.STYLESHEET and not given.startswith("text/css")
            if answer.status_code != 200 or wrong:
                return _not_served(url, f"HTTP {answer.status_code} {given}".strip())
    return None


def _not_served(url: str, raw: str) -> Problem:
    return Problem(
        msg("The site does not serve {url}.", url=url.partition("?")[0]),
        msg(
            "Its web server has to serve the static files from this server's disk again, as it "
            "did without S3."
        ),
        msg("See whether nginx still has a location for /static/ and /images/."),
        TRY_AGAIN,
        raw=raw,
        code="own-style-missing",
    )
