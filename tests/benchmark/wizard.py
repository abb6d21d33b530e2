"""`python -m tests.benchmark.wizard`: how soon the wizard is there, answers, and what it costs.

Three figures, each beside what it is measured against, in turn and in the same run: from
the start to the first screen, beside a Textual app that shows one word; from a key to its
answer while files are copied; and the copy with its screen open, beside the same step
told in lines, as `bw-s3 run` tells it. Measure on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tests.benchmark.__main__ import make_files
from tests.benchmark.delay import delaying_server
from tests.benchmark.terminal import Terminal
from tests.support.checkout import make_checkout
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.core.states import ResultState
from wizard.journal.journal import FOLDER, Journal, StepResult
from wizard.opening.opening import Opening, open_migration
from wizard.reporting.narration import PlainNarrator
from wizard.step import Question

_KEYS = Keys("benchmark-key-id", "benchmark-secret")
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": _KEYS.access_key_id,
    "AWS_SECRET_ACCESS_KEY": _KEYS.secret_access_key,
}
_TRIVIAL = (
    "from textual.app import App\n"
    "from textual.widgets import Static\n"
    "class Trivial(App):\n"
    "    def compose(self): yield Static('Trivial')\n"
    "Trivial().run()\n"
)
# What people take for "at once".
_AT_ONCE = 0.1
_F1 = "\x1bOP"
# Key, and the words that only its answer shows; the last leads back to the copy.
_ASKED = ((_F1, "Copies every public"), ("0", "Your instance"), ("2", "step 2 of 8"))


def main() -> None:
    """Measure, and print a line for each figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmark.wizard", description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.04, help="seconds for each request")
    parser.add_argument("--as-run", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_run:
        asyncio.run(_copy_in_lines(options.as_run))
        return
    with tempfile.TemporaryDirectory(prefix="bw-s3-benchmark-") as name:
        folder = make_checkout(Path(name) / "bookwyrm")
        _print_starts(folder)
        make_files(folder / "images", options.files, 28_000)
        server = delaying_server(Path(name) / "nginx", options.delay)
        with server as endpoint, _serving(folder) as site:
            _print_copies(folder, endpoint, site, options.rounds)


class _Quiet(SimpleHTTPRequestHandler):
    """Hands files out, and says nothing of it."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its own name)
        """Say nothing."""


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """The address of the site, which gives its media to everybody as a running one does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _print_starts(folder: Path) -> None:
    trivial, ours = [], []
    for _ in range(7):
        trivial.append(_seconds_to("Trivial", "-c", _TRIVIAL))
        ours.append(_seconds_to("Your instance", "-m", "screens", str(folder)))
    more = statistics.median(ours) - statistics.median(trivial)
    print(f"first screen: {_spread(ours)}; a trivial app: {_spread(trivial)}; {more:+.2f} s")


def _seconds_to(words: str, *argv: str) -> float:
    began = time.monotonic()
    with Terminal([sys.executable, *argv], _ENVIRONMENT) as terminal:
        terminal.see(words)
        return time.monotonic() - began


def _print_copies(folder: Path, endpoint: str, site: str, rounds: int) -> None:
    lines, screens, answers = [], [], []
    for _ in range(rounds):
        _begin_anew(folder, endpoint, site)
        argv = [sys.executable, "-m", __spec__.name, "--as-run", str(folder)]
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env=os.environ | _ENVIRONMENT)
        lines.append(_copy_took(folder))
        _begin_anew(folder, endpoint, site)
        _copy_on_screen(folder, keys=False)
        screens.append(_copy_took(folder))
        _begin_anew(folder, endpoint, site)
        answers += _copy_on_screen(folder, keys=True)
    ratio = statistics.median(screens) / statistics.median(lines)
    print(f"copy on its screen: {_spread(screens)}; in lines: {_spread(lines)}; {ratio:.2f} times")
    middle, worst = statistics.median(answers) * 1000, max(answers) * 1000
    within = sum(seconds <= _AT_ONCE for seconds in answers)
    print(
        f"a key: median {middle:.0f} ms, worst {worst:.0f} ms; {within} of {len(answers)} within "
        f"{_AT_ONCE * 1000:.0f} ms"
    )


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def _begin_anew(folder: Path, endpoint: str, site: str) -> None:
    """An empty bucket, and a journal by which the copy is next."""
    urlopen(Request(f"{endpoint}/benchmark/all", method="DELETE"), timeout=60).close()
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
    settings = Settings(
        path="existing", deployment="dockerless", provider="other", endpoint=endpoint,
        region="us-east-1", bucket="benchmark", url_protocol="http:", acl_known=True, site_url=site,
        custom_domain=f"{urlsplit(endpoint).netloc}/benchmark",
    )  # fmt: skip
    journal = Journal.open(folder / FOLDER, folder)
    journal.save_settings(settings)
    inputs = {**settings.storage, "region": settings.region}
    done = StepResult(
        step="configure_provider",
        state=ResultState.DONE,
        inputs=inputs,
        checks=(),
        problem=None,
        at=time.time(),
        seconds=1.0,
    )
    journal.save_result(done)
    journal.close()


def _copy_took(folder: Path) -> float:
    journal = Journal.open(folder / FOLDER, folder)
    result = journal.result("copy_media")
    journal.close()
    assert result is not None
    assert result.state is ResultState.DONE, result.problem
    return result.seconds


async def _copy_in_lines(folder: Path) -> None:
    opened = await open_migration(Opening(folder=folder, keys=_KEYS), PlainNarrator(), _yes)
    await opened.migration.carry_out(opened.migration.step_named("copy_media"))
    opened.close()


async def _yes(question: Question) -> bool:
    return True


def _copy_on_screen(folder: Path, *, keys: bool) -> list[float]:
    """Carry the copy out in the wizard; how long each key took until it was answered."""
    answers: list[float] = []
    with Terminal([sys.executable, "-m", "screens", str(folder)], _ENVIRONMENT) as terminal:
        terminal.see("Summary")
        terminal.press("2")
        terminal.see("▸ Copy ◂", patience=120)
        terminal.press("\r")
        terminal.see("Pause")
        while keys and not terminal.saw("Done in ") and len(answers) < 60:
            answers += _ask(terminal)
        terminal.see("Done in ", patience=600)
    return answers


def _ask(terminal: Terminal) -> list[float]:
    found = []
    for key, words in _ASKED:
        began = time.monotonic()
        terminal.press(key)
        terminal.see(words)
        found.append(time.monotonic() - began)
        time.sleep(0.3)
        if key == _F1:
            terminal.press(_F1)  # closes the help
            time.sleep(0.3)
    return found


if __name__ == "__main__":
    main()
