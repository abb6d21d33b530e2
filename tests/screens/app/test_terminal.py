"""The wizard in real terminals: killed and resumed in tmux, a line that drops, no terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from screens.app import terminal
from tests.support.parts import need
from wizard.core.settings import Settings
from wizard.demo.build import DemoInstance, build
from wizard.demo.seaweedfs import SeaweedFS
from wizard.journal.journal import FOLDER, Journal

_PATIENCE = 60.0


class Tmux:
    """A terminal of 80x24 on a tmux server of its own."""

    def __init__(self, socket: Path) -> None:
        self._socket, self._opened = socket, 0
        self._tmux = ["tmux", "-f", os.devnull, "-S", str(socket)]

    def run(self, *arguments: str) -> str:
        """A tmux command's output."""
        done = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout

    def open(self, argv: list[str], environment: dict[str, str]) -> None:
        """Start a program in a new window."""
        self.run("kill-server")
        # A server that is ending may still hold the old name.
        self._opened += 1
        self._tmux[-1] = f"{self._socket}-{self._opened}"
        said = [text for name, value in environment.items() for text in ("-e", f"{name}={value}")]
        self.run("new-session", "-d", "-x", "80", "-y", "24", *said, *argv)
        self.run("set-option", "-g", "remain-on-exit", "on")

    def picture(self) -> str:
        """What one sees, and what has left the screen at its top."""
        return self.run("capture-pane", "-p", "-S", "-")

    def see(self, *words: str) -> str:
        """Wait until one of these words is on the screen; returns the one."""
        picture = self.wait_until(lambda picture: any(word in picture for word in words))
        return next(word for word in words if word in picture)

    def wait_until(self, true: Callable[[str], bool]) -> str:
        """Wait until it is true of what one sees; returns that picture."""
        end = time.monotonic() + _PATIENCE
        while not true(picture := self.picture()):
            assert time.monotonic() < end, f"it never came to that:\n{picture}"
            time.sleep(0.2)
        return picture

    def press(self, *keys: str) -> None:
        """Press keys."""
        self.run("send-keys", *keys)

    def pid(self) -> int:
        """The program in the window."""
        return int(self.run("list-panes", "-F", "#{pane_pid}").split()[0])


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    need("tmux")
    opened = Tmux(tmp_path / "tmux")
    yield opened
    opened.run("kill-server")


def _argv(folder: Path, **said: str) -> list[str]:
    return [sys.executable, "-m", "screens", str(folder)]


def _environment(keys: object) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,  # type: ignore[attr-defined]
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,  # type: ignore[attr-defined]
        "TERM": "tmux-256color",
        "COLORTERM": "truecolor",
        "LC_ALL": "C.UTF-8",
    }


def test_killed_during_the_copy_and_resumed(
    tmp_path: Path, tmux: Tmux, seaweedfs: SeaweedFS
) -> None:
    """As a person would walk it, with kill -9 in the middle."""
    need("weed")
    with build(tmp_path, covers=200, storage=seaweedfs) as demo:
        _say_storage(demo.folder, seaweedfs, demo.bucket)
        _say_restart(demo)
        argv, environment = _argv(demo.folder), _environment(demo.keys)
        tmux.open(argv, environment)
        tmux.see("▸ Start: Provider")
        _walk(tmux, "▸ Next: Copy media")
        tmux.press("Enter")
        tmux.see("▸ Copy")
        # As slow as it goes, so that the kill comes in the middle.
        tmux.press("l")
        tmux.see("Maximum speed")
        tmux.press("Down", "Enter")
        tmux.see("▸ Copy")
        tmux.press("Enter")
        tmux.see("Pause")
        os.kill(tmux.pid(), signal.SIGKILL)
        tmux.open(argv, environment)
        tmux.see("Steps done and verified: 1 of 8")
        assert "Copy media" in tmux.picture()
        _walk(tmux, "▸ Finish")
        picture = tmux.picture()
        assert "✓ Done and verified: your instance now keeps its" in picture
        assert demo.keys.secret_access_key not in picture
        tmux.press("Enter")
        tmux.see("Done and verified.")


