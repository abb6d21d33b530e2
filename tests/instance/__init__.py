"""Tests of `wizard/instance`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "deployment": "instance/compose/test_deployment",
    "switching": "instance/compose/test_switch",
    "unfinished_restart": "end_to_end/test_survivors",
}
