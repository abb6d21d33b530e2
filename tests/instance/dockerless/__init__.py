"""Tests of `wizard/instance/dockerless`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "gunicorn": "instance/dockerless/test_switch",
    "reload_switch": "instance/dockerless/test_switch",
    "restart_switch": "instance/dockerless/test_switch",
    "services": "instance/dockerless/test_deployment",
    "site": "instance/dockerless/test_deployment",
    "switch_offers": "instance/dockerless/test_switch",
    "systemd": "instance/dockerless/test_deployment",
}
