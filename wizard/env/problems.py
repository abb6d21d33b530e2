"""What the disk can answer when `.env` is read or written, in the admin's words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wizard.core.message import msg, verbatim
from wizard.core.problem import Problem


@contextmanager
def reading_explained(path: Path) -> Iterator[None]:
    """Turn what reading the file can meet into a `Problem`."""
    try:
        yield
    except FileNotFoundError as error:
        raise Problem(
            msg("There is no file {path}.", path=str(path)),
            msg("BookWyrm keeps its settings there."),
            msg(
                "Is this the instance's folder? To make the .env of a new instance: cp "
                ".env.example .env"
            ),
            raw=str(error),
            code="env-not-found",
        ) from error
    except PermissionError as error:
        raise Problem(
            msg("{path} cannot be read.", path=str(path)),
            msg("It belongs to another user."),
            verbatim(f"sudo bw-s3 {path.parent}"),
            raw=str(error),
            code="env-unreadable",
        ) from error
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise Problem(
            msg("{path} cannot be read.", path=str(path)),
            msg("It is not a plain file, or the disk failed."),
            msg("Look at it with: ls -l {path}", path=str(path)),
            raw=str(error),
            code="env-unreadable",
        ) from error


@contextmanager
def writing_explained(path: Path) -> Iterator[None]:
    """Turn what writing the file can meet into a `Problem`; it is as it was."""
    try:
        yield
    except PermissionError as error:
        raise _forbidden(path, error) from error
    except OSError as error:
        raise _refused(path, error) from error


def _forbidden(path: Path, error: PermissionError) -> Problem:
    as_root = os.geteuid() == 0
    return Problem(
        msg("{path} cannot be changed.", path=str(path)),
        msg("The file or its folder is read-only; not even root is allowed to write.")
        if as_root
        else msg("The file or its folder is read-only, or belongs to another user."),
        *([] if as_root else [verbatim(f"sudo bw-s3 {path.parent}")]),
        msg(
            "See what prevents it: ls -la {folder}; lsattr {path}; mount",
            folder=str(path.parent),
            path=str(path),
        ),
        raw=str(error),
        code="env-read-only",
    )


def _refused(path: Path, error: OSError) -> Problem:
    what = msg("{path} cannot be changed; it is as it was.", path=str(path))
    if error.errno == errno.EDQUOT:
        return Problem(
            what,
            msg("A quota is used up: the disk may have room, but no more for its owner."),
            msg("Raise the quota, or free some space within it, then try again."),
            raw=str(error),
            code="quota-reached",
        )
    if error.errno == errno.ENOSPC:
        return Problem(
            what,
            msg("The disk is full."),
            msg("Make room (df -h and df -i show where), then try again."),
            raw=str(error),
            code="disk-full",
        )
    return Problem(
        what,
        msg("The disk or the file system refused it."),
        msg("Look at the message below; to see whether the file system is read-only: mount"),
        raw=str(error),
        code="env-not-writable",
    )
