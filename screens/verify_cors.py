"""Screen of the step that looks at the site as a visitor's browser does."""

from __future__ import annotations

from screens.base.step_screen import StepScreen
from wizard.core.message import msg


class VerifyCorsScreen(StepScreen):
    """Shows each check as it is made."""

    route = "verify_cors"
    start_label = msg("Verify")
    running_label = msg("Checking as a browser would")
    plan_heading = msg("What will be checked")
    help_heading = msg("Verify")
    HELP = msg(
        "Checks your site as a visitor sees it: the pages must point to the bucket, and their "
        "stylesheet, a font and a picture must load from it, for an anonymous visitor and for "
        "a browser on your domain. Nothing is changed."
    )
