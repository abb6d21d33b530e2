"""A problem in short, for the body of a step's screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Static

if TYPE_CHECKING:
    from wizard.problem import Problem


class ProblemBox(Static):
    """What happened, why that is likely, what to do now."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__("", id=id, markup=False)
        self.display = False

    def show(self, problem: Problem | None) -> None:
        """Show a problem; nothing where there is none."""
        self.display = problem is not None
        if problem is None:
            return
        lines = [Content.styled(f"✗ {problem.what}", "bold $text-error"), Content(problem.why)]
        lines += [Content(f"→ {remedy.text}") for remedy in problem.remedies]
        self.update(Content("\n").join(lines))
