"""How far a copy is: bar, percent, time left, files, bytes, and the rate over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from screens.state.progress import percent, share
from screens.state.wording import signed
from screens.widgets.cached import CachedStatic
from screens.widgets.spoken import assemble, text
from wizard.core.language import shown
from wizard.core.message import NOTHING, Message, msg, plural
from wizard.core.quantities import (
    count_failed,
    describe_clock,
    describe_part,
    describe_rate,
)
from wizard.core.symbols import WARNING

if TYPE_CHECKING:
    from wizard.core.events import Progress

# Fewer are no curve, but a blot.
_FEWEST = 3
_BLOCKS = "▁▂▃▄▅▆▇█"


class Meter(CachedStatic):
    """The progress of a copy in three lines, or four when files failed."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._progress: Progress | None = None
        self._rates: tuple[float, ...] = ()
        self._label = ""
        self.display = False

    def show(self, progress: Progress | None, rates: Sequence[float], label: str = "") -> None:
        """Show this progress; `label` ("paused") replaces the time left."""
        self._progress, self._rates, self._label = progress, tuple(rates), label
        self.display = progress is not None
        self._lay_out()

    def on_resize(self) -> None:
        """Fit the bar to the width there is."""
        self._lay_out()

    def _lay_out(self) -> None:
        if self._progress is None:
            return
        width = self.content_size.width or 50
        lines = [bar_line(self._progress, width, self._label), amounts(self._progress)]
        if not self._label and self._progress.bytes_total:
            lines += _rate_line(self._progress, self._rates, width)
        if self._progress.failed:
            lines.append(_failed_line(self._progress))
        self.update(Content("\n").join(lines))


def bar_line(progress: Progress, width: int, label: str = "") -> Content:
    """Draw the bar with percent and time left behind it."""
    done = shown(msg("{percent} %", percent=percent(progress))).rjust(5)
    tail = f"  {done}  {shown(label or _time_left(progress))}".ljust(22)
    room = max(8, width - len(tail))
    full = int(room * share(progress))
    return assemble(("━" * full, "$text-primary"), ("─" * (room - full), "$line"), (tail, "bold"))


def _time_left(progress: Progress) -> Message:
    if progress.counting:
        return msg("still counting")
    if progress.seconds_left is None:
        return NOTHING
    return msg("{clock} left", clock=describe_clock(progress.seconds_left))


def amounts(progress: Progress) -> Content:
    """Say how many files and bytes of how many."""
    done, total = progress.files_done, progress.files_total
    files = (
        plural("{done} of {n}+ files", "{done} of {n}+ files", total, done=done)
        if progress.counting
        else plural("{done} of {n} file", "{done} of {n} files", total, done=done)
    )
    if not progress.bytes_total:  # nobody counts them
        return text(files)
    part = describe_part(progress.bytes_done, progress.bytes_total)
    # Translators: so much, and more that is not counted yet.
    return assemble(files, "   ", msg("{part}+", part=part) if progress.counting else part)


def _failed_line(progress: Progress) -> Content:
    which = count_failed(progress.failed, progress.failed_folders)
    # Translators: {which} is "3 files", "1 folder" or "3 files and 1 folder"; {n} counts both.
    said = plural(
        "{which} could not be copied yet",
        "{which} could not be copied yet",
        progress.failed,
        which=which,
    )
    how = signed(" ", msg("f shows which"))
    return assemble((signed(WARNING, said), "$text-warning"), (how, "$faint"))


def _rate_line(progress: Progress, rates: tuple[float, ...], width: int) -> list[Content]:
    if not rates:
        return []
    rate = shown(describe_rate(progress.rate)).ljust(11)
    if len(rates) < _FEWEST:
        return [text(rate)]
    room = max(8, min(60, width - len(rate) - 2))
    return [assemble(rate, "  ", (sparkline(rates, room), "$text-primary"))]


def sparkline(values: Sequence[float], width: int) -> str:
    """Draw the last values as a row of blocks, the highest one full."""
    shown = values[-width:]
    top = max(shown, default=0) or 1
    return "".join(_BLOCKS[min(7, int(value / top * 7.999))] for value in shown)
