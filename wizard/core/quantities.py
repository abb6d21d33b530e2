"""Numbers, sizes and durations in people's words."""

from __future__ import annotations

import time
from collections.abc import Sequence

from wizard.core.message import Message, Number, joined, listed, marked, msg, plural, verbatim

_SIZES = (
    marked("{number} B"),
    marked("{number} kB"),
    marked("{number} MB"),
    marked("{number} GB"),
    marked("{number} TB"),
    marked("{number} PB"),
)


def count_files(number: int) -> Message:
    """Return "1 file", "20,431 files"."""
    return plural("{n} file", "{n} files", number)


def count_failed(failed: int, folders: int) -> Message:
    """Return how many files and folders failed: "3 files", "1 folder", "3 files and 1 folder"."""
    files = failed - folders
    parts = [count_files(files)] if files or not folders else []
    parts += [plural("{n} folder", "{n} folders", folders)] if folders else []
    return listed(parts)


def in_a_row(names: Sequence[str]) -> Message:
    """Return names with commas between them: "a, b, c"."""
    if not any(isinstance(name, Message) for name in names):
        return verbatim(", ".join(names))
    return joined(names, marked("{before}, {next}"))


def name_some(
    names: Sequence[str], most: int, *, number: int | None = None, between: str = ", "
) -> Message:
    """Return the first `most` names, and how many more there are: "a, b and 1,204 more".

    `number` is how many there are in all, where `names` are only the first of them.
    """
    left = (len(names) if number is None else number) - most
    first = in_a_row(names[:most]) if between == ", " else verbatim(between.join(names[:most]))
    if left <= 0:
        return first
    return plural("{names} and {n} more", "{names} and {n} more", left, names=first)


def describe_size(size: float) -> Message:
    """Return bytes in powers of 1000, as disks and providers count: "3.2 GB", "812 MB"."""
    unit = 0
    while size >= 999.5 and unit < len(_SIZES) - 1:
        size /= 1000
        unit += 1
    digits = 0 if unit == 0 or size >= 99.5 else 1
    return Message(_SIZES[unit], "", {"number": Number(size, digits)})


def describe_part(part: float, whole: float) -> Message:
    """Return how much of how much, the unit once where it is the same: "2.0 of 3.2 GB"."""
    first, second = describe_size(part), describe_size(whole)
    alone = first.values["number"] if first.id == second.id else first
    return msg("{part} of {whole}", part=alone, whole=second)


def describe_rate(per_second: float) -> Message:
    """Return bytes a second: "48.0 MB/s"."""
    return msg("{size}/s", size=describe_size(per_second))


def describe_clock(seconds: float | None) -> str:
    """Return time left or gone as on a watch: "0:41", "1:02:03"; "" where it is not known."""
    if seconds is None:
        return ""
    minutes, second = divmod(max(0, round(seconds)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def describe_moment(at: float) -> str:
    """Return a moment, given in seconds since the epoch, in local time: "2026-11-28 09:30:05"."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def describe_duration(seconds: float) -> Message:
    """Return how long something took: "0.4 s", "41 s", "3 min 10 s"."""
    if seconds < 9.95:
        return msg("{seconds} s", seconds=Number(seconds, 1))
    minutes, second = divmod(round(seconds), 60)
    if not minutes:
        return msg("{seconds} s", seconds=second)
    return msg("{minutes} min {seconds} s", minutes=minutes, seconds=second)