def test_a_fresh_install_is_killed_and_finished(
    tmp_path: Path, tmux: Tmux, seaweedfs: SeaweedFS
) -> None:
    """Killed in its first sitting; the second ends the bucket's side, the third the site's."""
    need("weed")
    with build(tmp_path, fresh=True, storage=seaweedfs) as demo:
        _say_storage(demo.folder, seaweedfs, demo.bucket)
        _say_restart(demo)
        argv, environment = _argv(demo.folder), _environment(demo.keys)
        tmux.open(argv, environment)
        tmux.see("▸ Start: Provider")
        _walk(tmux, "▸ Collect and upload")
        tmux.press("Enter")
        tmux.see("Collecting the static assets")
        os.kill(tmux.pid(), signal.SIGKILL)
        tmux.open(argv, environment)
        tmux.see("▸ Continue: Static assets")
        _walk(tmux, "▸ Finish")
        assert "waits until your site" in tmux.picture()
        tmux.press("q")
        tmux.see("Once your site runs")
        demo.finish_installation()
        tmux.open(argv, environment)
        tmux.see("▸ Continue: Restart")
        assert "armed" not in tmux.picture(), "it runs with S3 from its first start"
        _walk(tmux, "▸ Finish")
        assert "✓ Done and verified: your instance now keeps its" in tmux.picture()
        assert demo.keys.secret_access_key not in tmux.picture()
        tmux.press("Enter")
        tmux.see("Done and verified.")


def _say_storage(folder: Path, server: SeaweedFS, bucket: str) -> None:
    settings = server.settings(bucket)
    lines = {
        "AWS_STORAGE_BUCKET_NAME": bucket,
        "AWS_S3_REGION_NAME": settings.region,
        "AWS_S3_ENDPOINT_URL": settings.endpoint,
        "AWS_S3_CUSTOM_DOMAIN": settings.custom_domain,
        "AWS_S3_URL_PROTOCOL": "http:",
    }
    with (folder / ".env").open("a") as env:
        env.writelines(f"{name}={value}\n" for name, value in lines.items())


def _say_restart(demo: DemoInstance) -> None:
    """What an earlier start would have been told."""
    journal = Journal.open(demo.folder / FOLDER, demo.folder)
    told = demo.settings
    said = Settings(site_url=told.site_url, restart_command=told.restart_command)
    journal.save_settings(said)
    journal.close()


def _walk(tmux: Tmux, until: str) -> None:
    """Press Enter whenever a key has the focus, until `until` is seen."""
    for _ in range(60):
        if tmux.see(until, "▸ ") == until:
            return
        button = _button(tmux.picture())
        tmux.press("Enter")
        tmux.wait_until(partial(_is_another, button))
    raise AssertionError(tmux.picture())


def _button(picture: str) -> str:
    """The label of the button that has the focus, "" where none has it."""
    found = re.search("▸ (.+?) ◂", picture)
    return found[1] if found else ""


def _is_another(button: str, picture: str) -> bool:
    return _button(picture) != button


def test_the_line_drops(tmp_path: Path) -> None:
    """The terminal goes away: the wizard ends by itself, soon, and lets the next one in."""
    from tests.screens.kit import make_instance

    folder = make_instance(tmp_path / "bookwyrm")
    child, line = pty.fork()
    if child == 0:
        os.environ |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        os.execv(sys.executable, _argv(folder))
    fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    _read_until(line, lambda text: b"decision" in text)
    os.close(line)
    status = _wait(child)
    assert os.WIFEXITED(status)
    assert os.WEXITSTATUS(status) == 129


def _read_until(line: int, true: Callable[[bytes], bool]) -> bytes:
    text, end = b"", time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if select.select([line], [], [], 1.0)[0]:
            text += os.read(line, 65536)
        if true(text):
            return text
    raise AssertionError(text)


def _wait(child: int) -> int:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        time.sleep(0.1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError("it did not end when its terminal went away")


@pytest.mark.parametrize("name", ["", "dumb"])
def test_no_terminal(tmp_path: Path, name: str) -> None:
    """Without a terminal it says what to do instead, at once."""
    done = subprocess.run(
        [sys.executable, "-m", "screens", str(tmp_path)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "TERM": name},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "bw-s3 run" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_what_the_environment_says() -> None:
    assert terminal.uses_utf8({"LANG": "de_DE.UTF-8"})
    assert not terminal.uses_utf8({"LANG": "de_DE.UTF-8", "LC_ALL": "C"})
    assert not terminal.uses_utf8({})
    assert terminal.is_unprotected_ssh({"SSH_CONNECTION": "1 2 3 4"})
    assert not terminal.is_unprotected_ssh({"SSH_CONNECTION": "1 2 3 4", "TMUX": "/tmp/tmux"})
    assert terminal.suitable_theme({"TERM": "xterm-256color"}) == "night"
    assert terminal.suitable_theme({"TERM": "xterm-256color", "COLORFGBG": "0;15"}) == "paper"
    assert terminal.suitable_theme({"TERM": "linux"}) == "ansi-dark"
