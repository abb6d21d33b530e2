"""The gunicorn that serves a site: its master, its workers, and what it makes of a reload.

At a HUP the master has new workers load the application, settings and all, and
the old ones finish what they are doing. That is so unless the application is
preloaded, and where it cannot be loaded the master gives up: the site is down.

From 25.3 on, a worker with threads closes a connection on which nothing was asked for five
seconds: at once while it leaves, `keepalive` seconds later else (`gthread.py`,
`DEFAULT_WORKER_DATA_TIMEOUT`). No request is lost by that, and a proxy in front asks at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.env.file import EnvFile
from wizard.instance.dockerless.systemd import Unit
from wizard.system.processes import Process

# What bw-s3 writes into `.env`, and what else BookWyrm knows of a storage.
_STORAGE = re.compile(
    r"USE_S3|USE_HTTPS|CSP_ADDITIONAL_HOSTS"
    r"|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|STORAGE_BUCKET_NAME|DEFAULT_ACL|S3_\w+)"
)
# What systemd tells one process only; gunicorn answers to these.
_OWN = re.compile(r"NOTIFY_SOCKET|LISTEN_\w+|MAINPID|INVOCATION_ID|JOURNAL_STREAM|WATCHDOG_\w+")
_PRELOAD = re.compile(r"^preload_app\s*=\s*(\w+)", re.MULTILINE)
_THREADS = re.compile(r"^(threads\s*=\s*(?!1$)\d+|worker_class\s*=.*thread.*)$", re.MULTILINE)
_VERSION = re.compile(r"version (\d+)(\.[\w.]*)")
# Before this one a worker with threads reset connections that it had taken and not yet served
# when it was told to end.
_LOSES_NO_REQUEST = 24
# An interpreter, perhaps `-m`, and the program.
_WORDS_TO_PROGRAM = 3


@dataclass(frozen=True, slots=True)
class Gunicorn:
    """The running gunicorn of a unit; `command` is how it was started."""

    unit: Unit
    master: Process
    command: tuple[str, ...]

    @classmethod
    def of(cls, unit: Unit) -> Gunicorn | None:
        """Return the gunicorn that runs as the unit's main process, if it is one."""
        if unit.main is None:
            return None
        arguments = unit.main.arguments()
        if is_gunicorn(arguments):
            return cls(unit, unit.main, arguments)
        # With setproctitle installed it has a title in place of its command line.
        if arguments and arguments[0].startswith("gunicorn: master"):
            return cls(unit, unit.main, unit.command)
        return None

    def workers(self) -> list[Process]:
        """Return its workers, the oldest first."""
        return self.master.children()

    def variables(self) -> dict[str, str] | None:
        """Return what a worker of it has in its environment; None where we may not see it."""
        variables = self.master.variables()
        if variables is None:
            return None
        return {name: value for name, value in variables.items() if not _OWN.fullmatch(name)}

    def resident_bytes(self) -> int:
        """Return how much memory its workers have together."""
        return sum(worker.resident_bytes() for worker in self.workers())


def starts_gunicorn(unit: Unit) -> bool:
    """Tell whether a unit is the site's server: one that runs gunicorn, or would."""
    return Gunicorn.of(unit) is not None or is_gunicorn(unit.command)


def is_gunicorn(arguments: tuple[str, ...]) -> bool:
    """Tell whether a command line starts gunicorn, by its script or as a module."""
    return any(Path(word).name == "gunicorn" for word in arguments[:_WORDS_TO_PROGRAM])


def preloads(printed: str) -> bool | None:
    """Return what gunicorn printed of `preload_app`; None where it did not."""
    found = _PRELOAD.search(printed)
    return found[1] == "True" if found else None


def has_threads(printed: str) -> bool:
    """Tell whether gunicorn printed that its workers have threads."""
    return bool(_THREADS.search(printed))


def losing_version(said: str) -> str:
    """Return the version that gunicorn said, if workers with threads lose requests in it."""
    found = _VERSION.search(said)
    return found[1] + found[2] if found and int(found[1]) < _LOSES_NO_REQUEST else ""


def going_before(variables: Mapping[str, str], env: EnvFile) -> list[str]:
    """Return the variables of a process that BookWyrm takes in place of what `.env` says."""
    return [n for n in env.names() if n in variables and variables[n] != env.get(n)]


def storage_names(variables: Mapping[str, str]) -> list[str]:
    """Return those of the variables that say where BookWyrm stores files."""
    return [name for name in variables if _STORAGE.fullmatch(name)]
