"""Tests of `wizard/cli`."""

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "argparse_words": "cli/test_language",
    "arguments": "cli/test_commands",
    "rollback": "end_to_end/test_rollback",
    "step_by_step": "cli/test_commands",
    "switch_runner": "switch/test_run",
}
