"""Tests of `wizard/instance/compose`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "container_guard": "instance/compose/test_deployment",
    "container_media": "instance/compose/test_media",
    "container_programs": "instance/compose/test_media",
    "docker": "instance/compose/test_deployment",
    "env_readers": "instance/compose/test_deployment",
    "nginx": "instance/compose/test_switch",
    "own_containers": "instance/compose/test_deployment",
    "plain_switch": "instance/compose/test_switch",
    "problems": "instance/compose/test_deployment",
    "project": "instance/compose/test_media",
    "renamed_volumes": "instance/compose/test_deployment",
    "site_services": "instance/compose/test_switch",
    "standby_loss": "instance/compose/test_switch",
    "standby_switch": "instance/compose/test_switch",
    "switch_offers": "instance/compose/test_switch",
    "updates": "instance/compose/test_switch",
    "web_watch": "instance/compose/test_deployment",
}
