"""A problem in short, for the body of a step's screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from screens.widgets.lines import Lines, behind, plain
from wizard.core.symbols import FAILED, REMEDY, UNDECIDED

if TYPE_CHECKING:
    from wizard.core.problem import Problem


class ProblemBox(Lines):
    """What happened, why that is likely, what to do now."""

    def show(self, problem: Problem | None) -> None:
        """Show a problem; nothing where there is none."""
        if problem is None:
            self.put([])
            return
        sign, colour = (UNDECIDED, "$text-warning") if problem.decision else (FAILED, "$text-error")
        what = behind(sign, problem.what, f"bold {colour}", style=f"bold {colour}")
        self.set_class(problem.decision, "-asked")
        remedies = (behind(REMEDY, remedy.text) for remedy in problem.remedies)
        self.put([what, plain(problem.why), *remedies])
