"""All that a step's commands wrote: to scroll, to search, and where the file is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Footer, Input

from screens.overlays.overlay import Overlay
from screens.widgets.output_log import OutputLog
from screens.widgets.spoken import Said, SpokenInput
from wizard.core.message import msg

if TYPE_CHECKING:
    from screens.state.step_run import StepRun

_SECONDS_BETWEEN_LOOKS = 0.1


class OutputScreen(Overlay[None]):
    """The output of one step, live while it runs."""

    AUTO_FOCUS = "#output"
    HELP = msg(
        "These are the lines that the step's commands wrote, newest at the bottom. Secrets are "
        "masked. Press / to search, and n or N for the next or previous match. The whole "
        "output is also in the file named above, so that you can copy from it."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "back",
            msg("Back"),
            id="output.back",
            tooltip=msg("Back to the step"),
        ),
        Binding("slash,ctrl+f", "search", msg("Search"), id="output.search", key_display="/"),
        Binding(
            "n",
            "match(1)",
            msg("Next"),
            id="output.next",
            tooltip=msg("Go to the next match"),
        ),
        Binding(
            "N",
            "match(-1)",
            msg("Previous"),
            id="output.previous",
            tooltip=msg("Go to the previous match"),
        ),
        Binding(
            "e",
            "newest",
            msg("Newest"),
            id="output.newest",
            tooltip=msg("Follow the newest lines"),
        ),
    ]

    def __init__(self, run: StepRun, title: str, path: str) -> None:
        super().__init__()
        self._run, self._title, self._path = run, title, path

    def compose(self) -> ComposeResult:
        """Compose title and path, the lines, the search field."""
        with Horizontal(id="output-head"):
            yield Said(msg("Output of “{step}”", step=self._title), id="output-title")
            yield Said(id="output-matches")
        yield Said(msg("kept in {path}", path=self._path), id="output-path")
        yield OutputLog()
        with Horizontal(id="output-asks"):
            yield Said("/", id="output-slash")
            yield SpokenInput(msg("search text, then Enter"), id="output-search")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Show the lines, follow what comes, and hide the search until it is asked for."""
        self.query_one("#output-asks").display = False
        self.call_after_refresh(self._follow)
        self.set_interval(_SECONDS_BETWEEN_LOOKS, self._follow)

    def _follow(self) -> None:
        """Show what came since the last look."""
        for log in self.query(OutputLog):  # none when bw-s3 ends
            log.follow(self._run)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to go from match to match only after a search."""
        del parameters
        if action == "match":
            return bool(self.query_one("#output-search", Input).value)
        return True

    def action_search(self) -> None:
        """Ask for the text to search for."""
        self.query_one("#output-asks").display = True
        self.query_one("#output-search").focus()

    @on(Input.Submitted)
    def _search(self, event: Input.Submitted) -> None:
        log = self.query_one(OutputLog)
        log.search(event.value.strip())
        log.focus()
        self._show_count(log.show_match(1) if event.value.strip() else "")
        self.refresh_bindings()

    def action_match(self, step: int) -> None:
        """Go to the next or the previous line found."""
        self._show_count(self.query_one(OutputLog).show_match(step))

    def _show_count(self, said: str) -> None:
        self.query_one("#output-matches", Said).say(said)

    def action_newest(self) -> None:
        """Follow the newest lines again."""
        log = self.query_one(OutputLog)
        log.auto_scroll = True
        log.scroll_end(animate=False)

    def action_back(self) -> None:
        """Close the search first, then the screen."""
        if self.query_one("#output-search").has_focus:
            self.query_one("#output-asks").display = False
            self.query_one(OutputLog).focus()
        else:
            self.dismiss()
