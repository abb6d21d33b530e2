"""The two sets compared, key by key: same, only here, only there, different, unreadable."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.copying.inventory import FATES
from wizard.core.message import Message
from wizard.media.public import FileKind, HeldBack
from wizard.media.source import MediaFailure
from wizard.system.files import give_to_owner

if TYPE_CHECKING:
    from wizard.copying.inventory import Inventory

FILE = "comparison.txt"
_SHOWN = 1000
_LEGEND = b"""\
# Each public file of your media and each object below images/ in the bucket, one a line:
# = the same here and in the bucket      - only here: missing in the bucket
# * other bytes here than in the bucket  + only in the bucket: left alone
# ! not copied; bw-s3 says why
"""
# A policy's `*` does not match a line break at some services: such names are read one by one.
_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")
_WITH_CONTROLS = 20

# Same means: the object has the size of the file and the ETag that was verified for its bytes.
_ROWS = """
SELECT here.path, CASE
    WHEN here.fate = :failed THEN '!'
    WHEN there.path IS NULL THEN '-'
    WHEN there.size = here.size AND verified.size = here.size
        AND verified.mtime_ns = here.mtime_ns AND verified.etag = there.etag THEN '='
    ELSE '*' END AS sign, here.size,
    CASE WHEN here.fate = :failed THEN coalesce(failures.harmless, 0) ELSE 0 END,
    verified.size = here.size AND verified.mtime_ns = here.mtime_ns
FROM here LEFT JOIN there ON there.path = here.path LEFT JOIN verified ON verified.path = here.path
LEFT JOIN failures ON failures.path = here.path
WHERE here.fate != :gone
UNION ALL SELECT there.path, '+', there.size, 0, 0 FROM there
    WHERE NOT EXISTS (SELECT 1 FROM here WHERE here.path = there.path AND here.fate != :gone)
UNION ALL SELECT failures.path, '!', 0, failures.harmless, 0 FROM failures
    WHERE NOT EXISTS (SELECT 1 FROM here WHERE here.path = failures.path)
"""


@dataclass(slots=True, kw_only=True)
class Comparison:
    """How many keys of each kind there are, the first thousand of each but the same, and bytes.

    `files` are all public files here, with `size` bytes;
    `same_bytes` are those of the files that are the same on both sides;
    of the files that are only here or different there, `lost` were verified in the bucket as they
    still are here, and the others are new;
    `harmless` files could not be read, and nobody could ask for them;
    `left_out` names the first of these, each with the reason;
    `held_back` files are not public, by class, with their number and bytes, `held_kinds` what of
    them no list names;
    `outside` are links that lead out of the media, which are among those, and `withheld` what
    the public cannot read in the bucket that it comes from;
    `published` what is in the bucket under their names all the same;
    `samples` are some keys that are the same; `with_controls` the first of these that
    have a line break or the like in their names; `file` holds a line for each
    key.
    """

    files: int = 0
    size: int = 0
    same: int = 0
    same_bytes: int = 0
    lost: int = 0
    only_here: int = 0
    only_there: int = 0
    different: int = 0
    unreadable: int = 0
    harmless: int = 0
    left_out: list[Message] = field(default_factory=list)
    held_back: dict[HeldBack, tuple[int, int]] = field(default_factory=dict)
    held_kinds: set[FileKind] = field(default_factory=set)
    outside: list[MediaFailure] = field(default_factory=list)
    withheld: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    with_controls: list[str] = field(default_factory=list)
    file: Path | None = None
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every file here is there, with the same size and MD5."""
        return not (self.only_here or self.different or self.unreadable > self.harmless)

    @property
    def new(self) -> int:
        """How many files are here that the bucket never had as they are now."""
        return self.only_here + self.different - self.lost

    def count(
        self, sign: str, path: bytes, size: int, *, harmless: int = 0, verified: bool = False
    ) -> None:
        """Count a key under its sign; the first of each sign but "=" are kept as examples.

        `verified`: the file is still what was verified in the bucket.
        """
        if sign == "=":
            self.same += 1
            self.same_bytes += size
            self._keep_sample(path, size)
            return
        self.harmless += harmless
        if sign in "-*":
            self.lost += verified
        name = _NAMES[sign]
        setattr(self, name, getattr(self, name) + 1)
        examples = self.examples.setdefault(sign, [])
        if len(examples) < _SHOWN:
            examples.append(path.decode(errors="backslashreplace"))

    def _keep_sample(self, path: bytes, size: int) -> None:
        """Keep the first, second, fourth, eighth …: a few from all over the media."""
        if _CONTROLS.search(path):
            if len(self.with_controls) < _WITH_CONTROLS:
                self.with_controls.append(path.decode())
        elif size and self.same & (self.same - 1) == 0:
            self.samples.append(path.decode())


_NAMES = {"-": "only_here", "+": "only_there", "*": "different", "!": "unreadable"}


def compare(inventory: Inventory) -> Comparison:
    """Compare what the inventory holds, without writing it down."""
    result = Comparison()
    for path, sign, size, harmless, verified in inventory.rows(_ROWS, FATES):
        result.count(sign, path, size, harmless=harmless, verified=bool(verified))
    return result


def compare_into(
    inventory: Inventory, folder: Path, *, owner_like: Path, prefix: str
) -> Comparison:
    """Compare, and write a line for each key to a file in `folder`. Raises `OSError`."""
    result = Comparison()
    path = folder / FILE
    temporary = path.with_suffix(".new")
    handle = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(_LEGEND)
        for name, sign, size, harmless, verified in inventory.rows(f"{_ROWS} ORDER BY 1", FATES):
            result.count(sign, name, size, harmless=harmless, verified=bool(verified))
            # A line break in a name must not look like another key.
            safe = name.replace(b"\\", b"\\\\").replace(b"\n", b"\\n")
            file.write(b"%s %s%s\n" % (sign.encode(), prefix.encode(), safe))
    give_to_owner(temporary, owner_like)
    temporary.replace(path)
    result.file = path
    return result
