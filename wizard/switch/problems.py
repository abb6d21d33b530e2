"""What can go wrong around a restart, in the admin's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wizard.core.message import (
    Message,
    marked,
    msg,
    plural,
    sentences,
    verbatim,
    with_full_stop,
)
from wizard.core.problem import TRY_AGAIN, Action, Problem, Remedy
from wizard.switch.state import SwitchState
from wizard.web.visitor import SiteView, style_host

# What is done by then, or is named anyway.
_PUT_BACK_ALREADY = (Action.RESTORE_ENV, Action.DISARM, Action.EDIT_PROVIDER)
_RESTORE = Remedy(msg("Put the old .env back and restart."), Action.RESTORE_ENV)
_EDIT = Remedy(msg("Change the provider's settings."), Action.EDIT_PROVIDER)
_AS_BEFORE = msg("The site runs as before: the old .env was put back.")
STOPPED = msg("The switch was stopped.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What is said of a switch that failed, to the bucket or to this server's disk.

    `env_put_back` and `then` where `.env` is as before, `env_left` and `otherwise` where it is
    not; `ask` whether to put it back while the site runs as before; `gone` where the site did
    not come back, `kept` where it never was away; `both` where neither `.env` helped.
    """

    env_put_back: Message
    then: Remedy
    env_left: Message
    otherwise: Remedy
    ask: Message
    gone: Message
    kept: Message
    both: tuple[Message, str, str]


TO_S3 = Wording(
    env_put_back=msg(".env is as it was before “Enable S3”, too."),
    then=Remedy(
        msg(
            "Then continue with “Enable S3”, or run the same command again: what is verified is"
            " not done twice."
        )
    ),
    env_left=msg(
        ".env still says USE_S3=true: whatever starts the services next switches them to S3."
    ),
    otherwise=Remedy(msg("Then try again, or put the old .env back: bw-s3 disarm"), Action.DISARM),
    ask=msg(
        "The site still runs as before. Put the old .env back, too, so that nothing switches "
        "it to S3 by accident?"
    ),
    gone=msg("The site did not come back with S3."),
    kept=msg("The services could not be switched to S3."),
    both=(
        msg("The site did not come back, not even with the old .env."),
        marked("The restart failed, with S3 and with the old .env; the site shows {page}."),
        marked("With S3: {first} With the old .env, which is in place now: {second}"),
    ),
)
TO_DISK = Wording(
    env_put_back=msg(".env names the bucket again, too."),
    then=Remedy(
        msg(
            "Then continue with “Disable S3”, or run the same command again: what was copied is"
            " not copied twice."
        )
    ),
    env_left=msg(
        ".env still says USE_S3=false: whatever starts the services next switches them to this"
        " server's disk."
    ),
    otherwise=Remedy(msg("Then try again."), Action.RETRY),
    ask=msg(
        "The site still runs as before. Put the old .env back, too, so that nothing switches "
        "it to this server's disk by accident?"
    ),
    gone=msg("The site did not come back without S3."),
    kept=msg("The services could not be switched to this server's disk."),
    both=(
        msg("The site did not come back, not even with S3 again."),
        marked("The restart failed without S3, then also with S3; the site shows {page}."),
        marked("Without S3: {first} With S3 again, as .env says now: {second}"),
    ),
)


def words(view: SiteView) -> Message:
    """Return what the site shows, as an answer to that; a sentence for no page of its own."""
    if not view.own_page:
        return view.shown_instead
    # Translators: what the site shows.
    if view.points_to_bucket:
        return msg("its own page, with its style from the bucket")
    if host := style_host(view):
        return msg("its own page, with its style from {host}", host=host)
    return msg("its own page, with its style from this server")


def nothing_restarted(wording: Wording, problem: Problem, *, seen: bool, put_back: bool) -> Problem:
    """Return the `Problem` of a command that failed before it touched the site.

    `seen`: its processes are known, too.
    """
    if seen:
        site = msg(
            "The site was not down and still runs with its old settings, and none of its processes"
            " was restarted."
        )
    else:
        site = msg("The site was not down and still runs with its old settings.")
    env = wording.env_put_back if put_back else wording.env_left
    again = wording.then if put_back else wording.otherwise
    return Problem(
        msg("Nothing was restarted: the command for it failed."),
        sentences(with_full_stop(problem.what), problem.why, site, env),
        *problem.remedies,
        again,
        raw=problem.raw,
        field=problem.field,
        decision=problem.decision,
        code="nothing-restarted",
    )


