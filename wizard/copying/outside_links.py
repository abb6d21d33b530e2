"""Links that lead out of the media folder: which may be followed, and by whose word.

Only without Docker: there the site's server sees what we see, and a second disk for the covers is
usual. In a container such a link leads to what is the container's own, or nowhere.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from wizard.core.message import NOTHING, Message, msg
from wizard.core.os_errors import ExplainedError, words_of
from wizard.journal.entries import Entry, json_entry
from wizard.media.linked import LinkedMedia, check_served
from wizard.media.public import PublicFiles
from wizard.media.root_folder import RootFolder
from wizard.media.source import FolderMedia, Media, MediaFailure
from wizard.web.served_files import ServedFiles

if TYPE_CHECKING:
    from wizard.step import Context

# By each link's target: its real path where the admin agreed, "" where not.
_AGREED: Entry[dict[str, str]] = json_entry("links out of the media folder", dict)
# Targets that the site was asked about, whatever it and the admin answered.
_ASKED: Entry[list[str]] = json_entry("links asked about", list)
# Files behind such links that turned out not to be served by the site.
_REFUSED: Entry[list[str]] = json_entry("linked files that are not served", list)

# Of a linked folder, so many files are looked for, and so many compared before it is offered.
_LISTED, _COMPARED = 2000, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideLink:
    """A link that leads out of the media folder, in words, and what it really leads to.

    `why_not` says why it is not followed; "" where the site serves what it leads to, as far as
    `compared` of its files tell, and only the admin's word is wanted.
    """

    path: str
    target: str
    real: str
    why_not: Message
    compared: int = 0

    @property
    def text(self) -> str:
        """The link and where it leads."""
        return f"{self.path} → {self.target}"


async def own_media_of(context: Context) -> Media:
    """Return the instance's media, with what links lead to outside of it where the admin agreed."""
    media = await context.deployment.media()
    return await asyncio.to_thread(_with_linked, context, media)


def _with_linked(context: Context, media: Media) -> Media:
    agreed = context.journal.recall(_AGREED) or {}
    followed = {t: real for t, real in agreed.items() if real and os.path.realpath(t) == real}
    if not followed or not isinstance(media, FolderMedia) or not media.is_the_servers:
        return media
    refused = {path.encode() for path in context.journal.recall(_REFUSED) or []}

    def refuse(path: bytes) -> None:
        refused.add(path)
        context.journal.remember(_REFUSED, sorted(path.decode() for path in refused))

    return LinkedMedia(
        media.root,
        followed={target.encode(): real.encode() for target, real in followed.items()},
        md5_served=ServedFiles.of_site(context.settings, context.instance.domain).md5,
        refused=refused,
        refuse=refuse,
    )


def may_follow(media: Media) -> bool:
    """Tell whether links that lead out of the media mean the same here as to the site's server."""
    return isinstance(media, FolderMedia) and media.is_the_servers


async def judged(
    context: Context, media: Media, links: Sequence[MediaFailure]
) -> Sequence[OutsideLink]:
    """Return what there is to say of links that lead out of the media, after asking the site."""
    if not links or not isinstance(media, FolderMedia) or not media.is_the_servers:
        return []
    agreed = context.journal.recall(_AGREED) or {}

    def judge_all() -> Sequence[OutsideLink]:
        with ServedFiles.of_site(context.settings, context.instance.domain) as served:
            return [_judged(link, media, served, agreed) for link in links if link.detail]

    return await asyncio.to_thread(judge_all)


def links_never_asked(
    context: Context, media: Media, links: Sequence[MediaFailure]
) -> Sequence[MediaFailure]:
    """Return those of some links that the site was never asked about, though it may serve them.

    None where the copy was made by a version that did not note that.
    """
    known = context.journal.recall(_ASKED)
    if known is None or not may_follow(media):
        return []
    return [link for link in links if link.detail and link.detail not in known]


def note_links_asked(context: Context, links: Sequence[MediaFailure]) -> None:
    """Remember links that the site was asked about."""
    known = set(context.journal.recall(_ASKED) or ())
    context.journal.remember(_ASKED, sorted(known | {link.detail for link in links} - {""}))


def decide(context: Context, link: OutsideLink, *, follow: bool) -> None:
    """Remember what the admin said of a link."""
    agreed = context.journal.recall(_AGREED) or {}
    agreed[link.target] = link.real if follow else ""
    context.journal.remember(_AGREED, agreed)


def links_declined(context: Context) -> bool:
    """Tell whether the admin wants any link held back."""
    return "" in (context.journal.recall(_AGREED) or {}).values()


def forget_declined_links(context: Context) -> None:
    """Forget the links that the admin wants held back."""
    agreed = context.journal.recall(_AGREED) or {}
    context.journal.remember(_AGREED, {target: real for target, real in agreed.items() if real})


def ask_again(context: Context) -> None:
    """Have the site asked again for files that it did not serve."""
    context.journal.forget(_REFUSED)


def _judged(
    link: MediaFailure, media: FolderMedia, served: ServedFiles, agreed: Mapping[str, str]
) -> OutsideLink:
    path, target = link.path.decode(errors="backslashreplace"), link.detail
    real = os.path.realpath(target)
    why_not, compared = NOTHING, 0
    if agreed.get(target) == "":
        # Translators: says of a link why it is held back, in parentheses behind its path.
        why_not = msg("you decided against it: the key a, or --ask-again, asks you again")
    elif f"{os.path.realpath(media.root)}/".startswith(f"{real.rstrip('/')}/"):
        why_not = msg("it contains the media folder itself")
    else:
        try:
            compared = _compare(link.path, media, served, {target.encode(): real.encode()})
        except OSError as error:
            why_not = words_of(error)
    return OutsideLink(path=path, target=target, real=real, why_not=why_not, compared=compared)


def _compare(
    link: bytes, media: FolderMedia, served: ServedFiles, followed: Mapping[bytes, bytes]
) -> int:
    """Compare some files behind a link with what the site serves; returns how many.

    Raises `OSError` with words for people where not all of them are served.
    """
    folder = RootFolder({**media.places, **followed})
    listed = islice(folder.walk(link), _LISTED)
    files = [path for kind, path, *_ in listed if kind == "FILE" and PublicFiles().has(path)]
    chosen = random.sample(files, min(_COMPARED, len(files)))
    for path in chosen:
        handle = folder.open(path)
        try:
            check_served(handle, path, served.md5)
        except OSError as error:
            words = words_of(error)
            if path != link:
                words = msg("{reason}: {path}", reason=words, path=path.decode())
            raise ExplainedError(words) from error
        finally:
            os.close(handle)
    if not chosen:
        raise ExplainedError(msg("there is no picture"))
    return len(chosen)
