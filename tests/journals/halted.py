"""bw-s3 in a process that stops or kills itself at certain points.

`python -m tests.journals.halted HALTS ARGUMENT…`: HALTS is JSON, a list of `Halt`. Points are those
of `tests.support.kill_points`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from tests.support.kill_points import watch
from wizard.cli import commands


class Halt(NamedTuple):
    """At the `number`-th point whose name has `pattern` in it, the process gets `signal`."""

    signal: str
    pattern: str
    number: int = 1


class Halts:
    """Gives this process its signals, all threads of which end or rest there."""

    def __init__(self, halts: Sequence[Halt]) -> None:
        self._halts = halts
        self._seen: Counter[Halt] = Counter()
        self._guard = threading.Lock()

    def pass_one(self, name: str) -> None:
        """One more point."""
        with self._guard:
            for halt in self._halts:
                if not re.search(halt.pattern, name):
                    continue
                self._seen[halt] += 1
                if self._seen[halt] == halt.number:
                    os.kill(os.getpid(), signal.Signals[halt.signal])


def main() -> None:
    """Run the command line until it comes to the points."""
    watch(Halts([Halt(*halt) for halt in json.loads(sys.argv[1])]))
    sys.exit(commands.main(sys.argv[2:], lambda call: 2))


if __name__ == "__main__":
    main()
