"""Copies beside a switch, on a real S3 server: given up in the middle, and failing."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers.bad_proxy import Fault, bad_proxy
from tests.support.copy_kit import CopyKit
from tests.support.waiting import PATIENCE
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.journal.journal import Journal
from wizard.step import Context
from wizard.switch.copies import SwitchCopies
from wizard.switch.site_watch import Awaited


@pytest.fixture
def kit(tmp_path: Path, storage: tuple[Settings, Keys]) -> CopyKit:
    """An instance folder and an empty bucket."""
    (tmp_path / "images").mkdir()
    return CopyKit(tmp_path, *storage)


@dataclass
class Seen:
    """What the copies told of."""

    copied: list[int] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def copies(self, context: Context) -> SwitchCopies:
        """Copies beside a switch whose pages point to wherever they are to."""
        return SwitchCopies(
            context,
            lambda toward: True,
            copied=0,
            note=self.copied.append,
            log=self.errors.append,
        )


async def until(holds: Callable[[], object]) -> None:
    """Wait until it is so, and let the copies go on."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.02)


@pytest.fixture
def journal(kit: CopyKit) -> Iterator[Journal]:
    """The instance's journal."""
    opened = Journal.open(kit.journal_folder, kit.folder)
    yield opened
    opened.close()


async def test_what_a_pass_given_up_had_copied_back_counts(kit: CopyKit, journal: Journal) -> None:
    for number in range(300):
        kit.put(f"images/covers/{number:03}.jpg", b"%d" % number * 3000)
    gate = threading.Event()

    def plan(method: str, path: str, before: int) -> Fault:
        if path.endswith("/200.jpg"):
            gate.wait(60)
        return Fault.NONE

    with bad_proxy(kit.settings, kit.keys, plan) as proxy:
        context = kit.through(proxy).context(journal)
        async with Seen().copies(context) as copies:
            copies.go_toward(Awaited.LOCAL)
            await until((kit.root / "covers" / "000.jpg").exists)
            asyncio.get_running_loop().call_later(0.1, gate.set)
            await copies.stop()
    here = len(kit.here())
    assert 0 < here < 300
    assert copies.take_brought_back().files == here


async def test_an_error_that_nobody_foresaw_ends_no_copying(kit: CopyKit, journal: Journal) -> None:
    kit.write("covers/new.jpg", b"a new cover")
    in_the_way = kit.journal_folder / "inventory.sqlite3"
    in_the_way.mkdir()
    seen = Seen()
    async with seen.copies(kit.context(journal)) as copies:
        copies.go_toward(Awaited.BUCKET)
        await copies.before_pages_change()
        assert seen.errors
        in_the_way.rmdir()
        await until(lambda: seen.copied)
    assert seen.copied == [1]
    assert set(kit.there()) == {"images/covers/new.jpg"}
