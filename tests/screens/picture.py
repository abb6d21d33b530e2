"""Pictures of the wizard: a screen as text for a diff, or as SVG for its colours."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual._compositor import LayoutUpdate

from screens.app.wizard_app import WizardApp

FOLDER = Path(__file__).parent / "pictures"
UPDATE = "python -m pytest tests/screens/test_pictures.py --update-pictures"


@dataclass(frozen=True)
class Mark:
    """Some cells of one row that are drawn in reverse or underlined; columns count from 1."""

    style: str
    row: int
    first: int
    text: str

    @property
    def after(self) -> int:
        """The column behind it."""
        return self.first + cell_len(self.text)

    def __str__(self) -> str:
        text = f": {self.text.rstrip()}" if self.text.strip() else ""
        return f"{self.row}: columns {self.first}-{self.after - 1} {self.style}{text}"


def as_text(app: WizardApp) -> str:
    """Return the screen as a terminal shows it, and below it what stands out without colours."""
    rows = _rows(app)
    lines = ["".join(segment.text for segment in row).rstrip() for row in rows]
    marks = [str(mark) for number, row in enumerate(rows, 1) for mark in _marks(number, row)]
    return "\n".join([*lines, "=" * app.size.width, *marks]) + "\n"


def as_svg(app: WizardApp) -> str:
    """Return the screen with its colours; the same screen gives the same text."""
    svg = app.export_screenshot(title="bw-s3", simplify=True)
    return re.sub(r"\bterminal-\d+-([\w-]+)", r"terminal-\1", svg)


def _rows(app: WizardApp) -> list[list[Segment]]:
    below = app._background_screens
    update = app.screen._compositor.render_update(full=True, screen_stack=below)
    assert isinstance(update, LayoutUpdate)
    return [[s for strip in row for s in strip if not s.control] for row in update.strips]


def _marks(row: int, segments: list[Segment]) -> list[Mark]:
    """Find the marked cells of one row; neighbours with the same mark are one."""
    marks: list[Mark] = []
    column = 1
    for segment in segments:
        if style := _style(segment):
            last = marks[-1] if marks else None
            if last and last.style == style and last.after == column:
                marks[-1] = Mark(style, row, last.first, last.text + segment.text)
            else:
                marks.append(Mark(style, row, column, segment.text))
        column += segment.cell_length
    return marks


def _style(segment: Segment) -> str:
    style = segment.style
    named = {"reverse": style and style.reverse, "underline": style and style.underline}
    return "+".join(name for name, is_set in named.items() if is_set)


@dataclass
class Album:
    """The pictures that are kept; others go into `folder`, or replace them if `update`."""

    folder: Path
    update: bool

    def check(self, pictures: dict[str, str]) -> None:
        """Compare pictures, by their files' names, with the kept ones; fail with what differs.

        With `update` they are written instead.
        """
        differences = [self._check(name, picture) for name, picture in pictures.items()]
        said = [text for text in differences if text]
        if said:
            said.append(f"If that is as it should be: {UPDATE}")
            pytest.fail("\n".join(said), pytrace=False)

    def _check(self, name: str, picture: str) -> str:
        path = FOLDER / name
        kept = path.read_text() if path.is_file() else ""
        if picture == kept:
            return ""
        if self.update:
            path.write_text(picture)
            return ""
        now = self.folder / name
        now.write_text(picture)
        if name.endswith(".svg"):
            return f"{name} looks otherwise now: {now}"
        lines = difflib.unified_diff(
            kept.splitlines(), picture.splitlines(), f"{name} as kept", f"{name} now", lineterm=""
        )
        return "\n".join(lines)
