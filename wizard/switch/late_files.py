"""Files that were written to the disk after the switch: by a worker that was not restarted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.core.events import Check, remark
from wizard.core.message import Message, msg, plural, sentences
from wizard.core.quantities import describe_moment, name_some
from wizard.media.source import PREFIX
from wizard.step import Context, Question
from wizard.switch.follow import files_of
from wizard.switch.state import Direction, SwitchPhase

# A file's time is that of its last byte, by a clock that may tick a little apart.
_SECONDS_OF_GRACE = 1.0
_NAMED = 100
_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFiles:
    """How many there are, the first of them below the media, and when the first was written.

    `moving`: on a moving instance, to the old bucket or to the disk.
    """

    number: int
    paths: Sequence[str] = ()
    since: float = 0.0
    moving: bool = False

    @property
    def words(self) -> Message:
        """Which, and since when, in a sentence."""
        if self.moving:
            return plural(
                "{n} file was written to the old storage after the switch, since {time}: {names}.",
                "{n} files were written to the old storage after the switch, since {time}: "
                "{names}.",
                self.number,
                time=describe_moment(self.since),
                names=name_some(self.paths, _SHOWN, number=self.number),
            )
        return plural(
            "{n} file was written to this server's disk after the switch, since {time}: {names}.",
            "{n} files were written to this server's disk after the switch, since {time}: {names}.",
            self.number,
            time=describe_moment(self.since),
            names=name_some(self.paths, _SHOWN, number=self.number),
        )


def switched_at(context: Context) -> float | None:
    """Return when the switch to S3 ended (seconds since the epoch); None where nobody noted it."""
    state = files_of(context).read()
    if (
        state is None
        or state.phase is not SwitchPhase.DONE
        or state.direction is not Direction.TO_S3
    ):
        return None
    return state.ended_at + _SECONDS_OF_GRACE if state.ended_at else None


def late_files(context: Context, since: float | None) -> LateFiles:
    """Return the files that were copied though they were written after that time."""
    if since is None:
        return LateFiles(number=0)
    destination = context.settings.destination
    number, found = context.journal.verified_since(destination, int(since * 1e9), _NAMED)
    paths = [key.removeprefix(PREFIX) for key, _ in found]
    first, moving = found[0][1] / 1e9 if found else 0.0, context.old_storage is not None
    return LateFiles(number=number, paths=paths, since=first, moving=moving)


def question_about(late: LateFiles) -> Question:
    """Return what is asked where they do not come to an end."""
    return Question(
        text=sentences(
            late.words,
            msg(
                "Part of the instance still writes there: a worker or a job that was not "
                "restarted. What it has written so far is in the bucket; nobody will see what "
                "it writes from now on."
            ),
            WHAT_TO_DO,
            msg("Continue without it?"),
        ),
        yes=msg("Continue: I will deal with that worker"),
        no=msg("Stop here and find it first"),
    )


def about_late(late: LateFiles) -> Check:
    """Return what stands in the report, where there are any."""
    seen = msg(
        "no: {files} They are in the bucket by now. {what_to_do}",
        files=late.words,
        what_to_do=WHAT_TO_DO,
    )
    asked = msg("Does every part of the instance use the bucket?")
    return remark(asked, seen, code="late-files")


WHAT_TO_DO = msg(
    "Find what still runs with the old settings (docker ps, systemctl status, ps aux), restart it, "
    "then have bw-s3 copy the media again."
)
