"""Screen of the step that restarts the instance."""

from __future__ import annotations

from screens.base.step_screen import StepScreen


class RestartScreen(StepScreen):
    """Says beforehand what is interrupted, and what is waited for."""

    route = "restart"
    start_label = "Restart now"
    running_label = "Restarting"
    help_heading = "Restart"
    HELP = (
        "Only a restart makes your instance use the bucket, and only here are your readers "
        "interrupted, for the time that is named. Then the site is asked until it answers "
        "with a page that is really its own. If it does not come back, .env can be put back "
        "and the services restarted as they were. Files that were uploaded meanwhile are "
        "copied after it."
    )
