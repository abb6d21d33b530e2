"""Our way from bucket to bucket, and from a bucket to the disk, as the benchmark starts it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from wizard.core.copy_control import CopyControl
from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings


def main() -> None:
    """Copy from one bucket to the other, or where that is "" to the disk."""
    # Only the tests bring click: with it, httpx would load a command line of its own, and Rich.
    sys.modules["click"] = None  # type: ignore[assignment]
    from tests.support.copy_kit import CopyKit
    from tests.support.move import Move

    folder, *sides = sys.argv[1:]
    keys = Keys(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    control, kits = CopyControl(gentle=False), list[CopyKit]()
    for endpoint, bucket in zip(sides[::2], sides[1::2], strict=True):
        settings = Settings(
            endpoint=endpoint, bucket=bucket, region="us-east-1", url_protocol="http:",
            custom_domain=f"{urlsplit(endpoint).netloc}/{bucket}",
            path=MigrationPath.MOVING if kits else MigrationPath.EXISTING,
        )  # fmt: skip
        kits.append(CopyKit(Path(folder), settings, keys, control=control))
    kits[0].root.mkdir(parents=True)
    if len(kits) == 1:
        back = kits[0].bring_all_back()
        print(f"copied back {back.files}")
        sys.exit(bool(back.left_count or back.refused_count))
    outcome = Move(*kits).copy()
    print(f"sent {outcome.sent}, already {outcome.already}")
    if not (outcome.comparison and outcome.comparison.complete):
        sys.exit("the comparison is not complete")


if __name__ == "__main__":
    main()
