"""The files that a switch's runner and those who follow it share.

`state.json` is written by the runner alone while it lives, `answer.json` by whoever follows,
`output.log` has a JSON object a line, secrets masked. All are private (0600) and belong to the
owner of the state folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.core.events import Check, Event, Note, Output
from wizard.core.message import decode, encode, msg
from wizard.core.problem import Problem
from wizard.switch.state import SwitchState
from wizard.system.files import give_to_owner, make_private_folder, write_atomically

_FOLDER = "switch"
_STATE, _ANSWER, _OUTPUT = "state.json", "answer.json", "output.log"
_FOLLOWED, _RUNNER = "followed", "runner"
# What the runner's interpreter says where not even it can start.
_ERRORS = "errors.log"
_LAST_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody who follows said: about a question, or that all is to be put back."""

    question: str = ""
    answer: bool = False
    put_back: bool = False


class SwitchFiles:
    """The files of the switch of one instance, below the folder of its journal."""

    def __init__(self, state_folder: Path) -> None:
        self._like = state_folder
        self.folder = state_folder / _FOLDER

    def prepare(self) -> None:
        """Make room for a new switch; nothing of the one before is left but its state."""
        make_private_folder(self.folder, self._like)
        for name in (_ANSWER, _OUTPUT, _ERRORS):
            (self.folder / name).unlink(missing_ok=True)

    @property
    def output_path(self) -> Path:
        """Where everything stands that the switch's commands wrote."""
        return self.folder / _OUTPUT

    def read(self) -> SwitchState | None:
        """Return how the last switch stands; None where there never was one. Raises `Problem`."""
        try:
            return SwitchState.from_dict(json.loads((self.folder / _STATE).read_text()))
        except FileNotFoundError:
            return None
        except (LookupError, TypeError, ValueError) as error:
            raise self._unreadable(str(error)) from error

    def write(self, state: SwitchState) -> None:
        """Keep how it stands, on the disk before this returns."""
        self._write(_STATE, state.to_dict())

    def append(self, event: Event) -> None:
        """Add what happened to the output; progress and waiting are in the state instead."""
        data = _event_to_dict(event)
        if data:
            line = json.dumps(encode(data), ensure_ascii=False) + "\n"
            with self._appending(_OUTPUT) as descriptor:
                os.write(descriptor, line.encode(errors="backslashreplace"))

    def events_after(self, position: int) -> tuple[list[Event], int]:
        """Return what was added behind a position in the output, and the position behind it."""
        try:
            with self.output_path.open("rb") as file:
                file.seek(position)
                text = file.read()
        except FileNotFoundError:
            return [], 0
        whole = text[: text.rfind(b"\n") + 1]
        events = (_event_from_dict(json.loads(line)) for line in whole.splitlines())
        return list(events), position + len(whole)

    def say(self, answer: Answer, state: SwitchState) -> None:
        """Tell the runner something."""
        told = {"question": answer.question, "answer": answer.answer, "put_back": answer.put_back}
        self._write(_ANSWER, {"switch": state.id, **told})

    def said(self, state: SwitchState) -> Answer | None:
        """Return what somebody told the runner of this switch last."""
        try:
            data = json.loads((self.folder / _ANSWER).read_text())
        except (FileNotFoundError, ValueError):
            return None
        if data.pop("switch") != state.id:
            return None
        return Answer(**data)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Let the runner know that somebody is there to be asked, until the block is left."""
        make_private_folder(self.folder, self._like)
        with self._appending(_FOLLOWED) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            yield

    def is_followed(self) -> bool:
        """Tell whether somebody is there to be asked. The kernel knows, also after a kill."""
        with self._appending(_FOLLOWED) as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Tell whether we are the only runner, and stay it until the block is left."""
        with self._appending(_RUNNER) as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextmanager
    def errors(self) -> Iterator[int]:
        """Return a descriptor for what the runner's interpreter says."""
        with self._appending(_ERRORS) as descriptor:
            yield descriptor

    def last_errors(self) -> str:
        """Return what it said last."""
        with contextlib.suppress(OSError):
            return (self.folder / _ERRORS).read_text(errors="replace")[-_LAST_BYTES:]
        return ""

    def _write(self, name: str, data: dict[str, Any]) -> None:
        text = json.dumps(encode(data), ensure_ascii=False, indent=1)
        path = self.folder / name
        write_atomically(path, text.encode(errors="backslashreplace"), 0o600, self._like)

    @contextmanager
    def _appending(self, name: str) -> Iterator[int]:
        path = self.folder / name
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        try:
            give_to_owner(path, self._like)
            yield descriptor
        finally:
            os.close(descriptor)

    def _unreadable(self, raw: str) -> Problem:
        path = self.folder / _STATE
        return Problem(
            msg("The result of the last switch of the running services cannot be read."),
            msg("{file} is damaged, or a newer bw-s3 wrote it.", file=str(path)),
            msg("Update bw-s3; or look whether the site works, then remove that file."),
            raw=raw,
            code="switch-state-unreadable",
        )


def _event_to_dict(event: Event) -> dict[str, Any]:
    match event:
        case Check():
            return {"event": "check", **event.to_dict()}
        case Note():
            return {"event": "note", "text": event.text, "warning": event.warning}
        case Output():
            return {"event": "output", "text": event.text}
    return {}


def _event_from_dict(data: dict[str, Any]) -> Event:
    match data.pop("event"):
        case "check":
            return Check.from_dict(data)
        case "note":
            return Note(decode(data["text"]), data["warning"])
    return Output(**data)
