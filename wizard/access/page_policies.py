"""Policies of the site's page that are not BookWyrm's own: would they let the bucket's files in?

BookWyrm's own policy follows `.env` and changes with the restart (`bookwyrm/settings.py`:
`CSP_DEFAULT_SRC`, `CSP_SCRIPT_SRC`, v0.4.6 on); what a web server or a proxy in front adds stays,
and would leave every page without style.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wizard.core.message import msg
from wizard.core.problem import Problem
from wizard.core.settings import MigrationPath
from wizard.web.blocked import by_policy, unstyled
from wizard.web.browser import Onlooker, style_problem
from wizard.web.csp import Policy, refusal
from wizard.web.page import Kind, PageFile
from wizard.web.visitor import SiteView, look_at_site, look_from_outside

if TYPE_CHECKING:
    from wizard.step import Context

# One file of each kind, as BookWyrm's pages name them.
_FILES = (
    (Kind.STYLESHEET, "static/css/themes/bookwyrm-light.css"),
    (Kind.SCRIPT, "static/js/bookwyrm.js"),
    (Kind.FONT, "static/css/fonts/icomoon.woff"),
    (Kind.IMAGE, "images/covers/cover.jpg"),
)


async def refuse_policies_of_others(context: Context) -> None:
    """Raise a `Problem` where a policy that will stay keeps browsers from the bucket's files."""
    if context.settings.path == MigrationPath.FRESH:
        return
    domain, origin = context.instance.domain, context.instance.origins[0]
    outside = await look_from_outside(context.settings, domain, origin)
    view = outside or await look_at_site(context.settings, domain)
    staying = [policy for policy in view.policies if not _is_bookwyrms(policy, context)]
    for kind, key in _FILES if view.own_page else ():
        url = f"{context.settings.public_base}/{key}"
        file = PageFile(kind=kind, url=url)
        found = refusal(staying, file, [url], origin=origin)
        if found is not None:
            raise by_policy(file, found)


async def style_refused(context: Context, view: SiteView) -> Problem | None:
    """Return what keeps browsers from the styles and scripts of the site's page; None for nothing.

    What a proxy adds in front of the site counts too, as far as it is seen from here.
    """
    domain, origin = context.instance.domain, context.instance.origins[0]
    outside = await look_from_outside(context.settings, domain, origin)
    # Elsewhere an old server or a cache may still show the page of before the switch.
    seen = outside if outside and outside.points_to_bucket else view
    base = context.settings.public_base
    problem = await style_problem(Onlooker.of(seen, origin), view, base)
    what = msg("Browsers do not use the stylesheets or scripts of the site's pages.")
    return unstyled(problem, what) if problem else None


def _is_bookwyrms(policy: Policy, context: Context) -> bool:
    """Tell whether a policy is the one that BookWyrm makes of `.env` as it is now."""
    if set(policy.directives) != {"default-src", "script-src"}:
        return False
    known = {"'self'", *_hosts(context)}
    sources = {source for listed in policy.directives.values() for source in listed}
    return {source for source in sources if not source.startswith("'nonce-")} <= known


def _hosts(context: Context) -> Iterator[str]:
    """Yield the hosts that `.env` has BookWyrm name, and the bucket's address as it is to be."""
    env = context.instance.env_file()
    yield from (host.strip() for host in (env.get("CSP_ADDITIONAL_HOSTS") or "").split(","))
    for domain in (env.get("AWS_S3_CUSTOM_DOMAIN"), context.settings.custom_domain):
        yield from (domain or "", f"https://{domain}", f"http://{domain}")
