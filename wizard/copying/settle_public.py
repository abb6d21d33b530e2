"""What is out of the ordinary among the media: said in the plan, and settled with the admin.

Kinds of files that the site serves or refuses otherwise than BookWyrm's own web server, and links
that lead out of the media folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from wizard.copying.misplaced import ask_again_about_misplaced, misplaced_declined
from wizard.copying.outcome import MediaCount, describe_link
from wizard.copying.outside_links import (
    OutsideLink,
    ask_again,
    decide,
    forget_declined_links,
    judged,
    links_declined,
    may_follow,
    note_links_asked,
)
from wizard.copying.public_kinds import PublicKinds, judge_kinds, keep_kinds
from wizard.copying.sources import media_of
from wizard.copying.upload import count_media
from wizard.core.events import Check, remark
from wizard.core.message import Message, msg, plural, sentences
from wizard.core.quantities import count_files, in_a_row, name_some
from wizard.journal.public_files import declined, public_files
from wizard.journal.public_files import forget_declined as forget_declined_kinds
from wizard.media.public import HeldBack
from wizard.step import Question

if TYPE_CHECKING:
    from wizard.journal.journal import Journal
    from wizard.media.source import Media
    from wizard.step import Context

# So many of a list are named to the admin.
MOST_NAMED = 20
# A linked folder may hold a link to another one, and so on.
_LINKS_IN_A_ROW = 5


async def about_public(context: Context, media: Media, found: MediaCount) -> Sequence[Message]:
    """Return what the plan says of it, after asking the site; changes nothing."""
    links = await judged(context, media, found.outside)
    kinds = await judge_kinds(context, media, found)
    return [*_about_kinds(kinds), *_about_links(found, links)]


async def settle_public(context: Context) -> None:
    """Ask the site what it serves, and the admin about what is out of the ordinary."""
    media = await media_of(context)
    found = await count_media(context, media)
    kinds = await judge_kinds(context, media, found)
    agreed = bool(kinds.offered) and await context.ask(_about_offered(kinds))
    keep_kinds(context, kinds, agreed=agreed)
    if may_follow(media):
        await _settle_links(context, media, found)


async def _settle_links(context: Context, media: Media, found: MediaCount) -> None:
    """Ask about links that lead out of the media; what they lead to may hold some more."""
    ask_again(context)
    note_links_asked(context, found.outside)
    for _ in range(_LINKS_IN_A_ROW):
        offered = [x for x in await judged(context, media, found.outside) if not x.why_not]
        if not offered:
            return
        for link in offered:
            decide(context, link, follow=await context.ask(_question(link)))
        media = await media_of(context)
        found = await count_media(context, media)
        note_links_asked(context, found.outside)


def has_declined(context: Context) -> bool:
    """Tell whether the admin wants a link, a kind of files or misplaced ones held back."""
    kinds = bool(declined(context.journal))
    return kinds or links_declined(context) or misplaced_declined(context)


def forget_declined(context: Context) -> None:
    """Forget what the admin said no to, so that the next copy asks about it again."""
    forget_declined_links(context)
    if misplaced_declined(context):
        ask_again_about_misplaced(context)
    forget_declined_kinds(context.journal)


def copied_beyond_the_list(journal: Journal) -> list[Check]:
    """Return what was copied that BookWyrm's own web server would not serve; [] for nothing."""
    public = public_files(journal)
    if not public.served:
        return []
    asked = msg("What was copied that BookWyrm's own web server would not serve?")
    kinds = ", ".join(map(str, sorted(public.served)))
    seen = msg("{kinds}: your site served these, and you agreed", kinds=kinds)
    return [remark(asked, seen, code="copied-beyond-list")]


def _question(link: OutsideLink) -> Question:
    return Question(
        text=sentences(
            msg(
                "{link} is a link out of the media folder, to {target}.",
                link=link.path,
                target=link.real,
            ),
            plural(
                "Your site serves the pictures there: {n} file was compared, byte for byte.",
                "Your site serves the pictures there: {n} files were compared, byte for byte.",
                link.compared,
            ),
            msg("Should they be copied like the others? Each is compared again before it is sent."),
        ),
        yes=msg("Copy them too"),
        no=msg("Hold them back"),
    )


def _about_kinds(kinds: PublicKinds) -> Iterator[Message]:
    """Yield what the site serves and refuses otherwise than BookWyrm's own web server."""
    if kinds.offered:
        yield sentences(
            _offer(kinds),
            msg("They are copied too where you agree: you will be asked first, and --yes agrees."),
        )
    if kinds.refused:
        refused = ", ".join(f"{kind} ({answer})" for kind, answer in kinds.refused.items())
        yield msg(
            "Held back, never uploaded, since your site refuses them too: {kinds}.", kinds=refused
        )
    if kinds.unheard:
        yield msg(
            "bw-s3 could not find out which files your site serves: {reason}. What BookWyrm's "
            "own web server serves is copied.",
            reason=kinds.unheard,
        )


def _about_offered(kinds: PublicKinds) -> Question:
    return Question(
        text=sentences(
            _offer(kinds),
            msg(
                "A few of each were compared, byte for byte. They would be missing once the site "
                "uses the bucket. Should they be copied like the others?"
            ),
        ),
        yes=msg("Copy them too"),
        no=msg("Hold them back"),
    )


def _offer(kinds: PublicKinds) -> Message:
    which = [
        # Translators: such as "covers/*.gif (12 files)".
        msg("{kind} ({files})", kind=str(kind), files=count_files(n))
        for kind, n in kinds.offered.items()
    ]
    return msg(
        "Your site serves files that BookWyrm's own web server would not: {kinds}.",
        kinds=in_a_row(which),
    )


def _about_links(found: MediaCount, links: Sequence[OutsideLink]) -> Iterator[Message]:
    """Yield what becomes of the links that lead out of the media."""
    offered = [link for link in links if not link.why_not]
    if offered:
        yield msg(
            "Links out of the media folder, to pictures that your site serves: {links}. They are "
            "copied too where you agree: you will be asked first, and --yes agrees.",
            links=name_some([link.text for link in offered], MOST_NAMED),
        )
    held_back = [
        msg("{link} ({reason})", link=link.text, reason=link.why_not)
        for link in links
        if link.why_not
    ]
    # All that have a target are among `links`, where any were judged.
    held_back += [describe_link(link) for link in found.outside if not (links and link.detail)]
    if held_back:
        number = found.held_back[HeldBack.OUTSIDE][0] - len(offered)
        yield msg(
            "Held back, never uploaded: links that lead out of the media folder: {links}",
            links=name_some(held_back, MOST_NAMED, number=number),
        )
