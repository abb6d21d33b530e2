"""A small migration whose steps do real things in a folder, and always look the same.

For pictures and for walks that need no server. Each step writes a file, verifies
it by reading it back, and can be held in the middle by a gate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widget import Widget

from screens.app.wizard_app import WizardApp
from screens.state.sources import Source
from tests.support.contexts import make_context
from wizard.core.events import Check, Event, Note, Output, Progress, Report, Waiting, failed, passed
from wizard.core.message import NOTHING, Message, msg, verbatim
from wizard.core.plan import Command, Diff, Document, Plan, PlanItem, Sentence
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.secrets import Keys
from wizard.core.settings import DeploymentKind, Settings
from wizard.core.states import ResultState
from wizard.instance.checkout import open_instance
from wizard.instance.deployment import Deployment
from wizard.instance.switching import (
    BeforePagesChange,
    Switch,
    SwitchOffer,
    SwitchStage,
    SwitchWay,
    nothing_before,
)
from wizard.journal.journal import Journal, StepResult
from wizard.media.source import Media
from wizard.migration import STEPS, WAY_BACK, Migration
from wizard.opening.facts import PATH
from wizard.opening.opening import Opened
from wizard.step import (
    ALWAYS,
    Applicability,
    Applies,
    Ask,
    Context,
    Fact,
    Finding,
    Question,
    Step,
    TypedStep,
)

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
KEYS = Keys("AKIAIOSFODNN7EXAMPLE", SECRET)
SETTINGS = Settings(
    path="existing",
    deployment="dockerless",
    provider="scaleway",
    endpoint="https://s3.fr-par.scw.cloud",
    region="fr-par",
    bucket="books-media",
    custom_domain="books-media.s3.fr-par.scw.cloud",
    site_url="https://books.example.org",
)
FACTS = (
    Fact(verbatim("instance"), "books.example.org"),
    Fact(verbatim("folder"), "/opt/bookwyrm"),
    Fact(verbatim("BookWyrm"), "0.9.2"),
    Fact(verbatim("runs as"), "dockerless (the unit bookwyrm.service names this folder)"),
    Fact(verbatim("site"), "https://books.example.org"),
    Fact(PATH, msg("existing instance: all eight steps")),
)


class Gate(asyncio.Event):
    """Holds a step, or the opening, where a picture is to be taken."""

    reached = False

    async def wait(self) -> Literal[True]:
        """Says that it is waited for, so that nobody has to guess how long to wait for that."""
        self.reached = True
        return await super().wait()


def is_at_rest(app: WizardApp, held: Container[str] = ()) -> bool:
    """Whether nothing happens any more by itself but in the workers of these groups."""
    works = any(not worker.is_finished and worker.group not in held for worker in app.workers)
    # A button that was just pressed looks otherwise for a moment, and takes no other key.
    pressed = bool(app.screen.query("Button.-active"))
    return not works and not pressed and is_settled(app)


def is_settled(app: WizardApp) -> bool:
    """Whether all messages were dealt with, and all that changed was drawn."""
    if app._batch_count:
        return False
    widgets = (*app.screen_stack, *app.screen.walk_children(Widget))
    return not (any(map(_has_messages, (app, *widgets))) or any(map(_is_to_be_drawn, widgets)))


def _has_messages(part: MessagePump) -> bool:
    return bool(part.message_queue_size or part._next_callbacks)


def _is_to_be_drawn(part: Widget) -> bool:
    """Whether a widget waits for its turn to be styled, laid out, scrolled or drawn.

    Scroll bars come and go while a screen is laid out, and ask for another layout.
    """
    if isinstance(part, Screen):
        if part is not part.app.screen:  # it waits until it is on top again
            return False
        if part._callbacks or part._dirty_widgets:
            return True
    return bool(
        part._layout_required
        or part._scroll_required
        or (part._repaint_required and part.outer_size.area)  # else it is never drawn
        or part._recompose_required
        or part._refresh_styles_required
    )


@dataclass
class Script:
    """What a kit step shows and says. `gate` holds it until it is set."""

    facts: tuple[Fact, ...] = ()
    items: tuple[PlanItem, ...] = ()
    safe: str = ""
    events: tuple[Event, ...] = ()
    checks: tuple[Check, ...] = ()
    inputs: tuple[str, ...] = ("bucket",)
    later_when_fresh: bool = False
    only_existing: bool = False
    problem: Problem | None = None
    question: Question | None = None
    undoable: bool = False
    failures: tuple[tuple[str, str], ...] = ()
    gate: Gate | None = field(default=None, repr=False)
    act: Callable[[Context], Awaitable[None]] | None = None


class KitStep(TypedStep[None]):
    """A step after a script; what it does is to write `effects/NAME`, and verify is to read it."""

    def __init__(self, name: str, script: Script) -> None:
        real = next(step for step in (*STEPS, *WAY_BACK) if step.name == name)
        self.name = name  # type: ignore[misc]
        self.title = real.title  # type: ignore[misc]
        self.purpose = real.purpose  # type: ignore[misc]
        self.script = script

    def applies(self, context: Context) -> Applicability:
        if context.settings.path == "fresh":
            if self.script.only_existing:
                return Applicability(Applies.NO, verbatim("A fresh install has no media yet."))
            if self.script.later_when_fresh:
                return Applicability(Applies.LATER, verbatim("Waits until your site runs."))
        return ALWAYS

    def inputs(self, context: Context) -> Mapping[str, str]:
        return {name: str(getattr(context.settings, name)) for name in self.script.inputs}

    def _effect(self, context: Context) -> Path:
        return context.instance.folder / "effects" / self.name

    async def inspect(self, context: Context) -> Finding:
        effect = self._effect(context)
        done = effect.is_file() and effect.read_text() == context.settings.bucket
        return Finding(
            done, self.script.facts, verbatim("" if done else "somebody emptied the bucket")
        )

    async def plan(self, context: Context) -> Plan:
        safe = self.script.safe
        return Plan(self.script.items, safe if isinstance(safe, Message) else verbatim(safe))

    async def _ask(self, context: Context) -> None:
        if self.script.question:
            if self.script.gate:
                await self.script.gate.wait()
            if not await context.ask(self.script.question):
                raise Problem(
                    verbatim("You said no."),
                    verbatim("It was asked, and the answer was no."),
                    decision=True,
                )

    async def apply(self, context: Context) -> None:
        await self._ask(context)
        if self.script.act:
            await self.script.act(context)
        for event in self.script.events:
            context.report(event)
        for path, reason in self.script.failures:
            context.control.note_failure(path, verbatim(reason))
        if self.script.gate:
            await self.script.gate.wait()
        if self.script.problem:
            raise self.script.problem
        effect = self._effect(context)
        effect.parent.mkdir(exist_ok=True)
        effect.write_text(context.settings.bucket)

    async def verify(self, context: Context, found: None) -> Sequence[Check]:
        written = self._effect(context).read_text() == context.settings.bucket
        first = (
            passed(verbatim("What was written is there"), verbatim("read back"))
            if written
            else _not_there()
        )
        checks = (*self.script.checks, *(() if self.script.checks else (first,)))
        for check in checks:
            context.report(check)
        return checks

    async def undo(self, context: Context) -> bool:
        if not self.script.undoable or not self._effect(context).exists():
            return False
        self._effect(context).unlink()
        return True


class KitBackStep(KitStep):
    """A step back; none of these is undone by itself."""

    undo = Step.undo


def _not_there() -> Check:
    return failed(
        verbatim("What was written is there"),
        Problem(verbatim("It is not there."), verbatim("It was removed.")),
    )


class StillSwitch(Switch):
    """A way that is only chosen."""

    def __init__(self, way: SwitchWay) -> None:
        self.way = way

    def stages(self) -> Sequence[SwitchStage]:
        return ()

    def downtime(self) -> Message:
        return msg("This is said of {way}.", way=str(self.way))

    async def carry_out(self, stage: SwitchStage, report: Report) -> None:
        raise _never_run()

    async def undo(self, report: Report, before: BeforePagesChange = nothing_before) -> None:
        raise _never_run()


class StillDeployment(Deployment):
    """An instance that is never run."""

    kind = DeploymentKind.DOCKERLESS
    label = verbatim("dockerless")

    async def ever_ran(self) -> bool:
        return True

    async def media(self) -> Media:
        raise _never_run()

    async def static_commands(self) -> Sequence[Command]:
        return ()

    async def collect_static(self, report: Report) -> None:
        raise _never_run()

    async def switches(self) -> Sequence[SwitchOffer]:
        """Three ways, the best of which cannot be had."""
        return (
            SwitchOffer(StillSwitch(SwitchWay.STANDBY), msg("There is too little memory.")),
            SwitchOffer(StillSwitch(SwitchWay.NO_DEPS)),
            SwitchOffer(StillSwitch(SwitchWay.UP)),
        )

    async def manage_command(self) -> Command:
        return Command(("manage.py",))

    async def run_script(self, script: str, values: str) -> str:
        raise _never_run()


def _never_run() -> Problem:
    return Problem(
        verbatim("This instance is never run."), verbatim("It is there for pictures only.")
    )


class KitWayBack(Migration):
    """The steps back; the real ones are named otherwise."""

    leads_back = True


class KitSource(Source):
    """Opens the kit's migration; `resumed` as a second start would say it."""

    def __init__(
        self,
        folder: Path,
        scripts: Mapping[str, Script],
        *,
        settings: Settings = SETTINGS,
        keys: Keys = KEYS,
        hold: Gate | None = None,
        problem: Problem | None = None,
    ) -> None:
        self.folder = folder
        self._kind, step = (
            (KitWayBack, KitBackStep) if "copy_back" in scripts else (Migration, KitStep)
        )
        self.steps = [step(name, script) for name, script in scripts.items()]
        self.settings, self.keys = settings, keys
        self.hold, self.problem = hold, problem
        self.journal = Journal.open(folder / ".bw-s3", folder)
        self.journal.save_settings(settings)

    async def open(self, report: Report, ask: Ask, answers: Mapping[str, str]) -> Opened:
        if self.hold:
            await self.hold.wait()
        if self.problem:
            raise self.problem
        instance = open_instance(self.folder)
        deployment = StillDeployment(self.settings)
        context = make_context(
            instance, deployment, self.journal, keys=self.keys, report=report, ask=ask
        )
        return Opened(migration=self._kind(context, self.steps), facts=FACTS, resumed=NOTHING)

    def done(self, *names: str) -> None:
        """Remember these steps as done, with their effects in place."""
        for step in self.steps:
            if step.name in names:
                checks = step.script.checks or (
                    passed(verbatim("What was written is there"), verbatim("read back")),
                )
                self._remember(step, ResultState.DONE, checks)
                effect = self.folder / "effects" / step.name
                effect.parent.mkdir(exist_ok=True)
                effect.write_text(self.settings.bucket)

    def began(self, name: str) -> None:
        """Remember a step as interrupted."""
        step = next(s for s in self.steps if s.name == name)
        self._remember(step, ResultState.BEGUN, ())

    def failed(self, name: str, problem: Problem) -> None:
        """Remember a step as failed."""
        step = next(s for s in self.steps if s.name == name)
        self._remember(step, ResultState.FAILED, (), problem)

    def _remember(
        self,
        step: KitStep,
        state: ResultState,
        checks: tuple[Check, ...],
        problem: Problem | None = None,
    ) -> None:
        inputs = {name: str(getattr(self.settings, name)) for name in step.script.inputs}
        result = StepResult(
            step=step.name,
            state=state,
            inputs=inputs,
            checks=checks,
            problem=problem,
            at=1.0,
            seconds=12.3,
        )
        self.journal.save_result(result)


