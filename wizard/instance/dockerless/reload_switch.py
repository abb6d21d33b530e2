"""Switching by a reload of gunicorn: new workers take over from the old ones, nobody notices.

Everything is told from what runs: a process that started after `.env` was
written has what it says, an earlier one has not. So any stage can be repeated
after a kill.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from wizard.core.events import Note, Report, Waiting
from wizard.core.message import NOTHING, Message, listed, msg, plural, sentences
from wizard.core.plan import Command
from wizard.core.problem import TRY_AGAIN, Problem
from wizard.instance.dockerless.gunicorn import Gunicorn
from wizard.instance.dockerless.services import Services
from wizard.instance.dockerless.site import Site, advice, python_of
from wizard.instance.dockerless.systemd import Unit, failed_units, last_words
from wizard.instance.problems import command_failed, how_it_ended
from wizard.instance.switching import (
    BeforePagesChange,
    Switch,
    SwitchStage,
    SwitchWay,
    nothing_before,
)
from wizard.system.processes import Process
from wizard.web.visitor import look_at_site

_SECONDS_A_POLL = 0.5
# A master forks new workers at once when it is told to.
SECONDS_TO_START = 20.0
# How long the site may answer with something else than its own page.
SECONDS_TO_SERVE = 30.0
# systemd starts a service that ended again after a moment, where its unit says so.
_SECONDS_TO_COME_BACK = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadCommands:
    """What is run, as we may run it: `check` loads the settings, `reload` sends the HUP.

    `jobs` restarts the celery worker and beat; () where no unit runs them.
    `remark` is what else is to be known of such a reload.
    """

    check: Command
    reload: tuple[str, ...]
    jobs: tuple[str, ...]
    remark: Message = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What runs at one moment; `changed` is when `.env` was written."""

    web: Unit
    jobs: tuple[Unit, ...]
    gunicorn: Gunicorn | None
    changed: float

    def is_new(self, process: Process) -> bool:
        """Tell whether it started after `.env` was written, and so has what it says."""
        return process.began >= self.changed

    def old_workers(self) -> list[Process]:
        """Return the workers that have settings from before."""
        return [w for w in self._workers() if not self.is_new(w)]

    def new_workers(self) -> list[Process]:
        """Return those that have the settings of now."""
        return [w for w in self._workers() if self.is_new(w)]

    def old_jobs(self) -> list[Unit]:
        """Return the other units that have settings from before, or do not run."""
        return [u for u in self.jobs if not (u.runs and u.main and self.is_new(u.main))]

    def anything_new(self) -> bool:
        """Tell whether anything of the site runs with the settings of now, or nothing does."""
        mains = [u.main for u in self.jobs if u.main]
        return self.gunicorn is None or any(map(self.is_new, [*self.new_workers(), *mains]))

    def _workers(self) -> list[Process]:
        return self.gunicorn.workers() if self.gunicorn else []