def with_lines(problem: Problem, lines: Sequence[str], mask: Callable[[str], str]) -> Problem:
    """Return the problem with the last lines that commands wrote beneath it, masked."""
    more = [line for line in lines if line not in problem.raw]
    raw = mask("\n".join(filter(None, (problem.raw, *more))))
    return Problem(
        verbatim(problem.what),
        verbatim(problem.why),
        *problem.remedies,
        raw=raw,
        field=problem.field,
        decision=problem.decision,
        code=problem.code,
    )


def whether_to_put_back(
    wording: Wording, problem: Problem, sight: Message, *, untouched: bool
) -> tuple[Message, Message, Message]:
    """Return the question after a stage that failed, with its reason: text, yes, no.

    `sight` is a sentence on what visitors see.
    """
    what = with_full_stop(problem.what)
    if untouched:
        return sentences(what, wording.ask), msg("Put it back"), msg("Leave .env as it is")
    return (
        sentences(
            what, problem.why, sight, msg("Put the old .env back, and the services with it?")
        ),
        msg("Put it back: the instance runs as before"),
        msg("Leave it as it is"),
    )


def put_back(wording: Wording, problem: Problem, *, begun: bool, never_failed: bool) -> Problem:
    """Return the `Problem` once everything is as it was; its first remedy fixes the cause.

    `begun`: the running services were touched; `never_failed`: no visitor saw an error.
    """
    first_of_all, why = with_full_stop(problem.what), verbatim(problem.why)
    if not begun:
        what = sentences(first_of_all, _AS_BEFORE)
    else:
        why = sentences(first_of_all, problem.why)
        what = sentences(wording.kept if never_failed else wording.gone, _AS_BEFORE)
    said = [r for r in problem.remedies if r.action is Action.EDIT_PROVIDER]
    others = [r for r in problem.remedies if r.action not in _PUT_BACK_ALREADY]
    edit = said[0] if said else _EDIT
    first = (edit, *others) if said else (*others, edit)
    return Problem(
        what,
        why,
        *first,
        wording.then,
        raw=problem.raw,
        field=problem.field,
        decision=problem.decision,
        code="switch-put-back",
    )


def stopped() -> Problem:
    """Return the `Problem` of a switch that the admin stopped and had put back."""
    return Problem(
        sentences(STOPPED, _AS_BEFORE),
        msg("You stopped it and chose to put everything back."),
        Remedy(msg("When you are ready, do this step again."), Action.RETRY),
        decision=True,
        code="switch-stopped",
    )


def left_as_it_is(problem: Problem) -> Problem:
    """Return the `Problem` where the admin wanted nothing put back."""
    return Problem(
        verbatim(problem.what),
        verbatim(problem.why),
        _RESTORE,
        TRY_AGAIN,
        raw=problem.raw,
        field=problem.field,
        decision=problem.decision,
        code=problem.code,
    )


def not_back(wording: Wording, first: Problem, second: Problem, view: SiteView) -> Problem:
    """Return the `Problem` of a site that not even the old `.env` helped; `view` shows it."""
    what, failed, both = wording.both
    if view.own_page:
        what = Message(failed, "", {"page": words(view)})
    said = {"first": with_full_stop(first.what), "second": with_full_stop(second.what)}
    return Problem(
        what,
        Message(both, "", said),
        msg("Look at the services' own log: journalctl -u bookwyrm -n 50, or ./bw-dev logs web"),
        Remedy(msg("Restart it again."), Action.RETRY),
        raw="\n".join(filter(None, (first.raw, second.raw))),
        field=second.field,
        code="site-not-back",
    )


def unforeseen(error: Exception, raw: str) -> Problem:
    """Return the `Problem` of a mistake of our own; `raw` is its traceback, secrets masked."""
    return Problem(
        msg("bw-s3 itself failed while it switched the services."),
        msg("This is a bug in bw-s3, not your mistake ({error}).", error=type(error).__name__),
        TRY_AGAIN,
        msg("Please report it, with the text below."),
        raw=raw,
        code="internal-error",
    )


