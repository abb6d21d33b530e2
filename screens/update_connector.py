"""Screen of the step that changes the connector's covers address, where there is one."""

from __future__ import annotations

from screens.base.step_screen import StepScreen
from wizard.core.message import msg


class UpdateConnectorScreen(StepScreen):
    """Shows old and new address."""

    route = "update_connector"
    start_label = msg("Update the connector")
    running_label = msg("Updating the connector")
    help_heading = msg("Connector")
    HELP = msg(
        "Old instances have a database entry, the connector to themselves, that holds the "
        "address of the covers. If there is one, this step changes it to the bucket and shows "
        "the old and the new address. Instances installed since v0.1.0 have none; then there "
        "is nothing to do here."
    )
