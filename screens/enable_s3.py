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
        "BookWyrm decides by one line of .env whether it uses S3: USE_S3=true. This step "
        "writes that line, and shows you beforehand every line that changes. The old .env is "
        "kept as a backup. Your site goes on as it is until it is restarted. But from here on "
        "it is armed: whatever restarts the services switches it to S3. So go on with the "
        "next steps soon, or undo this one with u."
    )
