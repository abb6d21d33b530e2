"""Screen of the step that changes the connector's covers address, where there is one."""

from __future__ import annotations

from screens.base.step_screen import StepScreen
from wizard.core.message import msg


class UpdateConnectorScreen(StepScreen):
    """Shows old and new address."""

    route = "update_connector"
    start_label = msg("Update it")
    running_label = msg("Updating the connector")
    help_heading = msg("Connector")
    HELP = msg(
        "Old instances have an entry in the database, the connector to themselves, that names the "
        "address of the covers. Where there is one, it is changed to the bucket, with old and new "
        "shown. Instances since v0.1.0 have none; then there is nothing to do here."
    )
