"""Screen of the step that sets the bucket's CORS rules."""

from __future__ import annotations

from screens.base.step_screen import StepScreen
from wizard.core.message import msg


class SetCorsScreen(StepScreen):
    """Shows the rules as they will be sent."""

    route = "set_cors"
    start_label = msg("Set these rules")
    running_label = msg("Setting the rules")
    waits_for_person = True
    help_heading = msg("CORS")
    HELP = msg(
        "Browsers load fonts from another host only if that host allows it; CORS rules are how "
        "it does so. You see the rules exactly as they will be sent. Existing rules are kept. "
        "If your provider does not accept rules this way, you get a file to paste into its "
        "console, and this step waits until browsers are allowed."
    )
