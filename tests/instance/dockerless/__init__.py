"""Tests of `wizard/instance/dockerless`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "site": "instance/dockerless/test_deployment",
    "systemd": "instance/dockerless/test_deployment",
}
