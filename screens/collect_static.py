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
        "itself, with the commands shown here, word for word, and puts them into the bucket. "
        "Then each file that the site needs is asked for as a stranger would. o shows all "
        "that the commands write."
    )
