"""Screen of the step that restarts the instance."""

from __future__ import annotations

from screens.switch_screen import SwitchScreen
from wizard.core.message import msg


class RestartScreen(SwitchScreen):
    """Switches the services to S3."""

    route = "restart"
    help_heading = msg("Restart")
    HELP = msg(
        "Your instance uses the bucket only after a restart. The plan shows how the services "
        "are switched and what visitors notice. A separate process does it: it finishes even "
        "if this terminal closes, and bw-s3 shows its progress when you start it again. Then "
        "the site is checked until it answers with one of its own pages. If it does not, the "
        "old .env is restored and the services are switched back. Files uploaded in the "
        "meantime are copied afterwards. Press c to choose another way to switch the services."
    )
