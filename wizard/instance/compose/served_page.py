"""What one container of `web` serves, asked inside it: before any visitor gets there."""

from __future__ import annotations

import asyncio
import json
import posixpath
import time
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from wizard.core.events import Report, Waiting
from wizard.core.message import NOTHING, msg
from wizard.core.problem import Problem
from wizard.core.settings import Settings
from wizard.instance.checkout import Instance
from wizard.instance.compose.docker import Docker
from wizard.instance.compose.project import Container
from wizard.web.blocked import unstyled
from wizard.web.browser import Onlooker, style_problem
from wizard.web.visitor import (
    SiteView,
    VisitorResponse,
    judge_site,
    look_at_site,
)

_POLL_SECONDS = 1.0
# gunicorn begins to listen when its entrypoint is through; the first page takes a moment.
_SECONDS_TO_SERVE = 30.0
# No page at all: a busy server takes a minute for one (measured), and no visitor waits for it yet.
_SECONDS_WITHOUT_ANSWER = 120.0
_APP = "/app"
# Asks as nginx does. Python is there in every version, curl is not.
_ASK = """
import json, sys, urllib.error, urllib.request
headers = {"Host": sys.argv[1], "X-Forwarded-Proto": sys.argv[2], "Accept-Language": "en"}
headers["Cookie"] = "sessionid=x"
class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay)
request = urllib.request.Request("http://127.0.0.1:8000/?bw-s3=" + sys.argv[3], headers=headers)
try:
    answer = opener.open(request, timeout=20)
except urllib.error.HTTPError as error:
    answer = error
body = answer.read(2000000).decode("utf-8", "replace")
sys.stdout.write(json.dumps([answer.status, answer.headers.items(), body]))
"""


@dataclass(frozen=True, slots=True)
class ServedPage:
    """Asks containers of `web` for the site's first page, and compares it with `.env`."""

    instance: Instance
    docker: Docker
    settings: Settings

    async def until_right(self, container: Container) -> None:
        """Wait until its page is the site's own, with its style where `.env` says.

        Raises `Problem` where it is not so in time, or a browser would not use its styles. A page
        that does not come is waited for longer than for a wrong one to become right.
        """
        deadline = time.monotonic() + _SECONDS_WITHOUT_ANSWER
        has_answered = False
        while True:
            view = await self.look(container)
            problem = self._problem(view)
            if problem is None:
                break
            now = time.monotonic()
            if view.status and not has_answered:
                has_answered, deadline = True, now + _SECONDS_TO_SERVE
            if now >= deadline:
                raise problem
            await asyncio.sleep(_POLL_SECONDS)
        if missing := await self._missing(container, view):
            raise missing

    async def serves(self, container: Container) -> bool:
        """Tell whether it answers with a page of the site's own now, whatever its storage."""
        return container.runs and (await self.look(container)).own_page

    async def look(self, container: Container) -> SiteView:
        """Return its first page."""
        origin = urlsplit(self._origin())
        argv = ["docker", "exec", container.id, "python", "-c", _ASK]
        argv += [origin.netloc, origin.scheme, container.id[:12]]
        answer = await self.docker.asked(argv)
        url = f"{origin.geturl()}/"
        if answer.status != 0:
            error = Problem(
                msg("It gives no answer."),
                NOTHING,
                raw=answer.complaints[-1000:],
                code="web-no-answer",
            )
            return judge_site(VisitorResponse(url=url, status=0, error=error), self._settings())
        status, sent, body = json.loads(answer.output)
        headers: dict[str, str] = {}
        for name, value in sent:
            # Several of a name mean the same as one with commas.
            headers[name.lower()] = ", ".join(filter(None, (headers.get(name.lower()), value)))
        seen = VisitorResponse(url=url, status=status, headers=headers, body_start=body.encode())
        return judge_site(seen, self._settings())

    async def until_public(self, report: Report) -> None:
        """Wait until a visitor gets the site's own page, with its style where `.env` says.

        Raises `Problem` where that takes too long.
        """
        began = time.monotonic()
        while True:
            view = await look_at_site(self._settings(), self.instance.domain)
            problem = self._problem(view)
            if problem is None:
                return
            seconds = time.monotonic() - began
            if seconds >= _SECONDS_TO_SERVE:
                raise problem
            report(Waiting(msg("Waiting for the site's own page"), seconds))
            await asyncio.sleep(_POLL_SECONDS)

    def _settings(self) -> Settings:
        """Return the settings with the bucket's address as `.env` has it now."""
        env = self.instance.env_file()
        protocol = env.get("AWS_S3_URL_PROTOCOL") or "https:"
        custom = env.get("AWS_S3_CUSTOM_DOMAIN") or self.settings.custom_domain
        site_url = self.settings.site_url or self._origin()
        return replace(
            self.settings, custom_domain=custom, url_protocol=protocol, site_url=site_url
        )

    def _origin(self) -> str:
        """Return the address that BookWyrm takes for its own."""
        return self.instance.origins[0]

    def _problem(self, view: SiteView) -> Problem | None:
        if not view.own_page:
            problem = view.problem
            return Problem(
                msg(
                    "BookWyrm starts with these settings, but its first page is not as it should "
                    "be."
                ),
                problem.what if problem else msg("HTTP {status}", status=str(view.status)),
                *(problem.remedies[1:] if problem else ()),
                raw=problem.raw if problem else "",
                code="first-page-wrong",
            )
        if view.points_to_bucket is not self.instance.uses_s3():
            return Problem(
                msg("BookWyrm starts, but its pages do not match .env."),
                msg(
                    "Its container was given other settings than those in .env: another file may "
                    "set them, such as docker-compose.override.yml."
                ),
                msg("See which settings web gets: docker compose config web"),
                raw="\n".join(view.stylesheets),
                code="settings-overridden",
            )
        return None

    async def _missing(self, container: Container, view: SiteView) -> Problem | None:
        """Return the `Problem` of styles that visitors would not get, from the bucket or disk."""
        if self.instance.uses_s3():
            browser = Onlooker.of(view, self._origin())
            problem = await style_problem(browser, view, self._settings().public_base)
            return _unstyled(problem) if problem else None
        sheet = view.stylesheets[0]
        root = self.instance.env_file().get("STATIC_ROOT") or "static/"
        below = urlsplit(sheet).path.partition("/static/")[2]
        path = posixpath.join(_APP, root, below)
        answer = await self.docker.asked(["docker", "exec", container.id, "test", "-s", path])
        if answer.status == 0:
            return None
        lost = Problem(
            msg("The first stylesheet of its page cannot be read: {stylesheet}.", stylesheet=sheet),
            msg("There is no file {path}.", path=path),
            msg("Do the step “Static assets” again."),
            code="stylesheet-missing",
        )
        return _unstyled(lost)


def _unstyled(problem: Problem) -> Problem:
    """Return the `Problem` of a page whose styles visitors would not get, before they see it."""
    return unstyled(problem, msg("The site's style would be missing with these settings."))
