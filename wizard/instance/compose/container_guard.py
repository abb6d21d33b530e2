"""Runs inside BookWyrm's container, where its text is handed to `python3 -c`.

What is started there through `docker exec` goes on when we are gone, for ever
if it waits for somebody to read its output. The engine closes our standard
input then, so this looks at nothing else while the program runs.

It imports nothing of ours, and has to work with any Python 3 of an image.
"""

# Names are bytes here, since not every one is UTF-8; pathlib knows only text.
# ruff: noqa: PTH116, PTH118

import os
import subprocess
import sys
import threading
from typing import Any


def read_names() -> list[bytes]:
    """Names, each followed by a NUL; an empty one ends the list and is left out."""
    data = b""
    while not (data.endswith(b"\0\0") or data == b"\0"):
        chunk = os.read(0, 65536)
        if not chunk:
            sys.exit(1)
        data += chunk
    return data.split(b"\0")[:-2]


def run(argv: list[str], names: list[bytes]) -> int:
    """Run a program that reads NUL-terminated names; its exit status, as a shell would give it."""
    # In the plain locale its messages are in English, and names pass as they are.
    environment = dict(os.environ, LC_ALL="C")
    program = subprocess.Popen(argv, stdin=subprocess.PIPE, env=environment)
    threading.Thread(target=_hand_over, args=(program.stdin, names), daemon=True).start()
    threading.Thread(target=_kill_with_us, args=(program,), daemon=True).start()
    status = program.wait()
    return status if status >= 0 else 128 - status


def look(root: str, names: list[bytes]) -> int:
    """Print size and time in nanoseconds of each file below `root`, or the error's number."""
    for name in names:
        try:
            found = os.stat(os.path.join(os.fsencode(root), name))
        except OSError as error:
            print("error", error.errno)
        else:
            regular = found.st_mode & 0o170000 == 0o100000
            print("file" if regular else "special", found.st_size, found.st_mtime_ns)
    return 0


def _hand_over(stream: Any, names: list[bytes]) -> None:
    try:
        stream.writelines(name + b"\0" for name in names)
        stream.close()
    except OSError:
        return  # it ended before it had read them all; its exit status tells


def _kill_with_us(program: "subprocess.Popen[bytes]") -> None:
    while os.read(0, 4096):
        pass
    program.kill()


if __name__ == "__main__":
    asked = read_names()
    if sys.argv[1] == "look":
        sys.exit(look(sys.argv[2], asked))
    sys.exit(run(sys.argv[2:], asked))