def make_instance(folder: Path) -> Path:
    """The least that is a BookWyrm checkout."""
    (folder / "bookwyrm").mkdir(parents=True)
    (folder / "bookwyrm" / "settings.py").write_text('env("AWS_DEFAULT_ACL")\n')
    (folder / "manage.py").write_text("")
    (folder / "VERSION").write_text("0.9.2\n")
    (folder / ".env").write_text("DOMAIN=books.example.org\nUSE_S3=false\n")
    return folder


def make_app(source: Source, *, theme: str = "night", unprotected_ssh: bool = False) -> WizardApp:
    """The app on a clock that stands still."""
    app = WizardApp(source, clock=lambda: 0.0, theme=theme, unprotected_ssh=unprotected_ssh)
    app.animation_level = "none"
    return app


ENV_DIFF = """\
--- .env
+++ .env (new)
@@ -41,4 +41,4 @@
 # S3 configuration
-USE_S3=false
+USE_S3=true
-# AWS_ACCESS_KEY_ID=
+AWS_ACCESS_KEY_ID=••••••••
"""

CORS_RULES = """\
{
  "CORSRules": [
    {
      "AllowedOrigins": ["https://books.example.org"],
      "AllowedMethods": ["GET", "HEAD"],
      "AllowedHeaders": ["*"],
      "MaxAgeSeconds": 3000
    }
  ]
}"""

