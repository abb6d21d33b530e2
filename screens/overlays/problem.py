"""A problem as a screen: what happened, the likely cause, what to do now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Button, Collapsible, Footer

from screens.overlays.overlay import Overlay
from screens.state.wording import signed
from screens.widgets.key_button import KeyButton
from screens.widgets.lines import Lines, behind
from screens.widgets.spoken import Said
from wizard.core.language import shown
from wizard.core.message import Message, msg
from wizard.core.problem import Action, Problem
from wizard.core.symbols import FAILED, REMEDY, UNDECIDED

# What each button says, where the remedy itself is a sentence.
_LABELS = {
    Action.RETRY: msg("Try again"),
    Action.EDIT_PROVIDER: msg("Edit answers: provider, keys"),
    Action.RESTORE_ENV: msg("Restore .env and restart"),
    Action.DISARM: msg("Restore .env"),
    Action.CONVERT_ENV: msg("Convert .env"),
    Action.SKIP: msg("Skip, with a reason"),
}
_ORIGINAL = msg("Original message")


class ProblemScreen(Overlay[str]):
    """Shows a `Problem`; dismissed with the chosen remedy's action, "" for none."""

    AUTO_FOCUS = ".key"
    help_heading = msg("Problem")
    HELP = msg(
        "Something failed. Nothing is lost: what is verified stays verified. This screen shows "
        "what happened, the likely cause, and what to do. The buttons are what bw-s3 can do "
        "for you; the lines with an arrow are what you can do. The original message is exactly "
        "what the other program or service reported. Press d to write a file for a bug report; "
        "it contains no secrets."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "choose('')",
            msg("Back"),
            id="problem.back",
            tooltip=msg("Back to the step"),
        ),
        Binding("up", "move(-1)", show=False, system=True),
        Binding("down", "move(1)", show=False, system=True),
        Binding(
            "m",
            "message",
            msg("Message"),
            id="problem.message",
            tooltip=msg("Show or hide the original message"),
        ),
        Binding(
            "d",
            "app.diagnosis",
            msg("Diagnosis"),
            id="problem.diagnosis",
            tooltip=msg("Write a file for a bug report; it contains no secrets"),
        ),
    ]

    def __init__(
        self,
        problem: Problem,
        *,
        step_title: str = "",
        choices: Sequence[tuple[str, Message]] = (),
        may_skip: bool = False,
        safe: str = "",
    ) -> None:
        super().__init__()
        self.problem = problem
        self._step_title = step_title
        self._choices = [*choices, *self._choices_of(problem, may_skip)]
        self._safe = safe

    def compose(self) -> ComposeResult:
        """Compose the four parts, with the remedies' buttons among them."""
        problem = self.problem
        with Vertical(id="problem-page"):
            kind = (signed(FAILED, msg("This failed")), "bold $text-error")
            if problem.decision:
                kind = (signed(UNDECIDED, msg("Your decision is needed")), "bold $text-warning")
            where = (signed(" ", self._step_title), "$faint")
            yield Said(kind, where, id="problem-kind")
            with VerticalScroll(id="problem-body", can_focus=False):
                yield Said(problem.what, id="problem-what")
                yield Said((msg("Why"), "bold"), classes="part")
                yield Said(problem.why, id="problem-why")
                if problem.remedies:
                    yield Said((msg("What to do now"), "bold"), classes="part")
                yield Lines(id="problem-remedies")
                if problem.raw:
                    with Collapsible(title=shown(_ORIGINAL), collapsed=True):
                        yield Said(problem.raw, id="problem-raw")
            yield Said(self._safe, id="safe")
            with Vertical(id="problem-keys"):
                for number, (action, label) in enumerate(self._choices):
                    yield KeyButton(label, name=action, id=f"choice-{number}")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Show the remedies."""
        self._show_remedies()

    def say_again(self) -> None:
        """Show the same in the language in use."""
        super().say_again()
        self._show_remedies()
        for folded in self.query(Collapsible):
            folded.title = shown(_ORIGINAL)

    def _show_remedies(self) -> None:
        remedies = (behind(REMEDY, remedy.text) for remedy in self.problem.remedies)
        self.query_one("#problem-remedies", Lines).put(remedies)

    @staticmethod
    def _choices_of(problem: Problem, may_skip: bool) -> list[tuple[str, Message]]:
        actions = [r.action for r in problem.remedies if r.action]
        actions += [Action.RETRY, Action.SKIP] if may_skip else [Action.RETRY]
        return [(action.value, _LABELS[action]) for action in dict.fromkeys(actions)]

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.name or "")

    def action_choose(self, action: str) -> None:
        """Leave with this choice."""
        self.dismiss(action)

    def action_move(self, step: int) -> None:
        """Move from button to button, scrolling where the text is longer than the screen."""
        body = self.query_one("#problem-body", VerticalScroll)
        if body.max_scroll_y and not (body.scroll_y >= body.max_scroll_y and step > 0):
            body.scroll_relative(y=step * 2, animate=False)
        elif step > 0:
            self.focus_next(Button)
        else:
            self.focus_previous(Button)

    def action_message(self) -> None:
        """Show the original message, or hide it."""
        for folded in self.query(Collapsible):
            folded.collapsed = not folded.collapsed
            self.call_after_refresh(folded.scroll_visible)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the original message only where there is one."""
        del parameters
        return bool(self.problem.raw) if action == "message" else True
