"""The same tree as the packages; the real servers are in `tests/servers/`."""

from pathlib import Path

# The checkout that is tested.
ROOT = Path(__file__).parent.parent
