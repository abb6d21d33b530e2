"""Tests of `wizard/core`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "plan": "steps/test_enable_s3",
    "states": "core/test_symbols",
}
