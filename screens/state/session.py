"""What the screens know: the opened migration, what runs, what each step said. No textual."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from screens.state.exit_status import DECISION, FAILED, INTERRUPTED, OK
from screens.state.marks import state_of
from screens.state.progress import percent
from screens.state.step_run import Record, Work

if TYPE_CHECKING:
    from wizard.core.problem import Problem
    from wizard.core.secrets import Keys
    from wizard.core.settings import Settings
    from wizard.migration import Migration, Overview, Status
    from wizard.opening.opening import Opened
    from wizard.step import Context, Step

_RESTING = ("done", "skipped", "later")
_PATH_WORDS = {"existing": "existing instance", "fresh": "fresh install"}

ARMED = (
    ".env says USE_S3=true already. The next start of the services, for whatever reason, "
    "switches the instance to S3."
)


@dataclass(frozen=True, slots=True)
class Stop:
    """One line of the rail. `number` is 0 for what is no step; `word` replaces the state's."""

    name: str
    title: str
    state: str = ""
    number: int = 0
    word: str = ""


class Session:
    """One sitting of the wizard. `changes` grows when something may look different now."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.opened: Opened | None = None
        self.opening_problem: Problem | None = None
        self.last_problem: Problem | None = None
        self.works: dict[str, Work] = {}
        self.running = ""
        self.changes = 0
        # Steps that failed with other settings than those of now.
        self.outdated: set[str] = set()
        self._clock = clock
        self._overview: Overview | None = None
        self._seen_at = -1
        self._records: dict[str, Record] = {}

    @property
    def migration(self) -> Migration:
        """The migration; raises `LookupError` before it is opened."""
        if self.opened is None:
            raise LookupError("the migration is not open yet")
        return self.opened.migration

    @property
    def context(self) -> Context:
        """What the steps work with."""
        return self.migration.context

    @property
    def overview(self) -> Overview:
        """How all steps stand, as it was when it was last looked at.

        A key asks for it a dozen times, and each time costs dozens of calls that give
        Python's lock away, behind a copy's threads.
        """
        if self._overview is None or self._seen_at != self.changes:
            self._overview, self._seen_at = self.migration.overview(), self.changes
        return self._overview

    def look_anew(self) -> None:
        """Whatever is asked next sees how the steps stand by then."""
        self._overview = None

    # Where it stands -------------------------------------------------------------------------

    def whose(self) -> str:
        """Whose instance this is, for the header."""
        if self.opened is None:
            return ""
        instance, label = self.context.instance, self.context.deployment.label
        return f"{instance.domain} · BookWyrm {instance.version} · {label}"

    def path_word(self) -> str:
        """Which path, for the header; that the instance is armed is more important."""
        if self.opened is None:
            return ""
        if self.overview.armed:
            return "! armed for S3"
        return _PATH_WORDS.get(self.context.settings.path, "")

    def stops(self) -> list[Stop]:
        """The lines of the rail."""
        start = Stop("start", "Start")
        if self.opened is None:
            return [start]
        steps = [self._stop(number, s) for number, s in enumerate(self.overview.statuses, 1)]
        return [start, *steps, Stop("end", "Summary")]

    def _stop(self, number: int, status: Status) -> Stop:
        name, state, word = status.step.name, state_of(status), ""
        if name == self.running:
            state = "now"
            progress = self.works[name].progress
            word = f"{percent(progress)} %" if progress else ""
            if self.context.control.paused:
                state, word = "paused", ""
        return Stop(name, status.step.title, state, number, word)

    def position(self, name: str) -> tuple[int, int]:
        """Which step of how many."""
        names = [step.name for step in self.migration.steps]
        return names.index(name) + 1, len(names)

    def title(self, name: str) -> str:
        """A step's title by its name."""
        return self.migration.step_named(name).title

    def begun(self) -> bool:
        """Whether any step ever began."""
        return any(s.result for s in self.overview.statuses)

    def before(self, step: Step) -> Step | None:
        """The first step that has to be done before this one; None where there is none."""
        for status in self.overview.statuses:
            if status.step.name == step.name:
                return None
            if status.state not in _RESTING:
                return status.step
        return None

    def after(self, here: str) -> str:
        """The screen that comes next: the running step, the first open one, or the summary."""
        if self.running and self.running != here:
            return self.running
        following = self.overview.following
        return following.name if following else "end"

    def next_label(self, here: str) -> str:
        """What the key that goes there says."""
        name = self.after(here)
        if name == "end":
            return "Next: Summary"
        if name == self.running:
            return f"Look at: {self.title(name)}"
        names = [step.name for step in self.migration.steps]
        earlier = here in names and names.index(name) < names.index(here)
        return f"{'Go to' if earlier else 'Next'}: {self.title(name)}"

    def in_the_middle(self) -> bool:
        """Whether leaving now leaves something unfinished."""
        if self.opened is None:
            return False
        self.look_anew()
        if self.running or self.overview.armed:
            return True
        return self.begun() and self.overview.following is not None

    def what_is_safe(self) -> str:
        """What leaving now means, in sentences."""
        lines = []
        if self.running:
            title = self.title(self.running)
            lines.append(f"“{title}” is under way and stops here. What is proven stays proven.")
        lines.append("Your instance goes on as it is. Start bw-s3 again: it goes on from here.")
        self.look_anew()
        if self.overview.armed:
            lines.append(f"But note: {ARMED}")
        return "\n\n".join(lines)

    def exit_status(self) -> int:
        """0: all is done; 1: a step failed; 3: one waits for a decision; 130: it can go on."""
        if self.opened is None:
            return FAILED if self.opening_problem else INTERRUPTED
        self.look_anew()
        if self.overview.following is None:
            return OK
        states = {state_of(status) for status in self.overview.statuses}
        if "failed" in states:
            return FAILED
        return DECISION if "asked" in states else INTERRUPTED

    # Work ------------------------------------------------------------------------------------

    def begin(self, step: Step) -> Work:
        """A step starts to work."""
        if step.name == "copy_media":
            self.context.control.forget_failures()
        self.context.control.resume()
        work = Work(step.name, self._clock)
        self.works[step.name] = work
        self.outdated.discard(step.name)
        folder = self.context.journal.folder
        self._records[step.name] = Record(folder, step.name, self.context.instance.folder)
        self.running = step.name
        return work

    def end(self, work: Work, problem: Problem | None, *, interrupted: bool) -> None:
        """It stopped, well or not."""
        work.end(problem, interrupted=interrupted)
        self.keep_up()
        self._records[work.step].close()
        self.last_problem = problem or self.last_problem
        self.running = ""
        self.changes += 1

    def new_work(self, name: str) -> Work:
        """A place for what is said while a screen looks around."""
        return Work(name, self._clock)

    def keep_up(self) -> None:
        """Write the output that came meanwhile to its file."""
        record = self._records.get(self.running)
        if record is not None:
            record.keep_up(self.works[self.running], self.context.masker)

    def failed_files(self) -> tuple[tuple[str, str], ...]:
        """The media files that the last copy could not send, each with the reason."""
        return () if self.opened is None else self.context.control.failures

    def record_path(self, name: str) -> str:
        """Where a step's output is kept."""
        record = self._records.get(name)
        return str(record.path) if record else ""

    def change(self, settings: Settings, keys: Keys) -> list[str]:
        """Go on with other answers; returns the titles of the steps that went stale by it."""
        self.look_anew()
        before = self._in_state("stale")
        slower = replace(self.context.settings, limit_rate=settings.limit_rate)
        if (slower, self.context.keys) != (settings, keys):
            self._forget_failures()
        self.migration.change_settings(settings, keys)
        self.changes += 1
        return [self.title(name) for name in self._in_state("stale") if name not in before]

    def _forget_failures(self) -> None:
        """What failed with the old answers says nothing about the new ones."""
        self.outdated.update(self._in_state("failed"))
        for name in [n for n, work in self.works.items() if work.problem and not work.running]:
            del self.works[name]

    def try_anew(self, name: str) -> None:
        """A step that failed is looked at as if it had not: the same answers, once more."""
        self.outdated.add(name)
        work = self.works.get(name)
        if work is not None and not work.running:
            del self.works[name]

    def is_done(self, name: str) -> bool:
        """Whether a step is done, as far as is known."""
        return name in self._in_state("done")

    def _in_state(self, state: str) -> list[str]:
        return [s.step.name for s in self.overview.statuses if s.state == state]