class ReloadSwitch(Switch):
    """The reload of the gunicorn that `web` runs, and the restart of all other units."""

    way = SwitchWay.RELOAD
    pages_change_at = "reload"
    # How long workers may neither compute, read nor write before they are given up. gunicorn
    # itself ends one that does nothing after 30 seconds, unless it was told otherwise.
    quiet_seconds: ClassVar[float] = 60

    def __init__(
        self,
        services: Services,
        web: Unit,
        commands: ReloadCommands,
    ) -> None:
        self._services = services
        self._web = web
        self._commands = commands
        # Whether anything of the site was changed; None: this process has not looked yet.
        self._touched: bool | None = None

    def stages(self) -> Sequence[SwitchStage]:
        """Return the stages; only the second touches the site, and no visitor notices."""
        commands = self._commands
        jobs = (
            SwitchStage(
                "jobs",
                msg(
                    "Background jobs are restarted with the new settings; pending jobs stay in "
                    "Redis."
                ),
                (Command(commands.jobs),),
            ),
        )
        return (
            SwitchStage(
                "load",
                msg(
                    "gunicorn loads the new settings in a separate process that serves no visitors."
                ),
                (commands.check,),
            ),
            SwitchStage(
                "reload",
                msg("gunicorn starts new workers; the old ones take no more requests."),
                (Command(commands.reload),),
            ),
            SwitchStage("drain", msg("The old workers finish what they are doing and exit.")),
            *(jobs if commands.jobs else ()),
            SwitchStage("check", msg("Are all services still running?")),
        )

    def downtime(self) -> Message:
        """Return that there is none, with the exceptions."""
        words = msg(
            "Visitors notice nothing but one page that takes a few seconds longer; only an upload "
            "that takes longer than half a minute may fail."
        )
        return sentences(words, self._commands.remark)

    async def carry_out(self, stage: SwitchStage, report: Report) -> None:
        """See `Switch.carry_out`."""
        await self._services.wait_for_earlier(report)
        scene = await self._look()
        if self._touched is None:
            self._touched = scene.anything_new()
        await self._doing()[stage.name](scene, report)

    async def touched(self) -> bool:
        """Tell whether any process was started since `.env` was written."""
        return bool(self._touched) or (await self._look()).anything_new()

    async def undo(self, report: Report, before: BeforePagesChange = nothing_before) -> None:
        """See `Switch.undo`; where another process began, all is done to be sure."""
        if self._touched is False:
            return
        await self.carry_out_all(report, before)

    def _doing(self) -> Mapping[str, Callable[[_Scene, Report], Awaitable[None]]]:
        return {
            "load": self._load,
            "reload": self._reload,
            "drain": self._drain,
            "jobs": self._restart_jobs,
            "check": self._check,
        }

    async def _look(self) -> _Scene:
        units = await self._services.units()
        web = next((unit for unit in units if unit.name == self._web.name), None)
        if web is None:
            raise _no_unit(self._web)
        return _Scene(
            web=web,
            jobs=tuple(unit for unit in units if unit is not web),
            gunicorn=Gunicorn.of(web),
            changed=self._services.instance.env_path.stat().st_ctime,
        )

    async def _load(self, scene: _Scene, report: Report) -> None:
        if scene.gunicorn and not scene.old_workers():
            return
        argv = self._commands.check.argv
        variables = scene.gunicorn.variables() if scene.gunicorn else None
        ended = await self._services.as_site(argv, variables, report)
        if ended.status:
            raise await self._not_loaded(argv, ended.status, ended.lines)

    async def _not_loaded(self, argv: Sequence[str], status: int, lines: Sequence[str]) -> Problem:
        folder, units = self._services.instance.folder, await self._services.units()
        site = Site(python_of(folder, units), await self._services.user())
        masker = self._services.masker()
        said = [masker(line) for line in lines if line.strip()]
        likely = command_failed(argv, status, said, advice(site, folder))
        return Problem(
            msg("gunicorn cannot load BookWyrm with the settings in .env."),
            sentences(likely.why, msg("Nothing on the site was changed.")),
            *likely.remedies,
            raw=likely.raw,
            code=likely.code,
        )

    async def _reload(self, scene: _Scene, report: Report) -> None:
        if scene.gunicorn is None:
            report(Note(msg("gunicorn does not run: it is started again."), warning=True))
            argv = ("systemctl", "restart", scene.web.name)
            await self._run(await self._services.as_root(argv), [scene.web], report)
        elif scene.old_workers() or not scene.new_workers():
            await self._run(self._commands.reload, [scene.web], report)

    async def _drain(self, scene: _Scene, report: Report) -> None:
        scene = await self._until_new(scene, report)
        await self._until_served(scene, report)

    async def _until_new(self, scene: _Scene, report: Report) -> _Scene:
        """Wait until all workers are new. Raises `Problem` where none is started."""
        clock = _Clock()
        while True:
            scene = await self._still_there(scene)
            old, new = scene.old_workers(), scene.new_workers()
            if new and not old:
                return scene
            if not new and clock.seconds > SECONDS_TO_START:
                raise _not_taken(scene.web, self._commands.reload)
            if clock.without_sign(old) > self.quiet_seconds:
                report(Note(_ended_words(old), warning=True))
                for worker in old:
                    worker.kill()
            words = plural(
                "Waiting for {n} old worker to finish",
                "Waiting for {n} old workers to finish",
                len(old),
            )
            report(Waiting(words, clock.seconds))
            await asyncio.sleep(_SECONDS_A_POLL)

    async def _until_served(self, scene: _Scene, report: Report) -> None:
        """Wait until the site shows its own page; while they load, the workers answer nothing."""
        clock, services = _Clock(), self._services
        while True:
            scene = await self._still_there(scene)
            view = await look_at_site(services.settings, services.instance.domain)
            if view.own_page:
                return
            loading = (
                not view.status and clock.without_sign(scene.new_workers()) < self.quiet_seconds
            )
            if view.problem and not loading and clock.seconds > SECONDS_TO_SERVE:
                raise view.problem
            report(Waiting(msg("Waiting for the new workers to answer"), clock.seconds))
            await asyncio.sleep(_SECONDS_A_POLL)

    async def _still_there(self, scene: _Scene) -> _Scene:
        """Return how it is now. Raises `Problem` where gunicorn ended for good."""
        clock = _Clock()
        while not (scene.gunicorn and scene.gunicorn.master.lives()):
            if clock.seconds > _SECONDS_TO_COME_BACK:
                raise await self._halted(scene.web)
            await asyncio.sleep(_SECONDS_A_POLL)
            scene = await self._look()
        return scene

    async def _halted(self, web: Unit) -> Problem:
        said = self._services.masker()(await last_words(web))
        return Problem(
            msg("gunicorn exited when it should have started new workers."),
            msg("The service {service} does not run any more.", service=web.name),
            _see_journal(web),
            TRY_AGAIN,
            raw=said,
            code="gunicorn-ended",
        )

    async def _restart_jobs(self, scene: _Scene, report: Report) -> None:
        if old := scene.old_jobs():
            await self._run(self._commands.jobs, old, report)

    async def _check(self, scene: _Scene, report: Report) -> None:
        if words := await failed_units((scene.web, *scene.jobs)):
            raise Problem(
                msg("A service stopped right after it started."),
                msg("The others run with the new settings."),
                msg("See its output below."),
                TRY_AGAIN,
                raw=self._services.masker()(words),
                code="service-ended",
            )

    async def _run(self, argv: tuple[str, ...], units: Sequence[Unit], report: Report) -> None:
        """Run what changes these units. Raises `Problem` where it fails."""
        self._touched = True
        ended = await self._services.change(argv, report)
        if ended.status == 0:
            return
        words = [ended.output, *[await last_words(unit) for unit in units]]
        raise Problem(
            msg(
                "{services} could not be given the new settings.",
                services=listed([unit.name for unit in units]),
            ),
            how_it_ended(argv, ended.status),
            msg("See its output below."),
            TRY_AGAIN,
            code="services-not-switched",
            raw=self._services.masker()("\n".join(filter(None, words))),
        )


