"""What the screens know: the opened migration, what runs, what each step reported. No textual."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from screens.state.marks import LiveState, ShownState, shown_state
from screens.state.progress import percent
from screens.state.step_run import OutputFile, StepRun
from screens.state.wording import paragraphs, signed
from wizard.core.exit_status import ExitStatus
from wizard.core.message import NOTHING, Message, msg
from wizard.core.settings import MigrationPath
from wizard.core.states import RESTING, State
from wizard.core.symbols import WARNING

if TYPE_CHECKING:
    from wizard.core.problem import Problem
    from wizard.core.secrets import Keys
    from wizard.core.settings import Settings
    from wizard.migration import Migration, Overview, Status
    from wizard.opening.opening import Opened
    from wizard.step import Context, Step

# The steps whose work a process of their own does.
SWITCHING = ("restart", "switch_back")
_PATH_LABELS: Mapping[str, Message] = {
    MigrationPath.EXISTING: msg("existing instance"),
    MigrationPath.FRESH: msg("fresh install"),
    MigrationPath.MOVING: msg("moving"),
}

# What leads to the steps of the other direction.
LEAVE_S3, TO_S3 = msg("Leave S3"), msg("Steps to S3")

_ARMED = msg(
    ".env already says USE_S3=true. The next time the services start, for whatever reason, the "
    "instance switches to S3."
)
_ARMED_MOVING = msg(
    ".env already names the new storage. The next time the services start, for whatever reason, "
    "the instance switches to it."
)


_ARMED_FRESH = msg(
    ".env already says USE_S3=true, but not everything is in the bucket yet: do not start your "
    "site before the next steps are done."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RailItem:
    """One line of the rail.

    `number` is 0 for what is no step; `word` replaces the state's own word.
    """

    name: str
    title: str
    state: ShownState = State.TODO
    number: int = 0
    word: Message = NOTHING


class Session:
    """What is known while the wizard is open, from its start to its end.

    `changes` grows when something may look different now. `runs` holds each step's last run of
    this session, `running` the name of the step at work, "" where none is.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.opened: Opened | None = None
        self.opening_problem: Problem | None = None
        # What is said while the instance is looked at: a switch may be followed there.
        self.opening = StepRun("", clock)
        self.last_problem: Problem | None = None
        self.runs: dict[str, StepRun] = {}
        self.running = ""
        self.changes = 0
        # Steps that failed with other settings than those of now.
        self.outdated: set[str] = set()
        self._clock = clock
        self._overview: Overview | None = None
        self._seen_at = -1
        self._output_files: dict[str, OutputFile] = {}
        # The steps to S3, while those back are shown.
        self._to_s3: Migration | None = None

    @property
    def migration(self) -> Migration:
        """The migration.

        Raises `LookupError` before it is opened.
        """
        if self.opened is None:
            raise LookupError("the migration is not open yet")
        return self.opened.migration

    @property
    def context(self) -> Context:
        """What the steps work with: instance, settings, keys, journal."""
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

    def invalidate(self) -> None:
        """Forget how the steps stood, so that whoever asks next sees how they stand then."""
        self._overview = None

    # The direction ---------------------------------------------------------------------------

    @property
    def leads_back(self) -> bool:
        """Whether the steps are those back to this server's disk."""
        return self.opened is not None and self.migration.leads_back

    @property
    def may_turn(self) -> bool:
        """Whether the steps of the other direction can be shown: there is a way there."""
        if self.opened is None or self.running:
            return False
        # Not before: the first screen is shown without the engine.
        from wizard.opening.way_back import is_on_the_way_back
        from wizard.web.visitor import ServedFrom

        if self.moves and self.migration.served_from() is not ServedFrom.THIS_BUCKET:
            return False  # it is finished, or taken back, first
        if self.leads_back or self.context.instance.uses_s3():
            return True
        if self.migration.served_from() is ServedFrom.THIS_BUCKET:
            return True  # whatever .env says for the next start
        return is_on_the_way_back(self.migration)

    def open(self, opened: Opened) -> None:
        """Show a migration that was opened: the steps back, where S3 is being left."""
        from wizard.opening.way_back import is_on_the_way_back

        self.opened, self._to_s3 = opened, None
        if not self.leads_back and is_on_the_way_back(opened.migration):
            self.turn()

    @property
    def turning_gives_up(self) -> bool:
        """Whether a way back that was begun is given up by turning to the steps to S3."""
        if not self.leads_back:
            return False
        from wizard.opening.way_back import is_on_the_way_back

        return is_on_the_way_back(self.migration)

    def turn(self) -> None:
        """Show the steps of the other direction from now on; nothing is carried out."""
        from wizard.migration import give_up_way_back
        from wizard.opening.way_back import way_back

        if self.opened is None:
            return
        here = self.opened.migration
        if self.turning_gives_up:
            give_up_way_back(here.context.journal)
        there, self._to_s3 = (self._to_s3, None) if self._to_s3 else (way_back(here), here)
        there.site = here.site
        self.opened = replace(self.opened, migration=there)
        self.changes += 1

    # How the steps stand --------------------------------------------------------------------

    def instance_label(self) -> Message:
        """Return whose instance this is, for the header."""
        if self.opened is None:
            return NOTHING
        instance = self.context.instance
        return msg(
            "{domain} · BookWyrm {version} · {deployment}",
            domain=instance.domain,
            version=instance.version,
            deployment=self.context.deployment.label,
        )

    @property
    def is_armed(self) -> bool:
        """Whether the next restart would switch the instance, as far as is known."""
        return self.opened is not None and self.overview.armed

    @property
    def moves(self) -> bool:
        """Whether the instance moves from one bucket to another."""
        return self.context.old_storage is not None

    @property
    def moves_address_only(self) -> bool:
        """Whether it stays with its bucket, under another public address."""
        from wizard.copying.sources import moves_address_only

        return moves_address_only(self.context)

    @property
    def armed_warning(self) -> Message:
        """What is said while the instance is armed."""
        if self.context.settings.path == MigrationPath.FRESH:
            return _ARMED_FRESH
        return _ARMED_MOVING if self.moves else _ARMED

    def path_label(self) -> Message:
        """Return which path is taken, for the header, or that the instance is armed."""
        if self.is_armed:
            return signed(WARNING, msg("armed to move") if self.moves else msg("armed for S3"))
        if self.leads_back:
            return msg("back to the disk")
        if self.opened and self.moves and self.overview.following is None:
            return msg("moved")
        path = self.context.settings.path if self.opened else ""
        return _PATH_LABELS.get(path, NOTHING)

    def rail_items(self) -> list[RailItem]:
        """Return the lines of the rail."""
        start = RailItem(name="start", title=msg("Start"))
        if self.opened is None:
            return [start]
        steps = [self._rail_item(number, s) for number, s in enumerate(self.overview.statuses, 1)]
        return [start, *steps, RailItem(name="end", title=msg("Summary"))]

    def _rail_item(self, number: int, status: Status) -> RailItem:
        name, state, word = status.step.name, shown_state(status), NOTHING
        if name == self.running:
            state = LiveState.RUNNING
            progress = self.runs[name].progress
            if progress:
                word = msg("{percent} %", percent=percent(progress))
            if self.context.control.paused:
                state, word = LiveState.PAUSED, NOTHING
        title = status.step.title
        return RailItem(name=name, title=title, state=state, number=number, word=word)

    def position(self, name: str) -> tuple[int, int]:
        """Return which step of how many this is, counted from 1."""
        names = [step.name for step in self.migration.steps]
        return names.index(name) + 1, len(names)

    def title(self, name: str) -> str:
        """Return a step's title by its name."""
        return self.migration.step_named(name).title

    @property
    def has_fixed_path(self) -> bool:
        """Whether the path follows from what the site uses: while it moves, or leaves S3."""
        return self.leads_back or self.moves

    def has_begun(self) -> bool:
        """Return whether any step ever began."""
        return any(s.result for s in self.overview.statuses)

    def first_open_before(self, step: Step) -> Step | None:
        """Return the first step that has to be done before this one; None where there is none."""
        for status in self.overview.statuses:
            if status.step.name == step.name:
                return None
            if status.state not in RESTING:
                return status.step
        return None

    def route_after(self, route: str) -> str:
        """Return what comes after a screen: the running step, the first open one, the summary."""
        if self.running and self.running != route:
            return self.running
        following = self.overview.following
        return following.name if following else "end"

    def next_label(self, route: str) -> Message:
        """Return the label of the button that leads to what comes next."""
        name = self.route_after(route)
        if name == "end":
            return msg("Next: Summary")
        title = self.title(name)
        if name == self.running:
            return msg("Show: {step}", step=title)
        names = [step.name for step in self.migration.steps]
        earlier = route in names and names.index(name) < names.index(route)
        return msg("Go to: {step}", step=title) if earlier else msg("Next: {step}", step=title)

    def is_unfinished(self) -> bool:
        """Return whether leaving now leaves something unfinished."""
        if self.opened is None:
            return False
        self.invalidate()
        if self.running or self.overview.armed:
            return True
        return self.has_begun() and self.overview.following is not None

    def quit_warning(self) -> Message:
        """Return what leaving now means, in sentences."""
        if not self.running and self.switch_under_way():
            from wizard.switch.follow import GOES_ON

            return GOES_ON
        texts = [self._what_becomes_of_the_step()] if self.running else []
        texts.append(
            msg(
                "Your instance keeps running as it is. When you start bw-s3 again, it resumes "
                "where it left off."
            )
        )
        self.invalidate()
        if self.overview.armed:
            texts.append(msg("Note: {warning}", warning=self.armed_warning))
        return paragraphs(*texts)

    def switch_under_way(self) -> Message:
        """Return where a switch is that continues by itself, left alone here; "" without one."""
        from wizard.opening.unfinished_switch import how_far_it_is
        from wizard.switch.follow import under_way

        state = under_way(self.context) if self.opened else None
        return how_far_it_is(state) if state and state.runner_lives else NOTHING

    def _what_becomes_of_the_step(self) -> Message:
        """Say what leaving means for the step at work."""
        title = self.title(self.running)
        if self.running in SWITCHING:
            return msg(
                "“{step}” is in progress and continues by itself. What is verified stays verified.",
                step=title,
            )
        return msg(
            "“{step}” is in progress and will stop here. What is verified stays verified.",
            step=title,
        )

    def exit_status(self) -> ExitStatus:
        """Return the process's exit status, as the migration stands now."""
        if self.opened is None:
            return ExitStatus.FAILED if self.opening_problem else ExitStatus.INTERRUPTED
        self.invalidate()
        if self.overview.following is None:
            return ExitStatus.OK
        states = {shown_state(status) for status in self.overview.statuses}
        if State.FAILED in states:
            return ExitStatus.FAILED
        return ExitStatus.DECISION if LiveState.UNDECIDED in states else ExitStatus.INTERRUPTED

    # Runs ------------------------------------------------------------------------------------

    def start_run(self, step: Step) -> StepRun:
        """Note that a step starts, and return what will hold what it reports."""
        if step.name == "copy_media":
            self.context.control.forget_failures()
        self.context.control.resume()
        run = StepRun(step.name, self._clock)
        self.runs[step.name] = run
        self.outdated.discard(step.name)
        folder = self.context.journal.folder
        self._output_files[step.name] = OutputFile(folder, step.name, self.context.instance.folder)
        self.running = step.name
        return run

    def end_run(self, run: StepRun, problem: Problem | None, *, interrupted: bool) -> None:
        """Note that a run ended, well or not."""
        run.end(problem, interrupted=interrupted)
        self.write_output()
        self._output_files[run.step].close()
        self.last_problem = problem or self.last_problem
        self.running = ""
        self.changes += 1

    def new_run(self, name: str) -> StepRun:
        """Return what will hold what a step reports while it is inspected."""
        return StepRun(name, self._clock)

    def write_output(self) -> None:
        """Write the output that came since the last call to its file."""
        file = self._output_files.get(self.running)
        if file is not None:
            file.write(self.runs[self.running], self.context.masker)

    def failed_files(self) -> tuple[tuple[str, str], ...]:
        """Return the media files that the last copy could not send, each with the reason."""
        return () if self.opened is None else self.context.control.failures

    def output_path(self, name: str) -> str:
        """Return the path of the file that keeps a step's output; "" where there is none."""
        file = self._output_files.get(name)
        return str(file.path) if file else ""

    def change_answers(self, settings: Settings, keys: Keys) -> list[str]:
        """Continue with other answers; return the titles of the steps that went stale by it."""
        self.invalidate()
        before = self._in_state(State.STALE)
        if (self.context.settings, self.context.keys) != (settings, keys):
            self._forget_failures()
        self.migration.change_settings(settings, keys)
        self.changes += 1
        return [self.title(name) for name in self._in_state(State.STALE) if name not in before]

    def limit_speed(self, bytes_per_second: int) -> None:
        """Copy no faster from now on; what there is to do, and what failed, stays as it is."""
        self.migration.limit_speed(bytes_per_second)

    def _forget_failures(self) -> None:
        """Forget the failures with the old answers: they say nothing about the new ones."""
        self.outdated.update(self._in_state(State.FAILED))
        for name in [n for n, run in self.runs.items() if run.problem and not run.running]:
            del self.runs[name]

    def forget_failure(self, name: str) -> None:
        """Forget that a step failed, so that the same answers are tried again."""
        self.outdated.add(name)
        run = self.runs.get(name)
        if run is not None and not run.running:
            del self.runs[name]

    def is_done(self, name: str) -> bool:
        """Return whether a step is done, as far as is known."""
        return name in self._in_state(State.DONE)

    def _in_state(self, state: State) -> list[str]:
        return [s.step.name for s in self.overview.statuses if s.state is state]
