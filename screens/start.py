"""The first screen: what was found about the instance, how far it is, what is next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from screens.base.wizard_screen import ButtonSpec, WizardScreen
from screens.state.marks import MARKS, LiveState, shown_state
from screens.state.session import LEAVE_S3, TO_S3
from screens.state.wording import in_lines, signed, timed
from screens.widgets.cached import CachedStatic
from screens.widgets.facts import Facts
from screens.widgets.lines import Line, Lines, behind, plain
from screens.widgets.spoken import Said, text
from wizard.core.message import NOTHING, Message, listed, msg, plural, sentences, with_full_stop
from wizard.core.settings import MigrationPath
from wizard.core.states import State
from wizard.core.symbols import FAILED, WARNING

if TYPE_CHECKING:
    from screens.state.shell import Shell
    from screens.state.step_run import StepRun
    from wizard.core.problem import Problem
    from wizard.migration import Status
    from wizard.opening.opening import Opened

_PURPOSE = msg(
    "bw-s3 copies your instance's covers, avatars and static assets to S3-compatible storage, "
    "which BookWyrm then uses. Before each step you see what will change; after it, the "
    "checks. No disk space is freed: the local files stay."
)
_WAY_BACK = msg(
    "These steps bring your instance back to this server's disk: what only the bucket has is "
    "copied back, then the services are switched. No object is deleted, and no file here is "
    "replaced."
)
_TURN = msg("Press b for the steps to S3.")
_GIVE_UP = msg("To give it up and use S3, press b.")
_SAFE = msg("Nothing has been changed yet. You can stop at any time and come back.")
_SAFE_OPENING = msg("Looking around changes nothing. You can stop at any time.")
_SAFE_AGAIN = msg("You can stop at any time: what is verified stays verified.")
_SAFE_ARMED = msg(
    "You can stop, but it is better to continue now. What is verified stays verified."
)
_TMUX = msg(
    "You are using SSH without tmux or screen: if the connection drops, nothing is lost, but "
    "bw-s3 stops. In tmux it would carry on: quit, type “tmux”, then start bw-s3 again."
)
_ARMED = msg(
    "Your instance is armed: .env says USE_S3=true, but the services have not been restarted "
    "since. Whatever starts them next (a reboot, an update, a crash) switches the instance to "
    "S3, ready or not. Continue soon, or press x to disarm it."
)
_ARMED_MOVING = msg(
    "Your instance is armed: .env names the new storage, but the services have not been "
    "restarted since. Whatever starts them next (a reboot, an update, a crash) switches the "
    "instance to it, ready or not. Continue soon, or press x to disarm it."
)
_ARMED_FRESH = msg(
    "Your instance is armed: .env says USE_S3=true, but not everything is in the bucket yet. If "
    "your site were started now, its pages would come without their styles. Continue first, or "
    "press x to disarm it."
)
_ON_S3 = msg(
    "The site uses this storage already. To move to another one, name it in the step “Provider”: "
    "all files are copied there, and the site is switched to it."
)
_OTHER_ADDRESS = msg(
    "The public address of your instance's files changes. The files stay in their bucket; .env, "
    "CORS and the site follow."
)
_PATHS: Mapping[str, Message] = {
    MigrationPath.EXISTING: msg(
        "bw-s3 takes this for an existing instance, with media to copy and a running site. If "
        "it is a fresh install that has never run, press f."
    ),
    MigrationPath.MOVING: msg(
        "Your instance is moving: its site uses one storage, and you have named another. All "
        "files are copied there, and the site is switched to it. The old storage stays as it is."
    ),
    MigrationPath.FRESH: msg(
        "bw-s3 takes this for a fresh install that has never run. The steps that need a "
        "running site wait until you have followed BookWyrm's installation guide to the end. "
        "If the site is running already, press f."
    ),
}


class StartScreen(WizardScreen):
    """Opens at once; fills when it is known what the instance is."""

    route = "start"
    heading = msg("Your instance")
    help_heading = msg("About this wizard")
    HELP = msg(
        "This is the start screen. On the left are the steps, each with a symbol and a "
        "word for its state; in the middle is what bw-s3 detected about your instance. Press "
        "Enter to continue with the next step, or a number to look at any step. Looking "
        "changes nothing. Nothing is changed until you press the button that says so."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f",
            "other_path",
            msg("Fresh/existing"),
            id="start.path",
            tooltip=msg("Switch between fresh install and existing instance"),
        ),
        Binding(
            "x",
            "disarm",
            msg("Disarm"),
            id="start.disarm",
            tooltip=msg("Put USE_S3 in .env back as it was"),
        ),
        Binding(
            "b",
            "leave_s3",
            LEAVE_S3,
            id="start.leave_s3",
            tooltip=msg("Show the steps back to this server's disk"),
        ),
        Binding("b", "to_s3", TO_S3, id="start.to_s3", tooltip=msg("Show the steps to S3 again")),
    ]

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shown_problem: Problem | None = None

    def body(self) -> Iterable[Widget]:
        """Return the parts from top to bottom: what most needs to be known first."""
        yield CachedStatic(id="way-back", classes="warning")
        yield CachedStatic(id="site-problem", classes="warning")
        yield CachedStatic(id="armed", classes="warning")
        yield CachedStatic(id="switched", classes="warning")
        yield CachedStatic(id="unprotected-ssh", classes="warning")
        yield Said(_PURPOSE, id="purpose")
        yield Lines(id="progress")
        yield CachedStatic(id="which-path")
        yield Facts(id="facts")
        yield CachedStatic(id="state")

    def show(self) -> None:
        """Show what is known by now."""
        super().show()
        if not self.is_composed:
            return
        self.show_title(self.heading)
        self._set("#unprotected-ssh", signed(WARNING, _TMUX) if self.shell.unprotected_ssh else "")
        if self.session.opened is None:
            self._show_opening()
        else:
            self._show_opened(self.session.opened)
        problem = self.session.opening_problem
        if problem is not None and problem is not self._shown_problem:
            self._shown_problem = problem
            self.shell.problems.show(problem)

    def _show_opening(self) -> None:
        source, problem = self.shell.source, self.session.opening_problem
        opening = in_lines(*reported(self.session.opening), source.opening_text, source.hint)
        self._set("#state", signed(FAILED, problem.what) if problem else opening)
        for name in ("#way-back", "#site-problem", "#armed", "#switched", "#which-path"):
            self._set(name, "")
        self.query_one("#progress", Lines).put(())
        self.show_safety(_SAFE_OPENING)
        buttons = [
            ButtonSpec(msg("Try again"), "retry"),
            ButtonSpec(msg("What to do"), "what_to_do"),
        ]
        self.show_buttons(buttons if problem else [])

    @property
    def inspection(self) -> StepRun | None:
        """What is reported while the instance is looked at."""
        return self.session.opening if self.session.opened is None else None

    def show_run(self, run: StepRun) -> None:
        """Show how a switch is getting on that is followed before anything else."""
        super().show_run(run)
        if run is self.inspection and self.session.opening_problem is None:
            self._show_opening()

    def _show_opened(self, opened: Opened) -> None:
        from wizard.opening.facts import PATH
        from wizard.opening.way_back import NOT_FINISHED

        session = self.session
        begun, armed = session.has_begun(), session.overview.armed
        wrong = opened.site_problem
        self._set("#site-problem", signed(WARNING, wrong.in_short()) if wrong else "")
        self._set("#armed", signed(WARNING, self._armed_warning()) if armed else "")
        self._set("#switched", signed(WARNING, opened.news) if opened.news else "")
        self.query_one("#progress", Lines).put(self._progress_lines() if begun else ())
        unfinished = signed(WARNING, NOT_FINISHED) if session.turning_gives_up else ""
        self._set("#way-back", unfinished)
        self._set("#which-path", self._path_text())
        self._set("#state", self.shell.source.hint)
        self.query_one("#purpose").display = not begun and not session.leads_back
        self.query_one(Facts).show(f for f in opened.facts if f.label is not PATH)
        self.show_safety((_SAFE_ARMED if armed else _SAFE_AGAIN) if begun else _SAFE)
        disarm = [ButtonSpec(msg("Disarm"), "disarm")] if armed and not session.running else []
        self.show_buttons([ButtonSpec(self._label(), "next"), *disarm])

    def _armed_warning(self) -> Message:
        if self.session.context.settings.path == MigrationPath.FRESH:
            return _ARMED_FRESH
        return _ARMED_MOVING if self.session.moves else _ARMED

    def _path_text(self) -> Message:
        """Return which path is taken; where the site is on S3 already, how it could move."""
        from wizard.opening.way_back import LEFT_S3, has_left_s3

        session = self.session
        if session.leads_back:
            return sentences(_WAY_BACK, _GIVE_UP if session.turning_gives_up else _TURN)
        if has_left_s3(session.migration):
            return LEFT_S3
        path = session.context.settings.path
        at_rest = not session.has_begun() or session.overview.following is None
        if at_rest and session.migration.serves_from_named:
            return _ON_S3
        if path == MigrationPath.MOVING:
            return _OTHER_ADDRESS if session.moves_address_only else _PATHS[path]
        return NOTHING if session.has_begun() else _PATHS.get(path, NOTHING)

    def _progress_lines(self) -> list[Line]:
        statuses = self.session.overview.statuses
        done = sum(1 for s in statuses if s.state is State.DONE)
        wanted = sum(1 for s in statuses if s.state is not State.SKIPPED)
        lines = [plain(msg("Steps done and verified: {done} of {total}.", done=done, total=wanted))]
        if running := self.session.running:
            sign = MARKS[LiveState.RUNNING].symbol
            under_way = msg("{step} is in progress.", step=self.session.title(running))
            lines.append(behind(sign, under_way, "bold"))
        return [*lines, *_unfinished_lines(statuses, self.session.running)]

    def _label(self) -> Message:
        session = self.session
        following = session.overview.following
        if session.running:
            return session.next_label("start")
        if following is None:
            return msg("See the summary")
        if session.has_begun():
            return msg("Continue: {what}", what=following.title)
        return msg("Start: {step}", step=following.title)

    def _set(self, selector: str, said: str) -> None:
        widget = self.query_one(selector, Static)
        widget.update(text(said))
        widget.display = bool(said)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return what is possible now: the path can be changed until a step was started."""
        session = self.session
        at_rest = session.opened is not None and not session.running
        match action:
            case "other_path":
                return at_rest and not session.has_begun() and not session.has_fixed_path
            case "disarm":
                return at_rest and session.overview.armed
            case "leave_s3":
                return session.may_turn and not session.leads_back
            case "to_s3":
                return session.may_turn and session.leads_back
            case "back":
                return False
            case _:
                return super().check_action(action, parameters)

    def retry(self) -> None:
        """Look at the instance again."""
        self._shown_problem = None
        self.shell.opener.open()
        self.show()

    def action_retry(self) -> None:
        """Look at the instance again."""
        self.retry()

    def action_what_to_do(self) -> None:
        """Show the problem in full."""
        if self.session.opening_problem is not None:
            self.shell.problems.show(self.session.opening_problem)

    def action_next(self) -> None:
        """Go to the next step."""
        self.shell.navigation.go_to_next("start")

    def action_other_path(self) -> None:
        """Take the path of a fresh install in place of an existing instance, or back."""
        context = self.session.context
        existing = context.settings.path == MigrationPath.EXISTING
        other = MigrationPath.FRESH if existing else MigrationPath.EXISTING
        self.session.change_answers(replace(context.settings, path=other), context.keys)
        self.show()

    def action_leave_s3(self) -> None:
        """Show the steps back to this server's disk."""
        self.shell.navigation.turn()

    def action_to_s3(self) -> None:
        """Show the steps to S3 again."""
        self.shell.navigation.turn()

    def action_disarm(self) -> None:
        """Switch S3 off again in `.env`."""
        self.shell.runner.ask_to_undo(self.session.migration.step_named("enable_s3"))


