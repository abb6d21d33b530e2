"""Tests of `wizard/env`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "problems": "env/test_file",
}