PROBLEM = Problem(
    verbatim("The storage refused the secret key."),
    verbatim(
        "The secret does not belong to this access key, or a part of it was lost while it was "
        "pasted."
    ),
    Remedy(verbatim("Paste both keys again, as the console shows them."), Action.EDIT_PROVIDER),
    Remedy(verbatim("Make a new pair of keys: IAM > API keys > Generate an API key.")),
    Remedy(verbatim("Try again."), Action.RETRY),
    raw="<Error><Code>SignatureDoesNotMatch</Code><Message>[a] The request signature we "
    "calculated does not match the signature you provided.</Message></Error>",
)


def all_scripts() -> dict[str, Script]:
    """The eight steps: what they find, change and verify, in words close to the real ones."""
    return {
        "configure_provider": Script(
            facts=(
                Fact(verbatim("bucket"), "s3://books-media at https://s3.fr-par.scw.cloud"),
                Fact(verbatim("visitors"), "https://books-media.s3.fr-par.scw.cloud"),
            ),
            items=(
                Sentence(
                    verbatim(
                        "Small objects under a random name are written, read back and deleted."
                    )
                ),
                Diff("/opt/bookwyrm/.env", ENV_DIFF),
            ),
            safe="The running site does not change.",
            checks=(
                passed(
                    verbatim("Does s3.fr-par.scw.cloud answer?"),
                    verbatim("yes, over TLS 1.3, in 18 ms"),
                ),
                passed(
                    verbatim("Is this machine's clock right?"), verbatim("yes, it differs by 0.4 s")
                ),
                passed(
                    verbatim("Does the storage accept the keys?"),
                    verbatim("yes, for the bucket books-media"),
                ),
                passed(
                    verbatim("Can files be stored below images/ and static/?"),
                    verbatim("yes, byte for byte"),
                ),
                passed(
                    verbatim("Can the public read through books-media.s3.fr-par.scw.cloud?"),
                    verbatim("yes"),
                ),
                passed(
                    verbatim("Is the list of files hidden from the public?"),
                    verbatim("yes, 403 AccessDenied"),
                ),
            ),
        ),
        "copy_media": Script(
            facts=(
                Fact(verbatim("from"), "/opt/bookwyrm/images, 20,431 files, 3.2 GB"),
                Fact(verbatim("to"), "s3://books-media/images/, 8,112 verified before"),
                Fact(verbatim("held back"), "3 archives (exports and imports of accounts)"),
            ),
            items=(
                Sentence(verbatim("To be copied: 12,319 files, 2.0 GB.")),
                Sentence(verbatim("Not copied: 3 archives, which are private and stay here.")),
            ),
            safe="Nothing is deleted or overwritten, here or in the bucket.",
            events=(
                Note(verbatim("8,112 files were verified before and are not sent again.")),
                *(
                    Progress(
                        files_done=12871,
                        files_total=20431,
                        bytes_done=2_012_000_000,
                        bytes_total=3_210_000_000,
                        rate=rate,
                        seconds_left=41.0,
                        failed=2,
                    )
                    for rate in (48.2e6,)
                ),
            ),
            checks=(
                passed(
                    verbatim("Is every public file in the bucket, with the same size and MD5?"),
                    verbatim("yes, 20,431 files"),
                ),
                passed(
                    verbatim("Is there anything in the bucket that is not among your media?"),
                    verbatim("no"),
                ),
            ),
            only_existing=True,
        ),
        "enable_s3": Script(
            facts=(Fact(verbatim("file"), "/opt/bookwyrm/.env"),),
            items=(
                Diff("/opt/bookwyrm/.env", ENV_DIFF),
                Sentence(
                    verbatim(
                        "From here on the instance is armed: whatever starts its services next (a "
                        "reboot, an upgrade, a crash) switches it to S3, ready or not."
                    ),
                    warning=True,
                ),
            ),
            safe="The running site does not change yet. This step can be undone.",
            undoable=True,
            checks=(
                passed(
                    verbatim("Does .env say USE_S3=true?"),
                    verbatim("yes, and nothing else changed"),
                ),
            ),
        ),
        "collect_static": Script(
            items=(
                Command(("venv/bin/python3", "manage.py", "compile_themes"), user="bookwyrm"),
                Command(
                    ("venv/bin/python3", "manage.py", "collectstatic", "--no-input"),
                    user="bookwyrm",
                ),
            ),
            events=tuple(Output(f"Copying '/opt/bookwyrm/[{n}].css'") for n in range(12)),
            checks=(
                passed(
                    verbatim("Does Django store static files in this bucket?"),
                    verbatim("bucket books-media"),
                ),
                passed(verbatim("Can the public read the static files?"), verbatim("263 files")),
            ),
        ),
        "set_cors": Script(
            items=(Document(verbatim("Rules as they will be sent"), CORS_RULES),),
            safe="Rules that are there already are kept.",
            checks=(
                passed(
                    verbatim("Does the bucket have rules for your pages?"),
                    verbatim("for https://books.example.org"),
                ),
            ),
        ),
        "restart": Script(
            items=(
                Command(("systemctl", "restart", "bookwyrm", "bookwyrm-worker")),
                Sentence(verbatim("The site is down for less than a minute."), warning=True),
            ),
            events=(Waiting(verbatim("Waiting for the site's own page"), 12.0),),
            safe="The local media stay where they are.",
            checks=(
                passed(verbatim("Does the site answer with its own page?"), verbatim("HTTP 200")),
                passed(
                    verbatim("Is what was uploaded in the meantime in the bucket?"),
                    verbatim("2 files copied"),
                ),
            ),
            later_when_fresh=True,
        ),
        "verify_cors": Script(
            items=(
                Sentence(
                    verbatim("A font, a stylesheet, an image and the first page are fetched.")
                ),
            ),
            safe="Nothing is changed.",
            checks=(
                passed(
                    verbatim("Do its pages point to the bucket?"),
                    verbatim("bookwyrm-light.css"),
                ),
                passed(
                    verbatim("May a page on https://books.example.org use the bucket's fonts?"),
                    verbatim("icomoon.woff"),
                ),
                passed(
                    verbatim("Does a cover or an avatar load in a visitor's browser?"),
                    verbatim("covers/1a2b8f1f.jpg"),
                ),
            ),
            later_when_fresh=True,
        ),
        "update_connector": Script(
            items=(
                Document(
                    verbatim("Covers url of books.example.org"),
                    "- https://books.example.org/images\n"
                    "+ https://books-media.s3.fr-par.scw.cloud/images",
                ),
            ),
            safe="The old value is kept, and can be put back.",
            checks=(
                passed(
                    verbatim("Does the instance's own connector name the bucket?"),
                    verbatim("Covers url is the new one"),
                ),
            ),
            later_when_fresh=True,
        ),
    }
