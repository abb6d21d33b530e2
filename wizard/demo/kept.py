"""A demo that was kept (`bw-s3 demo --keep`): what it takes to start its servers again."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wizard.core.message import msg
from wizard.core.problem import Problem

_FILE = "kept.json"


@dataclass(frozen=True, slots=True)
class KeptDemo:
    """What is not to be found out from the folder itself."""

    port: int
    bucket: str


def note(root: Path, kept: KeptDemo) -> None:
    """Leave in the demo's folder what `read` will need."""
    (root / _FILE).write_text(json.dumps({"port": kept.port, "bucket": kept.bucket}))


def is_noted(root: Path) -> bool:
    """Tell whether the demo's servers can be started again."""
    return (root / _FILE).exists()


def read(folder: Path) -> tuple[Path, KeptDemo]:
    """Return the demo's folder (that of its instance will do, too) and what was noted there.

    Raises `Problem` where there is none.
    """
    for root in (folder.absolute(), folder.absolute().parent):
        try:
            content = json.loads((root / _FILE).read_text())
            return root, KeptDemo(int(content["port"]), str(content["bucket"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    raise Problem(
        msg("There is no demo in {folder}.", folder=str(folder)),
        msg("Only a demo made with --keep is kept, in a folder called bw-s3-demo-…."),
        msg("Make one: bw-s3 demo --keep"),
        usage=True,
        code="demo-not-found",
    )


@contextmanager
def running_once(root: Path) -> Iterator[None]:
    """Keep a second one from starting the same servers. Raises `Problem`."""
    descriptor = os.open(root / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Problem(
            msg("The servers of this demo are running already."),
            msg("Another bw-s3 has started them in {folder}.", folder=str(root)),
            msg("Use them, or stop them there with Ctrl+C."),
            code="demo-running",
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)