def state_is_gone() -> Problem:
    """Return the `Problem` of a switch whose files somebody removed."""
    return Problem(
        msg("The state of the switch was deleted while it was under way."),
        msg("Somebody or something removed it."),
        Remedy(msg("See whether the site works, then try again."), Action.RETRY),
        code="switch-state-deleted",
    )


def runner_did_not_start(raw: str, *, begun: bool) -> Problem:
    """Return the `Problem` of a runner that ended at once, or never said that it is there."""
    return Problem(
        msg("The switch of the services could not be started."),
        sentences(
            msg("The process that does it did not come up."),
            msg("It has to finish what was started.")
            if begun
            else msg("Nothing on the site was changed."),
        ),
        TRY_AGAIN,
        raw=raw,
        code="switch-not-started",
    )


def runner_keeps_dying(state: SwitchState) -> Problem:
    """Return the `Problem` of runners that are killed one after the other."""
    return Problem(
        msg("The switch of the services was killed again and again."),
        sentences(
            msg("Something on this machine kills it, perhaps for lack of memory."),
            with_full_stop(state.words),
        ),
        msg("See whether the kernel killed it: dmesg | grep -i kill"),
        Remedy(msg("Then try again: it finishes, or puts everything back."), Action.RETRY),
        code="switch-killed",
    )


def conflicting_uploads(keys: Sequence[str], number: int) -> Problem:
    """Return the `Problem` of other objects under new uploads' names; none was overwritten."""
    return Problem(
        plural(
            "{n} file was uploaded in the meantime, and the bucket holds something else of that"
            " name, which bw-s3 did not put there.",
            "{n} files were uploaded in the meantime, and the bucket holds something else of their"
            " names, which bw-s3 did not put there.",
            number,
        ),
        msg(
            "Either the same bucket serves something else too, or a reader uploaded a picture both"
            " before and after the restart. Nothing was overwritten."
        ),
        msg("Compare both, and remove or rename one of them. Then try again."),
        TRY_AGAIN,
        raw="\n".join(keys[:100]),
        decision=True,
        code="uploads-conflict",
    )


def still_writing(late: str, paths: Sequence[str]) -> Problem:
    """Return the `Problem` of a worker that was not restarted; `late` says what it wrote."""
    return Problem(
        msg("New files keep appearing in the local media."),
        sentences(
            late,
            msg(
                "Part of the instance still writes to its own disk: a worker or a job that was not"
                " restarted."
            ),
        ),
        msg("Find it (docker ps, systemctl status, ps aux) and restart it, then try again."),
        TRY_AGAIN,
        raw="\n".join(paths),
        decision=True,
        code="late-files",
    )


def left_behind(which: str, paths: Sequence[str]) -> Problem:
    """Return the `Problem` of new uploads ("3 files") that are on this server only."""
    return Problem(
        # Translators: such as "3 files uploaded in the meantime could not be copied."
        msg("{files} uploaded in the meantime could not be copied.", files=which),
        msg("The site runs with S3 already, but what could not be copied is only on this server."),
        TRY_AGAIN,
        raw="\n".join(paths[:100]),
        code="uploads-left-behind",
    )


def site_too_slow(address: str) -> Problem:
    """Explain that the site took longer to answer than anybody waits."""
    return Problem(
        msg("The site does not answer in time at {address}", address=address),
        msg("The server may be overloaded, or a firewall drops what this machine asks it."),
        TRY_AGAIN,
        msg(
            "If the instance is reached differently from here, specify it: "
            "--site-url http://127.0.0.1:PORT"
        ),
        field="site_url",
        code="site-too-slow",
    )


def uploads_left(number: int, lines: Sequence[str]) -> Problem:
    """Return the `Problem` of uploads that could not be copied back; a line for each."""
    return Problem(
        plural(
            "{n} file could not be copied back from the bucket.",
            "{n} files could not be copied back from the bucket.",
            number,
        ),
        msg(
            "The site runs without S3 again, and its visitors do not see what only the bucket has."
            " Nothing is lost: the bucket keeps it."
        ),
        Remedy(msg("Fix the problem shown below, then copy again: bw-s3 disarm"), Action.DISARM),
        raw="\n".join(lines),
        code="uploads-left-in-bucket",
    )
