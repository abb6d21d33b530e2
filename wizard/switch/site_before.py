"""What the site served from before bw-s3 changed anything, and what must not become of it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

from wizard.core.message import msg, sentences
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.settings import MigrationPath
from wizard.instance.checkout import Instance, is_true
from wizard.journal.entries import Entry, json_entry
from wizard.journal.journal import Journal
from wizard.step import Context, Question
from wizard.web.visitor import ServedFrom, SiteView, look_at_site

# How `run` is told to go on where nobody sees the site.
WITHOUT_SITE = "--without-site"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBefore:
    """How the instance was at the very first start, before anything was written.

    `served_from` is what the running site was seen to serve its files from, `stylesheet` the
    first address that said so; `uses_s3`, `bucket` and `endpoint` are what `.env` said; `at` is
    in seconds since the epoch.
    """

    served_from: ServedFrom
    stylesheet: str
    uses_s3: bool
    bucket: str
    endpoint: str
    at: float


def _from_json(data: dict[str, object]) -> SiteBefore:
    kept = {**data, "served_from": ServedFrom(str(data["served_from"]))}
    return SiteBefore(**kept)  # type: ignore[arg-type]


_BEFORE: Entry[SiteBefore] = json_entry("site.before", _from_json, asdict)


def note_before(journal: Journal, instance: Instance, view: SiteView) -> None:
    """Record how it is, unless that was recorded already: only the first time says it."""
    if journal.remembers(_BEFORE):
        return
    env = instance.env_file()
    before = SiteBefore(
        served_from=view.served_from(instance.domain),
        stylesheet=view.stylesheets[0] if view.stylesheets else "",
        uses_s3=is_true(env.get("USE_S3")),
        bucket=env.get("AWS_STORAGE_BUCKET_NAME") or "",
        endpoint=env.get("AWS_S3_ENDPOINT_URL") or "",
        at=time.time(),
    )
    journal.remember(_BEFORE, before)


def forget_before(journal: Journal) -> None:
    """Forget it once the site is brought back to the disk: the next start is a first one."""
    journal.forget(_BEFORE)


def ran_with_s3_before(context: Context) -> bool:
    """Tell whether the site served from a bucket before bw-s3 came: nothing goes below that."""
    before = context.journal.recall(_BEFORE)
    if before is None or not before.uses_s3:
        return False
    return before.served_from in (ServedFrom.THIS_BUCKET, ServedFrom.ELSEWHERE)


def ran_on_this_bucket_before(context: Context) -> bool:
    """Tell whether the site served from the very bucket that is named before bw-s3 came."""
    return ran_with_s3_before(context) and _is_as_before(context)


def was_here_before(context: Context) -> bool:
    """Tell whether the site served from the bucket and the address that are named before bw-s3."""
    return ran_on_this_bucket_before(context) and context.old_storage is None


async def refuse_another_bucket(context: Context, *, ran_with_it: bool) -> None:
    """Raise a `Problem` where the running site serves from another bucket than the one named.

    What was uploaded since it does so is not on this server's disk, and would be lost.
    `ran_with_it`: bw-s3 itself has switched the site to the bucket that is named, whose
    address may be about to change.
    """
    if ran_with_it or _is_as_before(context) or context.old_storage is not None:
        return
    view = await look_at_site(context.settings, context.instance.domain)
    if view.served_from(context.instance.domain) is not ServedFrom.ELSEWHERE:
        return
    raise Problem(
        msg("The site uses another bucket already."),
        msg(
            "Its pages load their style from {stylesheet}, not from {bucket}. What was uploaded "
            "since then is in that bucket, and not on this server, from where bw-s3 copies.",
            stylesheet=view.stylesheets[0],
            bucket=context.settings.public_base,
        ),
        Remedy(
            msg("Name the bucket that the site uses: it is checked then."), Action.EDIT_PROVIDER
        ),
        msg(
            "To move to another bucket, let .env name the bucket that the site uses now, with "
            "its address and keys: bw-s3 copies from there then."
        ),
        raw="\n".join(view.stylesheets),
        field="bucket",
        decision=True,
        code="site-uses-another-bucket",
    )


async def confirm_without_site(context: Context) -> None:
    """Ask before an instance is armed whose site nobody sees. Raises `Problem` for a no."""
    if context.settings.path == MigrationPath.FRESH:
        return
    view = await look_at_site(context.settings, context.instance.domain)
    if view.own_page:
        return
    if view.challenge and view.problem:
        # Whatever is answered: after the restart bw-s3 would see no more of the site than now.
        raise view.problem
    question = Question(
        text=sentences(
            view.shown_instead,
            msg(
                "Without its own page nobody can tell which storage the site uses now, nor later "
                "whether it came back with S3. Enable S3 all the same?"
            ),
        ),
        yes=msg("Enable S3: the site is down for another reason"),
        no=msg("Stop here and look at the site first"),
        only_a_person=True,
        option=WITHOUT_SITE,
    )
    refused = Problem(
        msg("S3 was not enabled: the site does not show its own page."),
        msg(
            "It was asked at {address}: {seen} It is down, or cannot be reached from here under "
            "this address.",
            address=context.settings.site_url,
            seen=view.shown_instead,
        ),
        msg("Use --site-url to specify the address at which this machine reaches the instance."),
        msg("Or start the site first, then continue."),
        raw=view.problem.raw if view.problem else "",
        field="site_url",
        decision=True,
        code="site-not-seen",
    )
    await context.agree(question, refused)


def _is_as_before(context: Context) -> bool:
    """Tell whether the bucket that is named is the one that `.env` named when bw-s3 came."""
    before, settings = context.journal.recall(_BEFORE), context.settings
    if before is None or not before.uses_s3:
        return False
    named = (before.bucket, before.endpoint.rstrip("/"))
    return named == (settings.bucket, settings.endpoint.rstrip("/"))
