"""An instance's `.env`: read it, change single lines, show the diff, back it up, write it."""

from __future__ import annotations

import difflib
import errno
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from wizard.core.message import Message, msg
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.secrets import MASK, is_secret_name, secrets_among
from wizard.env.lines import BOM, assigned, line_of, parts, resolved, unread_lines, with_line
from wizard.env.problems import reading_explained, writing_explained
from wizard.env.systemd import given_by_systemd
from wizard.system.files import (
    free_bytes,
    make_private_folder,
    remove_unfinished,
    write_atomically,
)

# Nobody's `.env` is larger; something else is lying under that name.
_LARGEST = 1024 * 1024
_BACKUPS = "env-*.bak"
# What a file system needs for a new file besides its bytes.
_ROOM_FOR_ENTRIES = 64 * 1024

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# The variable that a line sets or, commented out, would set.
_LINE_NAME = re.compile(r"[#\s\ufeff]*(?:export\s+)?'?([A-Za-z_]\w*)'?\s*=")


@dataclass(frozen=True, slots=True)
class EnvFile:
    """A `.env`, byte for byte, as it is on disk (`on_disk`) and as it shall be (`data`).

    Bytes that are not UTF-8 are kept; they come out of `get` as surrogates.
    """

    path: Path
    data: bytes = field(repr=False)
    on_disk: bytes = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> EnvFile:
        """Return the file as it is now. Raises `Problem` where it cannot be read."""
        with reading_explained(path):
            data = _bytes_of(path)
        return cls(path, data, data)

    @property
    def changed(self) -> bool:
        """Whether it differs from what is on disk, so that there is something to write."""
        return self.data != self.on_disk

    def get(self, name: str) -> str | None:
        """Return a variable's value as Django sees it; None where it is absent or commented out.

        As python-dotenv resolves it: `${X}` is replaced, of duplicates the last wins.
        """
        return resolved(parts(self._text)).get(name)

    def names(self) -> tuple[str, ...]:
        """Return the variables that it sets, in the order of their first lines."""
        return tuple(n for n, value in resolved(parts(self._text)).items() if value is not None)

    def unread_lines(self) -> tuple[int, ...]:
        """Return the numbers of the lines that Django (python-dotenv) passes over."""
        return unread_lines(self._text)

    def given_by_systemd(self) -> dict[str, str]:
        """Return what a service gets of it whose unit names it with `EnvironmentFile=`."""
        return given_by_systemd(self._text)

    def misread_by_systemd(self) -> frozenset[str]:
        """Return the variables that such a service gets with another value than Django reads."""
        values = resolved(parts(self._text))
        given = self.given_by_systemd()
        return frozenset(n for n, v in given.items() if values.get(n) not in (None, v))

    def secrets(self) -> tuple[str, ...]:
        """Return the values of variables that hold secrets by their names, for a `Masker`."""
        pieces = parts(self._text)
        written = [(p.name, p.value) for p in pieces]  # also of lines that a later one overrides
        pairs = [(n, v) for n, v in [*written, *resolved(pieces).items()] if n and v]
        return secrets_among(pairs)

    def with_values(self, values: Mapping[str, str | None]) -> EnvFile:
        """Return the file with these variables set; None comments one out. Nothing is written yet.

        The effective line is changed in place, BookWyrm's commented-out line
        comes to life, or a line is added at the end. Raises `Problem` where a
        value cannot be written so that bash, Compose and Django read it
        alike, or where the file itself is broken (`defect`).
        """
        if defect := self.defect():
            raise defect
        text = self._text
        for name, value in values.items():
            text = assigned(text, name, value)
        new = replace(self, data=text.encode("utf-8", "surrogateescape"))
        for name, value in values.items():
            if new.get(name) != value:
                raise _not_read_back(self.path, name)
        return new

    def line(self, name: str) -> str | None:
        """Return the line that `with_values` would change; None where it would add one."""
        return line_of(self._text, name)

    def with_line(self, name: str, line: str | None) -> EnvFile:
        """Return the file with that line put back as `line` gave it; None takes it out."""
        text = with_line(self._text, name, line)
        return replace(self, data=text.encode("utf-8", "surrogateescape"))

    def diff(self, new: EnvFile, masker: Callable[[str], str]) -> str:
        """Return what changes from this to `new`, as a unified diff with secrets masked."""
        old_text, new_text = _displayable(self.data), _displayable(new.data)
        shown = _masked_lines(old_text, masker) | _masked_lines(new_text, masker)
        name = self.path.name
        headers = [f"--- {name}\n", f"+++ {name} (new)\n"]
        lines = list(difflib.unified_diff(_lines(old_text), _lines(new_text), n=2))[2:]
        return "".join([*headers, *(_shown_line(line, shown) for line in lines)] if lines else [])

    def defect(self) -> Problem | None:
        """Return what about the file breaks BookWyrm's own tools, None where nothing does."""
        found = _defect(self.path, self.data)
        if not found:
            return None
        return Problem(
            found,
            msg(
                "It was probably edited on Windows. bash, and with it bw-dev, misreads such a file:"
                " “true” gets an invisible character, or the first variable is lost."
            ),
            Remedy(
                msg("Let bw-s3 convert it; the change is shown first."),
                Action.CONVERT_ENV,
            ),
            msg(
                "Or convert it yourself: {command}",
                command=f"sed -i 's/\\r$//; 1s/^\\xEF\\xBB\\xBF//' {self.path}",
            ),
            code="env-encoding",
        )

    def converted(self) -> EnvFile:
        """Return the file without what `defect` names; values stay as they are."""
        data = self.data
        if data.startswith(_UTF_16):
            data = data.decode("utf-16", "replace").encode()
        data = data.removeprefix(BOM.encode()).replace(b"\0", b"")
        return replace(self, data=re.sub(rb"\r*\n|\r", b"\n", data))

    def write(self, backup_folder: Path) -> Path:
        """Replace the file on disk, after a backup of what is there; returns the backup's path.

        Owner and mode stay; a symbolic link stays and what it points to is
        replaced. Raises `Problem` where that cannot be done or where the file
        changed on disk since it was read; it is then untouched.
        """
        with reading_explained(self.path):
            target = self.path.resolve(strict=True)
            self._check_unchanged(target)
        with writing_explained(self.path):
            like = target if self.path.is_symlink() else target.parent
            make_private_folder(backup_folder, like)
            _check_allowed(target)
            _check_space(target.parent, len(self.data))
            _check_space(backup_folder, len(self.on_disk))
            # Each has a new name, and an unfinished one holds secrets, too.
            remove_unfinished(backup_folder, _BACKUPS)
            backup = _free_name(backup_folder)
            write_atomically(backup, self.on_disk, 0o600, like)
            self._check_unchanged(target)
            mode = stat.S_IMODE(target.stat().st_mode)
            write_atomically(target, self.data, mode, target, through=backup_folder)
        return backup

    def check_changeable(self) -> None:
        """Raise the `Problem` that `write` would meet, as far as it can be told before."""
        with writing_explained(self.path):
            target = self.path.resolve(strict=True)
            _check_allowed(target)
            _check_space(target.parent, len(self.data))

    @property
    def _text(self) -> str:
        return self.data.decode("utf-8", "surrogateescape")

    def _check_unchanged(self, target: Path) -> None:
        if _bytes_of(target) != self.on_disk:
            raise Problem(
                msg("{path} was changed while bw-s3 was at work.", path=str(self.path)),
                msg("Somebody edited it after it was read; writing now would lose that."),
                Remedy(
                    msg("Review the change and try again: the file will be read again."),
                    Action.RETRY,
                ),
                code="env-changed-meanwhile",
            )


