"""A Debian 12 that booted with its own systemd, in a container of the tests' image.

Its power can be cut, and people can log in and out. bw-s3 is there as this checkout has it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests import ROOT
from tests.servers.docker import IMAGE, docker, need_images, remove
from tests.servers.run_names import unique
from tests.support.waiting import wait_until

# What its systemd needs: cgroups of its own, and to mount. `--privileged` would be more than
# every host may give.
_RIGHTS = (
    *("--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE", "--cgroupns", "private"),
    *("--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
    *("--tmpfs", "/run", "--tmpfs", "/run/lock"),
)
# Where the kernel has one hierarchy of cgroups, Docker mounts it read-only.
_BOOT = "mount -o remount,rw /sys/fs/cgroup 2>/dev/null; exec /sbin/init"
_PROJECT, _PACKAGES = "/usr/local/lib/bw-s3/project", "/usr/local/lib/bw-s3/packages"
LEFT_BEHIND = "sleep 86400"
PYTHON_PATH = f"{_PROJECT}:{_PACKAGES}"
_PYTHON = (3, 11)


class Machine:
    """A machine with systemd; nothing of it is left once the context is.

    `port` is one that it has in common with this host's loopback.
    """

    def __init__(self, port: int) -> None:
        need_images()
        if sys.version_info[:2] != _PYTHON:
            _impossible("our packages are none for the Python of Debian 12")
        self.name = unique(f"machine-{port}")
        self._port = port

    def __enter__(self) -> Self:
        shared = (
            *("--volume", f"{ROOT}:{_PROJECT}:ro"),
            *("--volume", f"{sysconfig.get_path('purelib')}:{_PACKAGES}:ro"),
            *("--publish", f"127.0.0.1:{self._port}:{self._port}"),
            # What a killed run leaves is found by this.
            *("--label", f"com.docker.compose.project={self.name}"),
        )
        argv = ["docker", "run", "--detach", "--name", self.name, *_RIGHTS, *shared]
        done = subprocess.run(
            [*argv, IMAGE, "/bin/sh", "-c", _BOOT], capture_output=True, check=False
        )
        if done.returncode:
            remove(self.name)
            _impossible(done.stderr.decode())
        self._wait_until_booted()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        remove(self.name)

    def run(self, *argv: str, given: bytes | None = None) -> str:
        """Run a command as root; returns its output."""
        return docker("exec", "--interactive", self.name, *argv, given=given)

    def write(self, path: str, text: str) -> None:
        """Write a file, and make the folders above it."""
        script = 'mkdir -p "$(dirname "$1")" && cat >"$1"'
        self.run("sh", "-c", script, "sh", path, given=text.encode())

    def put(self, source: Path, place: str) -> None:
        """Copy a file or folder of this host."""
        docker("cp", str(source), f"{self.name}:{place}")

    def bw_s3(
        self, *options: str, env: dict[str, str] | None = None, login: bool = False
    ) -> list[str]:
        """Return what calls bw-s3 there, as root: in a login session, or beside all of them."""
        variables = {"PYTHONPATH": PYTHON_PATH, **(env or {})}
        words = ["/usr/bin/python3", "-m", "screens", *options]
        if not login:
            pairs = [w for name, value in variables.items() for w in ("--env", f"{name}={value}")]
            return ["docker", "exec", *pairs, self.name, *words]
        script = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
        # What stays behind in the session shows whether the logout ends it.
        left_behind = f"setsid {LEFT_BEHIND} </dev/null >/dev/null 2>&1 &"
        script = f"{left_behind} exec env {script} {shlex.join(words)}"
        return ["docker", "exec", self.name, "su", "--login", "root", "--command", script]

    def cut_power(self) -> None:
        """End everything at once, as a power cut does; what is on the disk stays."""
        docker("kill", self.name)

    def boot(self) -> None:
        """Start it again after a power cut."""
        docker("start", self.name)
        self._wait_until_booted()

    def _wait_until_booted(self) -> None:
        argv = ["docker", "exec", self.name, "systemctl", "is-system-running"]

        def booted() -> bool:
            done = subprocess.run(argv, capture_output=True, check=False)
            return done.stdout.strip() in (b"running", b"degraded")

        try:
            wait_until(booted)
        except AssertionError:
            said = docker("logs", self.name)
            remove(self.name)
            _impossible(f"its systemd does not boot here: {said}")


def _impossible(reason: str) -> None:
    """Skip the test; in CI that is a failure."""
    reason = f"no machine with systemd: {reason}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
