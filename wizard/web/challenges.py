"""Pages that ask whether a browser is there, in place of what was asked for.

What each one is known by: Anubis (TecharoHQ/anubis, `anubis.go`: `StaticPath`), which is part of
BookWyrm's own nginx set-up (`nginx/locations`, v0.9.0 on); Cloudflare's header `cf-mitigated` and
Amazon's `x-amzn-waf-action` from their documentation; the others from what their pages load.
"""

from __future__ import annotations

from collections.abc import Mapping

from wizard.core.message import msg
from wizard.core.problem import TRY_AGAIN, Problem

# Header, the words that its value has, and whose it is.
_HEADERS = (
    ("cf-mitigated", ("challenge",), "Cloudflare"),
    ("x-amzn-waf-action", ("challenge", "captcha"), "AWS WAF"),
    ("x-vercel-mitigated", ("challenge",), "Vercel"),
)
# What stands in the address that one is sent to, or in the page.
_MARKS = (
    ("/.within.website/", "Anubis"),
    ("/cdn-cgi/challenge-platform/", "Cloudflare"),
    ("/_Incapsula_Resource", "Imperva"),
    ("/.well-known/ddos-guard/", "DDoS-Guard"),
    ("/.bunny-shield/", "Bunny Shield"),
    ("/.well-known/.git.gammaspectra.live/", "go-away"),
)
# BookWyrm's own pages may carry Cloudflare's script without being a challenge; these have no style
# of BookWyrm's, so only what stands in their place is looked at.
_OWN = "/static/css/themes/"


def challenge_in(url: str, headers: Mapping[str, str], text: str) -> str:
    """Return whose challenge an answer is, "" where it is none.

    `url` is where it was found after redirects, `headers` have lower-case names.
    """
    for name, words, whose in _HEADERS:
        if any(word in headers.get(name, "").lower() for word in words):
            return whose
    if _OWN in text:
        return ""
    return next((whose for mark, whose in _MARKS if mark in url or mark in text), "")


def challenged_site(whose: str, address: str) -> Problem:
    """Return the `Problem` of a site that shows bw-s3 a challenge in place of its own page."""
    return Problem(
        # Translators: {challenge} is the name of a product, such as Anubis.
        msg("A challenge by {challenge} answers in place of the site's own page.", challenge=whose),
        msg(
            "It was asked at {address}. {challenge} lets in browsers that solve a task, and takes "
            "bw-s3 for a robot. The site itself may be fine, but bw-s3 cannot see it: after a "
            "restart it would have to put everything back.",
            address=address,
            challenge=whose,
        ),
        msg(
            "Use --site-url to specify where this machine reaches the web server without "
            "{challenge}, such as http://127.0.0.1:8000",
            challenge=whose,
        ),
        msg(
            "Or let programs that call themselves bw-s3, or this machine's address, pass "
            "{challenge}.",
            challenge=whose,
        ),
        TRY_AGAIN,
        field="site_url",
        decision=True,
        code="challenge-before-site",
    )


def challenged_file(whose: str, url: str) -> Problem:
    """Return the `Problem` of a challenge in place of a file, which no browser can solve there."""
    return Problem(
        msg("A challenge by {challenge} answers in place of {url}", challenge=whose, url=url),
        msg(
            "A browser solves a challenge on a page of its own, never for a stylesheet or an image "
            "on somebody else's page: such files would be missing."
        ),
        msg("Turn {challenge} off for the host that the files are read from.", challenge=whose),
        TRY_AGAIN,
        field="custom_domain",
        code="challenge-before-file",
    )
