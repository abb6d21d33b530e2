"""A pseudo-terminal of 80x24 with a program in it, read as fast as it writes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from types import TracebackType
from typing import Self

_STYLES = re.compile(rb"\x1b\[[0-9;:]*m")


class Terminal:
    """What the program wrote since the last key; it is ended with the block."""

    def __init__(self, argv: list[str], environment: dict[str, str]) -> None:
        self._pid, self._line = pty.fork()
        if self._pid == 0:
            plain = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor"}
            os.execve(argv[0], argv, {**os.environ, **environment, **plain})
        fcntl.ioctl(self._line, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self._written = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._line)

    def press(self, key: str) -> None:
        """Send a key; only what comes after it is looked at from now on."""
        self._read(0)
        self._written = b""
        os.write(self._line, key.encode())

    def saw(self, words: str) -> bool:
        """Whether these words were written since the last key."""
        self._read(0)
        return words.encode() in _STYLES.sub(b"", self._written)

    def see(self, words: str, patience: float = 60.0) -> None:
        """Wait until these words were written since the last key."""
        end = time.monotonic() + patience
        while not self.saw(words):
            if time.monotonic() > end:
                raise AssertionError(f"{words!r} never came: {self._written[-3000:]!r}")
            self._read(0.05)

    def _read(self, seconds: float) -> None:
        while select.select([self._line], [], [], seconds)[0]:
            try:
                self._written += os.read(self._line, 65536)
            except OSError:
                return
            seconds = 0
