"""The ordered steps, the three paths, what is next and what went stale."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from wizard.copying.settle_public import forget_declined
from wizard.core.events import Check, Event, Report, Verdict
from wizard.core.message import NOTHING, Message, listed, msg, plural, verbatim
from wizard.core.plan import Plan
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import MigrationPath, Settings
from wizard.core.states import RESTING, ResultState, State
from wizard.journal.entries import json_entry, text_entry
from wizard.journal.journal import Journal, StepResult
from wizard.journal.moving import forget_moving, moving_from, note_moving_from
from wizard.step import Applicability, Applies, Context, Finding, Step
from wizard.steps.close_bucket import CloseBucket
from wizard.steps.collect_static import CollectStatic
from wizard.steps.configure_provider import ConfigureProvider
from wizard.steps.copy_back import CopyBack
from wizard.steps.copy_media import CopyMedia
from wizard.steps.disable_s3 import DisableS3
from wizard.steps.enable_s3 import EnableS3
from wizard.steps.local_static import LocalStatic
from wizard.steps.restart import Restart
from wizard.steps.set_cors import SetCors
from wizard.steps.switch_back import SwitchBack
from wizard.steps.update_connector import UpdateConnector
from wizard.steps.verify_cors import VerifyCors
from wizard.storage.in_env import storage_in
from wizard.switch.moving import env_names_old
from wizard.switch.s3_lines import ENABLING_STEP
from wizard.web.visitor import ServedFrom, SiteView, look_at_site, same_place

_SECONDS_FOR_SITE = 10.0
_SITE_RUNS = msg("the site runs now")

STEPS: tuple[Step, ...] = (
    ConfigureProvider(),
    CopyMedia(),
    EnableS3(),
    CollectStatic(),
    SetCors(),
    Restart(),
    VerifyCors(),
    UpdateConnector(),
)

# From the bucket back to this server's disk.
WAY_BACK: tuple[Step, ...] = (
    CopyBack(),
    DisableS3(),
    LocalStatic(),
    SwitchBack(),
    CloseBucket(),
)

# What people call the inputs of steps.
INPUTS: Mapping[str, Message] = MappingProxyType(
    {
        "BookWyrm": msg("BookWyrm"),
        "acl": msg("ACL"),
        "bucket": msg("bucket"),
        "covers url": msg("Covers url"),
        "custom_domain": msg("custom domain"),
        "endpoint": msg("endpoint"),
        "origins": msg("origins"),
        "region": msg("region"),
        "site_url": msg("address of the site"),
        "url_protocol": msg("protocol of the custom domain"),
    }
)

# Why the admin passed over a step.
_SKIPPED = text_entry("skipped")
# What was typed into the form and never worked: of its storage only, and never its keys.
DRAFT = json_entry("settings typed", Settings.from_dict, Settings.to_dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where a step stands, and why, in words; `result` is what is remembered of it.

    `changed` names the answers that are others than those it was done with.
    """

    step: Step
    state: State
    why: Message = NOTHING
    result: StepResult | None = None
    changed: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """How all steps stand at one moment.

    `following` is the first that is neither done, skipped nor waiting, None at the end;
    `armed` as `Migration.is_armed` says it.
    """

    statuses: tuple[Status, ...]
    following: Step | None
    armed: bool


def give_up_way_back(journal: Journal) -> None:
    """Forget what was done of the way back: it begins from the start the next time."""
    for step in WAY_BACK:
        if journal.result(step.name):
            journal.forget_result(step.name)


def storage_changed(old: Settings, new: Settings) -> bool:
    """Tell whether two settings name different buckets, or the same one reached differently."""
    return (old.endpoint, old.region, old.bucket) != (new.endpoint, new.region, new.bucket)


