"""A folder's media with what links lead to outside of it, where the site serves it."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wizard.core.message import Message, msg
from wizard.core.os_errors import ExplainedError
from wizard.media.pictures import START, is_picture
from wizard.media.root_folder import OutsideRoot, RootFolder
from wizard.media.source import Digest, FolderMedia, MediaFailure, MediaFile, Reason

_PIECE = 1 << 20

# The MD5 of what everybody gets from the site for a path; None where it does not give the file.
# Raises `OSError` where it does not answer.
MD5Served = Callable[[bytes], "bytes | None"]


class NotServed(ExplainedError):
    """A file outside of the media folder is none that the site serves, or no picture."""

    def __init__(self, words: Message) -> None:
        super().__init__(words, errno.EXDEV)


class LinkedMedia(FolderMedia):
    """A folder's media, and what the links lead to that the admin agreed to.

    `followed` maps a link's target, as `OutsideRoot` names it, to its real path. What is read
    there is a picture, and the very bytes that the site serves at that moment: others are
    `Reason.OUTSIDE`, handed to `refuse`, and among `refused` at the next walk.
    """

    def __init__(
        self,
        root: Path,
        *,
        followed: Mapping[bytes, bytes],
        md5_served: MD5Served,
        refused: Collection[bytes],
        refuse: Callable[[bytes], None],
    ) -> None:
        super().__init__(root)
        self._own_places = self.places
        self.places = {**self.places, **followed}
        self._md5_served = md5_served
        self._refused = refused
        self._refuse = refuse

    def walk(self) -> Iterator[MediaFile | MediaFailure]:
        for item in super().walk():
            refused = item.path in self._refused
            yield MediaFailure(path=item.path, reason=Reason.OUTSIDE) if refused else item

    @contextmanager
    def digesting(self) -> Iterator[Digest]:
        # What lies outside comes by `read`, which asks the site.
        with self._digesting(self._own_places) as digest:
            yield digest

    def _open(self, folder: RootFolder, path: bytes) -> int:
        try:
            return RootFolder(self._own_places).open(path)
        except OutsideRoot:
            handle = folder.open(path)
        try:
            check_served(handle, path, self._md5_served)
        except OSError as error:
            os.close(handle)
            if isinstance(error, NotServed):
                self._refuse(path)
            raise
        return handle


def check_served(handle: int, path: bytes, md5_served: MD5Served) -> None:
    """Raise `NotServed` unless an open file is a picture, and what the site serves for `path`.

    Raises `OSError` where it cannot be read, or the site does not answer.
    """
    if not is_picture(os.pread(handle, START, 0)):
        # Translators: says of a file why it is held back, in parentheses behind its path.
        raise NotServed(msg("not a picture"))
    digest = hashlib.md5(usedforsecurity=False)
    position = 0
    while piece := os.pread(handle, _PIECE, position):
        digest.update(piece)
        position += len(piece)
    served = md5_served(path)
    if served is None:
        raise NotServed(msg("the site does not serve it"))
    if served != digest.digest():
        raise NotServed(msg("the site serves other bytes for it"))
