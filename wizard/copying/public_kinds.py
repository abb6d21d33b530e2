"""Which media the instance's site serves, kind by kind: what is public before stays so after.

BookWyrm's nginx serves pictures by a list of endings; a proxy of the admin's own, and BookWyrm's
up to v0.7.1, serve others too, which would be missing after the switch. The site itself is asked.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.copying.etags import read_digests
from wizard.core.message import NOTHING, Message, msg
from wizard.core.os_errors import words_of
from wizard.journal.public_files import (
    decline,
    declined,
    keep_public_files,
    note_asked,
    public_files,
)
from wizard.media.public import FileKind, PublicFiles
from wizard.web.served_files import ServedFiles

if TYPE_CHECKING:
    from wizard.copying.outcome import KindCount, MediaCount
    from wizard.media.source import Media, MediaFile
    from wizard.step import Context

# What a web server answers that does not hand a file out, though it is there.
_REFUSALS = frozenset({401, 403, 404, 410, 451})


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKinds:
    """What the site serves and refuses, beside BookWyrm's own list.

    `offered` are kinds that only want the admin's word, with the number of their files; `refused`
    are kinds of the list that the site refuses, with its answer; `unheard` says why the site
    told nothing, so that the list alone counts. `others` are all that are not on the list.
    """

    offered: Mapping[FileKind, int]
    refused: Mapping[FileKind, str]
    others: frozenset[FileKind]
    unheard: Message = NOTHING


async def judge_kinds(context: Context, media: Media, count: MediaCount) -> PublicKinds:
    """Ask the site for a few files of each kind. Changes nothing, never raises for the site."""
    return await asyncio.to_thread(_judge, context, media, count.kinds)


def keep_kinds(context: Context, kinds: PublicKinds, *, agreed: bool) -> None:
    """Remember what is public from now on; `agreed` is the admin's word about what is offered."""
    journal, offered = context.journal, frozenset(kinds.offered)
    before = public_files(journal)
    if offered and not agreed:
        decline(journal, offered)
    served = before.served | offered if agreed else before.served
    refused = before.refused if kinds.unheard else frozenset(kinds.refused)
    in_bucket = context.old_storage is not None
    note_asked(journal, kinds.others)
    keep_public_files(journal, PublicFiles(served, refused), in_bucket=in_bucket)


def _judge(context: Context, media: Media, kinds: Mapping[FileKind, KindCount]) -> PublicKinds:
    known = public_files(context.journal).served | declined(context.journal)
    offered: dict[FileKind, int] = {}
    others = frozenset(kind for kind in kinds if not kind.stock)
    old = context.old_storage
    with _asked(context) as site, media.in_use(threading.Event()):
        try:
            # What only the disk of a moving instance has is in no bucket that could be asked.
            stock = sorted(kind for kind in kinds if kind.stock and old is None)
            refused = {k: why for k in stock if (why := _refusal(site, kinds[k].samples))}
            if refused and len(refused) == len(stock):
                # Translators: "it" is the site, {answer} such as "HTTP 403".
                words = msg("it serves no picture at all ({answer})", answer=refused[stock[0]])
                return PublicKinds(offered={}, refused={}, others=others, unheard=words)
            for kind in sorted(kinds.keys() - known):
                samples = (
                    _of_bucket(media, kind, kinds[kind].samples) if old else kinds[kind].samples
                )
                if not kind.stock and _serves_them(site, media, samples):
                    offered[kind] = kinds[kind].number
        except OSError as error:
            reason = words_of(error)
            return PublicKinds(offered={}, refused={}, others=others, unheard=reason)
    return PublicKinds(offered=offered, refused=refused, others=others)


def _asked(context: Context) -> ServedFiles:
    """Return whoever gives the media to visitors now: the site, or the bucket it moves from."""
    old = context.old_storage
    if old is not None:
        return ServedFiles.of_bucket(old.public_base)
    return ServedFiles.of_site(context.settings, context.instance.domain)


def _of_bucket(media: Media, kind: FileKind, samples: Iterable[MediaFile]) -> list[MediaFile]:
    """Return those that a moving instance does not have on its disk only."""
    beyond_the_list = PublicFiles(frozenset({kind}))
    return [file for file in samples if media.is_public(file.path, beyond_the_list)]


def _refusal(site: ServedFiles, samples: Iterable[MediaFile]) -> str:
    """Return how the site refuses all these files; "" where it gives one, or was asked for none."""
    words = ""
    for file in samples:
        status = site.status(file.path)
        if status not in _REFUSALS:
            return ""
        words = words or f"HTTP {status}"
    return words


def _serves_them(site: ServedFiles, media: Media, samples: Iterable[MediaFile]) -> bool:
    """Tell whether the site gives everybody the very bytes of all these files, and there are any.

    Raises `OSError` where it does not answer.
    """
    served = {file.path: site.md5(file.path) for file in samples}
    if not served or None in served.values():
        return False
    here = _md5s(media, samples)
    return here == served


def _md5s(media: Media, files: Iterable[MediaFile]) -> dict[bytes, bytes]:
    """Return the MD5s of files as they are here; without those that cannot be read."""
    md5s = {}
    for item in media.read(list(files)):
        if isinstance(item, tuple):
            file, stream = item
            md5s[file.path] = read_digests(stream, file.size, "").md5
    return md5s
