"""Our copy as one process, with journal, checks and comparison, as the benchmark starts it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from wizard.core.copy_control import CopyControl
from wizard.core.secrets import Keys
from wizard.core.settings import Settings


def main() -> None:
    """Copy `images` below the folder given, at the same priority as the others."""
    # Only the tests bring click: with it, httpx would load a command line of its own, and Rich.
    sys.modules["click"] = None  # type: ignore[assignment]
    from tests.support.copy_kit import CopyKit

    folder, endpoint, bucket = sys.argv[1:]
    keys = Keys(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    settings = Settings(endpoint=endpoint, bucket=bucket, region="us-east-1", acl="public-read")
    control = CopyControl(gentle=False)
    outcome = CopyKit(Path(folder), settings, keys, control=control).copy()
    assert outcome.comparison is not None
    print(f"sent {outcome.sent}, already {outcome.already}, same {outcome.comparison.same}")
    if not outcome.comparison.complete:
        sys.exit("the comparison is not complete")


if __name__ == "__main__":
    main()
