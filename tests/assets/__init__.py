"""Tests of `wizard/assets`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "added_rules": "steps/test_set_cors",
    "samples": "steps/test_verify_cors",
    "static": "steps/test_collect_static",
}
