"""Progress as figures, for the rail and for the bar. No textual."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wizard.core.events import Progress


def share(progress: Progress) -> float:
    """Return how much is done, between 0 and 1: by bytes, or by files where all are empty."""
    if progress.bytes_total:
        return min(1.0, progress.bytes_done / progress.bytes_total)
    return min(1.0, progress.files_done / progress.files_total) if progress.files_total else 0.0


def percent(progress: Progress) -> int:
    """Return whole percent; never 100 before the end, since what rounds up to it is not all."""
    part = share(progress)
    return 100 if part >= 1 else min(99, int(part * 100))
