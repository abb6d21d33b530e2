"""Numbers, sizes and durations in people's words."""

from __future__ import annotations


def count(number: int, one: str = "", many: str = "") -> str:
    """A number with thousands apart, and the words in the right form: "20,431 files are"."""
    words = one if number == 1 else many or (one + "s" if one else "")
    return f"{number:,} {words}".rstrip()


def describe_size(size: float) -> str:
    """Bytes for people: "3.2 GB" (powers of 1000, as disks and providers count)."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def describe_seconds(seconds: float | None) -> str:
    """A duration as minutes and seconds: "0:41", "1:02:03"; "" where it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
