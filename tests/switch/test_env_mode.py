"""Who can read `.env`, and a narrower mode where all who need it still can."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.contexts import Listener, storage_context
from tests.support.users import ALICE, BOB, need_root, reachable
from wizard.core.events import Note, Verdict
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.instance.deployment import EnvUsers
from wizard.instance.dockerless.deployment import Dockerless
from wizard.journal.entries import number_entry
from wizard.step import Context
from wizard.switch.env_mode import mode_check, mode_plan, offer_narrower_mode, put_mode_back


class _Read(Dockerless):
    """An instance whose services run as these users."""

    users: EnvUsers | None = None

    async def env_users(self) -> EnvUsers | None:
        return self.users


@contextmanager
def scene(
    folder: Path, listener: Listener, mode: int, owner: int, users: set[int] | None
) -> Iterator[Context]:
    """A context whose `.env` has this mode and owner, and is read by these users."""
    with storage_context(folder, Settings(), Keys(), listener) as context:
        deployment = _Read(context.instance, context.settings)
        deployment.users = None if users is None else EnvUsers(uids=frozenset(users))
        path = context.instance.env_path
        os.chown(path, owner, BOB)
        path.chmod(mode)
        reachable(folder)
        yield replace(context, deployment=deployment)


@pytest.mark.parametrize(
    ("mode", "owner", "users", "narrower"),
    [
        (0o644, ALICE, {0, ALICE}, 0o600),
        (0o664, ALICE, {ALICE}, 0o600),
        # BOB has no account here: his only group is that of his number, which is the file's.
        (0o644, ALICE, {0, ALICE, BOB}, 0o640),
        (0o604, ALICE, {ALICE, BOB}, None),
        (0o644, 0, {0, ALICE}, None),
        (0o644, ALICE, None, None),
        (0o640, ALICE, {ALICE}, None),
    ],
)
async def test_what_is_offered(
    tmp_path: Path, mode: int, owner: int, users: set[int] | None, narrower: int | None
) -> None:
    need_root()
    listener = Listener()
    with scene(tmp_path, listener, mode, owner, users) as context:
        plan, path = await mode_plan(context), context.instance.env_path
        assert bool(plan) is bool(mode & 0o004)
        assert any(f"make it {narrower:03o}" in s.text for s in plan) if narrower else True
        await offer_narrower_mode(context)
        assert stat.S_IMODE(path.stat().st_mode) == (narrower or mode)
        assert len(listener.questions) == bool(narrower)
        check = await mode_check(context)
        closed = not (narrower or mode) & 0o004
        assert check.verdict is (Verdict.PASS if closed else Verdict.REMARK)
        put_mode_back(context)
        assert stat.S_IMODE(path.stat().st_mode) == mode


async def test_a_no_leaves_it(tmp_path: Path) -> None:
    need_root()
    with scene(tmp_path, Listener(answer=False), 0o644, ALICE, {ALICE}) as context:
        await offer_narrower_mode(context)
        assert stat.S_IMODE(context.instance.env_path.stat().st_mode) == 0o644


async def test_it_is_undone_where_a_service_cannot_read_it(tmp_path: Path) -> None:
    """By the numbers it could, but a folder above keeps it from the file."""
    need_root()
    listener = Listener()
    with scene(tmp_path, listener, 0o644, ALICE, {0, ALICE}) as context:
        tmp_path.chmod(0o700)
        await offer_narrower_mode(context)
        assert stat.S_IMODE(context.instance.env_path.stat().st_mode) == 0o644
        notes = [e.text for e in listener.events if isinstance(e, Note)]
        assert f"644 again: user {ALICE} could not read it" in notes[-1]
        put_mode_back(context)
        assert stat.S_IMODE(context.instance.env_path.stat().st_mode) == 0o644


async def test_after_a_kill_it_is_tried_all_the_same(tmp_path: Path) -> None:
    """The mode was set, and nobody had tried it yet."""
    need_root()
    with scene(tmp_path, Listener(), 0o644, ALICE, {0, ALICE}) as context:
        path = context.instance.env_path
        context.journal.remember(number_entry("configure_provider.mode"), 0o644)
        path.chmod(0o600)
        await offer_narrower_mode(context)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        tmp_path.chmod(0o700)
        await offer_narrower_mode(context)
        assert stat.S_IMODE(path.stat().st_mode) == 0o644
