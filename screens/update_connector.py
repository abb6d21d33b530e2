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
        "Very old instances have a connector to themselves: a database entry that holds the "
        "address of the covers. If there is one, this step changes that address to the "
        "bucket's, and shows the old one and the new one. Instances installed since v0.1.0 "
        "have none; then there is nothing to do here."
    )
