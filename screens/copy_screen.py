"""Screen of a step that copies files: pause, continue, and not so fast."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from screens.base.step_parts import Activity
from screens.base.step_screen import StepScreen
from screens.base.wizard_screen import ButtonSpec
from screens.state.marks import MARKS, LiveState
from screens.state.phase import Phase
from wizard.core.message import Message, msg, sentences
from wizard.core.quantities import describe_rate

_RATES = (0, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000)


class CopyScreen(StepScreen):
    """Shows a copy, which continues while other screens are shown.

    What sets one apart: `stop_is_safe` says what becomes of what is copied when it is stopped.
    """

    stop_is_safe: ClassVar[Message]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", msg("Pause/resume"), id="copy.pause", tooltip=msg("Pause or resume")),
        Binding("l", "limit", msg("Limit speed"), id="copy.limit", tooltip=msg("Maximum speed")),
    ]

    @property
    def _paused(self) -> bool:
        return self.phase is Phase.RUNNING and self.session.context.control.paused

    def buttons(self) -> list[ButtonSpec]:
        """Offer to pause first while the copy runs."""
        if self.phase is not Phase.RUNNING:
            return super().buttons()
        label = msg("Continue") if self._paused else msg("Pause")
        return [ButtonSpec(label, "pause"), ButtonSpec(msg("Stop"), "stop")]

    @property
    def ignores_enter(self) -> bool:
        """Whether Enter does nothing: not while the copy is paused, when it resumes it."""
        return super().ignores_enter and not self._paused

    def activity(self) -> Activity:
        """Return what the copy does, or that it is paused."""
        return (
            Activity(MARKS[LiveState.PAUSED].symbol, msg("Paused"))
            if self._paused
            else super().activity()
        )

    def progress_label(self) -> Message:
        """Return what is shown in place of the time left, or that the copy is paused."""
        return msg("paused") if self._paused else super().progress_label()

    def safety_text(self) -> Message:
        """Return what is safe now; while the copy runs, its limit as well."""
        if self.phase is not Phase.RUNNING:
            return super().safety_text()
        limit = self.session.context.settings.limit_rate
        if not limit:
            return self.stop_is_safe
        return sentences(self.stop_is_safe, msg("Limited to {rate}.", rate=describe_rate(limit)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return what is possible now; pausing needs a copy under way."""
        if action == "pause":
            return self.phase is Phase.RUNNING
        if action == "limit":
            return self.phase in (Phase.READY, Phase.RUNNING)
        return super().check_action(action, parameters)

    def action_pause(self) -> None:
        """Pause the copy, or resume it."""
        control = self.session.context.control
        if control.paused:
            control.resume()
        else:
            control.pause()
        self.show_header()
        self.show_step()

    def action_limit(self) -> None:
        """Ask for a maximum speed."""
        from screens.overlays.dialogs import ChoiceDialog

        limit = self.session.context.settings.limit_rate
        choices = [(str(r), describe_rate(r) if r else msg("no limit")) for r in _RATES]
        dialog = ChoiceDialog(
            msg("Maximum speed of the copy"),
            msg("The limit applies now and to every later copy."),
            choices=choices,
            chosen=str(limit),
        )
        self.app.push_screen(dialog, self._set_limit)

    def _set_limit(self, choice: str | None) -> None:
        if not choice:
            return
        self.session.limit_speed(int(choice))
        self.show_step()
