"""Every journal that an earlier version left still opens, and says what it said then."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journals.recorded import Recorded, all_recorded
from tests.support.entries import declared_entries
from wizard.core.events import Check, Verdict
from wizard.core.settings import Settings
from wizard.core.states import ResultState
from wizard.journal.entries import text_entry
from wizard.journal.file import FILE, FOLDER
from wizard.journal.journal import Journal, StepResult
from wizard.migration import Migration
from wizard.opening.opening import Opening, open_to_read
from wizard.step import Question

# The steps that the first version had, in their order.
STEPS = (
    "configure_provider", "copy_media", "enable_s3", "collect_static",
    "set_cors", "restart", "verify_cors", "update_connector",
)  # fmt: skip
ALL = all_recorded()
ENTRIES = declared_entries()
# What belongs to one machine or is nobody's business; SeaweedFS's keys are of such a form.
_PRIVATE = re.compile(
    r"/(root|home|work|Users)/|(SECRET|PASSWORD)\w*=\w|(?<![0-9A-F])(?=\d*[A-F])[0-9A-F]{20}(?![0-9A-F])"
    r"|(?<![\w/-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{40}(?![\w-])"
)

each = pytest.mark.parametrize("recorded", ALL, ids=lambda recorded: recorded.path.stem)


@pytest.mark.parametrize("deployment", ["dockerless", "compose"])
def test_the_first_version_left_one_for_each_step_in_each_state(deployment: str) -> None:
    first = [r for r in ALL if (r.path.parent.name, r.deployment) == ("0.1.0", deployment)]
    found = {(r.step, r.state) for r in first}
    assert found >= {(step, state) for step in STEPS for state in ("begun", "done", "failed")}
    assert {r.state for r in first} >= {"later", "skipped", "stale", "todo"}
    assert any(r.archive.exists() for r in first)


@each
def test_it_opens_and_everything_in_it_is_understood(recorded: Recorded, tmp_path: Path) -> None:
    instance = recorded.instance(tmp_path / "bookwyrm")
    recorded.restore(instance)
    raw = _rows(instance)
    read = Journal.read(instance / FOLDER)
    assert read is not None
    for journal in (read, Journal.open(instance / FOLDER, instance)):
        with closing(journal):
            _check_settings(journal, raw, recorded)
            _check_results(journal, raw)
            _check_files(journal, raw)
            assert journal.log_lines() == raw["log"]
            if journal is not read:
                journal.write_log("copy_media", "one line more")
                assert journal.log_lines()[:-1] == raw["log"]


@each
def test_each_entry_is_known_and_has_its_meaning(recorded: Recorded, tmp_path: Path) -> None:
    instance = recorded.instance(tmp_path / "bookwyrm")
    recorded.restore(instance)
    journal = Journal.read(instance / FOLDER)
    assert journal is not None
    with closing(journal):
        for name, text in _rows(instance)["meta"]:
            if name in ("id", "version") or not text:
                continue
            if text.startswith('{"of"'):
                kept = json.loads(text)
                assert (_value(journal, name, kept["of"]) is not None) == bool(kept["value"])
            else:
                assert _value(journal, name) is not None


def _value(journal: Journal, name: str, inputs: dict[str, str] | None = None) -> object:
    """What an entry of the journal means, read as its module declares it."""
    (entry,) = [e for e in ENTRIES if name == e.name or name.startswith(f"{e.name} ")]
    whose = name.removeprefix(entry.name).lstrip()
    entry = entry.of(whose) if whose else entry
    return journal.recall(entry.true_of(inputs) if inputs else entry)


@each
def test_the_steps_stand_where_they_stood(recorded: Recorded, tmp_path: Path) -> None:
    with _migration(recorded, tmp_path) as migration:
        statuses = {s.step.name: s for s in migration.statuses()}
        assert statuses[recorded.step].state == recorded.state
        assert {name: str(s.state) for name, s in statuses.items()} == _meant_now(recorded)
        assert migration.is_armed() == recorded.about.armed
        result, why = statuses[recorded.step].result, statuses[recorded.step].why
        if recorded.state == "failed":
            assert result and result.problem and why == result.problem.what
        if recorded.state in ("skipped", "stale", "later"):
            assert why


def _meant_now(recorded: Recorded) -> dict[str, str]:
    """The states as they were told then, but for one that was told too early.

    A fresh install's Verify was called done while a check still waited for the running site.
    """
    told = dict(recorded.about.statuses)
    if recorded.path.stem.endswith("06-restart-later-fresh"):
        assert told["verify_cors"] == "done"
        told["verify_cors"] = "later"
    return told


@each
def test_it_tells_nothing_of_keys_and_of_the_machine(recorded: Recorded) -> None:
    # Keys of objects and MD5s are written in hexadecimal digits there.
    text = re.sub(r"X'[0-9A-F]*'", "", recorded.path.read_text())
    assert "CREATE TABLE meta" in text
    assert [found[0] for found in _PRIVATE.finditer(text)] == []


@pytest.mark.parametrize(
    "recorded", [r for r in ALL if r.detail == "half"], ids=lambda r: r.path.stem
)
def test_a_copy_that_was_killed_knows_what_it_proved(recorded: Recorded, tmp_path: Path) -> None:
    with _migration(recorded, tmp_path) as migration:
        journal, where = migration.context.journal, migration.context.settings.destination
        verified = [file.key for file in journal.verified_files(where)]
        announced = [key for _, key in _rows(tmp_path / "bookwyrm")["sending"]]
        assert 0 < len(verified) < len(announced)
        assert {key.encode() for key in verified} < set(announced)


@pytest.mark.parametrize(
    ("step", "fact"),
    [
        ("configure_provider-begun-canaries", "canaries"),
        ("configure_provider-begun-probing_cors", "cors before the probe"),
        ("configure_provider-begun-env_written", "configure_provider.lines"),
        ("enable_s3-begun-env_written", "enable_s3.lines"),
        ("collect_static-begun-proven", "collect_static.assets"),
        ("restart-begun-switched", "restart.switched"),
        ("restart-begun-caught_up", "restart.caught_up"),
        ("update_connector-begun-old_kept", "update_connector.before"),
    ],
)
def test_what_a_killed_step_kept_for_later_is_found(step: str, fact: str, tmp_path: Path) -> None:
    found = [r for r in ALL if r.path.stem.endswith(step)]
    assert len(found) >= 2
    for recorded in found:
        with _migration(recorded, tmp_path / recorded.path.stem) as migration:
            text = migration.context.journal.recall(text_entry(fact))
            assert text
            assert json.loads(text)


@pytest.mark.parametrize(
    "recorded", [r for r in ALL if r.archive.exists()], ids=lambda r: r.path.stem
)
def test_the_files_that_sigkill_left_open_too(recorded: Recorded, tmp_path: Path) -> None:
    from_text = recorded.instance(tmp_path / "from text")
    recorded.restore(from_text)
    as_left = recorded.instance(tmp_path / "as left")
    recorded.unpack(as_left)
    alone = tmp_path / FILE
    shutil.copy(as_left / FOLDER / FILE, alone)
    for opened in (Journal.read(as_left / FOLDER), Journal.open(as_left / FOLDER, as_left)):
        assert opened is not None
        with closing(opened) as journal:
            results = {step: journal.result(step) for step in STEPS}
            lines = journal.log_lines()
    assert lines == _rows(from_text)["log"]
    assert _dump(as_left / FOLDER / FILE) == _dump(from_text / FOLDER / FILE)
    assert _dump(alone) != _dump(from_text / FOLDER / FILE), "its write-ahead log is of no use"
    result = results[recorded.step]
    assert result and result.state is ResultState.BEGUN


@contextmanager
def _migration(recorded: Recorded, folder: Path) -> Iterator[Migration]:
    """The migration as `bw-s3 status` opens it."""
    folder.mkdir(exist_ok=True)
    instance = recorded.instance(folder / "bookwyrm")
    recorded.restore(instance)
    migration = open_to_read(Opening(folder=instance), lambda event: None, _never_asked)
    assert migration is not None
    with closing(migration.context.journal):
        yield migration


async def _never_asked(question: Question) -> bool:
    raise AssertionError(question)


def _rows(instance: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All that is in the journal, as SQLite gives it."""
    tables = ("meta", "results", "files", "sending", "log")
    with closing(sqlite3.connect(instance / FOLDER / FILE)) as database:
        return {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


def _check_settings(
    journal: Journal, raw: dict[str, list[tuple[Any, ...]]], recorded: Recorded
) -> None:
    meta = dict(raw["meta"])
    settings = journal.settings
    assert journal.id == meta["id"] != ""
    assert json.loads(meta["settings"]).items() <= settings.to_dict().items()
    assert settings.deployment == recorded.deployment
    assert settings.path == ("fresh" if recorded.detail == "fresh" else "existing")
    assert settings.endpoint.startswith("http://")
    assert settings.custom_domain == f"{settings.endpoint_host}/{settings.bucket}"
    assert settings.site_url == f"http://localhost:{recorded.about.env['PORT']}"
    for name, value in meta.items():
        assert (journal.recall(text_entry(name)) or "") == value


def _check_results(journal: Journal, raw: dict[str, list[tuple[Any, ...]]]) -> None:
    assert {row[0] for row in raw["results"]} <= set(STEPS)
    for step, state, inputs, checks, problem, at, seconds in raw["results"]:
        result = journal.result(step)
        assert result is not None
        assert (result.state, result.at, result.seconds) == (state, at, seconds)
        assert dict(result.inputs) == json.loads(inputs)
        told = [(c.asked, c.seen, str(c.verdict)) for c in result.checks]
        assert told == [(c["asked"], c["seen"], c["verdict"]) for c in json.loads(checks)]
        assert (result.problem is None) == (problem is None)
        if result.problem:
            assert json.loads(problem).items() <= result.problem.to_dict().items()
        _check_sense(result)


def _check_sense(result: StepResult) -> None:
    """Whether a result says what one of its state has to say."""
    wrong: list[Check] = [c for c in result.checks if c.verdict is Verdict.FAIL]
    match result.state:
        case ResultState.BEGUN:
            assert (result.checks, result.problem) == ((), None)
        case ResultState.DONE:
            assert result.passed_checks > 0
            assert (wrong, result.problem) == ([], None)
        case ResultState.FAILED:
            assert result.problem
            assert result.problem.what and result.problem.why and result.problem.remedies
            assert all(check.problem for check in wrong)


def _check_files(journal: Journal, raw: dict[str, list[tuple[Any, ...]]]) -> None:
    places = {row[0] for row in raw["files"]}
    for place in places:
        rows = [row[1:] for row in raw["files"] if row[0] == place]
        files = list(journal.verified_files(place))
        assert [(f.key.encode(), f.size, f.mtime_ns, f.md5, f.etag) for f in files] == rows
        assert journal.verified_count(place) == (len(rows), sum(row[1] for row in rows))
        assert all(file.etag == file.md5.hex() and file.size > 0 for file in files)
    for place, key in raw["sending"]:
        assert journal.was_announced(place, key.decode())
        assert not journal.was_announced(place, f"{key.decode()}.other")
    copied = journal.result("copy_media")
    if copied and copied.state is ResultState.DONE:
        assert _destination_of(journal.settings, copied) in places


def _destination_of(settings: Settings, result: StepResult) -> str:
    """Where a step's files went, by its own inputs."""
    named = {name: result.inputs[name] for name in ("endpoint", "bucket")}
    return Settings.from_dict({**settings.to_dict(), **named}).destination
