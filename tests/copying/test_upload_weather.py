"""The copy in bad weather: a proxy that misbehaves, files that move, keys that are revoked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.bad_proxy import Fault, Plan, bad_proxy
from tests.support.copy_kit import CopyKit, ReadHere
from wizard.copying.dispatcher import MOST_REQUESTS
from wizard.core.copy_control import CopyControl
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.media.source import Digest, Digested, FolderMedia, MediaFailure, MediaFile


@pytest.fixture
def kit(tmp_path: Path, storage: tuple[Settings, Keys]) -> CopyKit:
    """An instance folder with a few covers, and an empty bucket."""
    kit = CopyKit(tmp_path, *storage)
    kit.fill(40)
    return kit


def some_puts(fault: Fault, every: int) -> Plan:
    """The fault for every so-manyth PUT."""
    return lambda method, path, nth: fault if method == "PUT" and nth % every == 0 else Fault.NONE


def first_try(fault: Fault) -> Plan:
    """The fault the first two times a path is asked for: the runtime itself tries twice."""
    seen: dict[str, int] = {}

    def plan(method: str, path: str, nth: int) -> Fault:
        seen[path] = seen.get(path, 0) + 1
        return fault if method == "PUT" and nth % 3 == 0 and seen[path] <= 2 else Fault.NONE

    return plan


@pytest.mark.parametrize(
    "fault", [Fault.RESET, Fault.CUT, Fault.ERROR, Fault.SLOW_DOWN, Fault.BARE_SLOW_DOWN]
)
def test_what_passes_by_itself_is_tried_again(kit: CopyKit, fault: Fault) -> None:
    with bad_proxy(kit.settings, kit.keys, first_try(fault)) as proxy:
        outcome = kit.through(proxy).copy()
    assert (outcome.failures, outcome.sent) == ((), 40)
    assert kit.there() == kit.here()


def test_other_bytes_are_noticed_and_sent_again(kit: CopyKit) -> None:
    with bad_proxy(kit.settings, kit.keys, first_try(Fault.OTHER_BYTES)) as proxy:
        outcome = kit.through(proxy).copy()
    assert (outcome.failures, outcome.sent) == ((), 40)
    assert kit.there() == kit.here()


def test_a_service_that_always_stores_other_bytes_verifies_nothing(kit: CopyKit) -> None:
    def plan(method: str, path: str, nth: int) -> Fault:
        return Fault.OTHER_BYTES if "00007" in path and method == "PUT" else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        bad = kit.through(proxy)
        outcome = bad.copy()
        assert "images/covers/1-00007.jpg" not in bad.verified()
    assert [f.path for f in outcome.failures] == ["covers/1-00007.jpg"]
    assert "other bytes" in outcome.failures[0].what


def test_a_service_that_says_200_and_stores_nothing(kit: CopyKit) -> None:
    swallow = some_puts(Fault.SWALLOWED, 4)
    with bad_proxy(kit.settings, kit.keys, swallow) as proxy:
        outcome = kit.through(proxy).copy()
        lost = {f"images/{f.path}" for f in outcome.failures}
        proxy.plan = lambda method, path, nth: Fault.NONE
        assert lost == set(kit.here()) - set(kit.there())
        again = kit.through(proxy).copy()
    assert (again.failed, again.sent) == (0, len(lost))
    assert kit.there() == kit.here()


def test_a_service_that_keeps_less_than_it_says(kit: CopyKit) -> None:
    """The whole file's ETag, but a byte less stored: only the listing can tell."""
    tries: dict[str, int] = {}

    def plan(method: str, path: str, nth: int) -> Fault:
        if method != "PUT" or ("00005" not in path and "00007" not in path):
            return Fault.NONE
        tries[path] = tries.get(path, 0) + 1
        return Fault.SHORTENED if "00007" in path or tries[path] == 1 else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        outcome = kit.through(proxy).copy()
        assert [(f.path, f.what) for f in outcome.failures] == [
            ("covers/1-00007.jpg", "stored with other bytes than were sent")
        ]
        assert (outcome.sent, outcome.failed, outcome.conflicts) == (39, 1, ())
        assert "images/covers/1-00007.jpg" not in kit.verified()
        proxy.plan = lambda method, path, nth: Fault.NONE
        again = kit.through(proxy).copy()
    assert (again.sent, again.failed, again.conflicts) == (1, 0, ())
    assert kit.there() == kit.here()


