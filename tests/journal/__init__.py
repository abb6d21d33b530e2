"""Tests of `wizard/journal`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "file": "journal/test_journal",
}
