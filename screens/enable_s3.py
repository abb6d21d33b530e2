"""Screen of the step that switches S3 on in `.env`."""

from __future__ import annotations

from screens.base.step_screen import StepScreen
from wizard.core.message import msg


class EnableS3Screen(StepScreen):
    """Shows the diff of `.env` before it is written."""

    route = "enable_s3"
    start_label = msg("Write .env")
    running_label = msg("Writing .env")
    help_heading = msg("Enable S3")
    HELP = msg(
        "One line in .env tells BookWyrm to use S3: USE_S3=true. This step writes that line; "
        "before it does, you see every line that changes. The old .env is kept as a backup. "
        "Your site runs as before until it is restarted. But from here on the instance is "
        "armed: whatever restarts the services switches it to S3. So continue with the next "
        "steps soon, or press u to undo this one."
    )
