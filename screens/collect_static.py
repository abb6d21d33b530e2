"""Screen of the step that puts the static assets into the bucket."""

from __future__ import annotations

from screens.base.step_screen import StepScreen
from wizard.core.message import msg


class CollectStaticScreen(StepScreen):
    """Shows the commands beforehand, and their output live."""

    route = "collect_static"
    start_label = msg("Collect and upload")
    running_label = msg("Collecting the static assets")
    help_heading = msg("Static assets")
    HELP = msg(
        "Static assets are stylesheets, scripts, fonts and icons. BookWyrm collects them "
        "itself and uploads them to the bucket, with exactly the commands shown here. bw-s3 "
        "then requests every file that the site needs, as an anonymous visitor would. Press o "
        "to see everything the commands write."
    )
