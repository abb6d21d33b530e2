"""Tests of `wizard/reporting`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "diagnosis": "screens/test_hasty",
    "output": "cli/test_output",
}
