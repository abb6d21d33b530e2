"""What systemd is to a real instance: starts the site, restarts it, ends it.

`run` holds the site and listens on the socket `site.sock`; `restart`, `stop`
and `status` ask it. It ends, and the site with it, when its standard input
closes: the demo holds the other end, so both go when it goes, however it
goes. `run --remove FOLDER` removes the demo then, too.
"""

import contextlib
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOCKET = "site.sock"  # relative, since a socket's path may have 107 bytes only
LOG = HERE / "site.log"
PATIENCE = 10.0
LAST_LINES = 8


class Site:
    """The site's process."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def restart(self) -> str:
        """Start the site again; what to tell, with "failed" first where it ended at once."""
        self.stop()
        with LOG.open("ab") as log:
            begin = log.tell()
            self.process = subprocess.Popen(
                [*_tied(), sys.executable, "serve.py"], cwd=HERE, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            if b"listening on" in LOG.read_bytes()[begin:]:
                return f"started: process {self.process.pid}"
            time.sleep(0.05)
        lines = LOG.read_bytes()[begin:].decode(errors="replace").splitlines()
        return "\n".join(["failed: the site ended while it started", *lines[-LAST_LINES:]])

    def stop(self) -> str:
        """End the site."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
        return "stopped"

    def status(self) -> str:
        """Whether it runs."""
        runs = self.process and self.process.poll() is None
        return f"running: process {self.process.pid}" if runs and self.process else "stopped"


def run() -> None:
    """Hold the site until standard input closes or a signal asks to end."""
    os.chdir(HERE)
    site = Site()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as events:
        Path(SOCKET).unlink(missing_ok=True)
        listener.bind(SOCKET)
        listener.listen()
        events.register(listener, selectors.EVENT_READ)
        events.register(sys.stdin, selectors.EVENT_READ)
        try:
            while all(key.fileobj is listener for key, _ in events.select()):
                _answer(listener, site)
        except KeyboardInterrupt:
            pass
        finally:
            site.stop()
            Path(SOCKET).unlink(missing_ok=True)


def _answer(listener: socket.socket, site: Site) -> None:
    with contextlib.suppress(OSError), listener.accept()[0] as client:
        commands = {b"restart": site.restart, b"stop": site.stop, b"status": site.status}
        client.sendall(commands[client.recv(100)]().encode())


def ask(command: str) -> int:
    """Send a command to the supervisor, print its answer; 1 where it failed."""
    os.chdir(HERE)
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(SOCKET)
            connection.sendall(command.encode())
            answer = connection.makefile().read()
    except OSError:
        answer = "failed: the site's supervisor does not run"
    print(answer)
    return answer.startswith("failed")


def _tied() -> list[str]:
    """Has the kernel kill what it starts when we die."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run"]:
            run()
        case ["run", "--remove", folder]:
            run()
            shutil.rmtree(folder, ignore_errors=True)
        case [("restart" | "stop" | "status") as command]:
            sys.exit(ask(command))
        case _:
            sys.exit("usage: ./site restart | stop | status")
