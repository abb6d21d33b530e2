"""The way back, step 1, on a real S3 server: how often it looks, and what it says of the rest."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.bad_proxy import Fault, bad_proxy
from tests.support.contexts import Listener
from tests.support.copy_kit import CopyKit
from tests.support.results import done
from tests.support.users import folding_disk
from wizard.core.plan import Sentence
from wizard.core.problem import Problem
from wizard.core.secrets import Keys
from wizard.core.settings import Settings
from wizard.core.states import State
from wizard.journal.journal import Journal
from wizard.migration import Migration
from wizard.step import Finding
from wizard.steps.copy_back import CopyBack

STEP = CopyBack()


@pytest.fixture
def kit(tmp_path: Path, storage: tuple[Settings, Keys]) -> CopyKit:
    """An instance folder and a public bucket with three objects."""
    (tmp_path / "images").mkdir()
    kit = CopyKit(tmp_path, *storage)
    kit.open_to_all()
    for name in ("a", "b", "c"):
        kit.put(f"images/covers/{name}.jpg", name.encode())
    return kit


def planned(migration: Migration, finding: Finding | None = None) -> str:
    """What the plan says first."""
    first = asyncio.run(migration.plan(STEP, finding=finding)).items[0]
    assert isinstance(first, Sentence)
    return str(first.text)


def test_the_plan_is_made_of_what_was_just_inspected(kit: CopyKit) -> None:
    """Once, and for these settings; what is written is decided by a listing of its own."""
    journal = Journal.open(kit.journal_folder, kit.folder)
    with bad_proxy(kit.settings, kit.keys, lambda method, path, before: Fault.NONE) as proxy:
        context = kit.through(proxy).context(journal)

        def listings() -> int:
            return proxy.count("GET", "list-type=2&prefix=images%2F")

        migration = Migration(context, [STEP])
        status, finding = asyncio.run(migration.look(STEP))
        assert status.state is State.TODO
        assert planned(migration, finding).startswith("3 files (3 B)")
        assert listings() == 1
        kit.put("images/covers/late.jpg", b"late")
        assert planned(migration).startswith("4 files")
        assert listings() == 2, "nobody looked before"
        kit.put("images/covers/later.jpg", b"later")
        before = listings()
        assert asyncio.run(STEP.apply(context)).files == 5
        assert listings() == before + 1
        assert asyncio.run(STEP.inspect(context)).done
        assert listings() == before + 2
        kit.put("images/covers/months-later.jpg", b"months later")
        assert not asyncio.run(STEP.inspect(context)).done, "of another way back"
        journal.save_result(done(STEP.name))
        assert asyncio.run(STEP.inspect(context)).done, "the restart catches up with a few"
    journal.close()


def test_names_that_the_disk_takes_for_the_same_stay_for_a_person(
    kit: CopyKit, tmp_path: Path
) -> None:
    with folding_disk(kit.root, tmp_path / "disk"):
        kit.write("covers/a.jpg", b"a")
        kit.put("images/covers/A.jpg", b"another")
        journal = Journal.open(kit.journal_folder, kit.folder)
        said = [str(i.text) for i in asyncio.run(STEP.plan(kit.context(journal))).items
                if isinstance(i, Sentence) and i.warning]  # fmt: skip
        with pytest.raises(Problem) as caught:
            asyncio.run(STEP.apply(replace(kit.context(journal), ask=Listener(answer=False).ask)))
        journal.close()
        assert len(said) == 1
        assert "covers/A.jpg" in said[0]
        assert caught.value.code == "files-stay-in-bucket"
        assert caught.value.decision
        assert "covers/A.jpg" in caught.value.raw
        assert "uppercase and lowercase" in " ".join(r.text for r in caught.value.remedies)
        assert sorted(kit.here()) == [f"images/covers/{name}.jpg" for name in "abc"]
