"""A recorded journal: its text form, what is known of its instance, and how it is put back."""

from __future__ import annotations

import gzip
import io
import json
import re
import sqlite3
import tarfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.support.checkout import make_checkout
from wizard.journal.file import FILE, FOLDER

HERE = Path(__file__).parent
_NAME = re.compile(
    r"(?P<deployment>[a-z]+)-(?P<number>\d\d)-(?P<step>\w+)-(?P<state>[a-z]+)(-(?P<detail>\w+))?"
)
_FILES = (FILE, f"{FILE}-wal", f"{FILE}-shm")


@dataclass(frozen=True, slots=True)
class About:
    """What the journal itself does not hold.

    `written_by` is the version of bw-s3, `bookwyrm` that of the instance, `env` the lines of its
    `.env` that say where a step stands. `statuses` (by step) and `armed` are what `bw-s3 status`
    of that version said.
    """

    written_by: str
    bookwyrm: str
    env: Mapping[str, str]
    statuses: Mapping[str, str]
    armed: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """One journal; `path` is that of its SQL text."""

    path: Path

    @property
    def deployment(self) -> str:
        """How its instance runs."""
        return self._named("deployment")

    @property
    def step(self) -> str:
        """The step that it was recorded for."""
        return self._named("step")

    @property
    def state(self) -> str:
        """Where that step stands."""
        return self._named("state")

    @property
    def detail(self) -> str:
        """At which moment, or why; may be empty."""
        return self._named("detail")

    @property
    def archive(self) -> Path:
        """Its files as SIGKILL left them; most have none."""
        return self.path.with_suffix(".tar.gz")

    @property
    def about(self) -> About:
        """What is written above the SQL."""
        lines = [line for line in self._text.splitlines() if line.startswith("-- ")]
        pairs = (line.removeprefix("-- ").split(": ", 1) for line in lines)
        return About(**{name: json.loads(value) for name, value in pairs})

    def instance(self, folder: Path) -> Path:
        """A checkout such as the recorded one in `folder`, without a journal; returns `folder`."""
        about = self.about
        make_checkout(folder, "".join(f"{n}={v}\n" for n, v in about.env.items()))
        (folder / "VERSION").write_text(f"{about.bookwyrm}\n")
        (folder / FOLDER).mkdir(mode=0o700)
        return folder

    def restore(self, instance: Path) -> None:
        """Put the journal into the instance, from its text."""
        database = sqlite3.connect(instance / FOLDER / FILE)
        database.executescript(self._text)
        database.close()

    def unpack(self, instance: Path) -> None:
        """Put the journal into the instance, with the very files that were on the disk."""
        with tarfile.open(self.archive) as archive:
            # Not so in Debian 12's Python, 3.11.2; what is in there is our own.
            if hasattr(tarfile, "data_filter"):
                archive.extraction_filter = tarfile.data_filter
            archive.extractall(instance / FOLDER)

    @property
    def _text(self) -> str:
        return self.path.read_text()

    def _named(self, part: str) -> str:
        match = _NAME.fullmatch(self.path.stem)
        assert match, f"{self.path.name} is named otherwise than all others"
        return match[part] or ""


def all_recorded() -> list[Recorded]:
    """All journals that lie here, those of every version."""
    return [Recorded(path) for path in sorted(HERE.glob("*/*.sql"))]


def write(path: Path, journal: Path, about: About) -> None:
    """Write the journal in the folder `journal` as text; nothing else may have it open."""
    database = sqlite3.connect(journal / FILE)
    head = [f"-- {name}: {json.dumps(value)}" for name, value in asdict(about).items()]
    path.write_text("\n".join([*head, *database.iterdump(), ""]))
    database.close()


def pack(path: Path, journal: Path) -> None:
    """Pack the journal's files as they are; the archive tells nothing of who made it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name in _FILES:
            content = (journal / name).read_bytes()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    path.write_bytes(gzip.compress(data.getvalue(), mtime=0))
