"""What can go wrong around a restart, in the admin's words."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.core.quantities import count
from wizard.web.visitor import SiteView


def words(view: SiteView) -> str:
    """Return what the site shows, to follow "it shows"."""
    if not view.own_page:
        return view.problem.what if view.problem else f"HTTP {view.status}"
    where = "from the bucket" if view.points_to_bucket else "from this server"
    return f"its own page, with its style {where}"


def nothing_restarted(problem: Problem, *, seen: bool, put_back: bool) -> Problem:
    """Return the `Problem` of a command that failed before it touched the site.

    `seen`: its processes are known, too.
    """
    same = ", and none of its processes was started anew" if seen else ""
    env = (
        ".env is as it was before “Enable S3”, too."
        if put_back
        else ".env still says USE_S3=true: whatever starts the services next switches them to S3."
    )
    again: Remedy | str = "Then start bw-s3 again: it enables S3 anew and goes on from there."
    if not put_back:
        again = Remedy("Then try again, or put the old .env back: bw-s3 disarm", Action.DISARM)
    return Problem(
        "Nothing was restarted: the command for it failed.",
        f"{problem.what} {problem.why} The site was not away and still runs with its old"
        f" settings{same}. {env}",
        *problem.remedies,
        again,
        raw=problem.raw,
        field=problem.field,
        decision=problem.decision,
    )


def not_back(first: Problem, second: Problem, view: SiteView, raw: str) -> Problem:
    """Return the `Problem` of a site that not even the old `.env` helped; `view` shows it."""
    what = "The site did not come back, not even with the old .env."
    if view.own_page:
        what = f"The restart failed, with S3 and with the old .env; the site shows {words(view)}."
    return Problem(
        what,
        f"With S3: {first.what} With the old .env, which is in place now: {second.what}",
        "Look at the services' own log: journalctl -u bookwyrm -n 50, or ./bw-dev logs web",
        Remedy("Restart it once more.", Action.RETRY),
        raw="\n".join(filter(None, (raw, second.raw))),
        field=second.field,
    )


def conflicting_uploads(keys: Sequence[str], number: int) -> Problem:
    """Return the `Problem` of other objects under new uploads' names; none was overwritten."""
    return Problem(
        f"{count(number, 'file')} uploaded meanwhile: the bucket holds something else of that name,"
        " which bw-s3 did not put there.",
        "Either the same bucket serves something else too, or a reader uploaded a picture both"
        " before and after the restart. Nothing was overwritten.",
        "Compare both, and remove or rename one of them. Then try again.",
        TRY_AGAIN,
        raw="\n".join(keys[:100]),
        decision=True,
    )


def left_behind(which: str, paths: Sequence[str]) -> Problem:
    """Return the `Problem` of new uploads ("3 files") that are on this server only."""
    return Problem(
        f"{which} uploaded meanwhile could not be copied.",
        "The site runs with S3 already, but what could not be copied is only on this server.",
        TRY_AGAIN,
        raw="\n".join(paths[:100]),
    )