class Migration:
    """One instance's migration: the steps, in order, and the context that holds for now.

    What is done with a step takes a `report` for what this one run says; where none is
    given, the context's own hears it. Runs beside each other do not hear one another.
    """

    def __init__(self, context: Context, steps: Sequence[Step] = STEPS) -> None:
        self.context = context
        self.steps = tuple(steps)
        # What was looked at and is no longer as it was verified: the step's name, and why.
        self._gone: dict[str, Message] = {}
        # The site's first page as it was seen last, None where nobody looked yet.
        self.site: SiteView | None = None
        # The storage of `.env` where the running site was seen to serve from it.
        self._serving: Settings | None = None

    def statuses(self) -> list[Status]:
        """Return where each step stands; asks nothing of the world."""
        return [self.status(step) for step in self.steps]

    def status(self, step: Step) -> Status:
        """Return where one step stands by the journal, the settings, and what `look` saw last."""
        status = self._remembered(step)
        believed = status.state in (State.DONE, State.LATER)
        if believed and (why := self._gone.get(step.name)):
            return replace(status, state=State.STALE, why=why)
        return status

    def _remembered(self, step: Step) -> Status:
        """Return where one step stands by the journal and the settings alone."""
        applicability = step.applies(self.context)
        result = self.context.journal.result(step.name)
        if applicability.applies is not Applies.YES:
            return _not_now(step, applicability, result)
        if reason := self.reason_to_skip(step):
            why = msg("you said: {reason}", reason=reason)
            return Status(step=step, state=State.SKIPPED, why=why, result=result)
        if result is None:
            return Status(step=step, state=State.TODO)
        changed = self._changed_inputs(step, result)
        if changed and result.state is not ResultState.FAILED:
            names = tuple(INPUTS[name] for name in changed)
            why = plural(
                "{names} has changed since",
                "{names} have changed since",
                len(names),
                names=listed(names),
            )
            return Status(step=step, state=State.STALE, why=why, result=result, changed=names)
        if result.state is ResultState.DONE and (waits := step.waits(result)):
            runs = self.site is not None and self.site.own_page
            state, why = (State.STALE, _SITE_RUNS) if runs else (State.LATER, verbatim(waits))
            return Status(step=step, state=state, why=why, result=result)
        why = verbatim(result.problem.what) if result.problem else NOTHING
        return Status(step=step, state=State(result.state), why=why, result=result)

    def note_gone(self, names: Collection[str], why: Message) -> None:
        """Take these steps for no longer as they were verified, as `look` would."""
        self._gone.update(dict.fromkeys(names, why))

    def next_step(self) -> Step | None:
        """Return the first step that is neither done, skipped nor waiting; None at the end."""
        return _first_open(self.statuses())

    def overview(self) -> Overview:
        """Return where all steps stand, each asked once."""
        statuses = self.statuses()
        return Overview(tuple(statuses), _first_open(statuses), self.is_armed())

    async def look_at_site(self, seconds: float = _SECONDS_FOR_SITE) -> SiteView | None:
        """Look at the running site, so long at most; None where it has not answered by then.

        From then on `is_armed` goes by what was seen.
        """
        context = self.context
        try:
            async with asyncio.timeout(seconds):
                self.site = await look_at_site(context.settings, context.instance.domain)
        except TimeoutError:
            self.site = None
        self._serving = _serving(context, self.site) or self._serving
        return self.site

    def served_from(self) -> ServedFrom:
        """Tell what the running site serves its files from, as it was seen last."""
        return self.site.served_from(self._domain) if self.site else ServedFrom.UNKNOWN

    @property
    def _domain(self) -> str:
        return self.context.instance.domain

    @property
    def serves_from_named(self) -> bool:
        """Whether the running site was seen to serve from the storage that is named."""
        serving = self._serving
        return serving is not None and serving.is_same_storage(self.context.settings)

    def take_path(self) -> None:
        """Take the path that follows from what the site was seen to serve from."""
        self.context = self.context.with_settings(self.with_path(self.context.settings))

    def with_path(self, settings: Settings) -> Settings:
        """Return settings on the path of a moving instance, where they name another storage.

        That is another than the running site serves from, or, where it was switched or does not
        answer, another than it came from. What it comes from is remembered.
        """
        journal, serving = self.context.journal, self._serving
        named = settings.bucket and settings.custom_domain
        if named and serving and not serving.is_same_storage(settings):
            old = moving_from(journal)
            if old is None or not old.is_same_storage(serving):
                note_moving_from(journal, serving)
                # Of a move before this one, or of the way to the bucket.
                journal.forget_result(ENABLING_STEP)
            return replace(settings, path=MigrationPath.MOVING)
        if settings.path != MigrationPath.MOVING:
            return settings
        old = moving_from(journal)
        if old is not None and not old.is_same_storage(settings):
            return settings
        forget_moving(journal)
        return replace(settings, path=MigrationPath.EXISTING)

    def is_armed(self) -> bool:
        """Tell whether the next start of the services would switch the instance to S3.

        `.env` says `USE_S3=true`, and the site was seen to serve its files from this server.
        Where it was not seen, the journal says whether it was restarted with S3 (trap of the
        armed window: a reboot or a crash would switch it, ready or not).
        """
        if self.leads_back or not self.context.instance.uses_s3():
            return False
        if env_names_old(self.context):
            return False
        match self.served_from():
            case ServedFrom.THIS_SERVER:
                return True
            case ServedFrom.THIS_BUCKET:
                return False
            case ServedFrom.ELSEWHERE if self.context.old_storage is not None:
                return True
        return self._is_armed_by_journal()

    def _is_armed_by_journal(self) -> bool:
        restart = self.step_named("restart")
        # By the journal: a site that is away for a moment was restarted with it all the same.
        status = self._remembered(restart)
        state = status.state
        if state is State.STALE and status.result:
            # Restarted with S3, then other answers were given, which `.env` may not have yet.
            env, ran_with = self.context.instance.env_file(), status.result.inputs
            if env.get("AWS_STORAGE_BUCKET_NAME") != ran_with.get("bucket"):
                return True
            address = env.get("AWS_S3_CUSTOM_DOMAIN")
            return bool(address) and address != ran_with.get("custom_domain", address)
        fresh = self.context.settings.path == MigrationPath.FRESH
        if fresh and state in (State.LATER, State.TODO) and self.next_step() in (None, restart):
            return False  # all is prepared: S3 from its first start is the aim
        return state is not State.DONE

    @property
    def leads_back(self) -> bool:
        """Whether these are the steps back to this server's disk."""
        return self.steps == WAY_BACK

    def step_named(self, name: str) -> Step:
        """Return a step by its module's name; one of the other direction, too."""
        return next(s for s in (*self.steps, *STEPS, *WAY_BACK) if s.name == name)

    def change_settings(self, settings: Settings, keys: Keys) -> None:
        """Continue with other answers; steps whose inputs changed are stale from now on.

        What the canary found of the old bucket says nothing about a new one. What never worked
        is kept apart, as a draft for the form: nobody else is to believe it.
        """
        self._gone.clear()
        self.site = None  # it was judged by the old answers
        if storage_changed(self.context.settings, settings):
            settings = replace(settings, acl="", acl_known=False)
        settings = self.with_path(settings)
        self.context = replace(self.context, keys=keys)
        self.context.masker.add_keys(keys)
        self._continue_with(settings)

    def limit_speed(self, bytes_per_second: int) -> None:
        """Copy no faster from now on; 0: as fast as it goes. What was seen of the world holds."""
        self._continue_with(replace(self.context.settings, limit_rate=bytes_per_second))
        self.context.control.limit_rate(bytes_per_second)

    def _continue_with(self, settings: Settings) -> None:
        self.context = self.context.with_settings(settings)
        journal = self.context.journal
        worked = journal.settings
        kept = settings.with_storage_of(worked)
        journal.save_settings(replace(kept, site_url=worked.site_url))
        if kept == settings:
            journal.forget(DRAFT)
        else:
            journal.remember(DRAFT, settings)

    def ask_again_about_media(self) -> None:
        """Have the next copy ask about what the admin wanted held back before."""
        forget_declined(self.context)
        self.context.journal.forget_result("copy_media")
        self._gone.pop("copy_media", None)

    async def look(self, step: Step, report: Report | None = None) -> tuple[Status, Finding | None]:
        """Return where a step stands, after asking the world about it, and what was found there."""
        status = self.status(step)
        if status.state is State.SKIPPED or not _applies_now(step, self.context):
            return status, None
        finding = await step.inspect(self._heard_by(report))
        if finding.done:
            self._gone.pop(step.name, None)
        else:
            gone = finding.gone or msg("it is no longer as it was verified")
            self._gone[step.name] = verbatim(gone)
        # Looking may show that there is nothing to do here at all.
        return self.status(step), finding

    async def plan(
        self, step: Step, report: Report | None = None, *, finding: Finding | None = None
    ) -> Plan:
        """Return what a step would change, by what `look` has just found, if it looked.

        Raises `Problem` where it cannot be done at all.
        """
        context = self._heard_by(report)
        return await (step.plan_after(context, finding) if finding else step.plan(context))

    async def carry_out(self, step: Step, report: Report | None = None) -> StepResult:
        """Apply a step and verify it; what happened is in the journal, also when it fails.

        Raises the `Problem` that stopped it, or that of the first check that failed.
        """
        context = self._heard_by(report)
        _give_up_other_way(context.journal, step)
        inputs = dict(step.inputs(context))
        started = time.monotonic() - self._seconds_before(step, inputs)
        self._gone.pop(step.name, None)
        self.context.journal.forget(_SKIPPED.of(step.name))
        self._remember(step, ResultState.BEGUN, inputs, started)
        try:
            recorded = _CheckRecorder(context.report)
            with self.context.journal.timing(step.name, started):
                found = await step.apply(replace(context, report=recorded))
                context = self._settle(context, step, found)
                # Applying may settle an input, such as the ACL that the canary found.
                inputs = dict(step.inputs(context))
                checks = _with_recorded(recorded.checks, await step.verify(context, found))
        except Problem as problem:
            self._remember(step, ResultState.FAILED, inputs, started, problem=problem)
            raise
        except asyncio.CancelledError:
            self._remember(step, ResultState.BEGUN, inputs, started)
            raise
        finally:
            await self._look_again(step)
        wrong = next((c for c in checks if c.verdict is Verdict.FAIL), None)
        if wrong is None:
            self._keep_settings(step, context.settings)
            return self._remember(step, ResultState.DONE, inputs, started, checks=checks)
        fault = wrong.problem or Problem(
            wrong.seen, msg("This was the answer to “{check}”.", check=wrong.asked), code=wrong.code
        )
        self._remember(step, ResultState.FAILED, inputs, started, checks=checks, problem=fault)
        raise fault

    async def _look_again(self, step: Step) -> None:
        """Look at the site again where carrying out or undoing the step may have switched it."""
        if self.site is not None and step.switches_site:
            await self.look_at_site()

    def _keep_settings(self, step: Step, worked: Settings) -> None:
        """Remember the storage that a step has worked with: the next start begins with it.

        Where the site was switched, it was seen at its address as well.
        """
        journal = self.context.journal
        kept = journal.settings.with_storage_of(worked)
        if step.switches_site:
            kept = replace(kept, site_url=worked.site_url)
        if kept != journal.settings:
            journal.save_settings(kept)
        draft = journal.recall(DRAFT)
        if draft and not storage_changed(worked, draft):
            journal.forget(DRAFT)

    def _as_worked(self, step: Step, run: Context) -> Context:
        """Return the context to undo a step with: without what was typed since and never worked.

        But for the first step, which may have begun with just that.
        """
        worked = self.context.journal.settings
        if not worked.bucket or step.name == self.steps[0].name:
            return run
        return run.with_settings(run.settings.with_storage_of(worked))

    def _heard_by(self, report: Report | None) -> Context:
        """Return the context of one run."""
        return replace(self.context, report=report) if report else self.context

    def _settle(self, run: Context, step: Step, found: Any) -> Context:
        """Keep what applying found out about the settings; returns the run's context with it.

        Where another bucket was chosen in the meantime, it says nothing about that one.
        """
        now = self.context.settings
        settings = now if storage_changed(run.settings, now) else step.settled(now, found)
        if settings != now:
            self.context = self.context.with_settings(settings)
            kept = self.context.journal.settings
            if not storage_changed(kept, settings):
                self.context.journal.save_settings(kept.with_storage_of(settings))
        return run.with_settings(step.settled(run.settings, found))

    def reason_to_skip(self, step: Step) -> str:
        """Return why the admin skipped a step; "" where nobody did, or where it does not apply."""
        if step.applies(self.context).applies is not Applies.YES:
            return ""
        return self.context.journal.recall(_SKIPPED.of(step.name)) or ""

    def skip(self, step: Step, reason: str) -> None:
        """Pass over a step because the admin says so; carrying it out ends that."""
        self.context.journal.remember(_SKIPPED.of(step.name), reason)
        self.context.journal.write_log(step.name, msg("skipped: {reason}", reason=reason))

    async def undo(self, step: Step, report: Report | None = None) -> bool:
        """Undo a step and forget its result; False where it cannot be undone."""
        _give_up_other_way(self.context.journal, step)
        for name in step.undone_before:
            if any(s.name == name for s in self.steps) and self.context.journal.is_done(name):
                await self.undo(self.step_named(name), report)
        undone = await step.undo(self._as_worked(step, self._heard_by(report)))
        await self._look_again(step)
        if undone:
            for name in (step.name, *step.undone_too):
                self.context.journal.forget_result(name)
            self.context.journal.write_log(step.name, msg("undone"))
        return undone

    def _seconds_before(self, step: Step, inputs: dict[str, str]) -> float:
        """Return how long the tries took that did not come to the end, for the same answers."""
        before = self.context.journal.result(step.name)
        unfinished = (ResultState.BEGUN, ResultState.FAILED)
        if before is None or before.state not in unfinished or before.inputs != inputs:
            return 0.0
        return before.seconds

    def remarks(self) -> list[Check]:
        """Return what the steps that are done found worth knowing, in their order.

        What a later check has answered with yes is left out, and nothing is said twice.
        """
        done = [s.result for s in self.statuses() if s.state is State.DONE and s.result]
        found: dict[tuple[str, str], Check] = {}
        for result in done:
            later = [check for other in done if other.at > result.at for check in other.checks]
            for check in _still_true(result.checks, later):
                found.setdefault((check.asked, check.seen), check)
        return list(found.values())

    def _changed_inputs(self, step: Step, result: StepResult) -> list[str]:
        now = step.inputs(self.context)
        return [name for name in now if result.inputs.get(name, now[name]) != now[name]]

    def _remember(
        self,
        step: Step,
        state: ResultState,
        inputs: dict[str, str],
        started: float,
        *,
        checks: tuple[Check, ...] = (),
        problem: Problem | None = None,
    ) -> StepResult:
        seconds = time.monotonic() - started
        result = StepResult(
            step=step.name,
            state=state,
            inputs=inputs,
            checks=checks,
            problem=problem,
            at=time.time(),
            seconds=seconds,
        )
        self.context.journal.save_result(result)
        self.context.journal.write_log(step.name, problem.what if problem else state)
        return result