def backups(folder: Path) -> list[Path]:
    """Return the backups of `.env` in this folder, the oldest first."""
    return sorted(folder.glob(_BACKUPS))


def _bytes_of(path: Path) -> bytes:
    """Return the file's bytes. Raises `OSError`, also for a pipe, which would never end."""
    status = path.stat()
    if stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST:
        return path.read_bytes()
    raise OSError("not a plain file" if status.st_size <= _LARGEST else "larger than 1 MiB")


def _defect(path: Path, data: bytes) -> Message | None:
    name = str(path)
    if data.startswith(_UTF_16):
        return msg("{path} is written in UTF-16.", path=name)
    if b"\0" in data:
        return msg("{path} contains zero bytes.", path=name)
    if data.startswith(BOM.encode()):
        return msg("{path} begins with an invisible mark (a BOM).", path=name)
    return msg("{path} has Windows line endings (CRLF).", path=name) if b"\r" in data else None


def _lines(text: str) -> list[str]:
    # Not splitlines(), which also splits at characters that only look like line ends.
    return re.findall(r"[^\n]*\n|[^\n]+\Z", text)


def _displayable(data: bytes) -> str:
    """Return the file as text in which secrets can be found, also in UTF-16 or among zero bytes."""
    if data.startswith(_UTF_16):
        data = data.decode("utf-16", "replace").encode()
    return data.replace(b"\0", b"").decode("utf-8", "surrogateescape")


