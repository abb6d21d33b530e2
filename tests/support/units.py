"""A fake systemd: units whose processes are real, and a `systemctl` that knows them.

For tests of many cases within seconds; the real one is in `tests/servers/machine.py`.

The units are kept by this process; `systemctl` is a small program first in PATH that asks it.
Whatever is started ends with this process, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import dotenv

from wizard.system.programs import tied_to_us

_SYSTEMCTL = """\
#!{python} -I
import json, socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect({address!r})
    connection.sendall(json.dumps(sys.argv[1:]).encode())
    connection.shutdown(socket.SHUT_WR)
    status, text = json.loads(connection.makefile().read())
sys.stdout.write(text)
sys.exit(status)
"""
_SECONDS_TO_STOP = 30


@dataclass(kw_only=True)
class FakeUnit:
    """One service as its unit file has it, and its process."""

    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_file: Path | None = None
    exec_reload: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The main process; 0 where there is none."""
        return self.process.pid if self.process and self.process.poll() is None else 0


class FakeSystemd:
    """Keeps units that work in `folder`, with a fake `systemctl` for whoever has `path` first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.units: dict[str, FakeUnit] = {}
        self.asked: list[list[str]] = []
        self._place = Path(tempfile.mkdtemp(prefix="units-"))
        # The kernel ties what is started to this one thread.
        self._starter = ThreadPoolExecutor(max_workers=1)
        self._guard = threading.Lock()
        self._server = _Server(str(self._place / "socket"), self._answer)

    @property
    def path(self) -> str:
        """PATH with the fake `systemctl` first."""
        return f"{self._place}:{os.environ['PATH']}"

    def __enter__(self) -> Self:
        program = self._place / "systemctl"
        address = str(self._place / "socket")
        program.write_text(_SYSTEMCTL.format(python=sys.executable, address=address))
        program.chmod(0o755)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in self.units:
            self.stop(name)
        self._server.shutdown()
        self._server.server_close()
        self._starter.shutdown()
        shutil.rmtree(self._place)

    def start(self, name: str) -> None:
        """Start a unit's process, with an environment as systemd gives it."""
        unit = self.units[name]
        given = {"PATH": os.defpath, "LANG": "C.UTF-8", **unit.environment}
        if unit.environment_file:
            values = dotenv.dotenv_values(unit.environment_file, interpolate=False)
            given |= {key: value or "" for key, value in values.items()}
        with (self._place / f"{name}.log").open("ab") as log:
            unit.process = self._starter.submit(
                subprocess.Popen,
                tied_to_us(unit.argv),
                cwd=self.folder,
                env=given,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            ).result()

    def log(self, name: str) -> str:
        """What the unit wrote."""
        return (self._place / f"{name}.log").read_text(errors="replace")

    def stop(self, name: str) -> None:
        """End a unit's process as systemd does, if there is one."""
        process = self.units[name].process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _answer(self, arguments: list[str]) -> tuple[int, str]:
        self.asked.append(arguments)
        verb, names = arguments[0], [word for word in arguments[1:] if word in self.units]
        match verb:
            case "is-system-running":
                return 0, "running\n"
            case "list-unit-files":
                return 0, "".join(f"{name}.service enabled enabled\n" for name in self.units)
            case "show":
                shown = [word.removesuffix(".service") for word in arguments[3:]]
                return 0, "\n".join(self._shown(name) for name in shown)
            case "is-active":
                runs = bool(self.units[names[0]].pid)
                return (0, "active\n") if runs else (3, "failed\n")
        # What changes the services comes one after the other, as systemd's jobs do.
        with self._guard:
            for name in names:
                if not self._change(verb, name):
                    return 1, f"Job for {name}.service failed.\n"
        return 0, ""

    def _change(self, verb: str, name: str) -> bool:
        unit = self.units[name]
        if verb == "restart":
            self.stop(name)
            self.start(name)
            return True
        if not unit.pid or (verb == "reload" and not unit.exec_reload):
            return False
        os.kill(unit.pid, signal.SIGHUP)
        return True

    def _shown(self, name: str) -> str:
        unit = self.units[name]
        argv = " ".join(unit.argv)
        lines = [
            f"Id={name}.service",
            "LoadState=loaded",
            f"ActiveState={'active' if unit.pid else 'failed'}",
            f"User={pwd.getpwuid(os.geteuid()).pw_name}",
            f"WorkingDirectory={self.folder}",
            f"ExecStart={{ path={unit.argv[0]} ; argv[]={argv} ; ignore_errors=no ; pid=0 }}",
            "ActiveEnterTimestamp=Thu 2026-11-26 10:00:00 UTC",
            f"MainPID={unit.pid}",
            f"Environment={' '.join(f'{key}={value}' for key, value in unit.environment.items())}",
        ]
        if unit.exec_reload:
            words = unit.exec_reload
            lines.append(f"ExecReload={{ path={words.split()[0]} ; argv[]={words} ; status=0/0 }}")
        if unit.environment_file:
            lines.append(f"EnvironmentFiles={unit.environment_file} (ignore_errors=no)")
        return "\n".join(lines) + "\n"


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers each `systemctl` in a thread of its own."""

    daemon_threads = True

    def __init__(self, address: str, answer: Callable[[list[str]], tuple[int, str]]) -> None:
        self.answer = answer
        super().__init__(address, _Handler)


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        answered = self.server.answer(json.loads(self.rfile.read()))
        with contextlib.suppress(BrokenPipeError):  # who asked was killed
            self.wfile.write(json.dumps(answered).encode())
