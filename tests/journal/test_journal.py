"""The journal on a real disk: kills, two wizards, other users, full disks, damage."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.users import ALICE, BOB, as_user, fill, need_root, owned_folder, small_disk
from tests.support.waiting import wait_until
from wizard.core.events import failed, later, passed, remark
from wizard.core.language import language
from wizard.core.message import verbatim
from wizard.core.problem import Action, Problem, Remedy
from wizard.core.secrets import MASK, Masker
from wizard.core.settings import Settings
from wizard.core.states import ResultState
from wizard.journal.entries import text_entry
from wizard.journal.journal import FOLDER, VERSION, Journal, StepResult, VerifiedFile

THERE = "https://s3.example.org books-media"
CORS, X = text_entry("cors"), text_entry("x")

HOLD = """
import sys, time
from pathlib import Path
from wizard.journal.journal import Journal
journal = Journal.open(Path(sys.argv[1]), Path(sys.argv[1]).parent)
print("open", flush=True)
time.sleep(60)
"""

HALF_A_TRANSACTION = """
import sys, time
from pathlib import Path
from wizard.journal.journal import Journal
journal = Journal.open(Path(sys.argv[1]), Path(sys.argv[1]).parent)
with journal._transaction() as database:
    # More than SQLite keeps in memory, so that some of it is on disk already.
    rows = [("there", b"%d" % n, 1, 1, b"x" * 16, "e" * 3000) for n in range(5000)]
    database.executemany("INSERT INTO files VALUES (?,?,?,?,?,?)", rows)
    print("half", flush=True)
    time.sleep(60)
