"""What can go wrong around a restart, in the admin's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.core.quantities import count
from wizard.switch.state import SwitchState
from wizard.web.visitor import SiteView

# What is done by then, or is named anyway.
_PUT_BACK_ALREADY = (Action.RESTORE_ENV, Action.DISARM, Action.EDIT_PROVIDER)
_RESTORE = Remedy("Put the old .env back and restart.", Action.RESTORE_ENV)
_EDIT = Remedy("Change the provider's settings.", Action.EDIT_PROVIDER)
_AGAIN = "Then start bw-s3 again: what is proven is not done twice."


def words(view: SiteView) -> str:
    """Return what the site shows, to follow "it shows"."""
    if not view.own_page:
        return view.shown_instead.removesuffix(".")
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


def with_lines(problem: Problem, lines: Sequence[str], mask: Callable[[str], str]) -> Problem:
    """Return the problem with the last lines that commands wrote beneath it, masked."""
    more = [line for line in lines if line not in problem.raw]
    raw = mask("\n".join(filter(None, (problem.raw, *more))))
    return _like(problem, what=problem.what, why=problem.why, remedies=problem.remedies, raw=raw)


def whether_to_put_back(problem: Problem, sight: str, *, untouched: bool) -> tuple[str, str, str]:
    """Return the question after a stage that failed, with its reason: text, yes, no.

    `sight` is a sentence on what visitors see.
    """
    if untouched:
        text = (
            f"{problem.what} The site still runs as before. Put the old .env back, too, so that"
            " nothing switches it to S3 by chance?"
        )
        return text, "Put it back", "Leave .env as it is"
    return (
        f"{problem.what} {problem.why} {sight} Put the old .env back, and the services with it?",
        "Put it back: the instance runs as before",
        "Leave it as it is",
    )


def put_back(problem: Problem, *, begun: bool, never_failed: bool) -> Problem:
    """Return the `Problem` once everything is as it was; its first remedy fixes the cause.

    `begun`: the running services were touched; `never_failed`: no visitor saw an error.
    """
    if not begun:
        what = f"{problem.what} The site runs as before: the old .env was put back."
        why = problem.why
    else:
        gone = "The site did not come back with S3. It runs as before"
        kept = "The services could not be switched to S3. The site runs as before"
        what = f"{kept if never_failed else gone}: the old .env was put back."
        why = f"{problem.what} {problem.why}"
    said = [r for r in problem.remedies if r.action is Action.EDIT_PROVIDER]
    others = [r for r in problem.remedies if r.action not in _PUT_BACK_ALREADY]
    edit = said[0] if said else _EDIT
    first = (edit, *others) if said else (*others, edit)
    return _like(problem, what=what, why=why, remedies=(*first, Remedy(_AGAIN)), raw=problem.raw)


def stopped() -> Problem:
    """Return the `Problem` of a switch that the admin stopped and had put back."""
    return Problem(
        "The switch was stopped. The site runs as before: the old .env was put back.",
        "You stopped it and chose to put everything back.",
        Remedy("Whenever it suits you, do this step again.", Action.RETRY),
        decision=True,
    )


def left_as_it_is(problem: Problem) -> Problem:
    """Return the `Problem` where the admin wanted nothing put back."""
    return _like(
        problem,
        what=problem.what,
        why=problem.why,
        remedies=(_RESTORE, TRY_AGAIN),
        raw=problem.raw,
    )


def not_back(first: Problem, second: Problem, view: SiteView) -> Problem:
    """Return the `Problem` of a site that not even the old `.env` helped; `view` shows it."""
    what = "The site did not come back, not even with the old .env."
    if view.own_page:
        what = f"The restart failed, with S3 and with the old .env; the site shows {words(view)}."
    return Problem(
        what,
        f"With S3: {first.what} With the old .env, which is in place now: {second.what}",
        "Look at the services' own log: journalctl -u bookwyrm -n 50, or ./bw-dev logs web",
        Remedy("Restart it once more.", Action.RETRY),
        raw="\n".join(filter(None, (first.raw, second.raw))),
        field=second.field,
    )


def unforeseen(error: Exception, raw: str) -> Problem:
    """Return the `Problem` of a mistake of our own; `raw` is its traceback, secrets masked."""
    return Problem(
        "bw-s3 itself failed while it switched the services.",
        f"This is a fault of bw-s3, not of yours ({type(error).__name__}).",
        TRY_AGAIN,
        "Please report it, with the text below.",
        raw=raw,
    )


def state_is_gone() -> Problem:
    """Return the `Problem` of a switch whose files somebody removed."""
    return Problem(
        "The state of the switch was deleted while it was under way.",
        "Somebody or something removed it.",
        "See whether the site works, then start bw-s3 again.",
    )


def runner_did_not_start(raw: str, *, begun: bool) -> Problem:
    """Return the `Problem` of a runner that ended at once, or never said that it is there."""
    return Problem(
        "The switch of the services could not be started.",
        "The process that does it did not come up. "
        + ("It is to finish what was begun." if begun else "Nothing of the site was touched."),
        TRY_AGAIN,
        raw=raw,
    )


def runner_keeps_dying(state: SwitchState) -> Problem:
    """Return the `Problem` of runners that are killed one after the other."""
    return Problem(
        "The switch of the services was killed again and again.",
        f"Something on this machine ends it, perhaps for want of memory. {state.words}",
        "See whether the kernel killed it: dmesg | grep -i kill",
        Remedy("Then try again: it finishes, or puts everything back.", Action.RETRY),
    )


def _like(
    problem: Problem, *, what: str, why: str, remedies: Sequence[Remedy], raw: str
) -> Problem:
    return Problem(what, why, *remedies, raw=raw, field=problem.field, decision=problem.decision)


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


def still_writing(late: str, paths: Sequence[str]) -> Problem:
    """Return the `Problem` of a worker that was not restarted; `late` says what it wrote."""
    return Problem(
        "New files keep appearing in the local media.",
        f"{late} Part of the instance still writes to its own disk: a worker or a job that was not"
        " restarted.",
        "Find it (docker ps, systemctl status, ps aux) and restart it, then try again.",
        TRY_AGAIN,
        raw="\n".join(paths),
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


def site_too_slow(address: str) -> Problem:
    """Explain that the site took longer to answer than anybody waits."""
    return Problem(
        f"The site does not answer in time at {address}",
        "The server may be overloaded, or a firewall drops what this machine asks it.",
        TRY_AGAIN,
        "If the instance is reached differently from here, specify it: "
        "--site-url http://127.0.0.1:PORT",
        field="site_url",
    )


def uploads_left(number: int, lines: Sequence[str]) -> Problem:
    """Return the `Problem` of uploads that could not be copied back; a line for each."""
    files = count(number, "file")
    return Problem(
        f"{files} could not be copied back from the bucket.",
        "The site runs without S3 again, and its visitors do not see what only the bucket has."
        " Nothing is lost: the bucket keeps it.",
        Remedy("Fix what is said below, then copy again: bw-s3 disarm", Action.DISARM),
        raw="\n".join(lines),
    )