def _masked_lines(text: str, masker: Callable[[str], str]) -> dict[str, str]:
    """Return each line of the file and how it may be shown."""
    shown: dict[str, str] = {}
    bom = BOM if text.startswith(BOM) else ""
    for piece in parts(text):
        secret = piece.name is not None and is_secret_name(piece.name)
        for number, line in enumerate(_lines(bom + piece.text)):
            name = _LINE_NAME.match(line)
            if name and is_secret_name(name[1]):
                shown[line] = re.sub(r"=(.*\S.*)", f"={MASK}", line, count=1)
            elif secret and number and line.strip():
                shown[line] = f"{MASK}\n"  # a quoted value may have several lines
            else:
                shown.setdefault(line, masker(line))
        bom = ""
    return shown


def _shown_line(line: str, shown: Mapping[str, str]) -> str:
    if line.startswith("@@"):
        return line
    text = line[0] + shown.get(line[1:], f"{MASK}\n")
    text = text.encode("utf-8", "surrogateescape").decode(errors="replace")
    text = text.replace("\r", "␍").replace(BOM, "<BOM>")
    return text if text.endswith("\n") else f"{text}\n\\ No newline at end of file\n"


def _free_name(folder: Path) -> Path:
    base = time.strftime("env-%Y%m%d-%H%M%S", time.gmtime())
    return folder / f"{base}-{len(list(folder.glob(f'{base}-*'))):02}.bak"


def _check_allowed(target: Path) -> None:
    """Refuse what a rename could do but should not: a read-only file, another user's file."""
    if not os.access(target, os.W_OK):
        raise PermissionError(f"{target} is read-only for this user")
    if os.geteuid() not in (0, target.stat().st_uid):
        raise PermissionError(f"{target} belongs to another user")
    if not os.access(target.parent, os.W_OK):
        raise PermissionError(f"{target.parent} is read-only for this user")


def _check_space(folder: Path, size: int) -> None:
    free = free_bytes(folder)
    if free < size + _ROOM_FOR_ENTRIES:
        raise OSError(errno.ENOSPC, f"only {free} bytes free in {folder}")


def _not_read_back(path: Path, name: str) -> Problem:
    return Problem(
        msg("{name} cannot be set in {path}.", name=name, path=str(path)),
        msg("A line above or below it is broken, such as one with a quote that is never closed."),
        msg("Look for such a line in {path} and fix it, then try again.", path=str(path)),
        code="env-broken-line",
    )