"""

WRITE_ON = """
import sys
from pathlib import Path
from wizard.journal.journal import Journal, VerifiedFile
journal = Journal.open(Path(sys.argv[1]), Path(sys.argv[1]).parent)
for batch in range(100_000):
    files = [
        VerifiedFile(key=f"{batch}/{n}", size=1, mtime_ns=1, md5=b"m" * 16, etag="etag")
        for n in range(50)
    ]
    journal.save_verified("there", files)
    print(batch, flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / FOLDER


@pytest.fixture
def journal(folder: Path) -> Iterator[Journal]:
    journal = Journal.open(folder, folder.parent)
    yield journal
    journal.close()


def start(script: str, folder: Path) -> subprocess.Popen[str]:
    """A process of its own that has written its first line."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip()
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def file(key: str, size: int = 3) -> VerifiedFile:
    return VerifiedFile(
        key=key, size=size, mtime_ns=1_700_000_000_000_000_000, md5=bytes(16), etag='"etag"'
    )


def outcome(state: ResultState = ResultState.DONE) -> StepResult:
    problem = Problem(
        verbatim("w"),
        verbatim("y"),
        verbatim("r"),
        Remedy(verbatim("s"), Action.RETRY),
        raw="x",
        field="bucket",
    )
    checks = (
        passed(verbatim("a"), verbatim("b")),
        remark(verbatim("c"), verbatim("d")),
        later(verbatim("e"), verbatim("f")),
        failed(verbatim("g"), problem),
    )
    return StepResult(
        step="copy_media",
        state=state,
        inputs={"bucket": "b"},
        checks=checks,
        problem=problem,
        at=1.5,
        seconds=2.5,
    )


def refusal(folder: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        Journal.open(folder, folder.parent)
    return caught.value


class TestMemory:
    def test_it_remembers_across_processes(self, folder: Path) -> None:
        first = Journal.open(folder, folder.parent)
        first.save_settings(Settings(bucket="books", acl_known=True, limit_rate=7))
        first.save_result(outcome())
        first.remember(CORS, "[]")
        first.write_log("copy_media", "begun")
        first.save_verified(THERE, [file("images/b.jpg"), file("images/a.jpg", 4)])
        first.close()
        second = Journal.open(folder, folder.parent)
        assert second.settings == Settings(bucket="books", acl_known=True, limit_rate=7)
        result = second.result("copy_media")
        assert result is not None
        assert result.problem is not None
        assert result.problem.to_dict() == outcome().problem.to_dict()  # type: ignore[union-attr]
        assert [c.verdict for c in result.checks] == [c.verdict for c in outcome().checks]
        assert (result.state, result.inputs, result.at, result.seconds) == (
            ResultState.DONE,
            {"bucket": "b"},
            1.5,
            2.5,
        )
        assert second.recall(CORS) == "[]"
        assert [(step, text) for _, step, text in second.log_lines()] == [("copy_media", "begun")]
        assert [f.key for f in second.verified_files(THERE)] == ["images/a.jpg", "images/b.jpg"]
        assert second.verified_count(THERE) == (2, 7)
        assert second.id == first_id(folder)
        second.close()

    def test_what_was_never_kept(self, journal: Journal) -> None:
        assert journal.settings == Settings()
        assert journal.result("copy_media") is None
        assert journal.recall(CORS) is None
        assert list(journal.verified_files(THERE)) == []
        assert not journal.was_announced(THERE, "images/a.jpg")

    def test_files_belong_to_their_destination(self, journal: Journal) -> None:
        journal.announce_sending(THERE, ["images/a.jpg"])
        journal.save_verified(THERE, [file("images/a.jpg")])
        assert journal.was_announced(THERE, "images/a.jpg")
        assert not journal.was_announced("elsewhere", "images/a.jpg")
        assert list(journal.verified_files("elsewhere")) == []
        journal.forget_verified(THERE, ["images/a.jpg"])
        assert journal.verified_count(THERE) == (0, 0)
        assert journal.was_announced(THERE, "images/a.jpg")

    def test_more_files_than_a_page(self, journal: Journal) -> None:
        journal.save_verified(THERE, [file(f"images/{n:05}") for n in range(12_001)])
        keys = [f.key for f in journal.verified_files(THERE)]
        assert keys == [f"images/{n:05}" for n in range(12_001)]

    def test_a_forgotten_result(self, journal: Journal) -> None:
        journal.save_result(outcome())
        journal.forget_result("copy_media")
        assert journal.result("copy_media") is None

    def test_names_that_are_no_text_can_be_told(self, journal: Journal) -> None:
        name = "latin1_\udce9.jpg"
        journal.write_log("copy_media", f"{name} could not be read")
        problem = Problem(verbatim(f"{name} could not be read"), verbatim("y"))
        checks = (failed(verbatim("a"), problem),)
        journal.save_result(
            StepResult(
                step="s",
                state=ResultState.FAILED,
                inputs={},
                checks=checks,
                problem=problem,
                at=0,
                seconds=0,
            )
        )
        assert journal.log_lines()[0][2] == "latin1_\\udce9.jpg could not be read"
        kept = journal.result("s")
        assert kept is not None
        assert kept.checks[0].seen == problem.what

    def test_settings_of_a_later_release_are_left_out(self, journal: Journal) -> None:
        journal.remember(text_entry("settings"), '{"bucket": "b", "colour": "red"}')
        assert journal.settings == Settings(bucket="b")

    def test_threads_write_at_the_same_time(self, journal: Journal) -> None:
        def write(thread: int) -> None:
            for n in range(50):
                journal.save_verified(THERE, [file(f"images/{thread}/{n}")])
                journal.verified_count(THERE)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert journal.verified_count(THERE)[0] == 400


class TestSecrets:
    def test_texts_for_people_are_masked(self, folder: Path) -> None:
        secret = 'tünnel/"key"+1'  # which JSON would write differently
        journal = Journal.open(folder, folder.parent)
        journal.mask = Masker([secret])
        problem = Problem(
            verbatim(f"w {secret}"),
            verbatim(f"y {secret}"),
            verbatim(f"r {secret}"),
            raw=f"x {secret}",
        )
        checks = (failed(verbatim(f"a {secret}"), problem), passed(verbatim("b"), verbatim(secret)))
        result = StepResult(
            step="s",
            state=ResultState.FAILED,
            inputs={},
            checks=checks,
            problem=problem,
            at=0,
            seconds=0,
        )
        journal.save_result(result)
        journal.write_log("s", f"said {secret}")
        kept = journal.result("s")
        assert kept is not None
        assert kept.checks[1].seen == MASK
        journal.close()
        for path in folder.iterdir():
            data = path.read_bytes()
            assert secret.encode() not in data
            assert "tünnel".encode() not in data
            assert b"nnel/" not in data

    def test_what_is_put_back_later_is_kept_as_it_is(self, journal: Journal) -> None:
        journal.mask = Masker(["bookwyrm"])  # somebody's password, and a usual name
        journal.save_settings(Settings(bucket="bookwyrm-media"))
        journal.remember(X, "bookwyrm-media")
        assert journal.settings.bucket == "bookwyrm-media"
        assert journal.recall(X) == "bookwyrm-media"


class TestOwnership:
    def test_private_and_out_of_git(self, journal: Journal, folder: Path) -> None:
        journal.remember(X, "y")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in ("journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm", "lock"):
            assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name
        subprocess.run(["git", "init", "-q", folder.parent], check=True)
        status = ["git", "-C", str(folder.parent), "status", "--porcelain", "-uall"]
        assert subprocess.run(status, capture_output=True, check=True).stdout == b""

    def test_a_folder_that_was_open_to_others_is_closed(self, folder: Path) -> None:
        folder.mkdir(mode=0o755)
        Journal.open(folder, folder.parent).close()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_begun_by_root_the_owner_goes_on(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        journal = Journal.open(home / FOLDER, home)
        journal.save_result(outcome())
        owners = {path.name: path.stat().st_uid for path in (home / FOLDER).iterdir()}
        assert set(owners) == {
            ".gitignore",
            "lock",
            "journal.sqlite3",
            "journal.sqlite3-wal",
            "journal.sqlite3-shm",
        }
        assert set(owners.values()) == {ALICE}
        assert (home / FOLDER).stat().st_uid == ALICE
        journal.close()
        assert as_user(ALICE, lambda: go_on(home)) is ResultState.DONE

    def test_begun_by_the_owner_root_goes_on_and_gives_it_back(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        as_user(ALICE, lambda: go_on(home))
        assert go_on(home) is ResultState.DONE
        assert as_user(ALICE, lambda: go_on(home)) is ResultState.DONE
        assert {path.stat().st_uid for path in home.rglob("*")} == {ALICE}

    def test_killed_as_root_the_owner_goes_on(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        end(start(WRITE_ON, home / FOLDER))
        assert (home / FOLDER / "journal.sqlite3-wal").exists()
        as_user(ALICE, lambda: go_on(home))

    def test_a_folder_that_root_left_half_made_is_given_to_its_owner(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        (home / FOLDER).mkdir(mode=0o700)
        Journal.open(home / FOLDER, home).close()
        as_user(ALICE, lambda: go_on(home))

    def test_another_user_is_told_the_sudo_line(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        as_user(ALICE, lambda: go_on(home))
        for attempt in (Journal.read, lambda folder: Journal.open(folder, home)):
            with pytest.raises(Problem) as caught:
                as_user(BOB, lambda attempt=attempt: attempt(home / FOLDER))  # type: ignore[misc]
            assert f"belongs to user number {ALICE}" in caught.value.why
            assert caught.value.remedies[0].text == f"sudo bw-s3 {home}"

    def test_somebody_elses_instance_without_a_journal(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        with pytest.raises(Problem) as caught:
            as_user(BOB, lambda: go_on(home))
        assert f"{home} belongs to user number {ALICE}" in caught.value.why

    def test_state_elsewhere(self, tmp_path: Path) -> None:
        need_root()
        home = owned_folder(tmp_path, ALICE)
        home.chmod(0o555)
        state = owned_folder(tmp_path, ALICE, "state") / "books"
        as_user(ALICE, lambda: Journal.open(state, home).close())
        assert not (home / FOLDER).exists()
        journal = Journal.read(state)
        assert journal is not None
        journal.close()
        with pytest.raises(Problem) as caught:
            as_user(BOB, lambda: Journal.open(state, home).close())
        assert caught.value.remedies[0].text == f"sudo bw-s3 --state {state}"

    def test_root_follows_no_link_out_of_the_folder(self, folder: Path, tmp_path: Path) -> None:
        folder.mkdir()
        victim = tmp_path / "victim"
        victim.write_text("precious")
        (folder / "lock").symlink_to(victim)
        assert "cannot be written" in refusal(folder).what
        (folder / "lock").unlink()
        (folder / "journal.sqlite3").symlink_to(tmp_path / "new")
        assert "symbolic link" in refusal(folder).raw
        assert victim.read_text() == "precious"
        assert not (tmp_path / "new").exists()


class TestTwoWizards:
    def test_the_second_is_told_who_holds_it(self, folder: Path) -> None:
        first = start(HOLD, folder)
        problem = refusal(folder)
        end(first)
        assert "Another bw-s3" in problem.what
        assert f"process {first.pid} of user" in problem.why
        in_french = language("fr").show(problem.why)
        assert f"processus {first.pid} de" in in_french
        assert "since" not in in_french

    @pytest.mark.parametrize(
        ("said", "told"),
        [("process 4711 of user alice", "process 4711 of user alice"), ("", "another process")],
    )
    def test_what_an_earlier_version_wrote_is_told_as_it_is(
        self, folder: Path, said: str, told: str
    ) -> None:
        first = start(HOLD, folder)
        (folder / "lock").write_text(said)
        problem = refusal(folder)
        end(first)
        assert problem.why == f"It is {told}."

    def test_a_killed_one_holds_nothing(self, folder: Path) -> None:
        end(start(HOLD, folder))
        Journal.open(folder, folder.parent).close()

    def test_a_closed_one_holds_nothing(self, folder: Path) -> None:
        Journal.open(folder, folder.parent).close()
        Journal.open(folder, folder.parent).close()

    def test_status_reads_while_another_process_writes(self, folder: Path) -> None:
        writer = start(WRITE_ON, folder)
        counts: list[int] = []

        def has_grown() -> bool:
            reader = Journal.read(folder)
            assert reader is not None
            counts.append(reader.verified_count("there")[0])
            reader.close()
            return counts[0] < counts[-1]

        try:
            wait_until(has_grown)
        finally:
            end(writer)
        assert counts == sorted(counts)

    def test_status_reads_what_a_killed_one_left(self, folder: Path) -> None:
        end(start(WRITE_ON, folder))
        reader = Journal.read(folder)
        assert reader is not None
        assert reader.verified_count("there")[0] >= 50
        reader.close()

    @pytest.mark.parametrize("killed", [True, False])
    def test_reading_leaves_the_folder_as_it_is(self, folder: Path, killed: bool) -> None:
        if killed:
            end(start(WRITE_ON, folder))
        else:
            Journal.open(folder, folder.parent).close()
        before = {path.name: path.stat().st_size for path in folder.iterdir()}
        reader = Journal.read(folder)
        assert reader is not None
        assert reader.id
        reader.close()
        assert {path.name: path.stat().st_size for path in folder.iterdir()} == before

    def test_a_reader_cannot_write(self, journal: Journal, folder: Path) -> None:
        reader = Journal.read(folder)
        assert reader is not None
        with pytest.raises(Problem):
            reader.remember(X, "y")
        reader.close()
        assert journal.recall(X) is None

    def test_nothing_to_read(self, folder: Path) -> None:
        assert Journal.read(folder) is None

    def test_reading_by_a_relative_path(
        self, journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(folder.parent)
        reader = Journal.read(Path(FOLDER))
        assert reader is not None
        assert reader.id == journal.id
        reader.close()

    def test_reading_on_a_read_only_disk(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk", "8m") as disk:
            journal = Journal.open(disk / FOLDER, disk)
            journal.remember(X, "y")
            journal.close()
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            reader = Journal.read(disk / FOLDER)
            assert reader is not None
            assert reader.recall(X) == "y"
            reader.close()
            assert "cannot be" in refusal(disk / FOLDER).what

    def test_a_copy_for_a_dry_run(self, journal: Journal, folder: Path, tmp_path: Path) -> None:
        journal.remember(X, "y")
        (tmp_path / "copy").mkdir()
        journal.copy_to(tmp_path / "copy")
        copy = Journal.open(tmp_path / "copy", tmp_path)
        copy.remember(X, "z")
        assert (copy.recall(X), journal.recall(X)) == ("z", "y")
        copy.close()


class TestKills:
    def test_half_a_transaction_is_none(self, folder: Path) -> None:
        end(start(HALF_A_TRANSACTION, folder))
        journal = Journal.open(folder, folder.parent)
        assert journal.verified_count("there") == (0, 0)
        journal.close()

    @pytest.mark.parametrize("kills", [5, pytest.param(200, marks=pytest.mark.slow)])
    def test_killed_at_any_moment_nothing_committed_is_lost(self, folder: Path, kills: int) -> None:
        for _ in range(kills):
            process = start(WRITE_ON, folder)
            time.sleep(random.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
            said = process.communicate()[0].split()
            journal = Journal.open(folder, folder.parent)
            count = journal.verified_count("there")[0]
            journal.close()
            assert count % 50 == 0
            assert not said or count >= 50 * (int(said[-1]) + 1)

    def test_an_empty_file_left_by_a_kill(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "journal.sqlite3").touch()
        assert Journal.read(folder) is None
        journal = Journal.open(folder, folder.parent)
        assert journal.id
        journal.close()

    def test_a_power_cut_forgets_no_commit(self, journal: Journal) -> None:
        (level,) = journal._database.execute("PRAGMA synchronous").fetchone()
        assert level == 2  # FULL: SQLite asks the disk to keep each commit


class TestDamage:
    def test_no_database_at_all(self, folder: Path) -> None:
        Journal.open(folder, folder.parent).close()
        (folder / "journal.sqlite3").write_text("This is not a database." * 1000)
        problem = refusal(folder)
        assert "damaged" in problem.what
        assert f"mv {folder}" in problem.remedies[0].text
        with pytest.raises(Problem, match="damaged"):
            Journal.read(folder)

    def test_a_page_overwritten(self, folder: Path) -> None:
        journal = Journal.open(folder, folder.parent)
        journal.save_verified(THERE, [file(f"images/{n}") for n in range(2000)])
        journal.close()
        with (folder / "journal.sqlite3").open("r+b") as database:
            database.seek(4096 * 8)
            database.write(b"\xff" * 4096 * 4)
        assert "damaged" in refusal(folder).what

    def test_cut_short(self, folder: Path) -> None:
        journal = Journal.open(folder, folder.parent)
        journal.save_verified(THERE, [file(f"images/{n}") for n in range(2000)])
        journal.close()
        os.truncate(folder / "journal.sqlite3", 20_000)
        assert "damaged" in refusal(folder).what

    def test_somebody_elses_database(self, folder: Path) -> None:
        folder.mkdir()
        other = sqlite3.connect(folder / "journal.sqlite3")
        other.execute("CREATE TABLE birds (name TEXT)")
        other.commit()
        other.close()
        assert "damaged" in refusal(folder).what

    @pytest.mark.parametrize("text", ["{", '{"bucket', "[1]", '"x"'])
    def test_settings_that_make_no_sense(self, journal: Journal, text: str) -> None:
        journal.remember(text_entry("settings"), text)
        with pytest.raises(Problem, match="damaged"):
            _ = journal.settings

    def test_a_result_that_makes_no_sense(self, journal: Journal) -> None:
        journal.save_result(outcome())
        with journal._transaction() as database:
            database.execute("UPDATE results SET checks = '[{}]'")
        with pytest.raises(Problem, match="damaged"):
            journal.result("copy_media")

    def test_written_by_a_newer_release(self, journal: Journal, folder: Path) -> None:
        journal.remember(text_entry("version"), str(VERSION + 1))
        journal.close()
        problem = refusal(folder)
        assert "newer bw-s3" in problem.what
        with pytest.raises(Problem, match="newer bw-s3"):
            Journal.read(folder)

    def test_a_damaged_one_is_not_held(self, folder: Path) -> None:
        Journal.open(folder, folder.parent).close()
        (folder / "journal.sqlite3").write_text("no database")
        refusal(folder)
        (folder / "journal.sqlite3").unlink()
        Journal.open(folder, folder.parent).close()

    def test_deleted_while_at_work(self, journal: Journal, folder: Path) -> None:
        for path in folder.glob("journal.sqlite3*"):
            path.unlink()
        with pytest.raises(Problem, match="was deleted"):
            journal.save_verified(THERE, [file("images/a.jpg")])


class TestFullDisk:
    def test_no_room_to_begin(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk") as disk:
            problem = refusal(disk / FOLDER)
            assert "no room" in problem.what
            assert "kB are free" in problem.why
            assert not (disk / FOLDER / "journal.sqlite3").exists()

    def test_full_before_the_folder(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk") as disk:
            fill(disk)
            assert "full" in refusal(disk / FOLDER).why

    def test_full_in_the_middle_loses_nothing(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk", "4m") as disk:
            journal = Journal.open(disk / FOLDER, disk)
            journal.save_verified(THERE, [file("images/first")])
            filler = fill(disk)
            with pytest.raises(Problem) as caught:
                for n in range(1000):
                    journal.save_verified(THERE, [file(f"images/{n}/{m}") for m in range(100)])
            assert "full" in caught.value.why
            journal.close()
            filler.unlink()
            journal = Journal.open(disk / FOLDER, disk)
            assert "images/first" in [f.key for f in journal.verified_files(THERE)]
            assert journal.verified_count(THERE)[0] % 100 == 1
            journal.close()

    def test_room_for_many_files_is_asked_before(self, tmp_path: Path) -> None:
        with small_disk(tmp_path / "disk", "4m") as disk:
            journal = Journal.open(disk / FOLDER, disk)
            journal.check_room(1000)
            with pytest.raises(Problem, match="no room"):
                journal.check_room(1_000_000)
            journal.close()


def go_on(home: Path) -> ResultState:
    """Open the journal to write, as whoever we are, and remember a result."""
    journal = Journal.open(home / FOLDER, home)
    journal.save_result(outcome())
    result = journal.result("copy_media")
    journal.close()
    assert result is not None
    return result.state


def first_id(folder: Path) -> str:
    database = sqlite3.connect(folder / "journal.sqlite3")
    (value,) = database.execute("SELECT value FROM meta WHERE name = 'id'").fetchone()
    database.close()
    return str(value)


def test_looking_does_not_wait_for_a_write(journal: Journal) -> None:
    """A commit may take the disk a while; the wizard's screen goes on meanwhile."""
    journal.remember(text_entry("fact"), "old")
    found: list[str | None] = []
    with journal._transaction() as database:
        database.execute("INSERT OR REPLACE INTO meta VALUES ('fact', 'new')")
        looking = threading.Thread(target=lambda: found.append(journal.recall(text_entry("fact"))))
        looking.start()
        looking.join(10)
        assert found == ["old"]
    assert journal.recall(text_entry("fact")) == "new"
