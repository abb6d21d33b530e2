"""Tests of `wizard/journal`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "misplaced": "copying/test_moving",
    "moving": "copying/test_moving",
    "file": "journal/test_journal",
}