class _Clock:
    """How long something takes already, and how long nothing of it has moved."""

    def __init__(self) -> None:
        self._began = self._moved = time.monotonic()
        self._signs = ""

    @property
    def seconds(self) -> float:
        """Since it was begun."""
        return time.monotonic() - self._began

    def without_sign(self, processes: Sequence[Process]) -> float:
        """Return for how many seconds none of the processes has shown a sign of life."""
        now = time.monotonic()
        signs = str([(process.pid, process.signs_of_life()) for process in processes])
        if signs != self._signs:
            self._signs, self._moved = signs, now
        return now - self._moved


def _ended_words(old: Sequence[Process]) -> Message:
    return plural(
        "Stopped {n} old worker (process {pids}) that was stuck: it neither computed, read nor "
        "wrote anything.",
        "Stopped {n} old workers (processes {pids}) that were stuck: they neither computed, "
        "read nor wrote anything.",
        len(old),
        pids=listed([str(process.pid) for process in old]),
    )


def _see_journal(web: Unit) -> Message:
    return msg("See what it says: journalctl -u {service} -n 50", service=web.name)


def _not_taken(web: Unit, argv: Sequence[str]) -> Problem:
    return Problem(
        msg("gunicorn did not start new workers."),
        msg(
            "“{command}” succeeded, but the old workers still serve the site, with the old "
            "settings.",
            command=shlex.join(argv),
        ),
        _see_journal(web),
        msg("Or restart the services instead: --switch restart"),
        code="gunicorn-not-reloaded",
    )


def _no_unit(web: Unit) -> Problem:
    return Problem(
        msg("The service {service} is gone.", service=web.name),
        msg("Its unit was removed or now runs in another folder."),
        msg("See what there is: systemctl status {service}", service=web.name),
        TRY_AGAIN,
        code="service-gone",
    )
