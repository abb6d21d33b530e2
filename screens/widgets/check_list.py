"""The checks of a step, each with what was asked, what was seen, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from screens.state.marks import VERDICT_MARKS
from screens.state.wording import signed
from screens.widgets.cached import CachedStatic
from screens.widgets.spoken import Part, Said, text
from wizard.core.symbols import REMEDY

if TYPE_CHECKING:
    from wizard.core.events import Check


class CheckRow(Horizontal):
    """One check: symbol and word, question, answer. Two lines where it is narrow."""

    def __init__(self, check: Check) -> None:
        super().__init__(classes=f"check -{check.verdict}")
        self._check = check

    def compose(self) -> ComposeResult:
        """Compose the verdict, then what was asked and what was seen."""
        mark = VERDICT_MARKS[self._check.verdict]
        yield Said((signed(mark.symbol, mark.word), mark.style), classes="verdict")
        with Horizontal(classes="answer"):
            yield Said(self._check.asked, classes="asked")
            yield Said(*self._seen(), classes="seen")

    def _seen(self) -> tuple[Part, ...]:
        problem = self._check.problem
        if problem is None or not problem.remedies:
            return (self._check.seen,)
        return self._check.seen, "\n", (signed(REMEDY, problem.remedies[0].text), "$text")


class CheckList(Vertical):
    """The checks of a step, growing while they are made."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._shown: tuple[Check, ...] = ()
        self.display = False

    def compose(self) -> ComposeResult:
        """Compose the heading; the rows come with `show`."""
        yield CachedStatic(classes="heading")

    def show(self, checks: Sequence[Check], heading: str) -> bool:
        """Show these checks, keeping the rows that are there; return whether any are new."""
        checks = tuple(checks)
        self.display = bool(checks)
        if not self.is_mounted:
            return False
        self.query_one(".heading", Static).update(text(heading, "bold $text-primary"))
        if checks == self._shown:
            return False
        if checks[: len(self._shown)] != self._shown:
            self.query(CheckRow).remove()
            self._shown = ()
        self.mount_all([CheckRow(check) for check in checks[len(self._shown) :]])
        self._shown = checks
        return bool(checks)
