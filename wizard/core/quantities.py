"""Numbers, sizes and durations in people's words."""

from __future__ import annotations

from collections.abc import Sequence

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def count(number: int, one: str = "", many: str = "") -> str:
    """Return a number with thousands apart, and the words in the right form: "20,431 files are"."""
    words = one if number == 1 else many or (one + "s" if one else "")
    return f"{number:,} {words}".rstrip()


def count_failed(failed: int, folders: int) -> str:
    """Return how many files and folders failed: "3 files", "1 folder", "3 files and 1 folder"."""
    files = failed - folders
    parts = [count(files, "file")] if files or not folders else []
    parts += [count(folders, "folder")] if folders else []
    return " and ".join(parts)


def name_some(
    names: Sequence[str], most: int, *, number: int | None = None, between: str = ", "
) -> str:
    """Return the first `most` names, and how many more there are: "a, b and 1,204 more".

    `number` is how many there are in all, where `names` are only the first of them.
    """
    left = (len(names) if number is None else number) - most
    return between.join(names[:most]) + (f" and {left:,} more" if left > 0 else "")


def describe_size(size: float) -> str:
    """Return bytes in powers of 1000, as disks and providers count: "3.2 GB", "812 MB"."""
    unit = 0
    while size >= 999.5 and unit < len(_UNITS) - 1:
        size /= 1000
        unit += 1
    digits = 0 if unit == 0 or size >= 99.5 else 1
    return f"{size:.{digits}f} {_UNITS[unit]}"


def describe_part(part: float, whole: float) -> str:
    """Return how much of how much, the unit once where it is the same: "2.0 of 3.2 GB"."""
    first, second = describe_size(part), describe_size(whole)
    if first.split()[1] == second.split()[1]:
        first = first.split()[0]
    return f"{first} of {second}"


def describe_rate(per_second: float) -> str:
    """Return bytes a second: "48.0 MB/s"."""
    return f"{describe_size(per_second)}/s"


def describe_clock(seconds: float | None) -> str:
    """Return time left or gone as on a watch: "0:41", "1:02:03"; "" where it is not known."""
    if seconds is None:
        return ""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def describe_duration(seconds: float) -> str:
    """Return how long something took: "0.4 s", "41 s", "3 min 10 s"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes} min {second} s" if minutes else f"{second} s"
