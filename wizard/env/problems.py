"""What the disk can answer when `.env` is read or written, in the admin's words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wizard.core.problem import Problem


@contextmanager
def reading_explained(path: Path) -> Iterator[None]:
    """Turn what reading the file can meet into a `Problem`."""
    try:
        yield
    except FileNotFoundError as error:
        raise Problem(
            f"There is no file {path}.",
            "BookWyrm keeps its settings there.",
            "Is this the instance's folder? A new instance gets its .env by: cp .env.example .env",
            raw=str(error),
        ) from error
    except PermissionError as error:
        raise Problem(
            f"{path} cannot be read.",
            "It belongs to another user.",
            f"sudo bw-s3 {path.parent}",
            raw=str(error),
        ) from error
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise Problem(
            f"{path} cannot be read.",
            "It is not a plain file, or the disk failed.",
            f"Look at it with: ls -l {path}",
            raw=str(error),
        ) from error


@contextmanager
def writing_explained(path: Path) -> Iterator[None]:
    """Turn what writing the file can meet into a `Problem`; it is as it was."""
    try:
        yield
    except PermissionError as error:
        raise Problem(
            f"{path} cannot be changed.",
            "The file or its folder is read-only"
            + (", or belongs to another user." if os.geteuid() else "; not even root may write."),
            *([f"sudo bw-s3 {path.parent}"] if os.geteuid() else []),
            f"Look at what forbids it: ls -la {path.parent}; lsattr {path}; mount",
            raw=str(error),
        ) from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise Problem(
            f"{path} cannot be changed; it is as it was.",
            "The disk is full." if full else "The disk or the file system refused it.",
            "Make room (df -h and df -i show where), then try again."
            if full
            else "Look at the message below; a file system mounted read-only shows in: mount",
            raw=str(error),
        ) from error
