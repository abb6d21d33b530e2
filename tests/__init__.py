"""The same tree as the packages; the real servers are in `tests/servers/`."""

from pathlib import Path

# The checkout that is tested.
ROOT = Path(__file__).parent.parent

# Modules without a test of their own name, and the test that has them.
TESTED_BY = {
    "step": "test_migration",
}
