"""The screens of the steps back to this server's disk."""

from __future__ import annotations

from screens.base.step_screen import StepScreen
from screens.copy_screen import CopyScreen
from screens.switch_screen import SwitchScreen
from wizard.core.message import msg


class CopyBackScreen(CopyScreen):
    """Shows what only the bucket has, and the copy of it."""

    route = "copy_back"
    start_label = msg("Copy back")
    running_label = msg("Copying")
    stop_is_safe = msg("You can stop at any time: what is here is not copied again.")
    help_heading = msg("Copy back")
    HELP = msg(
        "Copies every file that only the bucket has to this server's disk, and checks each by its "
        "MD5. No file here is replaced, and no object there is deleted. You can look at other "
        "screens, pause with p, or limit the speed with l so that your readers notice nothing. "
        "After a stop or an interruption it resumes where it left off: what is here is not copied "
        "again. Where something cannot be copied, you are asked whether to continue without it."
    )


class DisableS3Screen(StepScreen):
    """Shows the diff of `.env` before it is written."""

    route = "disable_s3"
    start_label = msg("Write .env")
    running_label = msg("Writing .env")
    help_heading = msg("Disable S3")
    HELP = msg(
        "Tells BookWyrm in .env to use this server's disk; before it does, you see every line that "
        "changes. The old .env is kept as a backup. Your site runs as before until it is "
        "restarted. But from here on whatever restarts the services switches it to the disk. So "
        "continue with the next steps soon."
    )


class LocalStaticScreen(StepScreen):
    """Shows the commands that collect the static files here, and what they write."""

    route = "local_static"
    start_label = msg("Collect them")
    running_label = msg("Collecting")
    help_heading = msg("Static assets")
    HELP = msg(
        "Runs BookWyrm's own commands, which write stylesheets, scripts, icons and fonts to "
        "this server's disk. Those that are here may be from an older BookWyrm. The running "
        "site does not change."
    )


class SwitchBackScreen(SwitchScreen):
    """Switches the services to this server's disk."""

    route = "switch_back"
    help_heading = msg("Restart")
    HELP = msg(
        "Your instance uses this server's disk only after a restart. The plan shows how the "
        "services are switched and what visitors notice. A separate process does it: it "
        "finishes even if this terminal closes. If the site does not come back, .env names the "
        "bucket again, and the services are switched back to it. Files uploaded in the "
        "meantime are copied back. Press c to choose another way to switch the services."
    )


class CloseBucketScreen(StepScreen):
    """Shows what could go back to what it was; asks before it does anything."""

    route = "close_bucket"
    start_label = msg("Continue")
    running_label = msg("Working")
    help_heading = msg("Close bucket")
    HELP = msg(
        "The bucket's policy, its CORS rules and the lines of .env that bw-s3 changed can go back "
        "to what they were. You are asked first, and can leave everything as it is: other servers "
        "still load old pictures from the bucket. The objects are never deleted."
    )