def test_requests_that_are_never_answered_are_given_up(
    kit: CopyKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.copying.dispatcher._STALLED", 3.0)

    def plan(method: str, path: str, nth: int) -> Fault:
        return Fault.STALLED if method == "PUT" and nth in {10, 11, 30} else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        outcome = kit.through(proxy).copy()
    assert (outcome.failures, outcome.sent) == ((), 40)
    assert kit.there() == kit.here()


def test_encrypted_buckets_are_verified_by_reading_back(kit: CopyKit) -> None:
    kit.write("covers/large.png", os.urandom(20 << 20))
    with bad_proxy(kit.settings, kit.keys, lambda m, p, n: Fault.NO_ETAG) as proxy:
        outcome = kit.through(proxy).copy()
        assert (outcome.failures, outcome.sent) == ((), 41)
        assert outcome.comparison is not None
        assert outcome.comparison.complete
        assert kit.through(proxy).copy().sent == 0
    assert kit.there() == kit.here()


def test_keys_revoked_in_the_middle(kit: CopyKit) -> None:
    def plan(method: str, path: str, nth: int) -> Fault:
        return Fault.REVOKED if nth > 20 else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        with pytest.raises(Problem) as raised:
            kit.through(proxy).copy()
        assert "InvalidAccessKeyId" in raised.value.raw
        proxy.plan = lambda method, path, nth: Fault.NONE
        verified = len(kit.through(proxy).verified())
        assert verified > 0
        outcome = kit.through(proxy).copy()
    assert outcome.already >= verified
    assert kit.there() == kit.here()


def test_a_refusal_for_one_file_stays_with_it(kit: CopyKit) -> None:
    def plan(method: str, path: str, nth: int) -> Fault:
        return Fault.REFUSED if "00011" in path else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        outcome = kit.through(proxy).copy()
    assert [(f.path, f.raw) for f in outcome.failures] == [
        ("covers/1-00011.jpg", "AccessDenied: Access Denied.")
    ]
    assert outcome.sent == 39


def test_a_refusal_for_all_stops_soon(kit: CopyKit) -> None:
    kit.fill(3 * MOST_REQUESTS, seed=3)

    def plan(method: str, path: str, nth: int) -> Fault:
        return Fault.REFUSED if method == "PUT" else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        with pytest.raises(Problem):
            kit.through(proxy).copy()
        assert proxy.count("PUT") < 2 * MOST_REQUESTS, "hardly more than were in the air"


def test_a_clock_that_is_wrong_is_said_at_once(kit: CopyKit) -> None:
    skewed = bad_proxy(kit.settings, kit.keys, lambda m, p, n: Fault.SKEWED)
    with skewed as proxy, pytest.raises(Problem) as raised:
        kit.through(proxy).copy()
    assert "clock" in f"{raised.value.what} {raised.value.why}".lower()


def test_slow_down_is_obeyed(kit: CopyKit) -> None:
    """Half of the requests are told to slow down for a while: all arrive, none is hammered."""

    def plan(method: str, path: str, nth: int) -> Fault:
        return Fault.SLOW_DOWN if method == "PUT" and nth < 60 else Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        outcome = kit.through(proxy).copy()
        assert outcome.failures == ()
        assert proxy.count("PUT") < 40 + 60 + 10


def test_left_over_parts_of_a_broken_upload_are_aborted(kit: CopyKit) -> None:

    kit.write("covers/large.png", os.urandom(20 << 20))

    def plan(method: str, path: str, nth: int) -> Fault:
        if "partNumber=2" in path:
            return Fault.REVOKED
        return Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        bad = kit.through(proxy)
        with pytest.raises(Problem):
            bad.copy()
        proxy.plan = lambda method, path, nth: Fault.NONE
        assert bad.copy().failures == ()
    client = kit.client
    assert client.list_multipart_uploads(Bucket=kit.settings.bucket).get("Uploads", []) == []
    assert kit.there() == kit.here()


class Meddling(ReadHere):
    """Media on which something happens to a file just when it is opened."""

    def __init__(self, root: Path, path: str, meddle: Callable[[Path], None]) -> None:
        super().__init__(root)
        self.path, self.meddle, self.left = path.encode(), meddle, 1

    def read(self, files):  # type: ignore[no-untyped-def]
        """The real bytes, but something happens before they are read."""
        for found in super().read(files):
            if not isinstance(found, MediaFailure) and found[0].path == self.path and self.left:
                self.left -= 1
                self.meddle(self.root / os.fsdecode(self.path))
            yield found


class MeddlingLater(FolderMedia):
    """Something happens to a file after its MD5 is known, before the runtime reads it."""

    def __init__(self, root: Path, path: str, meddle: Callable[[Path], None]) -> None:
        super().__init__(root)
        self.path, self.meddle, self.left = path.encode(), meddle, 1

    @contextmanager
    def digesting(self) -> Iterator[Digest]:
        """The real MD5s."""
        with super().digesting() as digest:
            yield lambda files: map(self._passed_on, digest(files))

    def _passed_on(self, found: Digested | MediaFailure) -> Digested | MediaFailure:
        if isinstance(found, Digested) and found.file.path == self.path and self.left:
            self.left -= 1
            self.meddle(self.root / os.fsdecode(self.path))
        return found


def _grow(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"more")


def _shrink(file: Path) -> None:
    os.truncate(file, 3)


def _replace(file: Path) -> None:
    other = file.with_name("other.tmp")
    other.write_bytes(b"another picture of another size")
    other.replace(file)


def _replace_alike(file: Path) -> None:
    """The same size: only the time tells."""
    other = file.with_name("other.tmp")
    other.write_bytes(os.urandom(file.stat().st_size))
    other.replace(file)


@pytest.mark.parametrize("size", [5000, 20 << 20])
@pytest.mark.parametrize("meddle", [_grow, _shrink, _replace, _replace_alike, Path.unlink])
def test_a_file_that_changes_while_it_is_read(
    kit: CopyKit, meddle: Callable[[Path], None], size: int
) -> None:
    kit.write("covers/moving.jpg", os.urandom(size))
    outcome = kit.copy(Meddling(kit.root, "covers/moving.jpg", meddle))
    assert outcome.failures == ()
    there, here = kit.there(), kit.here()
    assert {key: there[key] for key in here if key in there} == here
    assert {key: md5 for key, md5 in kit.verified().items() if key in here} == here


@pytest.mark.parametrize("meddle", [_grow, _shrink, _replace, _replace_alike, Path.unlink])
def test_a_file_that_changes_before_the_runtime_reads_it(
    kit: CopyKit, meddle: Callable[[Path], None]
) -> None:
    kit.write("covers/moving.jpg", os.urandom(5000))
    media = MeddlingLater(kit.root, "covers/moving.jpg", meddle)
    started = time.monotonic()
    outcome = kit.copy(media)
    assert media.left == 0
    assert outcome.failures == ()
    assert time.monotonic() - started < 10, "nothing was tried for long that could not succeed"
    there, here = kit.there(), kit.here()
    assert {key: there[key] for key in here} == here
    assert {key: md5 for key, md5 in kit.verified().items() if key in here} == here


def test_a_file_that_never_comes_to_rest_is_a_failure_of_its_own(kit: CopyKit) -> None:
    class Restless(FolderMedia):
        def look_again(self, files):  # type: ignore[no-untyped-def]
            """One file has always just changed."""
            for found in super().look_again(files):
                if isinstance(found, MediaFile) and found.path == b"covers/1-00002.jpg":
                    yield replace(found, mtime_ns=found.mtime_ns + 1)
                else:
                    yield found

    outcome = kit.copy(Restless(kit.root))
    assert [f.path for f in outcome.failures] == ["covers/1-00002.jpg"]
    assert "images/covers/1-00002.jpg" not in kit.verified()
    assert outcome.sent == 39


def test_the_failed_ones_are_tried_again_while_the_copy_runs(kit: CopyKit) -> None:
    """The key for "try just these again", pressed before the end."""
    control = CopyControl()

    def plan(method: str, path: str, nth: int) -> Fault:
        if "00011" in path and control.retries == 0:
            control.retry_failed()
            return Fault.REFUSED
        return Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        outcome = replace(kit.through(proxy), control=control).copy()
    assert (outcome.failures, outcome.sent) == ((), 40)
