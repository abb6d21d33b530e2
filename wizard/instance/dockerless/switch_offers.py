"""The ways of switching without Docker, best first, and why one cannot be had."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.core.events import Report
from wizard.core.message import NOTHING, Message, msg
from wizard.core.plan import Command
from wizard.core.problem import Problem
from wizard.core.quantities import describe_size, name_some
from wizard.env.file import EnvFile
from wizard.instance.dockerless.gunicorn import (
    Gunicorn,
    going_before,
    has_threads,
    losing_version,
    preloads,
    starts_gunicorn,
    storage_names,
)
from wizard.instance.dockerless.reload_switch import ReloadCommands, ReloadSwitch
from wizard.instance.dockerless.restart_switch import RestartSwitch
from wizard.instance.dockerless.services import Services
from wizard.instance.dockerless.systemd import Unit
from wizard.instance.switching import SwitchOffer, SwitchWay
from wizard.system.memory import available_bytes
from wizard.system.processes import Process

_NAMED = 3


async def offers(
    services: Services,
    *,
    restart: Callable[[Report], Awaitable[None]],
    running: Callable[[], Awaitable[frozenset[Process]]],
) -> Sequence[SwitchOffer]:
    """Return all ways. Raises `Problem` where it is not known what restarts the instance.

    A restart command that the admin named comes first. `restart` restarts the
    instance, `running` returns its processes.
    """
    units = await services.units()
    own = bool(services.settings.restart_command)
    way = SwitchWay.COMMAND if own else SwitchWay.RESTART
    argv = await services.restart_argv(units)
    whole = RestartSwitch(services, way, argv, restart=restart, running=running)
    if not units:
        return (SwitchOffer(whole),)
    reload = await _Reload.of(services, units).offer()
    if own:
        return (SwitchOffer(whole), reload)
    return (reload, SwitchOffer(whole, _against_restart(services, units)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reload:
    """The reload of `web`, the unit of the site itself; `jobs` are all others."""

    services: Services
    web: Unit
    jobs: tuple[Unit, ...]
    gunicorn: Gunicorn | None

    @classmethod
    def of(cls, services: Services, units: tuple[Unit, ...]) -> _Reload:
        web = next((unit for unit in units if starts_gunicorn(unit)), units[0])
        return cls(
            services=services,
            web=web,
            jobs=tuple(unit for unit in units if unit is not web),
            gunicorn=Gunicorn.of(web),
        )

    async def offer(self) -> SwitchOffer:
        """Return it with what stands against it."""
        wanted = [argv for argv in (self._reload_argv(), self._jobs_argv()) if argv]
        allowed = [await self.services.allowed(argv) for argv in wanted]
        ours = [given or argv for given, argv in zip(allowed, wanted, strict=True)]
        refused = next((a for a, given in zip(wanted, allowed, strict=True) if not given), ())
        obstacle, remark = self._against(refused), NOTHING
        if self.gunicorn and not obstacle:
            printed = await self._said(self.gunicorn, "--print-config")
            obstacle = _against_preload(printed)
            remark = await self._remark(self.gunicorn, printed)
        user = await self.services.user()
        check = Command(
            (*self._command(), "--check-config"),
            "" if user.pw_uid == os.geteuid() else user.pw_name,
        )
        commands = ReloadCommands(
            check=check, reload=ours[0], jobs=ours[1] if self.jobs else (), remark=remark
        )
        return SwitchOffer(ReloadSwitch(self.services, self.web, commands), obstacle)

    def _command(self) -> tuple[str, ...]:
        return self.gunicorn.command if self.gunicorn else self.web.command

    def _reload_argv(self) -> tuple[str, ...]:
        if self.web.reload_hups:
            return ("systemctl", "reload", self.web.name)
        # Since systemd 252 it is called --kill-whom; this is understood as well.
        return ("systemctl", "kill", "--kill-who=main", "--signal=HUP", self.web.name)

    def _jobs_argv(self) -> tuple[str, ...]:
        names = [unit.name for unit in self.jobs]
        return ("systemctl", "restart", *names) if names else ()

    def _against(self, refused: tuple[str, ...]) -> Message:
        if self.gunicorn is None:
            return _no_gunicorn(self.web)
        if refused:
            return msg("This user is not allowed to run “{command}”.", command=" ".join(refused))
        if others := [unit.name for unit in self.jobs if starts_gunicorn(unit)]:
            return msg(
                "gunicorn runs in several services: {services}.",
                services=", ".join((self.web.name, *others)),
            )
        return self._against_variables(self.gunicorn) or _short_of_memory(self.gunicorn)

    def _against_variables(self, gunicorn: Gunicorn) -> Message:
        name = self.web.name
        if self.web.is_given(self.services.instance.env_path):
            return msg(
                "{service} gets .env only when it starts (EnvironmentFile=), so only a restart "
                "applies the file's current values.",
                service=name,
            )
        variables = gunicorn.variables()
        if variables is None:
            return msg(
                "This user is not allowed to see what {service} has in its environment.",
                service=name,
            )
        held = {
            *storage_names({**self.web.sets, **variables}),
            *going_before(variables, self.services.instance.env_file()),
        }
        if not held:
            return NOTHING
        return msg(
            "{service} was started with {variables} of its own, which override .env.",
            service=name,
            variables=name_some(sorted(held), _NAMED),
        )

    async def _said(self, gunicorn: Gunicorn, option: str) -> str:
        """Return what the same gunicorn answers with one more option; its words where it fails."""
        argv = (*gunicorn.command, option)
        try:
            # Not reported: gunicorn prints its whole configuration.
            said = await self.services.as_site(argv, gunicorn.variables(), lambda event: None)
            return said.output
        except OSError as error:
            return str(error)

    async def _remark(self, gunicorn: Gunicorn, printed: str) -> Message:
        if not has_threads(printed):
            return NOTHING
        version = losing_version(await self._said(gunicorn, "--version"))
        if not version:
            return NOTHING
        return msg(
            "gunicorn {version} with threads may lose a request that arrives during the "
            "reload; version 24 and later do not.",
            version=version,
        )


def _against_preload(printed: str) -> Message:
    preloaded = preloads(printed)
    if preloaded is None:
        # Its last lines may quote a secret of .env.
        return msg("gunicorn did not say how it is configured (--print-config).")
    if preloaded:
        return msg(
            "gunicorn loads BookWyrm before it starts its workers (preload_app), so new "
            "workers have the old settings until gunicorn is restarted."
        )
    return NOTHING


def _no_gunicorn(web: Unit) -> Message:
    if web.main is None:
        return msg(
            "{service} is not running at the moment, so there is no downtime to avoid.",
            service=web.name,
        )
    return msg(
        "{service} runs {program}, and only gunicorn is known to take new settings without a "
        "restart.",
        service=web.name,
        program=web.program.name,
    )


def _short_of_memory(gunicorn: Gunicorn) -> Message:
    """Old and new workers run side by side until the old ones have finished."""
    needed, free = gunicorn.resident_bytes(), available_bytes()
    if free is None or free >= needed:
        return NOTHING
    return msg(
        "New workers beside the old ones need about {needed} of memory, and only {free} are free.",
        needed=describe_size(needed),
        free=describe_size(free),
    )


def _against_restart(services: Services, units: tuple[Unit, ...]) -> Message:
    """Say where the units themselves name another storage than `.env`, which a restart keeps."""
    env = services.instance.env_file()
    for unit in units:
        if unit.is_given(services.instance.env_path):
            continue
        given = dict(unit.sets)
        for file in unit.files:
            given.update(_read(file))
        other = [n for n in storage_names(given) if given[n] != (env.get(n) or "")]
        if other:
            return msg(
                "{service} is started with {variables} of its own (Environment= or "
                "EnvironmentFile=), which override .env, so a restart would change nothing.",
                service=unit.name,
                variables=name_some(sorted(other), _NAMED),
            )
    return NOTHING


def _read(file: Path) -> dict[str, str]:
    try:
        return EnvFile.read(file).given_by_systemd()
    except Problem:  # systemd may pass over one that is missing, and so do we
        return {}
