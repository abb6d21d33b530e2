"""The files that could not be copied: which, why, and one key to try just these again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer

from screens.overlays.overlay import Overlay
from screens.widgets.spoken import Said
from wizard.core.language import shown
from wizard.core.message import msg, plural
from wizard.core.quantities import count_failed

_SHOWN = 2000
# The names' part of the width; the reasons need the rest.
_NAMES_PART = 0.4
# What the table takes for itself: spaces around both columns, and its scrollbar.
_TAKEN = 6


class FailedFilesScreen(Overlay[bool]):
    """The files that failed, each with the reason, as `failed` returns them now.

    Dismissed with True when they are to be tried again.
    """

    AUTO_FOCUS = "#failed"
    help_heading = msg("Failed files")
    HELP = msg(
        "These files could not be copied; each is listed with the reason. Fix what can be "
        "fixed (a file's permissions, a full disk, storage that is down) and press t: only "
        "these are tried again. The full reason for the highlighted file is below the table."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "leave(False)",
            msg("Back"),
            id="failed.back",
            tooltip=msg("Back to the copy"),
        ),
        Binding(
            "t",
            "leave(True)",
            msg("Try these again"),
            id="failed.retry",
            tooltip=msg("Try only these files again"),
        ),
    ]

    def __init__(self, failed: Callable[[], Sequence[tuple[str, str]]]) -> None:
        super().__init__()
        self._failed = failed

    def compose(self) -> ComposeResult:
        """Compose heading, table, the marked file's reason in full."""
        failed = self._failed()
        folders = sum(name.endswith("/") for name, _ in failed)
        # Translators: {which} is "3 files", "1 folder" or "3 files and 1 folder"; {n} counts both.
        heading = plural(
            "{which} could not be copied",
            "{which} could not be copied",
            len(failed),
            which=count_failed(len(failed), folders),
        )
        yield Said(heading, id="failed-title")
        yield DataTable(id="failed", cursor_type="row", zebra_stripes=False)
        yield Said(id="failed-reason")
        yield Footer(compact=True)

    def on_resize(self, event: events.Resize) -> None:
        """Fill the table; its columns take the width there is."""
        self._fill(event.size.width)

    def say_again(self) -> None:
        """Show the same files in the language in use."""
        super().say_again()
        self._fill(self.size.width)

    def _fill(self, width: int) -> None:
        """Fill the table: a few thousand rows are enough to see what is wrong."""
        from rich.text import Text

        failed = self._failed()[:_SHOWN]
        longest = max((len(name) for name, _ in failed), default=4)
        names = max(4, min(longest, int(width * _NAMES_PART)))
        reasons = max(8, width - names - _TAKEN)
        table = self.query_one(DataTable)
        row = table.cursor_row
        table.clear(columns=True)
        table.add_column(shown(msg("File")), width=names)
        table.add_column(shown(msg("Reason")), width=reasons)
        for name, reason in failed:
            table.add_row(Text(_end(shown(name), names)), Text(_beginning(shown(reason), reasons)))
        table.move_cursor(row=row)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show the marked file's reason in full."""
        failed = self._failed()
        if event.cursor_row < len(failed):
            name, reason = failed[event.cursor_row]
            self.query_one("#failed-reason", Said).say(name, "\n", reason)

    def action_leave(self, again: bool) -> None:
        """Leave, to try again or not."""
        self.dismiss(again)


def _end(name: str, width: int) -> str:
    """Return the end, which tells one file from another; the whole name is below the table."""
    return name if len(name) <= width else f"…{name[1 - width :]}"


def _beginning(reason: str, width: int) -> str:
    """Return as much as there is room for; all of it is below the table."""
    return reason if len(reason) <= width else f"{reason[: width - 1]}…"
