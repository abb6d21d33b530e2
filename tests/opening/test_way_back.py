"""Opening the way back where nobody but `.env` says which storage it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.checkout import make_checkout
from tests.support.results import done
from wizard.cli.step_by_step import yes
from wizard.journal.journal import Journal
from wizard.migration import WAY_BACK
from wizard.opening.opening import Opening, open_to_read
from wizard.opening.way_back import opening_back, unfinished_way_back

_ENDPOINT = "AWS_S3_ENDPOINT_URL=https://s3.example.org\n"


@pytest.mark.parametrize(
    ("env", "said", "provider"),
    [
        ("USE_S3=true\n", {}, "aws"),
        ("USE_S3=true\nAWS_S3_ENDPOINT_URL=\n", {}, "aws"),
        (f"USE_S3=true\n{_ENDPOINT}", {}, None),
        ("USE_S3=true\n", {"provider": "wasabi"}, "wasabi"),
        ("USE_S3=true\n", {"endpoint": "https://s3.example.org"}, None),
        ("USE_S3=false\n", {}, None),
    ],
)
def test_without_an_endpoint_it_is_amazons(
    tmp_path: Path, env: str, said: dict[str, str | int], provider: str | None
) -> None:
    make_checkout(tmp_path)
    (tmp_path / ".env").write_text(f"DOMAIN=books.example.org\n{env}")
    opening = opening_back(Opening(folder=tmp_path, overrides=said))
    assert (opening.overrides or {}).get("provider") == provider
    assert opening.put_back


def begun_back(folder: Path, steps: int, env: str = "USE_S3=false\n") -> None:
    """An instance whose first steps back are done, with a journal beside it."""
    make_checkout(folder)
    (folder / "venv").mkdir()
    (folder / ".env").write_text(f"DOMAIN=books.example.org\n{env}")
    journal = Journal.open(folder / ".bw-s3", folder)
    for step in WAY_BACK[:steps]:
        journal.save_result(done(step.name))
    journal.close()


@pytest.mark.parametrize(
    ("steps", "env", "upcoming"),
    [
        (0, "USE_S3=true\n", None),
        (1, "USE_S3=true\n", "disable_s3"),
        (2, "USE_S3=false\n", "local_static"),
        (3, "USE_S3=true\n", "disable_s3"),
        (4, "USE_S3=false\n", "close_bucket"),
        (4, "USE_S3=true\n", None),
        (len(WAY_BACK), "USE_S3=false\n", None),
    ],
)
async def test_a_way_back_is_unfinished_from_its_first_step_to_its_last(
    tmp_path: Path, steps: int, env: str, upcoming: str | None
) -> None:
    """With S3 again, `.env` says which steps are to be redone; after the restart it is over."""
    begun_back(tmp_path, steps, env)
    migration = open_to_read(Opening(folder=tmp_path), lambda event: None, yes)
    assert migration
    back = unfinished_way_back(migration)
    step = back.next_step() if back else None
    assert (step.name if step else None) == upcoming


def test_run_does_not_start_over_it(tmp_path: Path) -> None:
    """Neither does it change anything, nor show plans, unless it is told to give it up."""
    begun_back(tmp_path, 1, f"USE_S3=true\n{_ENDPOINT}")
    env = (tmp_path / ".env").read_bytes()
    run = [sys.executable, "-m", "screens", "run", str(tmp_path), "--json", "--bucket", "b"]
    run += ["--site-url", "http://127.0.0.1:9", "--deployment", "dockerless"]

    def problem(*options: str) -> tuple[object, list[str], int]:
        called = subprocess.run([*run, *options], capture_output=True, text=True, check=False)
        events = [json.loads(line) for line in called.stdout.splitlines()]
        (found,) = [event for event in events if event["event"] == "problem"]
        return found["code"], [remedy["text"] for remedy in found["remedies"]], called.returncode

    for options in (("--yes",), ("--dry-run",)):
        code, remedies, status = problem(*options)
        assert (code, status) == ("way-back-not-finished", 3)
        assert f"bw-s3 rollback {tmp_path} --yes" in remedies[0]
        assert "--give-up-rollback" in remedies[1]
    code, _, _ = problem("--dry-run", "--give-up-rollback")
    assert code != "way-back-not-finished"
    assert problem("--yes")[0] == "way-back-not-finished", "a dry run gives nothing up"
    assert problem("--yes", "--give-up-rollback")[0] == code
    assert problem("--yes")[0] == code
    assert (tmp_path / ".env").read_bytes() == env


def test_status_says_so(tmp_path: Path) -> None:
    begun_back(tmp_path, 2)
    status = [sys.executable, "-m", "screens", "status", str(tmp_path)]
    words = subprocess.run(status, capture_output=True, text=True, check=True).stdout
    assert "`bw-s3 rollback` continues it" in words
    assert "“Static assets” is next." in words
    said = json.loads(subprocess.check_output([*status, "--json"]))
    assert (said["path"], said["next"], said["armed"]) == ("back", "local_static", False)
