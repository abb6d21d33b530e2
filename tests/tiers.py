"""The tiers of tests: what a test needs decides in which it is, so that nobody has to say it.

`unit` needs nothing but Python and small programs; `screens` as little, but each of its tests
starts the app, and the pictures draw every state in several sizes and languages: more than half of
the work; `server` needs a server, be it in the test's own process; `docker` an engine; `slow` takes
minutes to hours and is run by hand.
"""

from __future__ import annotations

import fcntl
import gc
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from inspect import iscoroutinefunction
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

TIERS = {
    "unit": "starts no server, no container and no browser",
    "screens": "starts the app, and looks at a screen or presses its keys",
    "server": "starts a server (SeaweedFS, Ceph, Swift, our own of a few lines) or a browser",
    "docker": "needs a Docker Engine, or Compose",
    "slow": "takes minutes to hours; run by hand, with -m slow",
}
_TIER = "tier"
# A second marker of a Docker test.
_WHOLE_ENGINE = "whole_engine"
_LOCKS = Path(tempfile.gettempdir())
# Each other fixture that starts a server uses one of these.
_SERVER_FIXTURES = {"few_rights", "ceph", "rclone"}
_SERVER_MODULES = ("tests.servers.", "tests.support.demo_scene", "wizard.demo.build")
_DOCKER_MODULES = ("tests.standin", "tests.servers.docker", "tests.servers.machine")
_SERVERS = {
    *("weed", "rclone", "ceph-mon", "ceph-osd", "ceph-mgr", "radosgw"),
    *("nginx", "postgres", "redis-server", "gunicorn", "chromium"),
    *("swift-proxy-server", "swift-object-server", "memcached", "moto_server"),
    *("docker", "dockerd", "docker-compose"),
}


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and begin to watch what tests start."""
    for name, meaning in TIERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    config.addinivalue_line(
        "markers", f"{_WHOLE_ENGINE}: looks at all that is on the engine, so nobody else uses it"
    )
    _keep_bytecode()
    # A machine with other work beside it takes longer for an example; that says nothing of it.
    settings.register_profile("bw-s3", deadline=None)
    settings.load_profile("bw-s3")
    sys.addaudithook(_watch)
    # Each test of a screen makes and drops thousands of widgets: to look for garbage a hundred
    # times as seldom saves a sixth of the time.
    gc.set_threshold(100_000, 50, 50)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Times(), "times")


def _keep_bytecode() -> None:
    """Have Python keep what it compiled, whatever the environment says.

    Hundreds of tests start the program, and each start would compile all of it anew.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test the marker of its tier."""
    for item in items:
        if isinstance(item, pytest.Function) and not any(map(item.get_closest_marker, TIERS)):
            item.add_marker(_decide(item))
        # A report only has keywords, and a folder of the tests may have a tier's name.
        item.user_properties.append((_TIER, tier_of(item)))
    # Modules and tests stay to the end: no use in looking through them for garbage.
    gc.freeze()


def tier_of(item: pytest.Item) -> str:
    """Return the tier of a test that has its marker."""
    return next((name for name in TIERS if item.get_closest_marker(name)), "unit")


def _decide(item: pytest.Function) -> str:
    """Decide by the file's place, by what it imports and by the fixtures that the test uses."""
    file = item.nodeid.partition("::")[0]
    imported = _tier_of_imports(item.module)
    if "compose" in file or imported == "docker":
        return "docker"
    if _SERVER_FIXTURES & set(item.fixturenames) or imported == "server":
        return "server"
    starts_app = file.startswith("tests/screens/") and iscoroutinefunction(item.obj)
    return "screens" if starts_app else "unit"


@cache
def _tier_of_imports(module: ModuleType) -> str:
    imported = {getattr(thing, "__module__", "") or "" for thing in vars(module).values()}
    if _any_of(imported, _DOCKER_MODULES):
        return "docker"
    return "server" if _any_of(imported, _SERVER_MODULES) else ""


def _any_of(modules: set[str], beginnings: tuple[str, ...]) -> bool:
    return any(name.startswith(beginnings) for name in modules)


# A test that is taken for a unit test and is none fails -----------------------------------------


class NoUnitTestError(Exception):
    """A unit test started what makes it another kind of test."""


_started: list[str] | None = None  # what the running unit test started; None: another runs


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a unit test that started a server, even where the error itself was swallowed."""
    global _started  # noqa: PLW0603  # an audit hook is given nothing
    small = item.get_closest_marker("unit") or item.get_closest_marker("screens")
    _started = [] if small else None
    try:
        result = yield
    finally:
        started, _started = _started, None
    if started:
        raise NoUnitTestError(_complaint(started[0]))
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Have the engine to itself for a test that looks at all that is on it.

    Another one, of this run or another on this machine, may leave a volume without its folder there
    for a moment.
    """
    if not item.get_closest_marker("docker"):
        return (yield)
    with _using_engine(alone=item.get_closest_marker(_WHOLE_ENGINE) is not None):
        return (yield)


@contextmanager
def _using_engine(*, alone: bool) -> Iterator[None]:
    with ExitStack() as using:
        # Who waits to be alone keeps the others from beginning: they come one after the other
        # without a pause, and it would never be.
        with locked("turn", fcntl.LOCK_EX):
            using.enter_context(locked("use", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        yield


@contextmanager
def locked(name: str, kind: int) -> Iterator[None]:
    """Hold a lock of the Docker tests on this machine; `kind` is one of `fcntl`'s."""
    lock = os.open(_LOCKS / f"bw-s3-docker-{name}.lock", os.O_CREAT | os.O_RDONLY)
    try:
        fcntl.flock(lock, kind)
        yield
    finally:
        os.close(lock)


def _watch(event: str, arguments: Sequence[object]) -> None:
    if _started is None:
        return
    if event == "subprocess.Popen" and (name := _server_in(arguments[1])):
        _refuse(name)
    if event == "socket.bind" and isinstance(arguments[1], tuple):
        _refuse(f"a server at {arguments[1]}")


def _server_in(argv: object) -> str:
    words = [argv] if isinstance(argv, str | bytes) else argv
    assert isinstance(words, Sequence)
    names = (Path(word if isinstance(word, str) else "").name for word in words)
    return next((name for name in names if name in _SERVERS), "")


def _refuse(what: str) -> None:
    assert _started is not None
    _started.append(what)
    raise NoUnitTestError(_complaint(what))


def _complaint(what: str) -> str:
    return f"a unit test starts {what}; mark it (pytest.mark.server or pytest.mark.docker)"


# Where the time went ----------------------------------------------------------------------------


@dataclass
class _Time:
    seconds: float = 0
    tests: int = 0


class Times:
    """Counts the seconds of each tier and each file; they are shown at the end."""

    def __init__(self) -> None:
        self._tiers: dict[str, _Time] = defaultdict(_Time)
        self._files: dict[str, _Time] = defaultdict(_Time)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what one test took, with its set-up."""
        tier = str(dict(report.user_properties)[_TIER])
        for time in (self._tiers[tier], self._files[f"{tier:9}{report.location[0]}"]):
            time.seconds += report.duration
            time.tests += report.when == "call"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the time went: the sum over all workers, tiers first, then files."""
        if not self._tiers:
            return
        terminalreporter.section("seconds of all workers together")
        files = sorted(self._files.items(), key=lambda item: -item[1].seconds)
        for name, time in [*self._tiers.items(), *files[:15]]:
            terminalreporter.write_line(f"{time.seconds:7.1f} s {time.tests:5} tests  {name}")
