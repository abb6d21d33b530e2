"""Tests of `wizard/opening`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "detect": "instance/dockerless/test_deployment",
}
