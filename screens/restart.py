"""Screen of the step that restarts the instance."""

from __future__ import annotations

from screens.base.step_screen import StepScreen
from screens.overlays.dialogs import ChoiceDialog
from wizard.switch.follow import under_way, want_everything_back

_STOP = (
    "A process of its own switches the services, so nothing stays half done: it comes to its end"
    " by itself, or the old .env is put back and the services follow it."
)
_FOLLOW, _LEAVE, _BACK = "follow", "leave", "back"
_WAYS_OUT = (
    (_FOLLOW, "Do not stop: stay and follow it"),
    (_LEAVE, "Leave it: it finishes by itself; look here again later"),
    (_BACK, "Put everything back: the instance runs as before"),
)


class RestartScreen(StepScreen):
    """Says beforehand what is interrupted, and what is waited for."""

    route = "restart"
    start_label = "Restart now"
    running_label = "Restarting"
    help_heading = "Restart"
    HELP = (
        "Only a restart makes your instance use the bucket. The plan says in which way it is "
        "done, and what visitors notice of it. A process of its own does it: it comes to its "
        "end even if this terminal is closed, and the next start follows it. Then the site "
        "is asked until it answers with a page that is really its own. If it does not, the "
        "old .env is put back and the services follow it. Files that were uploaded in the "
        "meantime are copied afterwards."
    )

    def action_stop(self) -> None:
        """Ask what is to become of the switch; what comes after it is stopped as usual."""
        state = under_way(self.session.context)
        if state is None:
            super().action_stop()
            return
        text = f"{state.words}\n\n{_STOP}"
        dialog = ChoiceDialog("Stop?", text, choices=_WAYS_OUT, chosen=_FOLLOW)
        self.app.push_screen(dialog, self._stop)

    def _stop(self, way: str | None) -> None:
        if way == _LEAVE:
            self.shell.runner.stop()
        elif way == _BACK:
            want_everything_back(self.session.context)
