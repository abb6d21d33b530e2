"""Every screen in every state it can have: how to get there, for the pictures."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from screens.app.wizard_app import WizardApp
from screens.overlays.dialogs import ConfirmDialog
from tests.screens.back import back_scripts, closing, conflicting
from tests.screens.kit import (
    KEYS,
    PROBLEM,
    SETTINGS,
    Gate,
    KitSource,
    Script,
    all_scripts,
    is_at_rest,
    is_settled,
    make_app,
    make_instance,
)
from tests.screens.waiting import press, until
from wizard.copying.misplaced import Misplaced, question_about
from wizard.core.message import verbatim
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.step import Question

NAMES = tuple(all_scripts())
_PATIENCE = 60.0
Walk = Callable[["Stage"], Awaitable[None]]


@dataclass
class Stage:
    """An app on the kit's migration, for one picture."""

    app: WizardApp
    pilot: Pilot[int]
    source: KitSource
    gate: Gate

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until it is so, after what was asked for has begun."""
        await until(self.pilot, true)

    async def press(self, *keys: str) -> None:
        """Press keys, each when the one before was taken, and let everything come to rest."""
        for key in keys:
            press(self.app, key)
            await self.until(lambda: is_settled(self.app))
        await self.rest()

    async def paste(self, pasted: str) -> None:
        """Paste a text, as a terminal does that marks it."""
        self.app.post_message(events.Paste(pasted))
        await self.until(lambda: is_settled(self.app))
        await self.rest()

    async def rest(self) -> None:
        """Let everything settle that is not held by the gate.

        Twice in a row, since laying out the screen brings new messages; and never by
        the clock, which goes on while a busy machine lets the app wait.
        """
        for _ in range(2):
            await self.until(self._at_rest)
            # What was to be done after a refresh is in no queue.
            await self.app.screen.wait_for_refresh()
        await self.until(self._at_rest)

    async def picture(self, draw: Callable[[WizardApp], str]) -> str:
        """Draw the screen once two pictures in a row are the same."""
        await self.rest()
        last, now = "", draw(self.app)
        end = time.monotonic() + _PATIENCE
        while now != last:
            assert time.monotonic() < end, f"it does not stand still:\n{last}\n{now}"
            await self.rest()
            last, now = now, draw(self.app)
        return now

    def _at_rest(self) -> bool:
        app = self.app
        app.updates.show()
        waits = self.gate.reached or isinstance(app.screen, ConfirmDialog)
        return is_at_rest(app, {"step", "open"} if waits else ())


@dataclass
class State:
    """A state of a screen. `done` are remembered as done, `prepare` does the rest before."""

    walk: Walk
    done: tuple[str, ...] = ()
    settings: Settings = SETTINGS
    keys: Keys = KEYS
    scripts: dict[str, Script] = field(default_factory=all_scripts)
    prepare: Callable[[KitSource], None] = lambda source: None
    hold_opening: bool = False
    opening_problem: Problem | None = None
    unprotected_ssh: bool = False


def open_stage(state: State, folder: Path) -> tuple[WizardApp, KitSource, Gate]:
    """The app for a state, not running yet."""
    gate = Gate()
    for script in state.scripts.values():
        script.gate = gate if script.gate else None
    source = KitSource(
        make_instance(folder),
        state.scripts,
        settings=state.settings,
        keys=state.keys,
        hold=gate if state.hold_opening else None,
        problem=state.opening_problem,
    )
    source.done(*state.done)
    if "enable_s3" in state.done:
        (source.folder / ".env").write_text("DOMAIN=books.example.org\nUSE_S3=true\n")
    state.prepare(source)
    return make_app(source, unprotected_ssh=state.unprotected_ssh), source, gate


@asynccontextmanager
async def on_stage(state: State, folder: Path) -> AsyncIterator[Stage]:
    """The app in a state, at 80x24; what the gate holds is let go at the end."""
    app, source, gate = open_stage(state, folder / "bookwyrm")
    async with app.run_test(size=(80, 24)) as pilot:
        stage = Stage(app, pilot, source, gate)
        await state.walk(stage)
        yield stage
        gate.set()


async def _stay(stage: Stage) -> None:
    await stage.rest()


async def _one_by_one(stage: Stage, keys: tuple[str, ...]) -> None:
    for key in keys:
        await stage.press(key)


def _keys(*keys: str) -> Walk:
    async def walk(stage: Stage) -> None:
        await stage.rest()
        await _one_by_one(stage, keys)

    return walk


def _before(name: str) -> tuple[str, ...]:
    return NAMES[: NAMES.index(name)]


def _number(name: str) -> str:
    return str(NAMES.index(name) + 1)


def _held(name: str) -> dict[str, Script]:
    scripts = all_scripts()
    scripts[name].gate = Gate()
    return scripts


def _held_back() -> dict[str, Script]:
    scripts = back_scripts()
    scripts["copy_back"].gate = Gate()
    return scripts


def _begin(name: str, *more: str) -> Walk:
    ready = ("ctrl+n",) if name == "configure_provider" else ()
    return _begin_after((_number(name), *ready), more)


def _begin_after(keys: Sequence[str], more: tuple[str, ...]) -> Walk:
    """Begin what the keys lead to, with what is pressed then."""

    async def walk(stage: Stage) -> None:
        await stage.rest()
        await stage.press(*keys, "enter")
        await _one_by_one(stage, more)

    return walk


def _with_problem(name: str, problem: Problem = PROBLEM) -> dict[str, Script]:
    scripts = all_scripts()
    scripts[name].problem = problem
    return scripts


def _with_failures() -> dict[str, Script]:
    what = "3 of 20,431 files could not be copied."
    remedy = Remedy(verbatim("Fix what can be fixed, then try just these again."), Action.RETRY)
    scripts = _with_problem(
        "copy_media", Problem(verbatim(what), verbatim("The reason is given beside each."), remedy)
    )
    scripts["copy_media"].failures = (
        ("covers/1a2b8f1f-f1fd-42a2-9755-d4c13a902931.jpg", "cannot be read: Permission denied"),
        ("covers/[old] a name that is longer than the column is wide.jpg", "changed while read"),
        ("avatars/5f6d.png", "refused by the storage service: AccessDenied (403) Access Denied."),
    )
    return scripts


def _decision(name: str) -> dict[str, Script]:
    what = "The bucket stays closed to the public."
    why = "The policy that would let them read was declined."
    use = Remedy(verbatim("Use another bucket."), Action.EDIT_PROVIDER)
    return _with_problem(name, Problem(verbatim(what), verbatim(why), use, decision=True))


def _half_way(source: KitSource) -> None:
    source.began("set_cors")
    source.failed(
        "restart",
        Problem(verbatim("The site did not come back."), verbatim("It answers with 502.")),
    )


def move_elsewhere(source: KitSource) -> None:
    """Other answers than those that the steps were done with."""
    source.settings = replace(source.settings, bucket="other-books")


async def _wrong_fields(stage: Stage) -> None:
    await stage.rest()
    await stage.press("1")
    for name, text in {
        "bucket": "Books Media",
        "endpoint": "https://s3.fr-par.scw.cloud/books-media",
    }.items():
        stage.app.screen.query_one(f"#field-{name} Input", Input).focus()
        stage.app.screen.query_one(f"#field-{name} Input", Input).value = text
        await stage.rest()


PASTED = """\
AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE
AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
AWS_STORAGE_BUCKET_NAME=books-media
AWS_S3_ENDPOINT_URL=http://books-media.s3.fr-par.scw.cloud
"""
SECTIONS = """\
[scaleway]
type = s3
endpoint = s3.fr-par.scw.cloud
[home]
type = s3
provider = Minio
endpoint = http://10.0.0.5:9000
"""


def _paste(*texts: str) -> Walk:
    """Paste texts into the form, and what comes after the first into what it opens."""

    async def walk(stage: Stage) -> None:
        await stage.rest()
        await stage.press("1")
        for pasted in texts:
            await stage.paste(pasted)

    return walk


async def _failed_run(stage: Stage, name: str) -> None:
    await _begin(name)(stage)
    await stage.until(lambda: not stage.app.session.running)
    await stage.rest()


def _failed(name: str, *more: str) -> Walk:
    async def walk(stage: Stage) -> None:
        await _failed_run(stage, name)
        await _one_by_one(stage, more)

    return walk


def _question() -> dict[str, Script]:
    scripts = all_scripts()
    text = "There is no bucket called books-media yet. Shall it be created?"
    scripts["configure_provider"].question = Question(
        text=verbatim(text), yes=verbatim("Create it"), no=verbatim("Leave it")
    )
    scripts["configure_provider"].gate = Gate()
    return scripts


def _misplaced() -> dict[str, Script]:
    scripts = all_scripts()
    found = Misplaced(place="books-media/images/", files=1234, size=56_000_000)
    scripts["copy_media"].question = question_about(found)
    scripts["copy_media"].gate = Gate()
    return scripts


def _asked(step: str) -> Callable[[Stage], Awaitable[None]]:
    """What lies below the question is laid out before it is asked."""

    async def walk(stage: Stage) -> None:
        await _begin(step)(stage)
        stage.gate.set()
        await stage.until(lambda: isinstance(stage.app.screen, ConfirmDialog))
        await stage.rest()

    return walk


_KEY_PROBLEM = Problem(
    verbatim("The storage does not know this access key."),
    verbatim("It was deleted, or a part of it was lost while it was pasted."),
    Remedy(verbatim("Enter the access key again."), Action.EDIT_PROVIDER),
    field="access_key_id",
)
_DEPLOYMENT_PROBLEM = Problem(
    verbatim("It is not clear how this instance runs."),
    verbatim("There are traces of Docker Compose as well as a virtual environment."),
    field="deployment",
    decision=True,
)
_NO_INSTANCE = Problem(
    verbatim("There is no BookWyrm instance in /root."),
    verbatim("A BookWyrm folder holds manage.py, bookwyrm/settings.py and .env."),
    verbatim("Go to the instance's folder and start bw-s3 there."),
    verbatim("Or name the folder: bw-s3 /opt/bookwyrm"),
)
_HTTP = replace(
    SETTINGS,
    provider="seaweedfs",
    endpoint="http://127.0.0.1:8333",
    custom_domain="127.0.0.1:8333/books-media",
    url_protocol="http:",
)
_FRESH = replace(SETTINGS, path="fresh")
_EMPTY = Settings(path="existing", deployment="dockerless")


def all_states() -> dict[str, State]:
    """Each state by the name of its picture."""
    states = {
        "start-looking": State(_stay, hold_opening=True),
        "start": State(_stay),
        "start-fresh": State(_stay, settings=_FRESH),
        "start-moving": State(_stay, settings=replace(SETTINGS, path="moving")),
        "start-ssh": State(_stay, unprotected_ssh=True),
        "start-half-way": State(_stay, done=NAMES[:4], prepare=_half_way),
        "start-no-instance": State(_stay, opening_problem=_NO_INSTANCE),
        "start-which-deployment": State(_stay, opening_problem=_DEPLOYMENT_PROBLEM),
        "provider-empty": State(_keys("1"), settings=_EMPTY, keys=Keys("", "")),
        "provider-list": State(_keys("1", "enter"), settings=_EMPTY, keys=Keys("", "")),
        "provider-wrong": State(_wrong_fields),
        "provider-filled": State(_keys("1")),
        "provider-paste": State(_keys("1", "f3"), settings=_EMPTY, keys=Keys("", "")),
        "provider-paste-found": State(_paste(PASTED), settings=_EMPTY, keys=Keys("", "")),
        "provider-paste-several": State(_paste(SECTIONS), settings=_EMPTY, keys=Keys("", "")),
        "provider-paste-nothing": State(_paste("one\ntwo"), settings=_EMPTY, keys=Keys("", "")),
        "provider-plan": State(_keys("1", "ctrl+n")),
        "provider-refused": State(
            _failed("configure_provider"),
            scripts=_with_problem("configure_provider", _KEY_PROBLEM),
        ),
        "provider-question": State(_asked("configure_provider"), scripts=_question()),
        "provider-declined": State(
            _failed("configure_provider", "escape"), scripts=_decision("configure_provider")
        ),
        "provider-http": State(_keys("1"), settings=_HTTP),
        "provider-stale": State(_keys("1"), done=NAMES[:4], prepare=move_elsewhere),
        "copy-misplaced": State(
            _asked("copy_media"), done=_before("copy_media"), scripts=_misplaced()
        ),
        "copy-paused": State(
            _begin("copy_media", "p"), done=_before("copy_media"), scripts=_held("copy_media")
        ),
        "copy-limit": State(
            _begin("copy_media", "l"), done=_before("copy_media"), scripts=_held("copy_media")
        ),
        "copy-failed-files": State(
            _failed("copy_media", "escape", "f"),
            done=_before("copy_media"),
            scripts=_with_failures(),
        ),
        "copy-elsewhere": State(
            _begin("copy_media", "0"), done=_before("copy_media"), scripts=_held("copy_media")
        ),
        "copy-leave": State(
            _begin("copy_media", "q"), done=_before("copy_media"), scripts=_held("copy_media")
        ),
        "copy-skipped": State(_keys("2"), settings=_FRESH),
        "blocked": State(_keys("5"), done=NAMES[:2]),
        "interrupted": State(
            _keys("2"), done=NAMES[:1], prepare=lambda s: s.began("copy_media")
        ),
        "take-back": State(_keys("3", "u"), done=NAMES[:3]),
        "later": State(_keys("6"), done=(*NAMES[:1], *NAMES[2:5]), settings=_FRESH),
        "output": State(_begin("collect_static", "o"), done=_before("collect_static")),
        "output-search": State(
            _begin("collect_static", "o", "/", "[", "7", "enter"),
            done=_before("collect_static"),
        ),
        "problem-message": State(
            _failed("set_cors", "m"), done=_before("set_cors"), scripts=_with_problem("set_cors")
        ),
        "problem": State(
            _failed("set_cors"), done=_before("set_cors"), scripts=_with_problem("set_cors")
        ),
        "help": State(_keys("2", "f1"), done=NAMES[:1]),
        "palette": State(_keys("2", "ctrl+p"), done=NAMES[:1]),
        "end-unfinished": State(_keys("9"), done=NAMES[:4]),
        "end": State(_keys("9"), done=NAMES),
        "end-fresh": State(_keys("9"), done=(*NAMES[:1], *NAMES[2:5]), settings=_FRESH),
    }  # fmt: skip
    for name in NAMES:
        states |= _states_of_step(name)
    return states | _states_of_the_way_back()


def _states_of_the_way_back() -> dict[str, State]:
    """What is only in the bucket, a conflict, the restart, closing the bucket, the summary."""
    scripts = back_scripts()
    before_closing = tuple(scripts)[:-1]
    return {
        "back-start": State(_stay, scripts=scripts),
        "back-interrupted": State(
            _stay,
            done=("copy_back",),
            scripts=back_scripts(),
            prepare=lambda s: s.began("disable_s3"),
        ),
        "back-give-up": State(
            _keys("b"), scripts=back_scripts(), prepare=lambda s: s.began("copy_back")
        ),
        "back-copy-paused": State(_begin_after("1", ("p",)), scripts=_held_back()),
        "back-copy-limit": State(_begin_after("1", ("l",)), scripts=_held_back()),
        "back-copy": State(_keys("1"), scripts=back_scripts()),
        "back-copy-conflict": State(_asked_at("1"), scripts=conflicting()),
        "back-copy-declined": State(_asked_at("1", "escape"), scripts=conflicting()),
        "back-copy-done": State(_keys("1"), done=("copy_back",), scripts=back_scripts()),
        "back-restart": State(
            _keys("4"), done=before_closing[:-1], scripts=back_scripts()
        ),
        "back-close": State(_keys("5"), done=before_closing, scripts=back_scripts()),
        "back-close-question": State(_asked_at("5"), done=before_closing, scripts=closing()),
        "back-end": State(_keys("6"), done=(*before_closing, "close_bucket"), scripts=scripts),
    }  # fmt: skip


def _asked_at(number: str, *more: str) -> Walk:
    """Begin a step that asks, with what is pressed then."""

    async def walk(stage: Stage) -> None:
        await stage.rest()
        await stage.press(number)
        press(stage.app, "enter")
        await stage.until(lambda: isinstance(stage.app.screen, ConfirmDialog))
        await stage.rest()
        await _one_by_one(stage, more)

    return walk


def _states_of_step(name: str) -> dict[str, State]:
    """What every step can be: ready, at work, done, failed."""
    before = _before(name)
    number = _number(name)
    ready = (number, "ctrl+n") if name == "configure_provider" else (number,)
    return {
        f"{name}-ready": State(_keys(*ready), done=before),
        f"{name}-at-work": State(_begin(name), done=before, scripts=_held(name)),
        f"{name}-done": State(_keys(number), done=(*before, name)),
        f"{name}-failed": State(_failed(name, "escape"), done=before, scripts=_with_problem(name)),
    }