def _unfinished_lines(statuses: Sequence[Status], running: str) -> Iterator[Line]:
    """Say what is left of steps that were begun; those that other answers made stale, once."""
    others = [status for status in statuses if status.step.name != running]
    stale = [status for status in others if status.changed]
    rest = stale[1:]
    for status in others:
        said = _all_stale(stale) if rest and status is stale[0] else _unfinished(status)
        if said and status not in rest:
            mark = MARKS[shown_state(status)]
            yield behind(mark.symbol, said, mark.style)


def _all_stale(statuses: Sequence[Status]) -> Message:
    names = tuple(dict.fromkeys(name for status in statuses for name in status.changed))
    return plural(
        "These steps need to be redone, because {names} has changed: {steps}.",
        "These steps need to be redone, because {names} have changed: {steps}.",
        len(names),
        names=listed(names),
        steps=listed([status.step.title for status in statuses]),
    )


def reported(run: StepRun) -> list[Message]:
    """Return why there is something to wait for, the last that was said, and what is waited for."""
    waits = run.waiting
    texts = dict.fromkeys(note.text for note in (*run.notes[:1], *run.notes[-1:]))
    if waits is None:
        return list(texts)
    said = [text for text in texts if text != waits.text]
    return [*said, timed(waits.text, waits.seconds)]


def _unfinished(status: Status) -> Message:
    """Say what is left of a step that was begun; "" where there is nothing to say."""
    step, why = status.step.title, status.why
    match shown_state(status):
        case State.BEGUN:
            return msg("{step} was interrupted and resumes where it left off.", step=step)
        case State.FAILED:
            return msg("{step} failed: {why}", step=step, why=with_full_stop(why))
        case LiveState.UNDECIDED:
            return msg("{step} needs your decision: {why}", step=step, why=with_full_stop(why))
        case State.STALE:
            return msg("{step} needs to be redone: {why}", step=step, why=with_full_stop(why))
        case _:
            return NOTHING