class _CheckRecorder:
    """Passes on what a step reports while it works, and keeps its checks.

    They are evidence as much as its checks.
    """

    def __init__(self, report: Report) -> None:
        self.checks: list[Check] = []
        self._report = report

    def __call__(self, event: Event) -> None:
        if isinstance(event, Check):
            self.checks.append(event)
        self._report(event)


def _with_recorded(recorded: Sequence[Check], verified: Sequence[Check]) -> tuple[Check, ...]:
    """Return all checks, each question once, as it was answered last; fixed ones are no fault."""
    asked = {check.asked for check in verified}
    good = {check.asked: check for check in recorded if check.verdict is not Verdict.FAIL}
    return (*(check for check in good.values() if check.asked not in asked), *verified)


def _serving(context: Context, view: SiteView | None) -> Settings | None:
    """Return the storage that `.env` names, where the site is seen to serve from just that."""
    if view is None or not view.own_page or not context.instance.uses_s3():
        return None
    storage = storage_in(context.instance.env_file())
    static = f"{storage.public_base}/static/"
    seen = [same_place(sheet, static) for sheet in view.stylesheets]
    return storage if storage.bucket and storage.custom_domain and seen and all(seen) else None


def _still_true(checks: Sequence[Check], later: Sequence[Check]) -> Iterator[Check]:
    """Return the remarks among a step's checks that none after them answers, or in later steps."""
    for number, check in enumerate(checks, 1):
        if check.verdict is Verdict.REMARK and not any(
            other.verdict is Verdict.PASS and _is_part_of(other.code, check.code)
            for other in (*checks[number:], *later)
        ):
            yield check


def _is_part_of(code: str, whole: str) -> bool:
    """Tell whether a check asks the same, or a part of it: "public-read-images"."""
    return bool(whole) and f"{code}-".startswith(f"{whole}-")


def _give_up_other_way(journal: Journal, step: Step) -> None:
    """Forget the way back where a step to S3 is carried out or undone: that goes elsewhere."""
    if step.name in {other.name for other in STEPS}:
        give_up_way_back(journal)


def _first_open(statuses: Sequence[Status]) -> Step | None:
    return next((s.step for s in statuses if s.state not in RESTING), None)


def _applies_now(step: Step, context: Context) -> bool:
    return step.applies(context).applies is Applies.YES


def _not_now(step: Step, applicability: Applicability, result: StepResult | None) -> Status:
    state = State.LATER if applicability.applies is Applies.LATER else State.SKIPPED
    return Status(step=step, state=state, why=verbatim(applicability.reason), result=result)
