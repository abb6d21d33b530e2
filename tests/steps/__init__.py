"""Tests of `wizard/steps`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "close_bucket": "end_to_end/test_rollback",
    "disable_s3": "end_to_end/test_rollback",
    "local_static": "end_to_end/test_rollback",
    "switch_back": "end_to_end/test_rollback",
}
